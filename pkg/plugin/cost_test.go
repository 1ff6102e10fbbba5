package plugin_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/promtest"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/raced"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// evidenceRequests are made once a minute of the root cause of a job, for the query type
// bottlenecks: how the task before it waits, how the TaskManager does that it runs on
// (with the list of TaskManagers, which has their cores, the first time), and the job's
// checkpoints.
const evidenceRequests = 4

// Alone, each query type costs the same: no more for many subtasks. Gauges are read
// only while there is no sample to compare with.
func TestRequestsByQueryType(t *testing.T) {
	const tasks = 5
	for _, query := range append(loadQueries, `{"queryType": "jobs"}`, `{"queryType": "measure", "measure": "skew", "by": "subtask"}`) {
		for _, parallelism := range []int{1, 200} {
			t.Run(fmt.Sprint(query, parallelism), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l := newLab(t, sim.HeldBack("orders", tasks, parallelism, 2))
					for _, c := range []struct {
						when  string
						pause time.Duration
						want  int
					}{
						{"the first time", 0, 2 + 1 + 1 + 2*tasks},
						{"again within maxAge", time.Second, 0},
						{"after the next fetch", 10 * time.Second, 1 + 1 + tasks},
						{"after maxAge", 3 * time.Second, 1 + 1 + tasks},
					} {
						if strings.Contains(query, "bottlenecks") && c.when == "the first time" {
							c.want += evidenceRequests
						}
						time.Sleep(c.pause)
						counted := requests(l.frame(t, query))
						if sent := len(l.Requests()); sent != c.want || counted != c.want {
							t.Errorf("%s: the cluster got %d requests, the answer counts %d; want %d", c.when, sent, counted, c.want)
						}
					}
				})
			})
		}
	}
}

// A query for one of many jobs does not poll the others.
func TestOnlyChosenJobsArePolled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var jobs []*sim.Job
		for i := range 20 {
			jobs = append(jobs, sim.HeldBack(fmt.Sprintf("job-%02d", i), 3, 2, 1))
		}
		l := newLab(t, jobs...)
		l.frame(t, `{"queryType": "tasks", "jobs": ["job-07"]}`)
		if sent := len(l.Requests()); sent != 2+1+1+2*3 {
			t.Errorf("the cluster got %d requests, want those of one job", sent)
		}
	})
}

// maxConcurrency bounds the requests to each cluster of a data source, and no cluster
// waits for another.
func TestMaxConcurrency(t *testing.T) {
	t.Parallel()
	const jobs, tasks = 10, 20
	for name, c := range map[string]struct {
		keys map[string]any
		want int
	}{
		"one":           {map[string]any{"maxConcurrency": 1}, 1},
		"two":           {map[string]any{"maxConcurrency": 2}, 2},
		"sixteen":       {map[string]any{"maxConcurrency": 16}, 16},
		"the default":   {map[string]any{}, 8},
		"zero":          {map[string]any{"maxConcurrency": 0}, 8},
		"a hundred":     {map[string]any{"maxConcurrency": 100}, 100},
		"the most":      {map[string]any{"maxConcurrency": 256}, 256},
		"one beyond it": {map[string]any{"maxConcurrency": 257}, 256},
		"a thousand":    {map[string]any{"maxConcurrency": 1000}, 256},
		"forwarding":    {map[string]any{"maxConcurrency": 16, "oauthPassThru": true}, 16},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				own := map[string]*requestCounter{"west": {}, "east": {}}
				var together atomic.Bool
				host := func(name, other string) http.Handler {
					cluster := newCluster()
					for n := range jobs {
						cluster.Jobs = append(cluster.Jobs, sim.HeldBack(fmt.Sprint(name, n), tasks, 1, 1))
					}
					return own[name].count(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if own[other].underWay() > 0 {
							together.Store(true)
						}
						cluster.ServeHTTP(w, r)
					}))
				}
				hosts := map[string]http.Handler{"west": host("west", "east"), "east": host("east", "west")}
				c.keys["timeoutSeconds"] = 600 // a query waits for more than twice as long
				c.keys["url"], c.keys["clusterName"], c.keys["clusters"] = "http://west", "west", []map[string]string{{"name": "east", "url": "http://east"}}
				shown := firstFrame(t, send(inMemory(t.Context(), hosts), t, open(t, settingsWith(c.keys)), `{"queryType": "tasks"}`), "A")
				if rows, texts := shown.Rows(), notices(shown); rows != 2*jobs*tasks || len(texts) != 0 {
					t.Errorf("%d rows with the notices %q, want %d", rows, texts, 2*jobs*tasks)
				}
				for name, counter := range own {
					if want := min(c.want, jobs*tasks); counter.most != want {
						t.Errorf("%d requests to %s were under way at once, want %d", counter.most, name, want)
					}
				}
				if !together.Load() {
					t.Error("one cluster waited for the other")
				}
			})
		})
	}
}

