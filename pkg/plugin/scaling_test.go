package plugin_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// A job that its third task holds back: that is to be scaled, and no other; and what it
// would do with more subtasks. Beside the poll it costs no request.
func TestScaling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, sim.HeldBack("orders", 4, 2, 2))
		l.frame(t, `{"queryType": "tasks"}`)
		l.Requests() // those of the poll
		shown := l.frame(t, `{"queryType": "scaling", "parallelism": {"task-2": 3}}`)
		if sent := l.Requests(); len(sent) != 0 {
			t.Errorf("it cost the requests %s beside the poll", sent)
		}
		if got := cells(t, shown, "task"); len(got) != 4 {
			t.Fatalf("the tasks are %q", got)
		}
		if got := strings.Join(cells(t, shown, "confidence"), " "); got != "low low low low" {
			t.Errorf("of one sample confidence is %s", got)
		}
		for _, column := range []string{"true_rate", "target_rate", "utilisation", "hint", "predicted_true_rate", "predicted_utilisation", "predicted_bottleneck", "predicted_throughput"} {
			if got := cells(t, shown, column); len(got) != 4 {
				t.Errorf("%s is %q", column, got)
			}
		}
		if field, _ := l.frame(t, `{"queryType": "scaling"}`).FieldByName("predicted_throughput"); field != nil {
			t.Error("there is a prediction that nobody asked for")
		}
	})
}

// All samples of the range are averaged once for all who look at it, until there is
// another, though each looks at a range of its own.
func TestScalingIsAveragedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newSampledLab(t, sim.HeldBack("orders", 4, 20, 2))
		l.frame(t, `{"queryType": "scaling"}`)
		time.Sleep(30 * time.Minute)
		allocated := func() (bytes uint64, shown string) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			frame := l.frame(t, `{"queryType": "scaling"}`)
			runtime.ReadMemStats(&after)
			return after.TotalAlloc - before.TotalAlloc, fmt.Sprint(cells(t, frame, "true_rate"))
		}
		first, shown := allocated()
		time.Sleep(time.Second)
		if again, same := allocated(); 5*again > first || same != shown {
			t.Errorf("the second query takes %d bytes, the first %d: %s, %s", again, first, same, shown)
		}
		time.Sleep(time.Minute)
		if later, _ := allocated(); 2*later < first {
			t.Errorf("a minute later a query takes %d bytes: the new samples are not in it", later)
		}
	})
}

// Of a range that is longer than what is averaged the points are further apart: it is
// another average, and does not take the place of that of an hour.
func TestScalingAfterALongerRange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const week = 7 * 24 * time.Hour
		l, _ := newHeldBack(t, nil, int(9*24*time.Hour/time.Minute), phase{int(9 * 24 * time.Hour / time.Minute), -30, true})
		l.frame(t, `{"queryType": "scaling"}`)
		time.Sleep(25 * time.Second)
		long := backend.TimeRange{From: time.Now().Add(-week), To: time.Now()}
		hour := fmt.Sprint(cells(t, l.frame(t, `{"queryType": "scaling"}`), "true_rate"))
		if ofWeek := fmt.Sprint(cells(t, l.frameOver(t, long, nil, `{"queryType": "scaling"}`), "true_rate")); ofWeek == hour {
			t.Errorf("the average of points half an hour apart is that of others: %s", hour)
		}
		time.Sleep(11 * time.Second)
		l.frameOver(t, backend.TimeRange{From: time.Now().Add(-week), To: time.Now()}, nil, `{"queryType": "scaling"}`)
		now := fmt.Sprint(cells(t, l.frame(t, `{"queryType": "scaling"}`), "true_rate"))
		if ofWeek := fmt.Sprint(cells(t, l.frameOver(t, backend.TimeRange{From: time.Now().Add(-week), To: time.Now()}, nil, `{"queryType": "scaling"}`), "true_rate")); now == ofWeek {
			t.Errorf("after a longer range the average of an hour is that of the longer one: %s", now)
		}
	})
}

