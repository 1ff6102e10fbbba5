package plugin_test

import (
	"fmt"
	"math"
	"runtime"
	"strconv"
	"strings"
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
