package plugin_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/raced"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// nearly compares cells: the history keeps shares to five digits, and rates to
// three.
func nearly(a, b string) bool {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	if errX != nil || errY != nil {
		return a == b
	}
	return math.Abs(x-y) <= 1e-3*max(1e-2, math.Abs(x))
}

// Every query type answers with the state at the end of a range that has ended, as it
// did at that time; an alert rule is answered, too, or refused where it always is.
func TestTimeTravel(t *testing.T) {
	t.Parallel()
	for _, query := range []string{
		`{"queryType": "tasks"}`, `{"queryType": "subtasks"}`, `{"queryType": "nodeGraph"}`, `{"queryType": "bottlenecks"}`,
		`{"queryType": "jobs", "jobs": ["moved"]}`, `{"queryType": "measure", "by": "task"}`, `{"queryType": "measure", "measure": "running"}`,
	} {
		t.Run(query, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newSampledLab(t, movingBottleneck())
				l.frame(t, `{"queryType": "tasks"}`) // running alone polls nothing
				time.Sleep(2 * time.Minute)
				live := l.frame(t, query)
				over := lastHour()
				time.Sleep(20 * time.Minute)
				for _, headers := range []map[string]string{nil, fromAlert} {
					if headers != nil && !isNumeric(query) {
						checkRule(t, query, sendOver(l.ctx, t, l, over, headers, query)["A"])
						continue
					}
					past := l.frameOver(t, over, headers, query)
					if len(past.Fields) != len(live.Fields) || past.Rows() == 0 {
						t.Errorf("%d fields of %d rows, and there were %d", len(past.Fields), past.Rows(), len(live.Fields))
					}
					for _, field := range live.Fields {
						if field.Name == "duration" || field.Name == "start" || field.Name == "blame" || field.Name == "since" {
							continue
						}
						if got, want := cells(t, past, field.Name), cells(t, live, field.Name); !slices.EqualFunc(got, want, nearly) {
							t.Errorf("%s was %s, and is %s in the past", field.Name, want, got)
						}
					}
				}
			})
		})
	}
}

// movingBottleneck is a job whose bottleneck moves from the second task to the
// third five minutes after it was made.
func movingBottleneck() *sim.Job {
	job := sim.HeldBack("moved", 4, 2, 1)
	job.Phases = []sim.Phase{{Lasts: time.Hour + 5*time.Minute}, {Change: func(tasks []sim.Task) {
		tasks[1].Capacity, tasks[2].Capacity = 5000, 100
	}}}
	return job
}

// While a job is sampled every moment of the past is answered, however rarely
// samples bring something new.
func TestEveryMomentIsAnswered(t *testing.T) {
	raced.Skip(t)
	t.Parallel()
	for name, c := range map[string]struct {
		version string
		fetch   time.Duration
		state   string
	}{
		"a fetch every 10 s":         {"2.3.0", 10 * time.Second, "RUNNING"},
		"a fetch a second":           {"2.3.0", time.Second, "RUNNING"},
		"a fetch a minute":           {"2.3.0", time.Minute, "RUNNING"},
		"a fetch every five minutes": {"2.3.0", 5 * time.Minute, "RUNNING"},
		"fetching is off":            {"2.3.0", 0, "RUNNING"},
		"it restarts":                {"2.3.0", 10 * time.Second, "RESTARTING"},
		"it restarts, fast fetches":  {"2.3.0", time.Second, "RESTARTING"},
		"gauges that stand still":    {"1.15.4", 5 * time.Second, "RUNNING"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				orders := sim.HeldBack("orders", 2, 2, 1)
				orders.State = c.state
				l := newSampledLab(t, orders)
				l.Version, l.Fetch = c.version, c.fetch
				begin := time.Now()
				l.frame(t, `{"queryType": "tasks"}`)
				time.Sleep(40 * time.Minute)
				for after := 5 * time.Minute; after < 35*time.Minute; after += 29 * time.Second { // at each phase of a fetch
					over := backend.TimeRange{From: begin, To: begin.Add(after)}
					for _, measure := range []string{"running", "up", "busy"} {
						response := sendOver(l.ctx, t, l, over, fromAlert, `{"queryType": "measure", "measure": "`+measure+`"}`)["A"]
						if response.Error != nil || len(response.Frames[0].Fields) != 1 {
							t.Fatalf("%s after %s: %v", measure, after, response.Error)
						}
					}
				}
			})
		})
	}
}

