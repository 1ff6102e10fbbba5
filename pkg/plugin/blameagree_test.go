package plugin_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// uneven is a job whose second task is the bottleneck for one time, the third
// for another, in turns.
func uneven(second, third time.Duration) *sim.Job {
	job := sim.HeldBack("orders", 4, 2, 1)
	to := func(slow int) func([]sim.Task) {
		return func(tasks []sim.Task) {
			tasks[1], tasks[2], tasks[3] = fast(tasks[1]), fast(tasks[2]), fast(tasks[3])
			tasks[slow].Capacity, tasks[slow].Uncounted = 100, 0.01
		}
	}
	job.Phases = []sim.Phase{{Lasts: second, Change: to(1)}, {Lasts: third, Change: to(2)}}
	job.Repeat = true
	return job
}

func fast(task sim.Task) sim.Task {
	task.Capacity, task.Uncounted = 5000, 0
	return task
}

// lookedAt has somebody look at the job every 10 s for that long, and nobody for
// a time in the midst of it.
func lookedAt(t *testing.T, l lab, long, unseen time.Duration) {
	t.Helper()
	for end := time.Now().Add(long + unseen); time.Now().Before(end); time.Sleep(10 * time.Second) {
		answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
		if unseen > 0 && time.Until(end) < unseen+long/2 {
			time.Sleep(unseen)
			unseen = 0
		}
	}
}

// Whoever asks for the blame, in whichever way, is told the same: the share of
// the time that somebody looked, whatever Flink measures with.
func TestBlameIsTheSameInAllWays(t *testing.T) {
	for name, c := range map[string]struct {
		version       string
		fetch         time.Duration
		second, third time.Duration
		long, unseen  time.Duration
		want          float64 // of the second task
	}{
		"counters":                         {"2.3.0", 10 * time.Second, 90 * time.Second, 30 * time.Second, 40 * time.Minute, 0, 0.75},
		"counters, nobody looks meanwhile": {"2.3.0", 10 * time.Second, 90 * time.Second, 30 * time.Second, 40 * time.Minute, 25 * time.Minute, 0.75},
		"gauges":                           {"1.15.4", 10 * time.Second, 90 * time.Second, 30 * time.Second, 40 * time.Minute, 0, 0.75},
		"gauges, nobody looks meanwhile":   {"1.15.4", 10 * time.Second, 90 * time.Second, 30 * time.Second, 40 * time.Minute, 25 * time.Minute, 0.75},
		"gauges that are fetched rarely":   {"1.15.4", time.Minute, 5 * time.Minute, 100 * time.Second, 40 * time.Minute, 0, 0.75},
		"nobody looks through a move":      {"2.3.0", 10 * time.Second, time.Hour + 15*time.Minute, time.Hour, 10 * time.Minute, 25 * time.Minute, 0.5},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := inLab(t, uneven(c.second, c.third))
				l.Version, l.Fetch = c.version, c.fetch
				l.source = open(t, with(map[string]any{"url": "http://flink:8081", "history": map[string]any{"idleAfter": "10s", "retention": "24h"}}))
				lookedAt(t, l, c.long, c.unseen)
				for _, long := range []time.Duration{c.long + c.unseen, 24 * time.Hour} {
					told := blamesInAllWays(t, l, backend.TimeRange{From: time.Now().Add(-long), To: time.Now()})
					for way, got := range told {
						if math.Abs(got-told["measure by task"]) > 0.001 || math.Abs(got-c.want) > 0.05 {
							t.Errorf("over %s the blame of the second task is %.3f in the way %s, want %.3f; in all %v", long, got, way, c.want, told)
						}
					}
				}
			})
		})
	}
}

// blamesInAllWays is the blame of the second task, as all query types tell it.
func blamesInAllWays(t *testing.T, l lab, over backend.TimeRange) map[string]float64 {
	t.Helper()
	responses := queriedOver(l.ctx, t, l, over, nil,
		`{"queryType": "measure", "measure": "blame", "by": "task", "tasks": ["task-1"]}`, `{"queryType": "tasks", "tasks": ["task-1"]}`,
		`{"queryType": "history", "measure": "blame", "by": "task", "tasks": ["task-1"]}`,
		`{"queryType": "history", "measure": "blame", "by": "taskmanager", "tasks": ["task-1"]}`,
		`{"queryType": "history", "measure": "blame", "by": "subtask", "tasks": ["task-1"]}`)
	told := map[string]float64{}
	for refID, way := range map[string]string{"A": "measure by task", "B": "tasks", "C": "history by task", "D": "history by taskmanager", "E": "history by subtask"} {
		shown := answer(t, responses, refID)
		field := shown.Fields[len(shown.Fields)-1]
		if refID == "B" {
			field, _ = shown.FieldByName("blame")
		}
		value, known := field.ConcreteAt(field.Len() - 1)
		if told[way] = math.NaN(); known {
			told[way] = value.(float64)
		}
		if math.IsNaN(told[way]) {
			t.Errorf("the blame is not known in the way %s", way)
		}
	}
	return told
}