// sampleBefore samples for a minute, with that Prometheus behind the built-in history.
func (l *lab) sampleBefore(t *testing.T, prometheus http.Handler) {
	t.Helper()
	l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": l.Cluster, "prometheus:9090": prometheus})
	l.frame(t, `{"queryType": "subtasks"}`)
	time.Sleep(65 * time.Second)
	l.frame(t, `{"queryType": "subtasks"}`)
}

// A Prometheus that does not answer in time is asked once: what the built-in history has is
// averaged then. A query that ends while others wait for what it has begun ends alone.
func TestScalingWithoutPrometheus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := newScrapedLabWith(t, map[string]any{"timeoutSeconds": 2}, sim.HeldBack("orders", 4, 2, 2))
		l.sampleBefore(t, hangingFlink)
		begun := time.Now()
		var group sync.WaitGroup
		impatient, cancel := context.WithTimeout(l.ctx, time.Second)
		defer cancel()
		group.Go(func() {
			_, _ = l.QueryData(impatient, &backend.QueryDataRequest{Queries: []backend.DataQuery{{RefID: "A", JSON: []byte(`{"queryType": "scaling"}`), TimeRange: lastHour()}}})
			if took := time.Since(begun); took > time.Second {
				t.Errorf("a query of a second took %s", took)
			}
		})
		synctest.Wait()
		for range 3 {
			group.Go(func() {
				shown := l.frame(t, `{"queryType": "scaling"}`)
				if rates := cells(t, shown, "true_rate"); rates[2] == "null" || len(notices(shown)) == 0 {
					t.Errorf("the rates are %s, with the notices %q", rates, notices(shown))
				}
			})
		}
		group.Wait()
		if took := time.Since(begun); took > 9*time.Second {
			t.Errorf("without Prometheus a query took %s", took)
		}
	})
}

// However slow Prometheus is, those who ask at the same time wait for it at the same time:
// for one answer, though something is missing in it, or for those about several ranges.
func TestScalingWaitsTogether(t *testing.T) {
	for name, c := range map[string]struct {
		warned bool
		long   func(viewer int) time.Duration
	}{
		"one range":                    {false, func(int) time.Duration { return time.Hour }},
		"one range, with warnings":     {true, func(int) time.Duration { return time.Hour }},
		"a range of each viewer's own": {false, func(viewer int) time.Duration { return time.Duration(10+5*viewer) * time.Minute }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, prometheus := newScrapedLabWith(t, map[string]any{"timeoutSeconds": 30}, sim.HeldBack("orders", 4, 2, 2))
				slow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					time.Sleep(time.Second)
					answer := httptest.NewRecorder()
					prometheus.ServeHTTP(answer, r)
					body := answer.Body.Bytes()
					if c.warned {
						body = bytes.Replace(body, []byte(`"warnings":null`), []byte(`"warnings":["a store is away"]`), 1)
					}
					maps.Copy(w.Header(), answer.Header())
					w.WriteHeader(answer.Code)
					_, _ = w.Write(body)
				})
				l.sampleBefore(t, slow)
				begun := time.Now()
				var group sync.WaitGroup
				var mu sync.Mutex
				var took []time.Duration
				for viewer := range 6 {
					group.Go(func() {
						shown := l.frameOver(t, backend.TimeRange{From: begun.Add(-c.long(viewer)), To: begun}, nil, `{"queryType": "scaling"}`)
						if texts := strings.Join(notices(shown), " "); strings.Contains(texts, "a store is away") != c.warned {
							t.Errorf("the notices are %q", texts)
						}
						mu.Lock()
						defer mu.Unlock()
						took = append(took, time.Since(begun))
					})
				}
				group.Wait()
				if first, last := slices.Min(took), slices.Max(took); first == 0 || last > 2*first {
					t.Errorf("the viewers waited for %s", took)
				}
			})
		})
	}
}

