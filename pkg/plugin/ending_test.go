package plugin_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/plugin"
)

// thatEnds is a data source of a process that ends with ending.
func thatEnds(ctx context.Context, t *testing.T, ending *plugin.Ending, settings map[string]any) *plugin.Instance {
	made, err := plugin.Factory{Pool: memory.NewPool(1 << 20), Middlewares: []httpclient.Middleware{network(ctx)}, Ending: ending}.New(ctx, settingsWith(settings))
	if err != nil {
		t.Fatal(err)
	}
	instance := made.(*plugin.Instance)
	t.Cleanup(instance.Dispose)
	return instance
}

// When the process gets SIGTERM, a query in its middle answers at once with the job that
// it has, and says that the other did not answer; so do a resource and a health check.
func TestQueriesAnswerWhenTheProcessEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		orders, payments := smallJobs("orders")[0], smallJobs("payments")[0]
		cluster := newCluster(orders, payments)
		key := inMemory(t.Context(), map[string]http.Handler{"flink:8081": sim.Spoiled(cluster, sim.On("/jobs/"+orders.ID, sim.Hanging()))})
		ending := plugin.NewEnding()
		instance := thatEnds(key, t, ending, map[string]any{"url": "http://flink:8081"})
		begun := time.Now()
		asked := map[string]func() string{
			"query": func() string {
				shown := firstFrame(t, send(t.Context(), t, instance, `{"queryType":"tasks"}`), "A")
				if shown.Rows() != 2 {
					t.Errorf("%d rows of the job that answers, want 2", shown.Rows())
				}
				return strings.Join(notices(shown), "\n")
			},
			"resource": func() (body string) {
				sender := backend.CallResourceResponseSenderFunc(func(sent *backend.CallResourceResponse) error {
					body = string(sent.Body)
					return nil
				})
				if err := instance.CallResource(t.Context(), &backend.CallResourceRequest{Method: http.MethodGet, Path: "tasks", URL: "tasks"}, sender); err != nil {
					t.Error(err)
				}
				return body
			},
			"health": func() string {
				health, err := instance.CheckHealth(t.Context(), &backend.CheckHealthRequest{})
				if err != nil {
					t.Error(err)
				}
				return health.Message
			},
		}
		answered := make(chan struct{})
		for name, ask := range asked {
			go func() {
				text := ask()
				if took := time.Since(begun); took != time.Second || !strings.Contains(text, "orders") || !strings.Contains(text, "did not answer") {
					t.Errorf("the %s took %s: %s", name, took, text)
				}
				answered <- struct{}{}
			}()
		}
		time.Sleep(time.Second)
		ending.End()
		if took := time.Since(begun); took >= 2*time.Second {
			t.Errorf("the end took %s", took-time.Second)
		}
		for range asked {
			<-answered
		}
	})
}

// Whatever it waits for, every query is answered when the process ends.
func TestEveryQueryAnswersWhenTheProcessEnds(t *testing.T) {
	for _, query := range queriesThatWait() {
		for _, flinkHangs := range []bool{false, true} {
			t.Run(fmt.Sprint(query, ", Flink hangs ", flinkHangs), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					key := inMemory(t.Context(), map[string]http.Handler{"flink:8081": newCluster(smallJobs("orders")...), "prometheus:9090": http.HandlerFunc(hang)})
					ending := plugin.NewEnding()
					instance := thatEnds(key, t, ending, map[string]any{"url": "http://flink:8081", "prometheus": map[string]any{"url": "http://prometheus:9090"}})
					for range 2 {
						send(key, t, instance, `{"queryType":"subtasks"}`)
						time.Sleep(11 * time.Second)
					}
					if flinkHangs {
						time.Sleep(3 * time.Second)
						networks.Store(key, map[string]http.Handler{"flink:8081": http.HandlerFunc(hang), "prometheus:9090": http.HandlerFunc(hang)})
					}
					answered := make(chan time.Time, 1)
					go func() {
						send(key, t, instance, query)
						answered <- time.Now()
					}()
					time.Sleep(time.Second)
					ended := time.Now()
					ending.End()
					if late := (<-answered).Sub(ended); late > 0 {
						t.Errorf("it was answered %s later", late)
					}
				})
			})
		}
	}
}
