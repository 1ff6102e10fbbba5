package flink_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
)

// The same job on five versions of Flink, whose answers differ in what they
// leave out: a source and a map held back by a slow window of four subtasks.
func TestBottleneckOnEveryVersion(t *testing.T) {
	for version, c := range map[string]struct {
		typ, sink string
		read      int64   // by the slow window's first subtask
		busy      float64 // of it, in milliseconds
	}{
		"1.17.2": {"", "Sink: sink", 15337, 77504},
		"1.19.3": {"", "Sink: sink", 7092, 36648},
		"1.20.5": {"STREAMING", "Sink: sink", 15395, 77906},
		"2.0.2":  {"STREAMING", "sink: Writer", 6177, 31772},
		"2.3.0":  {"STREAMING", "sink: Writer", 15695, 79603},
	} {
		t.Run(version, func(t *testing.T) {
			r := replay(t, version+"/bottleneck-middle")
			if r.job.Name != "lab bottleneck-middle" || r.job.State != "RUNNING" || r.job.Type != c.typ || r.job.Plan.Type != "STREAMING" {
				t.Errorf("job %q is %s, of type %q, its plan %q", r.job.Name, r.job.State, r.job.Type, r.job.Plan.Type)
			}
			if r.job.Duration <= 0 || r.job.Now-r.job.Start != r.job.Duration {
				t.Errorf("started at %d, now %d, runs for %d", r.job.Start, r.job.Now, r.job.Duration)
			}
			want := "Source: fast-source 2, enrich 2, slow-window 4, " + c.sink + " 2"
			if got := tasks(r.job); got != want {
				t.Errorf("tasks are %s, want %s", got, want)
			}
			if got := edges(r.job); got != "Source: fast-source>enrich, enrich>slow-window, slow-window>"+c.sink {
				t.Errorf("edges are %s", got)
			}
			for i, vertex := range r.job.Vertices {
				runs(t, vertex, r.task(t, i), r.pressure(t, i))
			}
			hot := r.task(t, 2).Subtasks[0].Metrics
			if hot.ReadRecords != c.read || !hot.ReadRecordsComplete || float64(*hot.Busy) != c.busy || *hot.Backpressured != 0 {
				t.Errorf("the slow window says %+v, busy %v, backpressured %v", hot, *hot.Busy, *hot.Backpressured)
			}
			if held := r.pressure(t, 0).Subtasks[0]; held.Backpressured < 0.9 || held.Busy > 0.1 || held.Idle > 0.1 {
				t.Errorf("the source's gauges say %+v, want it held back", held)
			}
		})
	}
}

// tasks are names and parallelisms, in Flink's order.
func tasks(job flink.Job) string {
	var words []string
	for _, vertex := range job.Vertices {
		words = append(words, fmt.Sprintf("%s %d", vertex.Name, vertex.Parallelism))
	}
	return strings.Join(words, ", ")
}

// edges are the plan's, from source to sink.
func edges(job flink.Job) string {
	names := map[string]string{}
	for _, vertex := range job.Vertices {
		names[vertex.ID] = vertex.Name
	}
	var words []string
	for _, node := range slices.Backward(job.Plan.Nodes) {
		for _, input := range node.Inputs {
			words = append(words, names[input.ID]+">"+names[node.ID])
		}
	}
	return strings.Join(words, ", ")
}

// runs checks what holds of any task of a job that has run for a minute.
func runs(t *testing.T, vertex flink.Vertex, task flink.Task, pressure flink.Backpressure) {
	t.Helper()
	if vertex.Status != "RUNNING" || vertex.Tasks["RUNNING"] != vertex.Parallelism || vertex.MaxParallelism != 128 {
		t.Errorf("%s is %s, %d of %d run, at most %d", vertex.Name, vertex.Status, vertex.Tasks["RUNNING"], vertex.Parallelism, vertex.MaxParallelism)
	}
	if task.ID != vertex.ID || task.Now == 0 || len(task.Subtasks) != vertex.Parallelism || pressure.Status != "ok" || len(pressure.Subtasks) != vertex.Parallelism {
		t.Errorf("%s has %d subtasks, gauges (%s) of %d", vertex.Name, len(task.Subtasks), pressure.Status, len(pressure.Subtasks))
	}
	for i, subtask := range task.Subtasks {
		m := subtask.Metrics
		if subtask.Subtask != i || subtask.Status != "RUNNING" || subtask.Attempt != 0 || subtask.Host() != "localhost" || !strings.HasPrefix(subtask.TaskManager(), "127.0.0.1:") {
			t.Errorf("%s has subtask %+v", vertex.Name, subtask)
		}
		// The three counters cover the time that the attempt had run when
		// metrics were last fetched, up to 14 s earlier here.
		sum, running := float64(*m.Idle+*m.Busy+*m.Backpressured), float64(subtask.StatusDuration["RUNNING"])
		if sum < running-14000 || sum > running {
			t.Errorf("%s subtask %d counts %.0f ms of %.0f", vertex.Name, i, sum, running)
		}
		ratio := pressure.Subtasks[i]
		if sum := ratio.Idle + ratio.Busy + ratio.Backpressured; ratio.Subtask != i || sum < 0.99 || sum > 1.08 {
			t.Errorf("%s subtask %d has gauges %+v", vertex.Name, i, ratio)
		}
	}
}
