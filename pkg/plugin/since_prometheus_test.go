package plugin_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/promtest"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// maxSinceRequests is how many requests it takes at most to find out since when the
// root cause of a job has been there: six for each of the five stages.
const maxSinceRequests = 30

// maxTurnsRequests is how many requests to Prometheus it takes at most to see whether
// tasks took turns before the built-in history begins.
const maxTurnsRequests = 11

// phase is a time in minutes before the present, in which the second task holds a job
// back, or nothing does.
type phase struct {
	from, to int
	held     bool
}

// scrapePhases adds what a Prometheus has of a job of three tasks.
func scrapePhases(prometheus *promtest.Server, orders *sim.Job, phases ...phase) {
	now := time.Now()
	for n, task := range orders.Tasks {
		// The clocks of one attempt go on from phase to phase.
		var idle, busy, backpressured float64
		labels := func(metric string) map[string]string {
			return map[string]string{
				"__name__": "flink_taskmanager_job_task_" + metric, "job_id": orders.ID, "job_name": orders.Name, "task_id": task.ID, "task_name": task.Name,
				"subtask_index": "0", "task_attempt_id": fmt.Sprint("execution-", phases[0].from, "_", task.ID, "_0_0"), "task_attempt_num": "0", "host": "tm-1", "tm_id": "tm-1",
			}
		}
		samples := map[string][]promtest.Sample{}
		for _, each := range phases {
			for at := now.Add(-time.Duration(each.from) * time.Minute); at.Before(now.Add(-time.Duration(each.to) * time.Minute)); at = at.Add(scrapeInterval) {
				for metric, value := range map[string]float64{"accumulateIdleTimeMs": idle, "accumulateBusyTimeMs": busy, "accumulateBackPressuredTimeMs": backpressured, "backPressuredTimeMsPerSecond": 0} {
					samples[metric] = append(samples[metric], promtest.Sample{At: at, Value: value})
				}
				long := float64(scrapeInterval.Milliseconds())
				switch {
				case each.held && n == 0:
					backpressured += long
				case each.held && n == 1:
					busy += long
				default:
					idle += long
				}
			}
		}
		for metric, of := range samples {
			prometheus.Add(labels(metric), of...)
		}
	}
}

// scrapeTurns adds what a Prometheus has of a [sim.Alternating] job from its start on: the
// third task and the fourth take turns.
func scrapeTurns(prometheus *promtest.Server, of *sim.Job, turn time.Duration) {
	scrapeSlow(prometheus, of, 2*time.Hour, func(after time.Duration) time.Duration {
		return after/(2*turn)*turn + min(after%(2*turn), turn)
	})
}

// scrapeSlow does so for a job that runs that long. third is for how long it was the third
// task that was slow, up to a time after the start: else it was the fourth.
func scrapeSlow(prometheus *promtest.Server, of *sim.Job, long time.Duration, third func(after time.Duration) time.Duration) {
	for n, task := range of.Tasks {
		for subtask := range max(task.Parallelism, 1) {
			for metric, value := range map[string]func(after, own time.Duration) time.Duration{
				"accumulateIdleTimeMs":          func(_, own time.Duration) time.Duration { return [4]time.Duration{3: own}[n] },
				"accumulateBusyTimeMs":          func(after, own time.Duration) time.Duration { return [4]time.Duration{2: own, 3: after - own}[n] },
				"accumulateBackPressuredTimeMs": func(after, own time.Duration) time.Duration { return [4]time.Duration{after, after, after - own, 0}[n] },
				"backPressuredTimeMsPerSecond":  func(_, _ time.Duration) time.Duration { return 0 },
			} {
				prometheus.Add(map[string]string{
					"__name__": "flink_taskmanager_job_task_" + metric, "job_id": of.ID, "job_name": of.Name, "task_id": task.ID, "task_name": task.Name,
					"subtask_index": strconv.Itoa(subtask), "task_attempt_id": fmt.Sprintf("%d_%s_%d_0", of.Start.Unix(), task.ID, subtask), "task_attempt_num": "0", "host": "tm-1", "tm_id": "tm-1",
				}, promtest.Every(scrapeInterval, of.Start, of.Start.Add(long), func(after time.Duration) float64 {
					return float64(value(after, third(after)).Milliseconds())
				})...)
			}
		}
	}
}

