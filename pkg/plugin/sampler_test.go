package plugin_test

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/raced"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// twentyJobs are 20 jobs of 20 tasks.
func twentyJobs() (jobs []*sim.Job) {
	for i := range 20 {
		jobs = append(jobs, sim.HeldBack(fmt.Sprintf("job-%02d", i), 20, 2, i))
	}
	return jobs
}

// requestTally is how many requests of each kind a cluster got.
type requestTally struct {
	polls                         map[string]int // by the path of the job
	tasks, lists, clusters, other int
}

func (c *requestTally) add(paths []string) {
	for _, path := range paths {
		switch parts := strings.Split(path, "/"); {
		case path == "/jobs/overview":
			c.lists++
		case path == "/overview" || path == "/jobmanager/config":
			c.clusters++
		case len(parts) == 3 && parts[1] == "jobs":
			c.polls[path]++
		case len(parts) == 5 && parts[3] == "vertices":
			c.tasks++
		default:
			c.other++
		}
	}
}

// watch lets time pass, and counts the requests.
func (c *requestTally) watch(l lab, long time.Duration) {
	for range int(long / (10 * time.Second)) {
		time.Sleep(10 * time.Second)
		c.add(l.Requests()) // so that they do not pile up
	}
}

// finish waits until the polls that are under way have read their tasks.
func (c *requestTally) finish(l lab, tasks int) {
	for range 20 {
		if c.tasks == c.total()*tasks {
			return
		}
		time.Sleep(25 * time.Millisecond)
		c.add(l.Requests())
	}
}

// total are the polls of all jobs.
func (c *requestTally) total() (all int) {
	for _, polls := range c.polls {
		all += polls
	}
	return all
}

// countGoroutines counts them once all that can happen at this time has. Those that
// are just ending are counted too until the world has been stopped once.
func countGoroutines() int {
	synctest.Wait()
	runtime.ReadMemStats(new(runtime.MemStats))
	return runtime.NumGoroutine()
}

// newTwentyJobs samples them after one query, for an hour. The history is that of the
// data source.
func newTwentyJobs(t *testing.T) (lab, *memory.Store) {
	t.Helper()
	l := newLab(t, twentyJobs()...)
	l.Noise = 286 * time.Millisecond
	settings := settingsWith(map[string]any{"url": "http://flink:8081", "history": map[string]any{"idleAfter": "1h"}})
	l.dataSource = open(t, settings)
	store := poolOf(t).Open(memory.DataSource{UID: settings.UID}, memory.Limits{Retention: time.Hour, MaxBytes: 64 << 20}, time.Now())
	l.frame(t, `{"queryType": "tasks"}`)
	l.Requests()
	return l, store
}

// 20 jobs of 20 tasks are sampled for five minutes after one query: a poll is a
// request for the job and one for each task, about once a fetch; the cluster is read
// once a minute; nothing else is, but for the metrics' names of the one source that is at
// its limit. Goroutines do not grow, and none outlive the data
// source.
func TestCostOfSampling(t *testing.T) {
	raced.Skip(t)
	const jobs, tasks = 20, 20
	synctest.Test(t, func(t *testing.T) {
		before := runtime.NumGoroutine()
		l, store := newTwentyJobs(t)
		tally := &requestTally{polls: map[string]int{}}
		tally.watch(l, 150*time.Second)
		tally.finish(l, tasks)
		running := countGoroutines()
		tally.watch(l, 150*time.Second)
		tally.finish(l, tasks)
		for job, polls := range tally.polls {
			if polls < 27 || polls > 30 {
				t.Errorf("%d polls of %s in five minutes", polls, job)
			}
		}
		if len(tally.polls) != jobs || tally.tasks != tally.total()*tasks {
			t.Errorf("%d polls of %d jobs took %d requests for tasks", tally.total(), len(tally.polls), tally.tasks)
		}
		if tally.clusters < 2*4 || tally.clusters > 2*5 || tally.lists > 0 || tally.other != 1 {
			t.Errorf("%d requests for the cluster, %d for lists of jobs, %d others", tally.clusters, tally.lists, tally.other)
		}
		if store.Bytes() == 0 {
			t.Error("the history is empty")
		}
		if now := countGoroutines(); now > running {
			t.Errorf("%d goroutines, and before the second half %d", now, running)
		}
		l.Dispose()
		if after := countGoroutines(); after > before {
			t.Errorf("%d goroutines, and before it %d", after, before)
		}
	})
}

// Sampling ends at idleAfter since the last query, and begins with the next.
func TestSamplingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLabWith(t, map[string]any{"history": map[string]any{"idleAfter": "10m"}}, sim.HeldBack("orders", 3, 2, 1))
		for range 2 {
			l.frame(t, `{"queryType": "jobs"}`)
			for minute := range 15 {
				l.Requests()
				time.Sleep(time.Minute)
				if sent := l.Requests(); (len(sent) > 0) != (minute < 10) && minute != 10 {
					t.Errorf("%d requests %d minutes after the last query", len(sent), minute)
				}
			}
		}
	})
}

