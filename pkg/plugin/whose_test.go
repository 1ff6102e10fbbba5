package plugin_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/plugin"
)

// in makes the data source as one of an organisation's.
func in(t *testing.T, namespace string, settings backend.DataSourceInstanceSettings) source {
	t.Helper()
	made, err := plugin.New(backend.WithPluginContext(t.Context(), backend.PluginContext{Namespace: namespace}), settings)
	if err != nil {
		t.Fatal(err)
	}
	opened := made.(source)
	t.Cleanup(opened.Dispose)
	return opened
}

// jobsShown are the jobs of which frames have something to tell.
func jobsShown(response backend.DataResponse) (jobs []string) {
	for _, shown := range response.Frames {
		for _, field := range shown.Fields {
			if name := field.Labels["job"]; name != "" && known(data.NewFrame("", field)) && !slices.Contains(jobs, name) {
				jobs = append(jobs, name)
			}
		}
	}
	return jobs
}

// refusing is a proxy that lets nobody through once it is told to.
type refusing struct {
	http.Handler
	all atomic.Bool
}

func (r *refusing) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if r.all.Load() {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	r.Handler.ServeHTTP(w, request)
}

// What a data source remembers is shown to no other, though that has its uid and
// its address: uids are an organisation's own. Saving the settings loses nothing.
func TestAnotherOrganisationsHistoryIsNotShown(t *testing.T) {
	for name, c := range map[string]struct {
		namespace string
		id        int64
		shown     []string
	}{
		"the same, saved again":                                {"default", 7, []string{"orders"}},
		"another organisation's":                               {"org-2", 8, nil},
		"another organisation's of its uid, in an old Grafana": {"default", 8, nil},
		"another organisation's of its id":                     {"org-2", 7, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := inLab(t, sim.HeldBack("orders", 3, 2, 1))
				proxy := &refusing{Handler: l.Cluster}
				l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": proxy})
				settings := with(map[string]any{"url": "http://flink:8081"})
				settings.ID = 7
				first := in(t, "default", settings)
				answer(t, queried(l.ctx, t, first, `{"queryType": "tasks"}`), "A")
				time.Sleep(11 * time.Second)
				answer(t, queried(l.ctx, t, first, `{"queryType": "tasks"}`), "A")
				proxy.all.Store(true)
				settings.ID = c.id
				other := in(t, c.namespace, settings)
				for _, query := range []string{`{"queryType": "history"}`, `{"queryType": "timeline"}`, `{"queryType": "history", "measure": "busy", "by": "task"}`} {
					if shown := jobsShown(queried(l.ctx, t, other, query)["A"]); !slices.Equal(shown, c.shown) {
						t.Errorf("%s shows %q, want %q", query, shown, c.shown)
					}
				}
			})
		})
	}
}

// Grafana tells the plugin whose the data source is.
func TestOrganisationOverGRPC(t *testing.T) {
	proxy := &refusing{Handler: &sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second, Jobs: []*sim.Job{sim.HeldBack("orders", 3, 2, 1)}}}
	server := httptest.NewServer(proxy)
	defer server.Close()
	asked, settings := serve(t), with(map[string]any{"url": server.URL})
	first, second := backend.PluginContext{Namespace: "default"}, backend.PluginContext{Namespace: "org-2"}
	answer(t, sentFrom(t, asked, first, settings, `{"queryType": "tasks"}`), "A")
	proxy.all.Store(true)
	for from, want := range map[*backend.PluginContext][]string{&first: {"orders"}, &second: nil} {
		shown := sentFrom(t, asked, *from, settings, `{"queryType": "history", "measure": "running"}`)["A"]
		if got := jobsShown(shown); !slices.Equal(got, want) {
			t.Errorf("organisation %s is shown %q, want %q", from.Namespace, got, want)
		}
	}
}

// A cluster that has moved to another address has the jobs of that, and not
// those of its old one; the others behind the data source remain as they are, and
// it is again what it was when it moves back.
func TestClusterThatMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := inLab(t)
		one := func(name string) http.Handler {
			return &sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second, Jobs: []*sim.Job{sim.HeldBack(name, 3, 2, 1)}}
		}
		l.ctx = inMemory(t.Context(), map[string]http.Handler{"a": one("orders"), "b": one("payments"), "c": one("returns"), "d": one("ledger")})
		uid := with(nil).UID
		at := func(first, second string) source {
			settings := with(map[string]any{"url": "http://" + first, "clusters": []map[string]string{{"name": "more", "url": "http://" + second}}})
			settings.UID = uid
			return open(t, settings)
		}
		before := at("a", "b")
		for range 3 {
			answer(t, queried(l.ctx, t, before, `{"queryType": "tasks"}`), "A")
			time.Sleep(10 * time.Second)
		}
		for _, c := range []struct {
			first, second string
			want          []string
		}{
			{"a", "b", []string{"orders", "payments"}},
			{"a", "c", []string{"orders", "returns"}},
			{"d", "b", []string{"ledger", "payments"}},
			{"a", "b", []string{"orders", "payments"}},
		} {
			for _, query := range []string{`{"queryType": "history"}`, `{"queryType": "timeline"}`} {
				shown := jobsShown(queried(l.ctx, t, at(c.first, c.second), query)["A"])
				if slices.Sort(shown); !slices.Equal(shown, c.want) {
					t.Errorf("at %s and %s: %s shows %q, want %q", c.first, c.second, query, shown, c.want)
				}
			}
		}
	})
}