// Turns are those of the moment and of the job that is shown, whatever was queried before: for
// a later moment, or for a part of the tasks; or for a job of that id that has ended.
func TestTurnsOfTheMoment(t *testing.T) {
	const turn = 40 * time.Second
	alone := map[string]any{"history": map[string]any{"retention": "0s"}}
	kinds := func(t *testing.T, shown *data.Frame, want string) {
		t.Helper()
		if got := fmt.Sprint(cells(t, shown, "kind")); got != want {
			t.Errorf("the kinds are %s, want %s: %q", got, want, cells(t, shown, "explanation"))
		}
	}
	takeTurns := func(after time.Duration) time.Duration { return after/(2*turn)*turn + min(after%(2*turn), turn) }
	t.Run("a later moment", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l, prometheus := newScrapedLabWith(t, alone)
			orders := sim.Alternating("orders", turn)
			orders.Start = time.Now().Add(-2 * time.Hour)
			l.Jobs = []*sim.Job{orders}
			base := time.Now().Add(-40 * time.Minute).Truncate(5 * time.Minute)
			begins := base.Add(90 * time.Second).Sub(orders.Start)
			scrapeSlow(prometheus, orders, 2*time.Hour, func(after time.Duration) time.Duration {
				return min(after, begins) + max(after-begins, 0) - takeTurns(max(after-begins, 0))
			})
			at := func(of time.Duration) *data.Frame {
				return l.frameOver(t, backend.TimeRange{From: base.Add(-time.Hour), To: base.Add(of)}, nil, `{"queryType": "bottlenecks"}`)
			}
			kinds(t, at(290*time.Second), "[alternating]")
			kinds(t, at(85*time.Second), "[capacity]")
		})
	})
	t.Run("a part of the tasks, and a move for good", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l, prometheus := newScrapedLabWith(t, alone)
			orders, base := slowSink("orders"), time.Now()
			orders.Start = base.Add(-2 * time.Hour)
			l.Jobs = []*sim.Job{orders}
			moved := base.Add(-395 * time.Second).Sub(orders.Start)
			scrapeSlow(prometheus, orders, 3*time.Hour, func(after time.Duration) time.Duration { return min(after, moved) })
			l.frame(t, `{"queryType": "tasks"}`)
			time.Sleep(15 * time.Second)
			l.frame(t, `{"queryType": "jobs", "tasks": ["enrich"]}`)
			for range 12 {
				time.Sleep(30 * time.Second)
				kinds(t, l.frame(t, `{"queryType": "bottlenecks"}`), "[capacity]")
			}
		})
	})
	t.Run("a job deployed anew under its id", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l, prometheus := newScrapedLabWith(t, alone)
			before := sim.Alternating("orders", turn)
			l.Jobs = []*sim.Job{before}
			scrapeSlow(prometheus, before, time.Hour+time.Minute, takeTurns)
			time.Sleep(15 * time.Second)
			l.frame(t, `{"queryType": "tasks"}`)
			time.Sleep(15 * time.Second)
			kinds(t, l.frame(t, `{"queryType": "bottlenecks"}`), "[alternating]")
			time.Sleep(40 * time.Second)
			after := slowSink("orders")
			after.ID, after.Start = before.ID, time.Now()
			l.Jobs = []*sim.Job{after}
			scrapeSlow(prometheus, after, time.Hour, func(time.Duration) time.Duration { return 0 })
			for range 6 {
				time.Sleep(35 * time.Second)
				kinds(t, l.frame(t, `{"queryType": "bottlenecks"}`), "[capacity]")
			}
		})
	})
}

// slowSink is a [sim.Alternating] job in which it is always the sink's turn.
func slowSink(name string) *sim.Job {
	job := sim.Alternating(name, 100*time.Hour)
	job.Phases = job.Phases[1:]
	return job
}

