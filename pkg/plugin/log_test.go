package plugin_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// hangingFlink answers no request.
var hangingFlink = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })

// What is logged about a query has its identifiers, in one line and cut where they are
// long.
func TestLogOfAQuery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book := recordLog(t)
		l := newLabWith(t, map[string]any{"timeoutSeconds": 5}, sim.HeldBack("orders", 3, 2, 1))
		l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": hangingFlink})
		request := &backend.QueryDataRequest{Queries: []backend.DataQuery{{
			RefID: "slow\n" + strings.Repeat("x", 5000), JSON: []byte(`{"queryType": "tasks"}`), TimeRange: lastHour(),
		}}}
		if _, err := l.QueryData(l.ctx, request); err != nil {
			t.Fatal(err)
		}
		text := book.text()
		for _, want := range []string{"A query took long", "[refId slow xxx", "queryType tasks]"} {
			if !strings.Contains(text, want) {
				t.Errorf("the log lacks %q: %s", want, text)
			}
		}
		if strings.Contains(text, strings.Repeat("x", 250)) {
			t.Error("the refId was not cut")
		}
	})
}

// A cluster that goes away and comes back is two lines with its name and host, also
// where the settings are saved meanwhile, and where each user has samples of their own;
// that one of these is refused is none.
func TestLogOfAClusterIsOneLineAChange(t *testing.T) {
	for name, keys := range map[string]map[string]any{
		"one view":     {},
		"users' views": {"oauthPassThru": true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				book := recordLog(t)
				keys["url"], keys["clusterName"] = "http://flink:8081/a/prefix", "prod"
				settings := settingsWith(keys)
				var flink swappable
				cluster := newCluster(smallJobs("orders")...)
				ctx := inMemory(t.Context(), map[string]http.Handler{"flink:8081": &flink})
				well := http.StripPrefix("/a/prefix", cluster)
				flink.become(well)
				source := open(t, settings)
				ask := func(source dataSource) {
					for _, who := range []string{"alice", "bob"} {
						request := &backend.QueryDataRequest{Headers: withToken(who).headers, Queries: []backend.DataQuery{{RefID: "A", JSON: []byte(`{"queryType": "jobs"}`), TimeRange: lastHour()}}}
						if _, err := source.QueryData(ctx, request); err != nil {
							t.Fatal(err)
						}
					}
					time.Sleep(time.Minute)
				}
				ask(source)
				flink.become(respondWith(503, ""))
				ask(source)
				saved := settings
				saved.Updated = time.Now()
				next := open(t, saved)
				source.Dispose()
				ask(next)
				flink.become(well)
				ask(next)
				if keys["oauthPassThru"] != nil {
					flink.become(respondWith(401, ""))
					ask(next)
				}
				lost, found := strings.Count(book.text(), "The Flink cluster does not answer"), strings.Count(book.text(), "The Flink cluster answers again")
				if lost != 1 || found != 1 {
					t.Errorf("it was logged as lost %d times, as found %d times", lost, found)
				}
				if want := "with [cluster prod host flink:8081 dsUid " + settings.UID + "]"; !strings.Contains(book.text(), want) {
					t.Errorf("the log lacks %q: %s", want, book.text())
				}
			})
		})
	}
}