// Once it is queried, polls request what is pending at sources: a job that falls behind
// never reads it, and what it has to process is what arrives.
func TestScalingReadsPending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newSampledLab(t, chainOf("late", 0,
			sim.Task{Name: "Source: in", Rate: 400, Parallelism: 2},
			sim.Task{Name: "map", Capacity: 100, Parallelism: 2},
			sim.Task{Name: "out", Parallelism: 2}))
		l.frame(t, `{"queryType": "scaling"}`)
		time.Sleep(3 * time.Minute)
		shown := l.frame(t, `{"queryType": "scaling"}`)
		// 400 arrive, and what is pending is to be read in half an hour.
		pending, _ := strconv.ParseFloat(onlyValue(t, l.frame(t, `{"queryType": "measure", "measure": "pending_records"}`)), 64)
		want := 400 + pending/1800
		if target, _ := strconv.ParseFloat(cells(t, shown, "target_rate")[1], 64); pending <= 0 || math.Abs(target-want) > 5 {
			t.Errorf("map has to process %g records a second, want %g", target, want)
		}
		if got := cells(t, shown, "catch_up"); strings.Join(got, " ") != "null null null" {
			t.Errorf("what grows is read in %s", got)
		}
		if hint := cells(t, shown, "hint")[0]; !strings.Contains(hint, "It never reads what is pending as the job runs now, and in ") {
			t.Error(hint)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		l := newSampledLab(t, chainOf("calm", 0, sim.Task{Name: "Source: in", Rate: 100, Parallelism: 2}, sim.Task{Name: "map", Capacity: 100, Parallelism: 2}))
		l.frame(t, `{"queryType": "scaling"}`)
		time.Sleep(3 * time.Minute)
		if got := cells(t, l.frame(t, `{"queryType": "scaling"}`), "catch_up"); strings.Join(got, " ") != "0 null" {
			t.Errorf("a source that keeps up has read what is pending in %s", got)
		}
	})
}

// What is wrong with the parallelisms of a query is said before it costs a request, or
// once the tasks are known.
func TestScalingInError(t *testing.T) {
	for query, want := range map[string]string{
		`{"queryType": "scaling", "parallelism": {"task-2": 0}}`:      `The parallelism of task "task-2" is no whole number from 1 to 32768.`,
		`{"queryType": "scaling", "parallelism": {"task-2": 32769}}`:  `The parallelism of task "task-2" is no whole number from 1 to 32768.`,
		`{"queryType": "scaling", "parallelism": {"task-2": 1.5}}`:    `The parallelism of task "task-2" is no whole number from 1 to 32768.`,
		`{"queryType": "scaling", "parallelism": {"task-2": "many"}}`: `The parallelism of task "task-2" is no whole number from 1 to 32768.`,
		`{"queryType": "scaling", "parallelism": {"task-2": null}}`:   `The parallelism of task "task-2" is no whole number from 1 to 32768.`,
		`{"queryType": "scaling", "parallelism": [8]}`:                `parallelism is no object: write it as {"task": 8}.`,
		`{"queryType": "scaling", "parallelism": {"nowhere": 8}}`:     `There is no task "nowhere" in the jobs chosen.`,
	} {
		t.Run(query, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, sim.HeldBack("orders", 4, 2, 2))
				status := backend.StatusBadRequest
				if strings.Contains(query, "nowhere") {
					status = backend.StatusNotFound
				}
				checkError(t, send(l.ctx, t, l, query)["A"], status, want)
			})
		})
	}
	synctest.Test(t, func(t *testing.T) { // a dashboard's variable is text
		l := newLab(t, sim.HeldBack("orders", 4, 2, 2))
		l.frame(t, `{"queryType": "scaling", "parallelism": {"task-2": "8"}}`)
	})
}

// A job may get tasks while it runs, as an adaptive batch job does: until they are measured
// there is no recommendation.
func TestScalingOfAJobThatGetsTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		orders := sim.HeldBack("orders", 4, 3, 2)
		l, flink := newLab(t, orders), &swappable{}
		l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": flink})
		for _, cluster := range []http.Handler{
			sim.Spoiled(l.Cluster, sim.On("/jobs/"+orders.ID, sim.Rewritten(func(body any) any {
				answer := body.(map[string]any)
				answer["vertices"] = answer["vertices"].([]any)[:3]
				return answer
			}))),
			sim.Spoiled(l.Cluster, sim.Within("/vertices/", sim.Failing())),
		} {
			flink.become(cluster)
			for range 5 {
				if response := send(l.ctx, t, l, `{"queryType":"scaling"}`)["A"]; response.Error != nil {
					t.Error(response.Error)
				}
				time.Sleep(7 * time.Second)
			}
		}
	})
}
