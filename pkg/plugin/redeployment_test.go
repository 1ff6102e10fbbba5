package plugin_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// rebuild samples a job for ten minutes, has no cluster for a while, and then
// samples another job of the same id, which starts anew, for ten minutes.
func rebuild(t *testing.T, first, second *sim.Job, away time.Duration) (l lab, ended, began time.Time) {
	t.Helper()
	l = newSampledLab(t, first)
	var cluster atomic.Pointer[sim.Cluster] // nil while there is none
	cluster.Store(l.Cluster)
	l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if now := cluster.Load(); now != nil {
			now.ServeHTTP(w, r)
			return
		}
		respondWith(503, "away")(w, r)
	})})
	l.frame(t, `{"queryType": "tasks"}`)
	time.Sleep(10 * time.Minute)
	cluster.Store(nil)
	ended = time.Now()
	time.Sleep(away)
	began = time.Now()
	second.ID, second.Start = first.ID, began
	cluster.Store(newCluster(second))
	time.Sleep(10 * time.Minute)
	return l, ended, began
}

// jobsAfterARebuild are what a rebuilt cluster may run under the same id.
var jobsAfterARebuild = map[string]func() *sim.Job{
	"the same job":               func() *sim.Job { return sim.HeldBack("orders", 3, 2, 1) },
	"the same, held back lower":  func() *sim.Job { return sim.HeldBack("orders", 3, 2, 2) },
	"another graph":              func() *sim.Job { return withName("orders", withNewTasks(sim.HeldBack("payments", 5, 2, 3))) },
	"another graph, names alike": func() *sim.Job { return withName("orders", sim.HeldBack("payments", 5, 2, 3)) },
	"another job":                func() *sim.Job { return withNewTasks(sim.HeldBack("payments", 5, 2, 3)) },
	"another job, tasks alike":   func() *sim.Job { return sim.HeldBack("payments", 5, 2, 3) },
}

// withName is the job with another name.
func withName(name string, job *sim.Job) *sim.Job {
	job.Name = name
	return job
}

// withNewTasks is the job with other names of tasks.
func withNewTasks(job *sim.Job) *sim.Job {
	for i := range job.Tasks {
		job.Tasks[i].Name = fmt.Sprint("new-", i)
	}
	return job
}

// knownTimes are the times at which something is known, by row.
func knownTimes(times, values *data.Field) map[int]time.Time {
	all := map[int]time.Time{}
	for i := range values.Len() {
		if _, known := values.ConcreteAt(i); known {
			all[i] = times.At(i).(time.Time)
		}
	}
	return all
}

// floatAt is a value that is known.
func floatAt(field *data.Field, i int) float64 {
	value, _ := field.ConcreteAt(i)
	return value.(float64)
}

// slowest is the name of the task that holds the job back.
func slowest(job *sim.Job) string {
	for _, task := range job.Tasks {
		if task.Capacity == 100 {
			return task.Name
		}
	}
	return ""
}

// Where a rebuilt cluster uses a job id again, series of the first job's tasks end
// with it and those of the second begin: there is nothing of the time between, and
// each has its own values.
func TestJobIDUsedAgain(t *testing.T) {
	t.Parallel()
	first := sim.HeldBack("orders", 3, 2, 1)
	for name, second := range jobsAfterARebuild {
		for _, away := range []time.Duration{0, 5 * time.Minute} {
			t.Run(fmt.Sprint(name, ", after ", away), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					second := second()
					l, ended, began := rebuild(t, sim.HeldBack("orders", 3, 2, 1), second, away)
					of := func(at time.Time) *sim.Job {
						if at.After(ended) {
							return second
						}
						return first
					}
					points := map[*sim.Job]map[string]int{first: {}, second: {}}
					for _, by := range []string{"task", "subtask"} {
						for _, shown := range send(l.ctx, t, l, `{"queryType": "history", "measure": "busy", "by": "`+by+`"}`)["A"].Frames {
							checkFrame(t, by, shown)
							labels := shown.Fields[1].Labels
							for i, at := range knownTimes(shown.Fields[0], shown.Fields[1]) {
								job, busy, after := of(at), floatAt(shown.Fields[1], i), at.Sub(began)
								points[job][labels["task"]]++
								if labels["job"] != job.Name {
									t.Errorf("by %s, the job is %s at %s", by, labels["job"], after)
								}
								if slow := labels["task"] == slowest(job); slow && busy < 0.95 || !slow && busy > 0.5 {
									t.Errorf("by %s, %s is %.2f busy %s after the second job began", by, labels["task"], busy, after)
								}
								if at.After(ended) && at.Before(began.Add(10*time.Second)) {
									t.Errorf("by %s, %s has a point at %s", by, labels["task"], after)
								}
							}
						}
					}
					for job, points := range points {
						if !hasPoints(points, job, 3*50) { // of the task and its two subtasks
							t.Errorf("%s has the points %v", job.Name, points)
						}
					}
					timeline := l.frame(t, `{"queryType": "timeline"}`)
					for _, field := range timeline.Fields[1:] {
						for i, at := range knownTimes(timeline.Fields[0], field) {
							status, _ := field.ConcreteAt(i)
							if (status == "bottleneck") != (field.Labels["task"] == slowest(of(at))) || at.After(ended) && at.Before(began) {
								t.Errorf("%s is a %s %s after the second job began", field.Labels["task"], status, at.Sub(began))
							}
						}
					}
				})
			})
		}
	}
}