// So it is by an instance that has not read how often metrics were fetched at that
// time: the settings were saved again while Flink is away, or Flink fetches more often
// since it began anew.
func TestEveryMomentIsAnsweredByItsOwnMetricInterval(t *testing.T) {
	for name, since := range map[string]func(l lab, away *atomic.Bool){
		"Flink is away":               func(_ lab, away *atomic.Bool) { away.Store(true) },
		"another interval by now":     func(l lab, _ *atomic.Bool) { l.Fetch = 10 * time.Second },
		"the same interval as before": func(lab, *atomic.Bool) {},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				settings := settingsWith(map[string]any{"url": "http://flink:8081", "history": map[string]any{"idleAfter": "1h"}})
				l := newLab(t, sim.HeldBack("orders", 2, 2, 1))
				away := l.withOutages(t)
				l.Fetch, l.dataSource = 5*time.Minute, open(t, settings)
				begin := time.Now()
				l.frame(t, `{"queryType": "tasks"}`)
				time.Sleep(40 * time.Minute)
				l.Dispose()
				since(l, away)
				l.dataSource = open(t, settings)
				time.Sleep(time.Minute)
				for after := 5 * time.Minute; after < 35*time.Minute; after += 29 * time.Second {
					over := backend.TimeRange{From: begin, To: begin.Add(after)}
					for _, measure := range []string{"running", "up", "busy"} {
						response := sendOver(l.ctx, t, l, over, fromAlert, `{"queryType": "measure", "measure": "`+measure+`"}`)["A"]
						if response.Error != nil || len(response.Frames[0].Fields) != 1 || !hasValues(response.Frames[0]) {
							t.Fatalf("%s after %s: %v", measure, after, response.Error)
						}
					}
				}
			})
		})
	}
}

// The verdict on a moment is the one of that moment.
func TestTimeTravelFindsTheBottleneckOfTheMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, job := newReadyLab(t, "alternating", 10*time.Minute)
		named := map[string]int{}
		for ago := 9 * time.Minute; ago > time.Minute; ago -= 7 * time.Second {
			moment := time.Now().Add(-ago)
			want, steady := trueBottleneck(job, moment.Add(-11*time.Second)) // its sample may be as old
			if now, _ := trueBottleneck(job, moment); !steady || now != want {
				continue
			}
			shown := l.frameOver(t, backend.TimeRange{From: moment.Add(-time.Hour), To: moment}, nil, `{"queryType": "bottlenecks"}`)
			if task := strings.Join(cells(t, shown, "task"), " and "); task != want {
				t.Errorf("%s ago it was %s, and %q is named", ago, want, task)
			}
			named[want]++
		}
		if named["window"] < 10 || named["sink"] < 10 {
			t.Errorf("the moments compared are %v", named)
		}
	})
}

// listed is what the editor is offered.
type listed struct {
	Names []string `json:"names"`
}

// A variable, and the editor's menu, list the names at the end of the dashboard's
// range: also of a job that Flink has forgotten, and not of one that came later.
func TestVariablesOfThePast(t *testing.T) {
	for query, want := range map[string]struct{ past, now string }{
		`"clusters"`:                           {"default", "default"},
		`"jobs"`:                               {"orders", "clicks"},
		`"tasks"`:                              {"task-0 task-1 task-2", "task-0 task-1"},
		`"tasks", "tasks": ["/[12]$/"]`:        {"task-1 task-2", "task-1"},
		`"subtasks"`:                           {"0 1 2 3", "0 1"},
		`"subtasks", "jobs": ["/clicks/"]`:     {"", "0 1"},
		`"taskmanagers"`:                       {"tm-1", "tm-1"},
		`"taskmanagers", "jobs": ["/clicks/"]`: {"", "tm-1"},
	} {
		t.Run(query, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var flink swappable
				l := newSampledLab(t, sim.HeldBack("orders", 3, 4, 1))
				flink.become(l.Cluster)
				l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": &flink})
				begin := time.Now()
				l.frame(t, `{"queryType": "tasks"}`)
				time.Sleep(5 * time.Minute)
				flink.become(&sim.Cluster{Version: l.Version, Fetch: l.Fetch, Jobs: []*sim.Job{sim.HeldBack("clicks", 2, 2, 1)}})
				time.Sleep(5 * time.Minute)
				over := backend.TimeRange{From: begin, To: begin.Add(4 * time.Minute)}
				for names, over := range map[string]backend.TimeRange{"past " + want.past: over, "now " + want.now: lastHour()} {
					when, names, _ := strings.Cut(names, " ")
					shown := l.frameOver(t, over, nil, `{"queryType": "variable", "variable": `+query+`}`)
					if got := strings.Join(cells(t, shown, "value"), " "); got != names {
						t.Errorf("%s: it lists %q, want %q, with the notices %q", when, got, names, notices(shown))
					}
					if strings.Contains(query, "jobs\":") || strings.Contains(query, "tasks\":") {
						continue // the editor's list has parameters instead of keys
					}
					var list listed
					parameters := fmt.Sprintf("?from=%d&to=%d", over.From.UnixMilli(), over.To.UnixMilli())
					status, body := callResource(l.ctx, t, l.dataSource, http.MethodGet, strings.Trim(query, `"`), parameters)
					if err := json.Unmarshal([]byte(body), &list); err != nil || status != http.StatusOK || strings.Join(list.Names, " ") != names {
						t.Errorf("%s: the editor is offered %d %s, want %q", when, status, body, names)
					}
				}
			})
		})
	}
}