// Many jobs that take turns are searched some at a time, and what was found goes on until
// it is read anew.
func TestTurnsOfManyJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const jobs, turn = 30, 40 * time.Second
		l, prometheus := newScrapedLabWith(t, map[string]any{"history": map[string]any{"retention": "0s"}})
		for n := range jobs {
			job := sim.Alternating(fmt.Sprint("job-", n), turn)
			l.Jobs = append(l.Jobs, job)
			scrapeTurns(prometheus, job, turn)
		}
		l.frame(t, `{"queryType": "tasks"}`)
		time.Sleep(15 * time.Second)
		for refresh := range 24 {
			turning, shown := map[string]bool{}, l.frame(t, `{"queryType": "bottlenecks"}`)
			names := cells(t, shown, "job")
			for row, kind := range cells(t, shown, "kind") {
				if kind == "alternating" {
					turning[names[row]] = true
				}
			}
			if want := map[bool]int{true: maxJobsSearched, false: jobs}[refresh == 0]; len(turning) != want {
				t.Errorf("refresh %d: %d jobs take turns, want %d", refresh, len(turning), want)
			}
			time.Sleep(30 * time.Second)
		}
	})
}

// maxJobsSearched is of how many jobs a query searches Prometheus.
const maxJobsSearched = 20

// newHeldBack is a data source of a job that began some minutes ago and is held back
// now, and that was never sampled.
func newHeldBack(t *testing.T, keys map[string]any, began int, phases ...phase) (lab, *promtest.Server) {
	t.Helper()
	l, prometheus := newScrapedLabWith(t, keys)
	orders := sim.HeldBack("orders", 3, 1, 1)
	orders.Start = time.Now().Add(-time.Duration(began) * time.Minute)
	l.Jobs = []*sim.Job{orders}
	scrapePhases(prometheus, orders, phases...)
	return l, prometheus
}

// Where the built-in history does not reach back to when a root cause began, or there
// is none, Prometheus does: until the streak is interrupted, or the job or the data
// begins. It is searched once: the refreshes that follow cost no request to it.
func TestSinceFromPrometheus(t *testing.T) {
	t.Parallel()
	const day = 24 * 60
	// Where the task may have been a root cause for longer.
	unseen := []string{"a week, and not beyond", "as far as the data reaches", "a time that nobody scraped", "nothing is scraped of it yet"}
	for name, c := range map[string]struct {
		began  int // minutes before the present
		phases []phase
		want   int
		within time.Duration
	}{
		"minutes":                      {200, []phase{{200, 7, false}, {7, -60, true}}, 7, time.Minute},
		"hours":                        {300, []phase{{300, 180, false}, {180, -60, true}}, 180, 2 * time.Minute},
		"a day":                        {2 * day, []phase{{2 * day, 20 * 60, false}, {20 * 60, -60, true}}, 20 * 60, 10 * time.Minute},
		"a week, and not beyond":       {9 * day, []phase{{9 * day, -60, true}}, 7 * day, time.Hour},
		"as far as the data reaches":   {9 * day, []phase{{50, -60, true}}, 50, 2 * time.Minute},
		"from the job's start on":      {90, []phase{{90, -60, true}}, 90, time.Minute},
		"an interruption":              {300, []phase{{300, 120, true}, {120, 100, false}, {100, -60, true}}, 100, 2 * time.Minute},
		"one that a burst explains":    {300, []phase{{300, 200, false}, {200, 5, true}, {5, 4, false}, {4, -60, true}}, 200, 2 * time.Minute},
		"one that is brief from afar":  {300, []phase{{300, 200, false}, {200, 122, true}, {122, 118, false}, {118, -60, true}}, 200, 2 * time.Minute},
		"a time that nobody scraped":   {300, []phase{{300, 120, true}, {100, -60, true}}, 100, 2 * time.Minute},
		"not before it was sampled":    {300, []phase{{300, 0, false}, {0, -60, true}}, 0, time.Minute},
		"nothing is scraped of it yet": {300, nil, 0, time.Minute},
	} {
		for _, retention := range []string{"1h", "0s"} {
			t.Run(fmt.Sprint(name, ", history of ", retention), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					l, prometheus := newHeldBack(t, map[string]any{"history": map[string]any{"retention": retention, "idleAfter": "1h"}}, c.began, c.phases...)
					if len(c.phases) == 0 { // another job is
						scrapePhases(prometheus, sim.HeldBack("payments", 3, 1, 1), phase{60, -60, true})
					}
					want := time.Now().Add(-time.Duration(c.want) * time.Minute)
					l.frame(t, `{"queryType": "tasks"}`)
					time.Sleep(15 * time.Second)
					take(prometheus)
					again := 0 // where it may not have had what is recent
					if c.want == 0 {
						again = 5
					}
					turns := 0 // without samples that show them, every five minutes
					if retention == "0s" {
						turns = maxTurnsRequests
					}
					for refresh := range 20 {
						shown := l.frame(t, `{"queryType": "bottlenecks"}`)
						sent := take(prometheus)
						if at := sinceOf(shown); at == nil || at.Sub(want).Abs() > c.within {
							t.Fatalf("refresh %d: since %v, want %s, of %q", refresh, at, want, cells(t, shown, "task"))
						}
						if texts := notices(shown); len(texts) != 0 {
							t.Errorf("refresh %d: the notices are %q", refresh, texts)
						}
						if lasts := cells(t, shown, "lasts")[0]; refresh == 19 && strings.Contains(lasts, "at least") != slices.Contains(unseen, name) {
							t.Errorf("it lasts %q", lasts)
						}
						if most := map[int]int{0: maxSinceRequests, 10: again, 11: turns}[refresh]; sent > most {
							t.Errorf("refresh %d: Prometheus got %d requests, want at most %d", refresh, sent, most)
						}
						time.Sleep(30 * time.Second)
					}
				})
			})
		}
	}
}

