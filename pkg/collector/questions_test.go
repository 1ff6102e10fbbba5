package collector_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
)

// poolRequests is a cluster that notes when it was asked for the buffers of tasks: by the
// task's id and the name of the pool, since a time.
type poolRequests struct {
	http.Handler
	answer http.HandlerFunc // nil for the cluster's
	mu     sync.Mutex
	begun  time.Time
	at     map[string][]time.Duration
	last   int // since the count was last read
}

func (p *poolRequests) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/subtasks/metrics") {
		p.Handler.ServeHTTP(w, r)
		return
	}
	parts, query := strings.Split(r.URL.Path, "/"), r.URL.Query().Get("get")
	key := parts[4] + " " + query[strings.LastIndex(query, ".")+1:]
	p.mu.Lock()
	p.at[key] = append(p.at[key], time.Since(p.begun))
	p.last++
	p.mu.Unlock()
	if p.answer != nil {
		p.answer(w, r)
		return
	}
	p.Handler.ServeHTTP(w, r)
}

// since is how many requests there were since it was last called.
func (p *poolRequests) since() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	count := p.last
	p.last = 0
	return count
}

// polledEvery10s polls the job every 10.2 s for a time, and returns each verdict and how
// many requests for buffers it took.
func polledEvery10s(t *testing.T, of *sim.Job, answer http.HandlerFunc, lasts time.Duration, each func(verdict *diagnosis.Verdict, requests int)) *poolRequests {
	t.Helper()
	cluster := &sim.Cluster{Version: "2.3.0", Fetch: fetch, Jobs: []*sim.Job{of}}
	requests := &poolRequests{Handler: cluster, answer: answer, begun: time.Now(), at: map[string][]time.Duration{}}
	c := collectorOf(t, requests)
	info := listed(t, c)
	cluster.Requests()
	for begun := time.Now(); time.Since(begun) < lasts; time.Sleep(fetch + settling) {
		verdict, counted, err := c.Verdict(t.Context(), info)
		if err != nil {
			t.Fatal(err)
		}
		forBuffers, sent := requests.since(), len(cluster.Requests())
		if answer != nil {
			sent += forBuffers
		}
		if counted != sent {
			t.Errorf("counts %d requests, the cluster got %d", counted, sent)
		}
		each(verdict, forBuffers)
	}
	return requests
}

// wide is a job whose source waits for so many tasks that do uncounted work.
func wide(branches int) *sim.Job {
	tasks := []sim.Task{{Name: "Source: orders", Parallelism: 2, Capacity: 20_000}}
	for i := range branches {
		tasks = append(tasks, sim.Task{Name: fmt.Sprint("call-", i), Inputs: []int{0}, Parallelism: 2, Capacity: 100, Uncounted: 0.98})
	}
	return sim.New("wide", tasks...)
}

// uncounted is the ready job that waits for what Flink does not count.
func uncounted(t *testing.T) *sim.Job {
	t.Helper()
	ready, err := sim.Ready("2.3.0", "uncounted")
	if err != nil {
		t.Fatal(err)
	}
	return ready.Jobs[0]
}

// Buffers that are in question are looked at once a minute each, and the verdict is made
// with them in each poll.
func TestBuffersInQuestionAreRequestedOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		of := uncounted(t)
		polls := 0
		requests := polledEvery10s(t, of, nil, 10*time.Minute, func(verdict *diagnosis.Verdict, _ int) {
			polls++
			if root := verdict.RootAt(2); root == nil || root.Kind != diagnosis.UnmeasuredWork || root.Instead >= 0 {
				t.Errorf("poll %d: the verdict is %s %+v, want unmeasured work of call, beyond doubt", polls, verdict.Kind, verdict.Roots)
			}
			if pools := verdict.Snapshot.Answers; len(pools) != 4 || pools[1].Out != 1 || pools[2].In != 1 || pools[0].Out.Known() || pools[3].In.Known() {
				t.Errorf("poll %d: the buffers are full to %v", polls, pools)
			}
		})
		if len(requests.at) != 2 {
			t.Errorf("requested were %v, want the output of enrich and the input of call", requests.at)
		}
		for _, key := range []string{of.Tasks[1].ID + " outPoolUsage", of.Tasks[2].ID + " inPoolUsage"} {
			at := requests.at[key]
			if len(at) < 9 || len(at) > 10 {
				t.Errorf("%s was requested %d times in ten minutes, at %v", key, len(at), at)
			}
			for i := 1; i < len(at); i++ {
				if pause := at[i] - at[i-1]; pause < time.Minute || pause > time.Minute+fetch+2*settling {
					t.Errorf("%s was requested again after %s", key, pause)
				}
			}
		}
	})
}