// Of a time before the history there are no names, and a notice.
func TestVariablesBeforeTheHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newSampledLab(t, sim.HeldBack("orders", 3, 4, 1))
		over := backend.TimeRange{From: time.Now().Add(-2 * time.Hour), To: time.Now().Add(-time.Hour)}
		shown := l.frameOver(t, over, nil, `{"queryType": "variable", "variable": "jobs"}`)
		if shown.Rows() != 0 || !strings.Contains(strings.Join(notices(shown), " "), "the history has nothing of its end") {
			t.Errorf("%d names with the notices %q", shown.Rows(), notices(shown))
		}
	})
}

// What the built-in history has needs no Flink: while that hangs, or is away, or
// fetches no metrics, the past is answered at once, without a request, and without a
// notice about the present.
func TestThePastNeedsNoFlink(t *testing.T) {
	for name, flink := range map[string]http.Handler{"hangs": http.HandlerFunc(hang), "away": respondWith(503, "away"), "without metrics": &sim.Cluster{Version: "2.3.0"}} {
		for _, again := range []bool{false, true} { // with settings that were saved again, so that nothing of Flink is cached
			t.Run(fmt.Sprint(name, ", saved again ", again), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					settings := settingsWith(map[string]any{"url": "http://flink:8081", "history": map[string]any{"idleAfter": "1m"}})
					l := newLab(t, sim.HeldBack("orders", 3, 1, 1))
					l.dataSource = open(t, settings)
					begin := time.Now()
					for range 18 {
						l.frame(t, `{"queryType": "measure"}`)
						l.frame(t, `{"queryType": "measure", "measure": "restarts"}`)
						time.Sleep(10 * time.Second)
					}
					if again {
						l.dataSource = open(t, settings)
					}
					var sent atomic.Int64
					l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						sent.Add(1)
						flink.ServeHTTP(w, r)
					})})
					time.Sleep(20 * time.Minute) // nothing is sampled any more
					sent.Store(0)
					over := backend.TimeRange{From: begin, To: begin.Add(2 * time.Minute)}
					queries := append(allQueries(), `{"queryType": "variable", "variable": "tasks"}`, `{"queryType": "measure", "measure": "up"}`, `{"queryType": "history", "measure": "up"}`)
					for _, query := range queries {
						begun := time.Now()
						shown := l.frameOver(t, over, nil, query)
						if countAnswers(query, shown) == 0 || !hasValues(shown) || len(notices(shown)) > 0 {
							t.Errorf("%s: %d answers with the notices %q", query, countAnswers(query, shown), notices(shown))
						}
						if took := time.Since(begun); took > 0 || sent.Load() > 0 || requests(shown) > 0 {
							t.Errorf("%s took %s and %d requests, of which it counts %d", query, took, sent.Load(), requests(shown))
						}
					}
				})
			})
		}
	}
}

// A moment that the built-in histories of several clusters have waits for none of
// them, though the range begins before that.
func TestAMomentOfTwoClustersNeedsNoFlink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, atEast, _ := newTwoScrapedClusters(t, sim.HeldBack("orders", 3, 1, 1), sim.HeldBack("payments", 3, 1, 1))
		l.dataSource = open(t, settingsWith(map[string]any{
			"url": "http://west", "clusterName": "west", "clusters": []map[string]string{{"name": "east", "url": "http://east"}},
			"history": map[string]any{"idleAfter": "1h"}, "prometheus": map[string]any{"url": "http://prometheus:9090"},
		}))
		begin := time.Now()
		l.frame(t, `{"queryType": "tasks"}`)
		time.Sleep(20 * time.Minute)
		atEast.become(http.HandlerFunc(hang))
		time.Sleep(10 * time.Minute)
		over := backend.TimeRange{From: begin.Add(-time.Hour), To: begin.Add(15 * time.Minute)}
		for _, query := range []string{`{"queryType": "jobs"}`, `{"queryType": "measure", "measure": "running"}`} {
			begun := time.Now()
			shown := l.frameOver(t, over, nil, query)
			if took := time.Since(begun); took > 0 || len(notices(shown)) > 0 || shown.Rows() == 0 {
				t.Errorf("%s took %s: %d rows with the notices %q", query, took, shown.Rows(), notices(shown))
			}
		}
	})
}