// The sampler's requests carry nothing of the query that began it: no header of it,
// nor what the SDK attaches to its requests, as where Grafana captures them
// (X-Grafana-HAR-Capture), which would keep them for ever.
func TestSamplingCarriesNothingOfTheQuery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newSampledLab(t, sim.HeldBack("orders", 3, 2, 1))
		var captured atomic.Int64
		capture := httpclient.MiddlewareFunc(func(_ httpclient.Options, next http.RoundTripper) http.RoundTripper {
			return httpclient.RoundTripperFunc(func(request *http.Request) (*http.Response, error) {
				captured.Add(1)
				request.Header.Set("Traceparent", marker)
				return next.RoundTrip(request)
			})
		})
		var ofQuery, marked atomic.Int64
		l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if ofQuery.Add(1); strings.Contains(fmt.Sprint(r.Header), marker) {
				marked.Add(1)
			}
			l.Cluster.ServeHTTP(w, r)
		})})
		ctx, cancel := context.WithCancel(httpclient.WithContextualMiddleware(l.ctx, capture))
		headers := map[string]string{"X-Grafana-HAR-Capture": "true", "Authorization": marker, "Cookie": marker, "http_X-Tenant": marker}
		firstFrame(t, sendOver(ctx, t, l, lastHour(), headers, `{"queryType": "tasks"}`), "A")
		cancel() // the query is over
		if all := ofQuery.Load(); all == 0 || captured.Load() != all || marked.Load() != 0 {
			t.Errorf("of %d requests of the query %d were captured, and %d have its headers", all, captured.Load(), marked.Load())
		}
		ofQuery.Store(0)
		captured.Store(0)
		marked.Store(0)
		time.Sleep(10 * time.Minute)
		if all := ofQuery.Load(); all < 50*4 || captured.Load() != 0 || marked.Load() != 0 {
			t.Errorf("of %d requests of the sampler %d were captured, and %d have the query's headers", all, captured.Load(), marked.Load())
		}
	})
}

// However often a dashboard refreshes, each fetch of Flink's metrics has one sample.
func TestRefreshesDoNotDisturbSampling(t *testing.T) {
	t.Parallel()
	for _, every := range []time.Duration{3 * time.Second, 5 * time.Second, 7 * time.Second, 9 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute, 10 * time.Minute} {
		t.Run("every "+every.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newSampledLab(t, sim.HeldBack("orders", 3, 2, 1))
				for begun := time.Now(); time.Since(begun) < 10*time.Minute; time.Sleep(every) {
					l.frame(t, `{"queryType": "tasks"}`)
				}
				shown := l.frame(t, `{"queryType": "timeline"}`)
				if samples := shown.Rows(); samples < 54 || samples > 62 {
					t.Errorf("%d samples in ten minutes", samples)
				}
			})
		})
	}
}

// A job that is due waits for a slot where there are many. What a query has polled of it
// meanwhile is not polled again: there is one poll of a job per age limit.
func TestManyJobsArePolledOncePerAgeLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const count, during, maxAge = 60, time.Minute, 2 * time.Second
		jobs := make([]*sim.Job, count)
		for n := range jobs {
			jobs[n] = sim.HeldBack(fmt.Sprint("job-", n), 3, 2, 1)
		}
		l := newSampledLab(t, jobs...)
		var polls, checkpoints atomic.Int64
		l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if id, ofJob := strings.CutPrefix(r.URL.Path, "/jobs/"); ofJob && len(id) == len(jobs[0].ID) {
				polls.Add(1)
			} else if strings.HasSuffix(id, "/checkpoints") {
				checkpoints.Add(1)
			}
			time.Sleep(25 * time.Millisecond)
			l.Cluster.ServeHTTP(w, r)
		})})
		var viewers sync.WaitGroup
		for n, begun := range slices.Repeat([]time.Time{time.Now()}, count) {
			viewers.Go(func() {
				for time.Since(begun) < during {
					l.frame(t, fmt.Sprintf(`{"queryType": "tasks", "jobs": ["job-%d"]}`, n))
					l.frame(t, fmt.Sprintf(`{"queryType": "measure", "measure": "checkpoint_age", "jobs": ["job-%d"]}`, n))
					time.Sleep(time.Duration(20+n) * time.Millisecond)
				}
			})
		}
		viewers.Wait()
		if most := int64(count * (during / maxAge)); polls.Load() > most || checkpoints.Load() > most {
			t.Errorf("%d polls of %d jobs in %s, and %d of their checkpoints, want %d at most", polls.Load(), count, during, checkpoints.Load(), most)
		}
		shown := l.frame(t, `{"queryType": "timeline", "jobs": ["job-0"]}`)
		if samples := shown.Rows(); samples < 5 {
			t.Errorf("%d samples in %s", samples, during)
		}
	})
}

// However often a steady job is polled, its verdict is steady, noise in the counters
// or not; and up to every minute and a fetch it is from counters, but for the first.
func TestVerdictIsSteadyAtAnyInterval(t *testing.T) {
	raced.Skip(t)
	t.Parallel()
	verdicts := map[string]string{"bottleneck": "[capacity] [slow-window]", "skew": "[skew] [aggregate]", "healthy": "[none] [null]"}
	for every, source := range map[time.Duration]job.Source{
		time.Second: job.FromCounters, 10 * time.Second: job.FromCounters, 30 * time.Second: job.FromCounters,
		time.Minute: job.FromCounters, 69 * time.Second: job.FromCounters,
		90 * time.Second: job.FromGauge60s, 10 * time.Minute: job.FromGauge60s,
	} {
		for name, want := range verdicts {
			t.Run(fmt.Sprintf("%s every %s", name, every), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ready, err := sim.Ready("2.3.0", name)
					if err != nil {
						t.Fatal(err)
					}
					l := newLab(t, ready.Jobs...)
					l.Noise = 286 * time.Millisecond
					begun := time.Now()
					for range 60 {
						shown := l.frame(t, `{"queryType": "bottlenecks"}`)
						if got := fmt.Sprint(cells(t, shown, "kind"), cells(t, shown, "task")); got != want {
							t.Fatalf("after %s: %s, want %s", time.Since(begun), got, want)
						}
						got := *shown.Meta.Custom.(frame.Custom).Source
						if time.Since(begun) > 12*time.Second && got != source {
							t.Fatalf("after %s: shares from %s, want %s", time.Since(begun), got, source)
						}
						time.Sleep(every)
					}
				})
			})
		}
	}
}