// A poll requests the buffers of eight tasks at most; the others follow.
func TestBuffersInQuestionAreRequestedAFewAPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var counts []int
		requests := polledEvery10s(t, wide(19), nil, 50*time.Second, func(_ *diagnosis.Verdict, requests int) {
			counts = append(counts, requests)
		})
		if got := fmt.Sprint(counts); got != "[8 8 4 0 0]" {
			t.Errorf("by poll, %s requests, want 20 of which a poll makes 8", got)
		}
		for key, at := range requests.at {
			if len(at) > 1 {
				t.Errorf("%s was requested %d times within a minute", key, len(at))
			}
		}
	})
}

// Nothing is requested while the shares of time say what holds a job back, or that nothing
// does.
func TestBuffersAreNotRequestedWhereNothingIsInQuestion(t *testing.T) {
	healthy := sim.HeldBack("healthy", 3, 2, 1)
	healthy.Tasks[0].Rate = 100
	for name, of := range map[string]*sim.Job{"held back": sim.HeldBack("orders", 3, 2, 1), "healthy": healthy} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				of.Start = time.Now().Add(-time.Hour)
				requests := polledEvery10s(t, of, nil, 3*time.Minute, func(verdict *diagnosis.Verdict, _ int) {
					if verdict.Kind == diagnosis.NotKnown || len(verdict.Snapshot.Answers) > 0 {
						t.Errorf("the verdict is %s, with buffers full to %v", verdict.Kind, verdict.Snapshot.Answers)
					}
				})
				if len(requests.at) > 0 {
					t.Errorf("requested were %v", requests.at)
				}
			})
		})
	}
}

// Once nothing is in question any more, nothing is requested until something is again.
func TestBuffersAreNotRequestedOnceNothingIsInQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		of := uncounted(t)
		of.Start = time.Now()
		work := func(uncounted float64) func([]sim.Task) {
			return func(tasks []sim.Task) { tasks[2].Uncounted = uncounted }
		}
		of.Phases = []sim.Phase{{Lasts: 3 * time.Minute}, {Lasts: 3 * time.Minute, Change: work(0)}, {Lasts: time.Hour, Change: work(0.98)}}
		begun := time.Now()
		counts := map[string]int{}
		polledEvery10s(t, of, nil, 9*time.Minute, func(verdict *diagnosis.Verdict, requests int) {
			switch at := time.Since(begun); {
			case at < 3*time.Minute:
				counts["before"] += requests
			case at > 3*time.Minute+2*fetch+time.Second && at < 6*time.Minute:
				counts["while it is counted"] += requests
				if len(verdict.Snapshot.Answers) > 0 {
					t.Errorf("after %s the verdict is made with buffers full to %v", at, verdict.Snapshot.Answers)
				}
			case at > 6*time.Minute:
				counts["after"] += requests
			}
		})
		if counts["before"] < 4 || counts["while it is counted"] != 0 || counts["after"] < 4 {
			t.Errorf("the requests are %v", counts)
		}
	})
}

// A question that comes and goes is no reason to request the same buffers more than once
// a minute.
func TestBuffersOfAQuestionThatComesAndGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		of := uncounted(t)
		of.Start, of.Repeat = time.Now(), true
		work := func(uncounted float64) func([]sim.Task) {
			return func(tasks []sim.Task) { tasks[2].Uncounted = uncounted }
		}
		of.Phases = []sim.Phase{{Lasts: 30 * time.Second, Change: work(0.98)}, {Lasts: 30 * time.Second, Change: work(0)}}
		asked := map[bool]int{}
		requests := polledEvery10s(t, of, nil, 9*time.Minute, func(verdict *diagnosis.Verdict, _ int) {
			asked[len(verdict.InQuestion) > 0]++
		})
		if asked[true] < 10 || asked[false] < 10 {
			t.Fatalf("buffers were in question in %d polls, and in %d not", asked[true], asked[false])
		}
		for pool, at := range requests.at {
			for i := 1; i < len(at); i++ {
				if at[i]-at[i-1] < time.Minute {
					t.Errorf("%s is requested after %s and %s", pool, at[i-1], at[i])
				}
			}
		}
	})
}

// What does not answer, or is not reported, stays unknown, and the verdict says that it
// may be either of two; it is requested again after a minute like any other.
func TestBuffersThatDoNotAnswerAreUnknown(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"an error":         answering(http.StatusInternalServerError, `{"errors":["down"]}`),
		"not found":        answering(http.StatusNotFound, `{"errors":["no such task"]}`),
		"no such metric":   answering(http.StatusOK, `[]`),
		"another metric":   answering(http.StatusOK, `[{"id":"numBytesIn","avg":1,"max":1}]`),
		"no number":        answering(http.StatusOK, `[{"id":"Shuffle.Netty.Input.Buffers.inPoolUsage","max":"NaN"},{"id":"Shuffle.Netty.Output.Buffers.outPoolUsage","avg":"NaN"}]`),
		"what is not JSON": answering(http.StatusOK, `<html>`),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				polls := 0
				requests := polledEvery10s(t, uncounted(t), answer, 3*time.Minute, func(verdict *diagnosis.Verdict, _ int) {
					polls++
					if root := verdict.RootAt(2); root == nil || root.Kind != diagnosis.UnmeasuredWork || root.Instead != 1 {
						t.Errorf("poll %d: the verdict is %s %+v, want call, or enrich instead", polls, verdict.Kind, verdict.Roots)
					}
					for task, pools := range verdict.Snapshot.Answers {
						if pools.In.Known() || pools.Out.Known() {
							t.Errorf("poll %d: the buffers of task %d are full to %v", polls, task, pools)
						}
					}
				})
				if len(requests.at) != 2 {
					t.Errorf("requested were %v, want two pools", requests.at)
				}
				for key, at := range requests.at {
					if len(at) != 3 {
						t.Errorf("%s was requested at %v, want once a minute", key, at)
					}
				}
			})
		})
	}
}