// Where the job is shown rarely, and there is no built-in history, a refresh reads the
// time since the last one.
func TestSinceOfRareRefreshes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, prometheus := newHeldBack(t, map[string]any{"history": map[string]any{"retention": "0s"}}, 300, phase{300, 180, false}, phase{180, -60, true})
		want := time.Now().Add(-180 * time.Minute)
		for refresh := range 8 {
			take(prometheus)
			if at := sinceOf(l.frame(t, `{"queryType": "bottlenecks"}`)); at == nil || at.Sub(want).Abs() > 2*time.Minute {
				t.Errorf("refresh %d: since %v, want %s", refresh, at, want)
			}
			if sent := take(prometheus); sent > maxSinceRequests || refresh > 0 && sent > 6 {
				t.Errorf("refresh %d: Prometheus got %d requests", refresh, sent)
			}
			time.Sleep(5 * time.Minute)
		}
	})
}

// What Prometheus does not have yet is no interruption, as where others scrape for it.
func TestSinceOfALatePrometheus(t *testing.T) {
	for _, retention := range []string{"1h", "0s"} {
		synctest.Test(t, func(t *testing.T) {
			l, _ := newHeldBack(t, map[string]any{"history": map[string]any{"retention": retention}}, 300, phase{300, 180, false}, phase{180, 2, true})
			if at := sinceOf(l.frame(t, `{"queryType": "bottlenecks"}`)); at == nil || time.Since(*at).Round(5*time.Minute) != 180*time.Minute {
				t.Errorf("history of %s: since %v, and it is %s", retention, at, time.Now())
			}
		})
	}
}

// Many panels that show the job at once cost the requests of one.
func TestSinceIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, prometheus := newHeldBack(t, nil, 600, phase{600, 500, false}, phase{500, -60, true})
		prometheus.Delay(10 * time.Millisecond)
		l.frame(t, `{"queryType": "tasks"}`)
		time.Sleep(15 * time.Second)
		take(prometheus)
		panels := make([]string, 10)
		for n := range panels {
			panels[n] = `{"queryType": "bottlenecks"}`
		}
		for _, shown := range refresh(t, l, lastHour(), panels...) {
			if at := sinceOf(shown); at == nil || time.Since(*at).Round(10*time.Minute) != 500*time.Minute {
				t.Errorf("since %v", at)
			}
		}
		if sent := take(prometheus); sent > maxSinceRequests {
			t.Errorf("Prometheus got %d requests", sent)
		}
	})
}