// Queries at the same time share the bound, too.
func TestMaxConcurrencyAcrossQueries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var jobs []*sim.Job
		var queries []string
		for n := range 6 {
			name := fmt.Sprint("job-", n)
			jobs = append(jobs, sim.HeldBack(name, 5, 1, 1))
			queries = append(queries, `{"queryType": "subtasks", "detail": true, "jobs": ["`+name+`"]}`)
		}
		l, counter := newLab(t, jobs...), &requestCounter{}
		l.dataSource = open(t, settingsWith(map[string]any{"url": "http://flink", "maxConcurrency": 3, "timeoutSeconds": 600}))
		l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink": counter.count(l.Cluster)})
		responses := send(l.ctx, t, l, queries...)
		for refID := range responses {
			if shown := firstFrame(t, responses, refID); shown.Rows() != 5 {
				t.Errorf("query %s has %d rows", refID, shown.Rows())
			}
		}
		if counter.most != 3 {
			t.Errorf("%d requests were under way at once, want 3", counter.most)
		}
	})
}

// newSlowPast is a data source of so many jobs whose Prometheus takes a while for
// each request.
func newSlowPast(t *testing.T, jobs int, takes time.Duration, keys map[string]any) (lab, *promtest.Server) {
	t.Helper()
	var running []*sim.Job
	for n := range jobs {
		running = append(running, sim.HeldBack(fmt.Sprint("job-", n), 3, 1, 1))
	}
	all := map[string]any{"timeoutSeconds": 600} // a query waits for more than twice as long
	maps.Copy(all, keys)
	l, prometheus := newScrapedLabWith(t, all, running...)
	prometheus.Delay(takes)
	return l, prometheus
}

// Prometheus, which serves others as well, gets no more requests at once than Flink
// may, and 8 at most. Those that wait do not run out of time.
func TestMaxConcurrencyOfPrometheus(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		keys map[string]any
		want int
	}{
		"one": {map[string]any{"maxConcurrency": 1}, 1}, "two": {map[string]any{"maxConcurrency": 2}, 2},
		"the default": {nil, 8}, "a hundred": {map[string]any{"maxConcurrency": 100}, 8},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, prometheus := newSlowPast(t, 17, time.Second, c.keys)
				responses := sendOver(l.ctx, t, l, scrapedPast(), nil, momentQueries...)
				for refID := range responses {
					if texts := notices(firstFrame(t, responses, refID)); len(texts) > 0 {
						t.Errorf("query %s has the notices %q", refID, texts)
					}
				}
				if most := prometheus.MostAtOnce(); most != c.want {
					t.Errorf("%d requests were under way at once, want %d", most, c.want)
				}
			})
		})
	}
}

// A query that is cancelled waits no longer, and nobody else loses their turn.
func TestCancelledBeforeItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, prometheus := newSlowPast(t, 17, time.Second, map[string]any{"maxConcurrency": 1})
		over := scrapedPast()
		for range 3 {
			begun := time.Now()
			ctx, cancel := context.WithTimeout(l.ctx, 3500*time.Millisecond)
			failed := sendOver(ctx, t, l, over, nil, `{"queryType": "tasks"}`, `{"queryType": "timeline"}`)
			cancel()
			for refID, response := range failed {
				if response.Status != backend.StatusOK || !strings.Contains(strings.Join(notices(response.Frames[0]), " "), "The past is not known as a whole") {
					t.Errorf("query %s: status %d, %v, with the notices %q", refID, response.Status, response.Error, notices(response.Frames[0]))
				}
			}
			if took := time.Since(begun); took > 3600*time.Millisecond {
				t.Errorf("it took %s", took)
			}
		}
		shown := l.frameOver(t, over, nil, `{"queryType": "tasks"}`)
		if shown.Rows() != 17*3 || prometheus.MostAtOnce() != 1 {
			t.Errorf("%d rows, %d at once, with the notices %q", shown.Rows(), prometheus.MostAtOnce(), notices(shown))
		}
	})
}

// running of 100 jobs in the past takes as many requests to Prometheus as busy does,
// and as long: jobs are read side by side.
func TestRunningCostsAsMuchAsBusy(t *testing.T) {
	raced.Skip(t)
	t.Parallel()
	const jobs = 100
	cost := func(query string) (requests int, took time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			l, prometheus := newScrapedLabWith(t, map[string]any{"timeoutSeconds": 60})
			now := time.Now()
			for n := range jobs {
				job := sim.HeldBack(fmt.Sprint("job-", n), 1, 1, 0)
				l.Jobs = append(l.Jobs, job)
				scrape(prometheus, attemptsOf(job, "tm-1", now.Add(-30*time.Minute), now)...)
			}
			prometheus.Delay(time.Second)
			shown := l.frameOver(t, backend.TimeRange{From: now.Add(-20 * time.Minute), To: now.Add(-10 * time.Minute)}, fromAlert, query)
			if count := countAnswers(query, shown); strings.Contains(query, `"measure",`) && count != jobs {
				t.Errorf("%s has %d series", query, count)
			}
			requests, took = take(prometheus), time.Since(now)
		})
		return requests, took
	}
	for _, queryType := range []string{"measure", "history"} {
		of := func(measure string) string {
			return fmt.Sprintf(`{"queryType": %q, "measure": %q}`, queryType, measure)
		}
		busy, busyTook := cost(of("busy"))
		running, took := cost(of("running"))
		if busy < jobs || running > busy || took > busyTook {
			t.Errorf("%s: running takes %d requests and %s, busy %d and %s", queryType, running, took, busy, busyTook)
		}
	}
}