// since does not reach across the time without a cluster, and time travel shows each
// job as it was.
func TestSinceAcrossARebuiltCluster(t *testing.T) {
	t.Parallel()
	for name, second := range jobsAfterARebuild {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				second := second()
				l, ended, began := rebuild(t, sim.HeldBack("orders", 3, 2, 1), second, 5*time.Minute)
				now := l.frame(t, `{"queryType": "bottlenecks"}`)
				if at := sinceOf(now); at == nil || at.Before(began) || at.Sub(began) > 30*time.Second || cells(t, now, "task")[0] != slowest(second) {
					t.Errorf("%s holds the job back since %v, and it began at %s", cells(t, now, "task"), at, began)
				}
				over := backend.TimeRange{From: ended.Add(-time.Hour), To: ended.Add(-20 * time.Second)}
				before := l.frameOver(t, over, nil, `{"queryType": "tasks"}`)
				if name := cells(t, before, "job")[0]; name != "orders" {
					t.Errorf("before it the job is %s", name)
				}
				if tasks := strings.Join(cells(t, before, "task"), " "); tasks != "task-0 task-1 task-2" || cells(t, before, "status")[1] != "bottleneck" {
					t.Errorf("before it the tasks are %s, %s", tasks, cells(t, before, "status"))
				}
			})
		})
	}
}

// So it is with what Prometheus has scraped of one id, also where Flink has the
// second job alone.
func TestJobIDUsedAgainInPrometheus(t *testing.T) {
	for name, second := range jobsAfterARebuild {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				first, second := sim.HeldBack("orders", 3, 2, 1), second()
				second.ID, second.Name = first.ID, first.Name
				l, prometheus := newScrapedLab(t)
				l.Jobs = []*sim.Job{second}
				now := time.Now()
				ended, began := now.Add(-30*time.Minute), now.Add(-25*time.Minute)
				scrape(prometheus, attemptsOf(first, "tm-1", now.Add(-time.Hour), ended)...)
				scrape(prometheus, attemptsOf(second, "tm-2", began, now.Add(time.Minute))...)
				l.frame(t, `{"queryType": "tasks"}`)
				points := map[*sim.Job]map[string]int{first: {}, second: {}}
				for _, shown := range sendOver(l.ctx, t, l, scrapedPast(), nil, `{"queryType": "history", "measure": "busy", "by": "task"}`)["A"].Frames {
					checkFrame(t, "busy", shown)
					for i, at := range knownTimes(shown.Fields[0], shown.Fields[1]) {
						task, busy := shown.Fields[1].Labels["task"], floatAt(shown.Fields[1], i)
						switch {
						case math.Abs(busy-0.5) > 0.001:
							t.Errorf("%s is %.3f busy at %s", task, busy, at)
						case at.Before(ended.Add(2 * scrapeInterval)): // a scrape may be late
							points[first][task]++
						case at.Before(began):
							t.Errorf("%s has a point at %s, when there was no job", task, at)
						default:
							points[second][task]++
						}
					}
				}
				// Flink has forgotten the names of tasks that the second job lacks.
				for _, task := range first.Tasks {
					if !slices.ContainsFunc(second.Tasks, func(of sim.Task) bool { return of.ID == task.ID }) {
						points[first][task.Name] = points[first][mangled(task.Name)]
						delete(points[first], mangled(task.Name))
					}
				}
				if !hasPoints(points[first], named(first, second), 100) || !hasPoints(points[second], second, 50) {
					t.Errorf("there are the points %v, and then %v", points[first], points[second])
				}
			})
		})
	}
}

