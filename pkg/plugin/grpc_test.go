package plugin_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/grafana/grafana-plugin-sdk-go/experimental/datasourcetest"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/plugin"
)

// serve starts the plugin as a real gRPC server, as Grafana talks to it.
func serve(t *testing.T) datasourcetest.TestPlugin {
	t.Helper()
	// The SDK registers its metrics once more with each server.
	registerer := prometheus.DefaultRegisterer
	prometheus.DefaultRegisterer = prometheus.NewRegistry()
	defer func() { prometheus.DefaultRegisterer = registerer }()
	served, err := datasourcetest.Manage(plugin.New, datasourcetest.ManageOpts{Address: freeAddress(t)})
	for tries := 1; err != nil && tries < 10; tries++ { // another process may have taken the port
		served, err = datasourcetest.Manage(plugin.New, datasourcetest.ManageOpts{Address: freeAddress(t)})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := served.Shutdown(); err != nil {
			t.Error(err)
		}
	})
	return served
}

// freeAddress is an address where nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return listener.Addr().String()
}

// sendOverGRPC sends one query.
func sendOverGRPC(t *testing.T, served datasourcetest.TestPlugin, settings backend.DataSourceInstanceSettings, query string) backend.Responses {
	t.Helper()
	return sendFrom(t, served, backend.PluginContext{}, settings, query)
}

// sendFrom sends one query of an organisation.
func sendFrom(t *testing.T, served datasourcetest.TestPlugin, from backend.PluginContext, settings backend.DataSourceInstanceSettings, query string) backend.Responses {
	t.Helper()
	from.PluginID, from.DataSourceInstanceSettings = settings.Type, &settings
	response, err := served.Client.QueryData(t.Context(), &backend.QueryDataRequest{
		PluginContext: from,
		Queries:       []backend.DataQuery{{RefID: "A", JSON: json.RawMessage(query), TimeRange: lastHour()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return response.Responses
}

// All query types pass gRPC both ways: the frames of each, their rows, and what is
// wrong with one query, with its status and source.
func TestQueryTypesOverGRPC(t *testing.T) {
	cluster := httptest.NewServer(newCluster(sim.HeldBack("orders", 4, 2, 2)))
	defer cluster.Close()
	settings := settingsWith(map[string]any{"url": cluster.URL})
	served := serve(t)
	for query, want := range map[string]string{
		`{"queryType": "subtasks"}`:                                    "subtasks 8",
		`{"queryType": "tasks"}`:                                       "tasks 4",
		`{"queryType": "nodeGraph"}`:                                   "nodes 4, edges 3",
		`{"queryType": "bottlenecks"}`:                                 "bottlenecks 1",
		`{"queryType": "jobs"}`:                                        "jobs 1",
		`{"queryType": "scaling"}`:                                     "scaling 4",
		`{"queryType": "measure"}`:                                     "measure 1",
		`{"queryType": "measure", "measure": "busy", "by": "subtask"}`: "measure 1",
	} {
		t.Run(query, func(t *testing.T) {
			responses := sendOverGRPC(t, served, settings, query)
			firstFrame(t, responses, "A")
			var frames []string
			for _, f := range responses["A"].Frames {
				frames = append(frames, fmt.Sprintf("%s %d", f.Name, f.Rows()))
				if f.RefID != "A" {
					t.Errorf("frame %s answers query %q", f.Name, f.RefID)
				}
			}
			if got := strings.Join(frames, ", "); got != want {
				t.Errorf("frames %s, want %s", got, want)
			}
		})
	}
	t.Run("a query that fails", func(t *testing.T) {
		failed := sendOverGRPC(t, served, settings, `{"queryType": "tables"}`)["A"]
		if failed.Error == nil || !strings.HasPrefix(failed.Error.Error(), `There is no query type "tables"`) || failed.Status != backend.StatusBadRequest || failed.ErrorSource != backend.ErrorSourceDownstream {
			t.Errorf("status %d, source %q: %v", failed.Status, failed.ErrorSource, failed.Error)
		}
	})
	t.Run("the verdict", func(t *testing.T) {
		checkVerdict(t, firstFrame(t, sendOverGRPC(t, served, settings, `{"queryType": "bottlenecks"}`), "A"))
	})
}

// checkVerdict checks the verdict on the job, which its third task holds back.
func checkVerdict(t *testing.T, shown *data.Frame) {
	for column, want := range map[string]string{
		"cluster": "default", "job": "orders", "task": "task-2", "kind": "capacity", "severity": "0.95",
		"upstream_backpressured": "0.95", "hot_subtasks": "0, 1", "hot_hosts": "host-1",
	} {
		if got := cells(t, shown, column); !slices.Equal(got, []string{want}) {
			t.Errorf("%s is %q, want %q", column, got, want)
		}
	}
	// Nothing is known from before the minute that the first sample measures.
	since, _ := shown.FieldByName("since")
	if at, ok := since.At(0).(*time.Time); !ok || at == nil || time.Since(*at) < 0 || time.Since(*at) > 2*time.Minute {
		t.Errorf("since %v", since.At(0))
	}
}

// A request of Grafana names the organisation, whose history the answer is from.
func TestHistoryOfAnOrganisationOverGRPC(t *testing.T) {
	proxy := &refusingProxy{Handler: newCluster(sim.HeldBack("orders", 3, 2, 1))}
	server := httptest.NewServer(proxy)
	defer server.Close()
	served, settings := serve(t), settingsWith(map[string]any{"url": server.URL})
	first, second := backend.PluginContext{Namespace: "default"}, backend.PluginContext{Namespace: "org-2"}
	firstFrame(t, sendFrom(t, served, first, settings, `{"queryType": "tasks"}`), "A")
	proxy.all.Store(true)
	for from, want := range map[*backend.PluginContext][]string{&first: {"orders"}, &second: nil} {
		shown := sendFrom(t, served, *from, settings, `{"queryType": "history", "measure": "running"}`)["A"]
		if got := jobsWithValues(shown); !slices.Equal(got, want) {
			t.Errorf("organisation %s is shown %q, want %q", from.Namespace, got, want)
		}
	}
}