// What is pending before a source that is busy all the time is requested once a minute,
// and its metrics' names once in ten minutes: it decides whether it only waits.
func TestPendingRecordsInQuestion(t *testing.T) {
	for name, c := range map[string]struct {
		offered float64
		kind    diagnosis.Kind
	}{
		"it falls behind": {400, diagnosis.AtSource},
		"it keeps up":     {50, diagnosis.None},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				of := sim.New("orders", sim.Task{Name: "Source: orders", Parallelism: 2, Capacity: 25, Rate: c.offered}, sim.Task{Name: "count", Inputs: []int{0}, Parallelism: 2, Capacity: 20_000})
				of.Start = time.Now().Add(-time.Hour)
				polls := 0
				requests := polledEvery10s(t, of, nil, 10*time.Minute, func(verdict *diagnosis.Verdict, _ int) {
					if polls++; polls > 1 && verdict.Kind != c.kind { // the first poll is by gauges
						t.Errorf("poll %d: the verdict is %s %+v", polls, verdict.Kind, verdict.Roots)
					}
				})
				if len(requests.at) != 2 {
					t.Errorf("requested were %v, want the names and the pending records", requests.at)
				}
				for key, at := range requests.at {
					if names := !strings.HasSuffix(key, "pendingRecords"); names && len(at) > 2 || !names && (len(at) < 9 || len(at) > 10) {
						t.Errorf("%s was requested at %v", key, at)
					}
				}
			})
		})
	}
}

// Requests for buffers that hang slow the sampling of no job, however long a request may
// take.
func TestBuffersThatHangHoldUpNoJob(t *testing.T) {
	for _, timeout := range []time.Duration{10 * time.Second, time.Minute} {
		t.Run(timeout.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				jobs := []*sim.Job{sim.HeldBack("orders", 3, 2, 1), wide(19)}
				s := sampling(t, access{timeout: timeout}, time.Hour, jobs...)
				time.Sleep(2 * time.Minute)
				s.fail(func(w http.ResponseWriter, r *http.Request) {
					if strings.HasSuffix(r.URL.Path, "/subtasks/metrics") {
						hanging(w, r)
						return
					}
					s.sim.ServeHTTP(w, r)
				})
				time.Sleep(10 * time.Minute)
				for _, each := range jobs {
					if samples := s.samples(t, each, 10*time.Minute); samples < 58 || samples > 61 {
						t.Errorf("%d samples of %s in ten minutes", samples, each.Name)
					}
				}
			})
		})
	}
}

// A poll whose last waiter goes away while buffers are read is no sample, and what could
// not be read is read by the next one.
func TestCancelledWhileBuffersAreRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := &sim.Cluster{Version: "2.3.0", Fetch: fetch, Jobs: []*sim.Job{uncounted(t)}}
		slow := true
		pools := &poolRequests{Handler: cluster, begun: time.Now(), at: map[string][]time.Duration{}}
		pools.answer = func(w http.ResponseWriter, r *http.Request) {
			if slow {
				select {
				case <-time.After(2 * time.Second):
				case <-r.Context().Done():
					return
				}
			}
			cluster.ServeHTTP(w, r)
		}
		past := memory.NewPool(64<<20).Open(memory.DataSource{}, memory.Limits{Retention: time.Hour, MaxBytes: 64 << 20}, time.Now()).Cluster("c")
		c := collector.New(clientOf(t, pools, access{}), collector.Options{MaxAge: maxAge, History: past})
		info := listed(t, c)
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		_, _, err := c.Verdict(ctx, info)
		cancel()
		synctest.Wait()
		kept, _, _ := past.Summaries(t.Context(), history.Query{Job: history.Job{ID: info.ID}, Range: history.Range{From: time.Now().Add(-time.Hour), To: time.Now()}, Columns: []diagnosis.Column{diagnosis.KindCode}})
		if err == nil || len(kept.At) > 0 {
			t.Errorf("the query has the error %v, and %d samples are kept", err, len(kept.At))
		}
		slow = false
		for range 2 {
			time.Sleep(fetch + settling)
			verdict, _, err := c.Verdict(t.Context(), info)
			if err != nil {
				t.Fatal(err)
			}
			if verdict.Roots[0].Instead >= 0 {
				t.Errorf("not decided after %s", time.Since(pools.begun))
			}
		}
	})
}
