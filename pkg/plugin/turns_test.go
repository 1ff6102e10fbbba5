package plugin_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/experimental/datasourcetest"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// largeRows is how many rows a table of more than 1 MiB has.
const largeRows = 4000

// ofLargeTables are a plugin, and the settings of a data source whose subtasks are so many.
func ofLargeTables(t *testing.T) (datasourcetest.TestPlugin, backend.DataSourceInstanceSettings) {
	t.Helper()
	cluster := httptest.NewServer(newCluster(sim.HeldBack("orders", 2, largeRows/2, 1)))
	t.Cleanup(cluster.Close)
	return serve(t), settingsWith(map[string]any{"url": cluster.URL, "maxAge": "1h"})
}

// Large answers are made and encoded a few at a time, and the turn of each ends when it was
// encoded: many more than fit at once are all answered.
func TestLargeAnswersTakeTurns(t *testing.T) {
	served, settings := ofLargeTables(t)
	var group sync.WaitGroup
	for range 40 {
		group.Go(func() {
			answer := sendOverGRPC(t, served, settings, `{"queryType": "subtasks"}`)["A"]
			if answer.Error != nil || answer.Frames[0].Rows() != largeRows {
				t.Errorf("an answer of %d frames, %v", len(answer.Frames), answer.Error)
			}
		})
	}
	group.Wait()
}

// A request of several large answers holds no turn while it waits for another: many of them
// are all answered.
func TestRequestsOfLargeAnswersTakeTurns(t *testing.T) {
	served, settings := ofLargeTables(t)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			request := &backend.QueryDataRequest{PluginContext: backend.PluginContext{PluginID: settings.Type, DataSourceInstanceSettings: &settings}}
			for n, text := range []string{`{"queryType": "subtasks"}`, `{"queryType": "subtasks", "jobs": ["orders"]}`} {
				request.Queries = append(request.Queries, backend.DataQuery{RefID: fmt.Sprint(n), JSON: []byte(text), TimeRange: lastHour()})
			}
			response, err := served.Client.QueryData(t.Context(), request)
			if err != nil {
				t.Error(err)
				return
			}
			for name, answer := range response.Responses {
				if answer.Error != nil || answer.Frames[0].Rows() != largeRows {
					t.Errorf("%s: an answer of %d frames, %v", name, len(answer.Frames), answer.Error)
				}
			}
		})
	}
	group.Wait()
}

// A data source works on so many requests at once: one more waits until another has
// ended, or its caller goes away.
func TestRequestsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 128
		l := newLabWith(t, map[string]any{"timeoutSeconds": 5}, sim.HeldBack("orders", 2, 1, 1))
		var flink swappable
		l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": &flink})
		flink.become(hangingFlink)
		request := func(ctx context.Context) error {
			_, err := l.QueryData(ctx, &backend.QueryDataRequest{Queries: []backend.DataQuery{{RefID: "A", JSON: []byte(`{"queryType": "jobs"}`), TimeRange: lastHour()}}})
			return err
		}
		var group sync.WaitGroup
		for range most {
			group.Go(func() {
				if err := request(l.ctx); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		impatient, cancel := context.WithTimeout(l.ctx, time.Second)
		defer cancel()
		if err := request(impatient); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("one request more: %v", err)
		}
		flink.become(l.Cluster)
		begun := time.Now()
		l.frame(t, `{"queryType": "jobs"}`)
		if waited := time.Since(begun); waited == 0 {
			t.Error("it did not wait for another to end")
		}
		group.Wait()
	})
}