// named is the first job with the names that its tasks have in the second.
func named(first, second *sim.Job) *sim.Job {
	for i := range first.Tasks {
		for _, task := range second.Tasks {
			if task.ID == first.Tasks[i].ID {
				first.Tasks[i].Name = task.Name
			}
		}
	}
	return first
}

// hasPoints reports whether just the tasks of the job have so many points at least.
func hasPoints(points map[string]int, of *sim.Job, least int) bool {
	for _, task := range of.Tasks {
		if points[task.Name] < least {
			return false
		}
	}
	return len(points) == len(of.Tasks)
}

// Of two jobs of one name the second has a number until the first ends; the series of
// the time before stay apart.
func TestSecondJobOfANameOutlivesTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := sim.HeldBack("orders", 3, 1, 1), sim.HeldBack("payments", 3, 1, 2)
		second.Name, second.Start = "orders", first.Start.Add(time.Minute)
		first.Phases = []sim.Phase{{Lasts: time.Hour + 5*time.Minute}, {State: "FINISHED"}}
		l := newSampledLab(t, first, second)
		begun := time.Now()
		l.frame(t, `{"queryType": "tasks"}`)
		for range 10 {
			time.Sleep(time.Minute)
			l.frame(t, `{"queryType": "tasks"}`)
		}
		time.Sleep(time.Minute)
		for _, by := range []string{"task", "subtask"} {
			count := map[string]int{}
			for _, shown := range send(l.ctx, t, l, `{"queryType": "history", "measure": "bottleneck", "by": "`+by+`"}`)["A"].Frames {
				checkFrame(t, by, shown)
				for i, at := range knownTimes(shown.Fields[0], shown.Fields[1]) {
					labels := shown.Fields[1].Labels
					late := at.Sub(begun) > 5*time.Minute+5*time.Second
					of := "task-1"
					if labels["job"] == "orders #2" || late {
						of = "task-2"
					}
					if late && labels["job"] == "orders #2" || (floatAt(shown.Fields[1], i) > 0.5) != (labels["task"] == of) {
						t.Errorf("by %s, %s is %.2f at %s", by, labels, floatAt(shown.Fields[1], i), at.Sub(begun))
					}
					count[labels["job"]]++
				}
			}
			if len(count) != 2 {
				t.Errorf("by %s there are points of %v", by, count)
			}
		}
		over := backend.TimeRange{From: begun.Add(-time.Hour), To: begun.Add(4 * time.Minute)}
		past := l.frameOver(t, over, nil, `{"queryType": "measure"}`)
		checkFrame(t, "measure", past)
		if len(past.Fields) != 2 {
			t.Errorf("at that time there were %d series", len(past.Fields))
		}
	})
}

// Around the time at which a job was deployed anew, each series has a name of its
// own, and the cancelled job is shown only where it is named.
func TestMomentsOfAJobDeployedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := sim.HeldBack("orders", 2, 2, 1), sim.HeldBack("orders", 2, 2, 1)
		l := newSampledLab(t, sim.HeldBack("orders", 2, 2, 1))
		var flink swappable
		flink.become(l.Cluster)
		l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": &flink})
		l.frame(t, `{"queryType": "tasks"}`)
		time.Sleep(5 * time.Minute)
		anew := time.Now()
		first.State, second.ID, second.Start = "CANCELED", strings.Repeat("cd", 16), anew
		flink.become(&sim.Cluster{Version: l.Version, Fetch: l.Fetch, Jobs: []*sim.Job{first, second}})
		l.frame(t, `{"queryType": "tasks"}`)
		time.Sleep(5 * time.Minute)
		for after := -30 * time.Second; after < 2*time.Minute; after += 5 * time.Second {
			over := backend.TimeRange{From: anew.Add(-time.Minute), To: anew.Add(after)}
			for _, query := range []string{`{"queryType": "measure", "measure": "busy"}`, `{"queryType": "measure", "measure": "running"}`, `{"queryType": "measure", "by": "task"}`} {
				var labels []string
				for _, field := range l.frameOver(t, over, fromAlert, query).Fields {
					labels = append(labels, field.Labels.String())
				}
				if distinct := slices.Compact(slices.Sorted(slices.Values(labels))); len(distinct) != len(labels) || len(labels) == 0 {
					t.Errorf("%s %s after it was deployed anew: %q", query, after, labels)
				}
			}
			if jobs := cells(t, l.frameOver(t, over, nil, `{"queryType": "jobs"}`), "job_id"); after >= 10*time.Second && (len(jobs) != 1 || jobs[0] != second.ID) {
				t.Errorf("%s after it was deployed anew there are %q", after, jobs)
			}
		}
	})
}

