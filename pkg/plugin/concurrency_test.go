package plugin_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// busyness counts requests to servers, and those that were under way at once,
// at most.
type busyness struct {
	mu               sync.Mutex
	all, under, most int
}

// taken is how many requests there were, and forgets them.
func (b *busyness) taken() (all int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	all, b.all = b.all, 0
	return all
}

// counting lets each request take a second, so that those that may be under
// way at once are.
func (b *busyness) counting(cluster http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.all++
		b.under++
		b.most = max(b.most, b.under)
		b.mu.Unlock()
		time.Sleep(time.Second)
		cluster.ServeHTTP(w, r)
		b.mu.Lock()
		b.under--
		b.mu.Unlock()
	})
}

// maxConcurrency bounds the requests to all clusters of a data source
// together: there are more tasks to ask for than any bound.
func TestMaxConcurrency(t *testing.T) {
	const jobs, tasks = 10, 20
	for name, c := range map[string]struct {
		keys map[string]any
		want int
	}{
		"one":             {map[string]any{"maxConcurrency": 1}, 1},
		"two":             {map[string]any{"maxConcurrency": 2}, 2},
		"sixteen":         {map[string]any{"maxConcurrency": 16}, 16},
		"the default":     {map[string]any{}, 8},
		"zero":            {map[string]any{"maxConcurrency": 0}, 8},
		"a hundred":       {map[string]any{"maxConcurrency": 100}, 100},
		"the most":        {map[string]any{"maxConcurrency": 256}, 256},
		"one beyond it":   {map[string]any{"maxConcurrency": 257}, 256},
		"a thousand":      {map[string]any{"maxConcurrency": 1000}, 256},
		"users of a door": {map[string]any{"maxConcurrency": 16, "oauthPassThru": true}, 16},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hosts, both := map[string]http.Handler{}, &busyness{}
				each := map[string]*busyness{"west": {}, "east": {}}
				for host, own := range each {
					cluster := &sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second}
					for n := range jobs {
						cluster.Jobs = append(cluster.Jobs, sim.HeldBack(fmt.Sprint(host, n), tasks, 1, 1))
					}
					hosts[host] = both.counting(own.counting(cluster))
				}
				c.keys["url"], c.keys["clusterName"], c.keys["clusters"] = "http://west", "west", []map[string]string{{"name": "east", "url": "http://east"}}
				shown := answer(t, queried(inMemory(t.Context(), hosts), t, open(t, with(c.keys)), `{"queryType": "tasks"}`), "A")
				if rows, told := shown.Rows(), notices(shown); rows != 2*jobs*tasks || len(told) != 0 {
					t.Errorf("%d rows with the notices %q, want %d", rows, told, 2*jobs*tasks)
				}
				if both.most != c.want {
					t.Errorf("%d requests were under way at once, want %d", both.most, c.want)
				}
				// Neither cluster waits until the other is through.
				for host, own := range each {
					if c.want > 1 && (own.most == 0 || own.most > c.want) {
						t.Errorf("%s had %d requests under way at once", host, own.most)
					}
				}
			})
		})
	}
}

// Queries at the same time share the slots too.
func TestMaxConcurrencyOfQueriesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var jobs []*sim.Job
		var queries []string
		for n := range 6 {
			name := fmt.Sprint("job-", n)
			jobs = append(jobs, sim.HeldBack(name, 5, 1, 1))
			queries = append(queries, `{"queryType": "subtasks", "detail": true, "jobs": ["`+name+`"]}`)
		}
		l, seen := inLab(t, jobs...), &busyness{}
		l.source = open(t, with(map[string]any{"url": "http://flink", "maxConcurrency": 3}))
		l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink": seen.counting(l.Cluster)})
		responses := queried(l.ctx, t, l, queries...)
		for refID := range responses {
			if shown := answer(t, responses, refID); shown.Rows() != 5 {
				t.Errorf("query %s has %d rows", refID, shown.Rows())
			}
		}
		if seen.most != 3 {
			t.Errorf("%d requests were under way at once, want 3", seen.most)
		}
	})
}