// A bottleneck that the built-in history has seen begin is not searched for.
func TestSinceIsInTheHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, prometheus := newScrapedLab(t, movingBottleneck())
		begin := time.Now()
		l.frame(t, `{"queryType": "tasks"}`)
		time.Sleep(15 * time.Minute)
		take(prometheus)
		at := sinceOf(l.frame(t, `{"queryType": "bottlenecks"}`))
		if at == nil || at.Sub(begin).Round(time.Minute) != 5*time.Minute {
			t.Errorf("since %v, and the bottleneck moved at %s", at, begin.Add(5*time.Minute))
		}
		if sent := take(prometheus); sent > maxTurnsRequests {
			t.Errorf("Prometheus got %d requests", sent)
		}
		if at := sinceOf(l.frame(t, `{"queryType": "bottlenecks"}`)); at == nil || take(prometheus) != 0 {
			t.Errorf("Prometheus got more requests for what is known: since %v", at)
		}
	})
}

// Whether tasks take turns shows at once, though the built-in history has just begun, or
// there is none: Prometheus has the turns before. It is read once for each of the tasks,
// and the turns go on from there when the history is long enough to show them alone.
func TestTurnsFromPrometheus(t *testing.T) {
	t.Parallel()
	for name, turn := range map[string]time.Duration{"short turns": 40 * time.Second, "turns that one window does not show": 4 * time.Minute, "long ones": 7 * time.Minute} {
		for _, retention := range []string{"1h", "0s"} {
			t.Run(fmt.Sprint(name, ", history of ", retention), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					settings := map[string]any{"history": map[string]any{"retention": retention, "idleAfter": "1h"}}
					l, prometheus := newScrapedLabWith(t, settings)
					l.Jobs = []*sim.Job{sim.Alternating("orders", turn)}
					scrapeTurns(prometheus, l.Jobs[0], turn)
					begin := time.Now()
					l.frame(t, `{"queryType": "tasks"}`)
					time.Sleep(15 * time.Second)
					take(prometheus)
					sent := 0 // after the first refresh
					for refresh := range 20 {
						shown := l.frame(t, `{"queryType": "bottlenecks"}`)
						if kinds := cells(t, shown, "kind"); !slices.Contains(kinds, "alternating") {
							t.Errorf("refresh %d: the kinds are %q", refresh, kinds)
						}
						// They have gone on since the job began, an hour before.
						if at := sinceOf(shown); at == nil || begin.Sub(*at) < time.Hour-2*turn-time.Minute {
							t.Errorf("refresh %d: since %v, and it was first shown at %s", refresh, at, begin)
						}
						if of := take(prometheus); refresh > 0 {
							sent += of
						}
						time.Sleep(30 * time.Second)
					}
					if retention == "1h" && sent > 3*maxTurnsRequests {
						t.Errorf("Prometheus got %d requests", sent)
					}
				})
			})
		}
	}
}

// A pause in which nothing was sampled is filled from Prometheus, and what the built-in
// history has from before it is used.
func TestSinceAcrossAPauseFromPrometheus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, prometheus := newHeldBack(t, map[string]any{"history": map[string]any{"idleAfter": "1m", "retention": "6h"}}, 300, phase{20, -60, true})
		want := time.Now().Add(-20 * time.Minute)
		l.frame(t, `{"queryType": "tasks"}`)
		time.Sleep(30 * time.Minute)
		l.frame(t, `{"queryType": "tasks"}`)
		time.Sleep(30 * time.Second)
		shown := l.frame(t, `{"queryType": "bottlenecks"}`)
		if at := sinceOf(shown); at == nil || at.Sub(want).Abs() > 2*time.Minute {
			t.Errorf("since %v, want %s", at, want)
		}
		take(prometheus)
		l.frame(t, `{"queryType": "bottlenecks"}`)
		if sent := take(prometheus); sent != 0 {
			t.Errorf("the next refresh took %d requests", sent)
		}
	})
}