// A job that was deployed anew continues the series of its name, though Prometheus
// has samples of both for a while: no time is there twice.
func TestDeployedAnewInPrometheus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		first := scrapedJob{strings.Repeat("ab", 16), "orders", []string{"a", "b"}, start.Add(-time.Hour), start.Add(-30 * time.Minute)}
		second := scrapedJob{strings.Repeat("cd", 16), "orders", []string{"a", "b"}, start.Add(-30*time.Minute + scrapeInterval), start.Add(-2 * time.Minute)}
		l, _, _ := newForgetfulLab(t, nil, nil, first, second)
		over := backend.TimeRange{From: start.Add(-time.Hour), To: start.Add(-2 * time.Minute)}
		for _, by := range []string{"job", "task", "subtask"} {
			frames := sendOver(l.ctx, t, l, over, nil, `{"queryType": "history", "measure": "busy", "by": "`+by+`"}`)["A"].Frames
			for _, frame := range frames {
				checkFrame(t, by, frame)
				if frame.Rows() < 250 {
					t.Errorf("by %s there are %d points", by, frame.Rows())
				}
			}
			if want := map[string]int{"job": 1, "task": 2, "subtask": 2}[by]; len(frames) != want {
				t.Errorf("by %s there are %d series, want %d", by, len(frames), want)
			}
		}
		shown := l.frameOver(t, over, nil, `{"queryType": "timeline"}`)
		checkFrame(t, "timeline", shown)
		if held := strings.Count(strings.Join(cells(t, shown, "name_of_a"), " "), "backpressured"); len(shown.Fields) != 3 || held < 250 {
			t.Errorf("%d tasks, of which the first is held back at %d of %d times", len(shown.Fields)-1, held, shown.Rows())
		}
	})
}

// Just after it, a measure has one series of the name, that of the new job.
func TestMeasureOfAJobDeployedAnewInPrometheus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		first := scrapedJob{strings.Repeat("ab", 16), "orders", []string{"a"}, start.Add(-time.Hour), start.Add(-5 * time.Minute)}
		second := scrapedJob{strings.Repeat("cd", 16), "orders", []string{"a"}, start.Add(-5*time.Minute + scrapeInterval), start.Add(time.Hour)}
		l, _, _ := newForgetfulLab(t, nil, nil, first, second)
		over := backend.TimeRange{From: start.Add(-time.Hour), To: start.Add(-5*time.Minute + 80*time.Second)}
		for query, want := range map[string]string{
			`{"queryType": "measure", "measure": "busy"}`:                     "orders 0.9",
			`{"queryType": "measure", "measure": "busy", "jobs": ["orders"]}`: "orders 0.9",
		} {
			var values []string
			for _, field := range l.frameOver(t, over, nil, query).Fields {
				value := "null"
				if known, ok := field.ConcreteAt(0); ok {
					value = fmt.Sprintf("%.1f", known)
				}
				values = append(values, field.Labels["job"]+" "+value)
			}
			if got := strings.Join(values, ", "); got != want {
				t.Errorf("%s has the series %q", query, got)
			}
		}
	})
}

