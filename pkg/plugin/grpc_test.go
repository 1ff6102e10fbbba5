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
	served, err := datasourcetest.Manage(plugin.New, datasourcetest.ManageOpts{Address: free(t)})
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

// free is an address where nothing listens.
func free(t *testing.T) string {
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

// sent is the answer to one query over gRPC, on a cluster with one job that is
// held back.
func sent(t *testing.T, asked datasourcetest.TestPlugin, settings backend.DataSourceInstanceSettings, query string) backend.Responses {
	t.Helper()
	return sentFrom(t, asked, backend.PluginContext{}, settings, query)
}

// sentFrom is the same of an organisation.
func sentFrom(t *testing.T, asked datasourcetest.TestPlugin, from backend.PluginContext, settings backend.DataSourceInstanceSettings, query string) backend.Responses {
	t.Helper()
	from.PluginID, from.DataSourceInstanceSettings = settings.Type, &settings
	response, err := asked.Client.QueryData(t.Context(), &backend.QueryDataRequest{
		PluginContext: from,
		Queries:       []backend.DataQuery{{RefID: "A", JSON: json.RawMessage(query), TimeRange: now()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return response.Responses
}

// All query types go through gRPC and back: the frames of each, their rows,
// and what is wrong with one query, with its status and source.
func TestQueryTypesOverGRPC(t *testing.T) {
	cluster := httptest.NewServer(&sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second, Jobs: []*sim.Job{sim.HeldBack("orders", 4, 2, 2)}})
	defer cluster.Close()
	settings := with(map[string]any{"url": cluster.URL})
	asked := serve(t)
	for query, want := range map[string]string{
		`{"queryType": "subtasks"}`:                                    "subtasks 8",
		`{"queryType": "tasks"}`:                                       "tasks 4",
		`{"queryType": "nodeGraph"}`:                                   "nodes 4, edges 3",
		`{"queryType": "bottlenecks"}`:                                 "bottlenecks 1",
		`{"queryType": "jobs"}`:                                        "jobs 1",
		`{"queryType": "measure"}`:                                     "measure 1",
		`{"queryType": "measure", "measure": "busy", "by": "subtask"}`: "measure 1",
	} {
		t.Run(query, func(t *testing.T) {
			responses := sent(t, asked, settings, query)
			answer(t, responses, "A")
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
		failed := sent(t, asked, settings, `{"queryType": "tables"}`)["A"]
		if failed.Error == nil || !strings.HasPrefix(failed.Error.Error(), `There is no query type "tables"`) || failed.Status != backend.StatusBadRequest || failed.ErrorSource != backend.ErrorSourceDownstream {
			t.Errorf("status %d, source %q: %v", failed.Status, failed.ErrorSource, failed.Error)
		}
	})
	t.Run("the verdict", func(t *testing.T) {
		wholeVerdict(t, answer(t, sent(t, asked, settings, `{"queryType": "bottlenecks"}`), "A"))
	})
}

// wholeVerdict is that of the job that is held back by its third task.
func wholeVerdict(t *testing.T, shown *data.Frame) {
	for column, want := range map[string]string{
		"cluster": "default", "job": "orders", "task": "task-2", "kind": "capacity", "severity": "0.95",
		"upstream_backpressured": "0.95", "hot_subtasks": "0, 1", "hot_hosts": "host-1",
	} {
		if got := cells(t, shown, column); !slices.Equal(got, []string{want}) {
			t.Errorf("%s is %q, want %q", column, got, want)
		}
	}
	// Nothing is known from before the minute that the first look speaks of.
	since, _ := shown.FieldByName("since")
	if at, ok := since.At(0).(*time.Time); !ok || at == nil || time.Since(*at) < 0 || time.Since(*at) > 2*time.Minute {
		t.Errorf("since %v", since.At(0))
	}
}