// A job that is deployed anew under its name begins anew, and so does one that keeps its
// id, as one with high availability does.
func TestSinceOfADeployment(t *testing.T) {
	for name, keepsID := range map[string]bool{"with another id": false, "with the same id": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, prometheus := newHeldBack(t, nil, 30)
				before := sim.HeldBack("orders", 3, 1, 1)
				if !keepsID {
					before.ID = strings.Repeat("a", 32)
				}
				scrapePhases(prometheus, before, phase{300, 30, true})
				scrapePhases(prometheus, l.Jobs[0], phase{30, -60, true})
				want := time.Now().Add(-30 * time.Minute)
				l.frame(t, `{"queryType": "tasks"}`)
				time.Sleep(15 * time.Second)
				if at := sinceOf(l.frame(t, `{"queryType": "bottlenecks"}`)); at == nil || at.Sub(want).Abs() > time.Minute {
					t.Errorf("since %v, want %s", at, want)
				}
			})
		})
	}
}

// While Prometheus is away since is what the built-in history has, with one notice for
// all jobs, and it is tried again only after a while.
func TestSinceWhilePrometheusIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, prometheus := newHeldBack(t, nil, 300, phase{300, 180, false}, phase{180, -60, true})
		begun := time.Now()
		payments := sim.HeldBack("payments", 3, 1, 1)
		payments.Start = l.Jobs[0].Start
		l.Jobs = append(l.Jobs, payments)
		prometheus.Fail(respondWith(503, "away"))
		l.frame(t, `{"queryType": "tasks"}`)
		time.Sleep(2 * time.Minute)
		for refresh, sends := range []bool{true, false, false, true, false} {
			take(prometheus)
			shown := l.frame(t, `{"queryType": "bottlenecks"}`)
			if at := sinceOf(shown); at == nil || at.Sub(begun).Abs() > time.Minute {
				t.Errorf("refresh %d: since %v, want %s", refresh, at, begun)
			}
			if texts := notices(shown); len(texts) != 1 || !strings.HasPrefix(texts[0], pastUnknown+"Prometheus failed to answer") {
				t.Errorf("refresh %d: the notices are %q", refresh, texts)
			}
			if sent := take(prometheus); sent > 2 || sent > 0 != sends {
				t.Errorf("refresh %d: Prometheus got %d requests", refresh, sent)
			}
			time.Sleep(11 * time.Second)
		}
		prometheus.Fail(nil)
		time.Sleep(30 * time.Second)
		shown := l.frame(t, `{"queryType": "bottlenecks", "jobs": ["orders"]}`)
		if at := sinceOf(shown); at == nil || begun.Sub(*at).Round(5*time.Minute) != 180*time.Minute || len(notices(shown)) != 0 {
			t.Errorf("since %v with the notices %q", at, notices(shown))
		}
	})
}

// Without a built-in history since is not known while Prometheus is away.
func TestSinceWithNeither(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, prometheus := newHeldBack(t, map[string]any{"history": map[string]any{"retention": "0s"}}, 300, phase{300, -60, true})
		prometheus.Fail(respondWith(503, "away"))
		for range 2 {
			shown := l.frame(t, `{"queryType": "bottlenecks"}`)
			if since := cells(t, shown, "since"); since[0] != "null" || len(notices(shown)) != 1 {
				t.Errorf("since %s, with the notices %q", since, notices(shown))
			}
			time.Sleep(10 * time.Second)
		}
	})
}

// Since at a moment of the past is that of then, from the built-in history and
// Prometheus or from Prometheus alone.
func TestSinceAtAMoment(t *testing.T) {
	for name, retention := range map[string]string{"beside the history": "1h", "alone": "0s"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, prometheus := newHeldBack(t, map[string]any{"history": map[string]any{"retention": retention, "idleAfter": "1h"}}, 500,
					phase{500, 400, false}, phase{400, 200, true}, phase{200, 100, false}, phase{100, -60, true})
				begun := time.Now()
				l.frame(t, `{"queryType": "bottlenecks"}`)
				time.Sleep(15 * time.Minute)
				for _, c := range []struct{ at, want int }{{-250, -400}, {-60, -100}, {-90, -100}, {10, -100}} {
					over := backend.TimeRange{From: begun.Add(-10 * time.Hour), To: begun.Add(time.Duration(c.at) * time.Minute)}
					for refresh := range 2 {
						take(prometheus)
						shown := l.frameOver(t, over, nil, `{"queryType": "bottlenecks"}`)
						if at, want := sinceOf(shown), begun.Add(time.Duration(c.want)*time.Minute); at == nil || at.Sub(want).Abs() > 3*time.Minute {
							t.Errorf("%d min after the first sample it is since %v, want %s", c.at, at, want)
						}
						if sent := take(prometheus); refresh > 0 && sent > 0 || sent > maxSinceRequests+requestsForJobs+requestsAtAMoment {
							t.Errorf("refresh %d at %d min took %d requests", refresh, c.at, sent)
						}
						time.Sleep(10 * time.Second)
					}
				}
			})
		})
	}
}