// A job that had several names in a range is found by each of them, for the time in
// which it had that.
func TestJobIsFoundByEachOfItsNames(t *testing.T) {
	for _, by := range []string{"job", "task", "subtask"} {
		t.Run(by, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				first := sim.HeldBack("orders", 3, 1, 1)
				first.Phases = []sim.Phase{{Lasts: time.Hour + 5*time.Minute}, {State: "FINISHED"}}
				second := chainOf("orders", 1, sim.HeldBack("payments", 3, 1, 2).Tasks...)
				second.ID = strings.Repeat("cd", 16)
				l := newSampledLab(t, first, second)
				begun := time.Now()
				for range 11 {
					l.frame(t, `{"queryType": "tasks"}`)
					time.Sleep(time.Minute)
				}
				for selector, last := range map[string]time.Duration{"orders #2": 5 * time.Minute, "/#2$/": 5 * time.Minute, "orders": 10 * time.Minute, second.ID: 10 * time.Minute} {
					response := sendOver(l.ctx, t, l, lastHour(), nil, forJob(`{"queryType": "history", "measure": "busy", "by": "`+by+`"}`, selector))["A"]
					if response.Error != nil {
						t.Errorf("%s: %v", selector, response.Error)
						continue
					}
					var latest time.Time
					for _, shown := range response.Frames {
						if len(shown.Fields) < 2 {
							continue // there is no series
						}
						if name := shown.Fields[1].Labels["job"]; selector != second.ID && (strings.HasSuffix(name, "#2") != strings.Contains(selector, "#2")) {
							t.Errorf("%s: there is a series of %s", selector, name)
						}
						for _, at := range knownTimes(shown.Fields[0], shown.Fields[1]) {
							if at.After(latest) {
								latest = at
							}
						}
					}
					if off := latest.Sub(begun) - last; off.Abs() > time.Minute+10*time.Second {
						t.Errorf("%s: the last point is %s after the begin, want %s", selector, latest.Sub(begun), last)
					}
				}
			})
		})
	}
}

// So is one whose id another job had before.
func TestFirstJobOfAnIDIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, ended, began := rebuild(t, sim.HeldBack("orders", 3, 2, 1), sim.HeldBack("payments", 5, 2, 3), 5*time.Minute)
		for name, early := range map[string]bool{"orders": true, "payments": false} {
			for _, query := range []string{`{"queryType": "history", "measure": "busy"}`, `{"queryType": "history", "by": "subtask"}`, `{"queryType": "timeline"}`} {
				response := sendOver(l.ctx, t, l, lastHour(), nil, forJob(query, name))["A"]
				if got := jobsWithValues(response); !slices.Equal(got, []string{name}) {
					t.Errorf("%s has series of %q: %v", forJob(query, name), got, response.Error)
				}
				for _, shown := range response.Frames {
					if len(shown.Fields) < 2 {
						continue // there is no series
					}
					for _, at := range knownTimes(shown.Fields[0], shown.Fields[1]) {
						if early && at.After(ended) || !early && at.Before(began) {
							t.Errorf("%s has a point at %s", forJob(query, name), at)
						}
					}
				}
			}
		}
	})
}

// What a range shows of a job that was deployed anew does not depend on whether
// somebody looked at the run that ended, under the name that Flink's list gives it.
func TestOthersQueriesDoNotChangeARange(t *testing.T) {
	answers := map[bool][]string{}
	for _, others := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			first, second := sim.HeldBack("orders", 2, 2, 1), sim.HeldBack("orders", 2, 2, 1)
			var flink swappable
			l := newSampledLab(t, sim.HeldBack("orders", 2, 2, 1))
			flink.become(l.Cluster)
			l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": &flink})
			begun := time.Now()
			l.frame(t, `{"queryType": "tasks"}`)
			time.Sleep(5 * time.Minute)
			first.State, second.ID, second.Start = "CANCELED", strings.Repeat("cd", 16), time.Now()
			flink.become(&sim.Cluster{Version: l.Version, Fetch: l.Fetch, Jobs: []*sim.Job{first, second}})
			time.Sleep(15 * time.Second)
			for range 5 {
				l.frame(t, `{"queryType": "tasks"}`)
				if others {
					l.frame(t, `{"queryType": "jobs", "jobs": ["orders #2"]}`)
				}
				time.Sleep(time.Minute)
			}
			over := backend.TimeRange{From: begun, To: time.Now().Add(-2 * time.Minute)}
			for _, query := range rangeQueries {
				for _, query := range []string{query, forJob(query, "orders"), forJob(query, "/ord/")} {
					var answer string
					for _, shown := range sendOver(l.ctx, t, l, over, nil, query)["A"].Frames {
						checkFrame(t, query, shown)
						text, err := json.Marshal(shown)
						if err != nil {
							t.Fatal(err)
						}
						answer += string(text)
					}
					answers[others] = append(answers[others], query+": "+answer)
				}
			}
		})
	}
	for i, without := range answers[false] {
		if with := answers[true][i]; with != without {
			t.Errorf("without others' queries %.600s\nand with them %.600s", without, with)
		}
	}
}

