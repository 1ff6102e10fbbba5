package plugin_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// Where the details of a hundred jobs hang, a query ends within its own time and names
// what is missing; the next one has those that answer at once, as has any of another
// cluster; and when the jobs answer again, so they do within two samples.
func TestHundredJobsThatHang(t *testing.T) {
	for name, hangs := range map[string]func(path string) bool{
		"jobs":  func(path string) bool { return strings.Count(path, "/") == 2 },
		"tasks": func(path string) bool { return strings.Contains(path, "/vertices/") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var names []string
				for n := range 100 {
					names = append(names, fmt.Sprintf("job-%03d", n))
				}
				west, orders := newCluster(smallJobs(append(names, "orders")...)...), ""
				for _, each := range west.Jobs {
					if each.Name == "orders" {
						orders = each.ID
					}
				}
				var hanging atomic.Bool
				hanging.Store(true)
				ctx := inMemory(t.Context(), map[string]http.Handler{"east": newCluster(smallJobs("payments")...), "west": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if hanging.Load() && strings.HasPrefix(r.URL.Path, "/jobs/") && r.URL.Path != "/jobs/overview" && !strings.Contains(r.URL.Path, orders) && hangs(r.URL.Path) {
						hang(w, r)
						return
					}
					west.ServeHTTP(w, r)
				})})
				source := open(t, settingsWith(map[string]any{
					"url": "http://west", "clusterName": "west", "timeoutSeconds": 2,
					"clusters": []map[string]string{{"name": "east", "url": "http://east"}},
				}))
				ask := func(query string) (rows int, texts string, took time.Duration) {
					begin := time.Now()
					responses := send(ctx, t, source, query)
					if response := responses["A"]; response.Error != nil {
						return 0, response.Error.Error(), time.Since(begin)
					}
					shown := firstFrame(t, responses, "A")
					return shown.Rows(), strings.Join(notices(shown), "\n"), time.Since(begin)
				}
				first := make(chan struct{})
				go func() {
					defer close(first)
					if _, texts, took := ask(`{"queryType":"tasks","clusters":"west"}`); took > 9*time.Second || !strings.Contains(texts, "answer") {
						t.Errorf("the first query took %s: %s", took, texts)
					}
				}()
				time.Sleep(time.Second)
				if rows, texts, took := ask(`{"queryType":"tasks","clusters":"east"}`); rows != 2 || took > time.Second {
					t.Errorf("another cluster: %d rows in %s: %s", rows, took, texts)
				}
				<-first
				for range 8 { // until each was tried once
					time.Sleep(10 * time.Second)
					ask(`{"queryType":"tasks","clusters":"west"}`)
				}
				for range 3 {
					time.Sleep(10 * time.Second)
					rows, texts, took := ask(`{"queryType":"tasks","clusters":"west"}`)
					if rows < 2 || took > 6*time.Second || !strings.Contains(texts, "not answer") {
						t.Errorf("%d rows in %s: %s", rows, took, texts)
					}
					if rows, _, took := ask(`{"queryType":"tasks","jobs":"orders"}`); rows != 2 || took > time.Second {
						t.Errorf("the job that answers: %d rows in %s", rows, took)
					}
				}
				hanging.Store(false)
				for range 2 {
					time.Sleep(10 * time.Second)
					ask(`{"queryType":"tasks","clusters":"west"}`)
				}
				if rows, texts, _ := ask(`{"queryType":"tasks","clusters":"west"}`); rows != 202 || strings.Contains(texts, "answer") {
					t.Errorf("when they answer again: %d rows: %s", rows, texts)
				}
			})
		})
	}
}

// A caller that gives up sooner gets what there is before it does.
func TestQueryEndsBeforeItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		orders, payments := smallJobs("orders")[0], smallJobs("payments")[0]
		l := newLab(t, orders, payments)
		l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": sim.Spoiled(l.Cluster, sim.On("/jobs/"+orders.ID, sim.Hanging()))})
		ctx, cancel := context.WithTimeout(l.ctx, 5*time.Second)
		defer cancel()
		shown := firstFrame(t, send(ctx, t, l, `{"queryType":"tasks"}`), "A")
		want := "Job orders did not answer: The query's time ran out before Flink had answered: raise its time-out, or ask for fewer jobs."
		if shown.Rows() != 2 || len(notices(shown)) == 0 || notices(shown)[0] != want {
			t.Errorf("%d rows, notices %q", shown.Rows(), notices(shown))
		}
	})
}