// A query searches for a bounded number of jobs; the next ones go on.
func TestSinceOfManyJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, prometheus := newScrapedLab(t)
		want := time.Now().Add(-40 * time.Minute)
		for n := range 30 {
			job := sim.HeldBack(fmt.Sprintf("job-%02d", n), 3, 1, 1)
			l.Jobs = append(l.Jobs, job)
			scrapePhases(prometheus, job, phase{60, 40, false}, phase{40, -60, true})
		}
		l.frame(t, `{"queryType": "tasks"}`)
		time.Sleep(15 * time.Second)
		for refresh, found := range []int{20, 30, 30} {
			take(prometheus)
			shown := l.frame(t, `{"queryType": "bottlenecks"}`)
			since, _ := shown.FieldByName("since")
			count := 0
			for i := range since.Len() {
				if at, _ := since.At(i).(*time.Time); at != nil && at.Sub(want).Abs() < 2*time.Minute {
					count++
				}
			}
			texts := strings.Join(notices(shown), "; ")
			if count != found || strings.Contains(texts, "the root causes of 20 of 30 jobs") != (refresh == 0) || refresh > 0 && texts != "" {
				t.Errorf("refresh %d: %d jobs since then, want %d, with the notices %q", refresh, count, found, texts)
			}
			if sent := take(prometheus); refresh == 2 && sent > 0 || sent > 20*maxSinceRequests {
				t.Errorf("refresh %d: Prometheus got %d requests", refresh, sent)
			}
			time.Sleep(10 * time.Second)
		}
	})
}

// A task that takes turns does so since the first of its turns that Prometheus has.
func TestSinceOfTurnsFromPrometheus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, prometheus := newScrapedLab(t)
		orders := takingTurns(2*time.Minute, 2*time.Minute)
		l.Jobs = []*sim.Job{orders}
		begun := time.Now()
		var all []attempt
		from := begun.Add(-40 * time.Minute)
		for n := range 20 { // each turn is an attempt's, so that its shares are even
			for i, task := range orders.Tasks {
				of := attempt{jobID: orders.ID, job: orders.Name, taskID: task.ID, task: task.Name, manager: fmt.Sprint("tm-", n), subtask: 0, from: from, to: from.Add(2*time.Minute - time.Second), idle: 1}
				if slow := 1 + n%2; i < slow {
					of.idle, of.backpressured = 0, 1
				} else if i == slow {
					of.idle, of.busy = 0, 1
				}
				all = append(all, of)
				of.subtask = 1
				all = append(all, of)
			}
			from = from.Add(2 * time.Minute)
		}
		scrape(prometheus, all...)
		l.frame(t, `{"queryType": "tasks"}`)
		time.Sleep(9 * time.Minute)
		shown := l.frame(t, `{"queryType": "bottlenecks"}`)
		if kind := cells(t, shown, "kind"); kind[0] != "alternating" {
			t.Fatalf("the kind is %q", kind)
		}
		if at := sinceOf(shown); at == nil || begun.Sub(*at) < 30*time.Minute {
			t.Errorf("since %v, and it began at %s", at, begun.Add(-40*time.Minute))
		}
		take(prometheus)
		l.frame(t, `{"queryType": "bottlenecks"}`)
		if sent := take(prometheus); sent > 0 {
			t.Errorf("the next refresh took %d requests", sent)
		}
	})
}