// A job that was deployed anew is one line through both runs, though Flink still lists
// the one that ended, with a number, and whether or not somebody looks at that.
func TestDeployedAnewWhileFlinkListsTheEndedRun(t *testing.T) {
	for _, state := range []string{"CANCELED", "CANCELLING", "FAILED"} {
		for _, before := range []string{"", `{"queryType": "tasks"}`, `{"queryType": "tasks", "jobs": ["orders #2"]}`} {
			t.Run(state+" "+before, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					start := time.Now()
					first, second := sim.HeldBack("orders", 2, 1, 1), sim.HeldBack("orders", 2, 1, 1)
					first.State, second.ID, second.Start = state, strings.Repeat("cd", 16), start.Add(-30*time.Minute)
					l, prometheus := newScrapedLab(t)
					l.Jobs = []*sim.Job{first, second}
					scrape(prometheus, attemptsOf(first, "tm-1", start.Add(-time.Hour), second.Start)...)
					scrape(prometheus, attemptsOf(second, "tm-1", second.Start.Add(scrapeInterval), start.Add(time.Hour))...)
					if before != "" {
						l.frame(t, before)
						time.Sleep(5 * time.Minute)
					}
					over := backend.TimeRange{From: start.Add(-time.Hour), To: start.Add(-2 * time.Minute)}
					for _, query := range []string{`{"queryType": "history", "measure": "busy"}`, `{"queryType": "history", "measure": "busy", "by": "subtask"}`, `{"queryType": "timeline"}`} {
						for _, query := range []string{query, forJob(query, "orders"), forJob(query, "/^ord/")} {
							if got, want := runsOf(t, sendOver(l.ctx, t, l, over, nil, query)["A"], start), "orders -59--2"; got != want {
								t.Errorf("%s has %s, want %s", query, got, want)
							}
						}
					}
					over.To = start.Add(-40 * time.Minute)
					if got := strings.Join(rowsOf(t, l.frameOver(t, over, nil, `{"queryType": "jobs", "jobs": ["orders"]}`), "job", "job_id"), ", "); got != "orders "+first.ID {
						t.Errorf("before that there is %q", got)
					}
				})
			})
		}
	}
}

// What Prometheus has of a job before it was sampled has the number that the job had
// beside another, also when that has ended and the number is gone.
func TestNumbersReachBackIntoPrometheus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		first, second := sim.HeldBack("orders", 2, 1, 1), sim.HeldBack("orders", 2, 1, 1)
		first.Phases = []sim.Phase{{Lasts: time.Hour + 5*time.Minute}, {State: "FINISHED"}}
		second.ID, second.Start = strings.Repeat("cd", 16), first.Start.Add(time.Minute)
		l, prometheus := newScrapedLab(t)
		l.Jobs = []*sim.Job{first, second}
		scrape(prometheus, attemptsOf(first, "tm-1", first.Start, start.Add(5*time.Minute))...)
		scrape(prometheus, attemptsOf(second, "tm-1", second.Start, start.Add(time.Hour))...)
		for range 11 {
			l.frame(t, `{"queryType": "tasks"}`)
			time.Sleep(time.Minute)
		}
		for _, from := range []time.Duration{-30 * time.Minute, -10 * time.Minute} {
			for _, to := range []time.Duration{-5 * time.Minute, 10 * time.Minute} {
				over := backend.TimeRange{From: start.Add(from), To: start.Add(to)}
				for _, by := range []string{"job", "subtask"} {
					want := fmt.Sprintf("orders %.0f-%.0f, orders #2 %.0f-%.0f", from.Minutes(), to.Minutes(), from.Minutes(), min(to, 5*time.Minute).Minutes())
					if got := runsOf(t, sendOver(l.ctx, t, l, over, nil, `{"queryType": "history", "measure": "busy", "by": "`+by+`"}`)["A"], start); got != want {
						t.Errorf("by %s there are %s, want %s", by, got, want)
					}
				}
			}
		}
	})
}
