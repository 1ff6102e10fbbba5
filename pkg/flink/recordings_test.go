package flink_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/flinktest"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/raced"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// reports is what a version of Flink reports.
type reports struct {
	counters bool // how long subtasks were idle, busy and backpressured
	states   bool // how long an attempt was in each state
	typ      bool // a job's type, in its own answer
	planned  bool // the type, in its plan
	soft     bool // soft and hard backpressure
}

var reported = map[string]reports{
	"1.13.6": {},
	"1.14.6": {planned: true},
	"1.15.4": {planned: true, soft: true},
	"1.17.2": {planned: true, soft: true, counters: true, states: true},
	"1.19.3": {planned: true, soft: true, counters: true, states: true},
	"1.20.5": {planned: true, soft: true, counters: true, states: true, typ: true},
	"2.0.2":  {planned: true, soft: true, counters: true, states: true, typ: true},
	"2.3.0":  {planned: true, soft: true, counters: true, states: true, typ: true},
}

// Every answer that was recorded is read, with what its version reports, and
// what it does not report unknown.
func TestEveryRecordingIsRead(t *testing.T) {
	raced.Skip(t)
	for _, name := range flinktest.Recordings(t) {
		version, set, _ := strings.Cut(name, "/")
		want, known := reported[version]
		if !known {
			t.Errorf("%s: nothing is expected of this version", name)
		}
		t.Run(name, func(t *testing.T) {
			r := replay(t, name)
			r.cluster(t, version)
			if strings.HasPrefix(set, "_") {
				return
			}
			if (r.job.Type != "") != want.typ || (r.job.Plan.Type != "") != want.planned || len(r.job.Vertices) < 2 {
				t.Errorf("the job has type %q, its plan %q, and %d tasks", r.job.Type, r.job.Plan.Type, len(r.job.Vertices))
			}
			recorded := 0
			for _, vertex := range r.job.Vertices {
				task, err := r.Task(t.Context(), r.job.ID, vertex.ID, nil, 0)
				if err != nil {
					continue
				}
				recorded++
				if len(task.Subtasks) != vertex.Parallelism || len(task.Subtasks) == 0 {
					t.Errorf("%s has %d subtasks, want %d", vertex.Name, len(task.Subtasks), vertex.Parallelism)
				}
				for _, subtask := range task.Subtasks {
					want.subtask(t, vertex.Name, subtask)
				}
				r.gauges(t, vertex, task)
			}
			if want := map[string]int{"p200": 1, "just-submitted": 2}[set]; recorded != want && (want > 0 || recorded != len(r.job.Vertices)) {
				t.Errorf("%d of %d tasks were recorded", recorded, len(r.job.Vertices))
			}
		})
	}
}

// cluster reads what belongs to the cluster.
func (r recording) cluster(t *testing.T, version string) {
	t.Helper()
	overview, err := r.Overview(t.Context())
	if err != nil || overview.Version != version {
		t.Errorf("version %q, %v", overview.Version, err)
	}
	config, err := r.Config(t.Context())
	if err != nil || config.FetchInterval() != time.Second {
		t.Errorf("fetches every %s, %v", config.FetchInterval(), err)
	}
	jobs, err := r.Jobs(t.Context())
	if err != nil {
		t.Error(err)
	}
	for _, job := range jobs {
		if job.Name == "" || job.State == "" || job.Start == 0 || job.Tasks.Total == 0 {
			t.Errorf("listed as %+v", job)
		}
	}
	if _, err := r.TaskManagers(t.Context()); err != nil {
		t.Error(err)
	}
}

// subtask checks one subtask for what the version reports. It runs where its slot
// is; without one it runs nowhere.
func (s reports) subtask(t *testing.T, task string, subtask flink.Subtask) {
	t.Helper()
	m := subtask.Metrics
	if got := m.Idle.Reported && m.Busy.Reported && m.Backpressured.Reported; got != s.counters {
		t.Errorf("%s has counters: %t, want %t", task, got, s.counters)
	}
	if got := subtask.StatusDuration.Running.Reported; got != s.states {
		t.Errorf("%s has the time in each state: %t, want %t", task, got, s.states)
	}
	if s.counters && m.Busy.Known() == strings.Contains(task, "legacy") {
		t.Errorf("the busy time of %s is known: %t", task, m.Busy.Known())
	}
	host := "localhost"
	if subtask.Status == "SCHEDULED" || subtask.Status == "CREATED" {
		host = ""
	}
	if subtask.Host() != host && subtask.Status != "SCHEDULED" || subtask.Status == "" {
		t.Errorf("%s is %s on %q, want %q", task, subtask.Status, subtask.Host(), host)
	}
}

// gauges reads those of a task: it has them for all subtasks or none.
func (r recording) gauges(t *testing.T, vertex flink.Vertex, task flink.Task) {
	t.Helper()
	pressure, err := r.Backpressure(t.Context(), r.job.ID, vertex.ID)
	if err != nil || (pressure.Status == "ok") != (len(pressure.Subtasks) == len(task.Subtasks)) {
		t.Errorf("%s has gauges (%s) of %d subtasks, %v", vertex.Name, pressure.Status, len(pressure.Subtasks), err)
	}
	for _, ratio := range pressure.Subtasks {
		if !ratio.Backpressured.Known() || !ratio.Idle.Known() || ratio.Busy.Known() == strings.Contains(vertex.Name, "legacy") {
			t.Errorf("%s has gauges %+v", vertex.Name, ratio)
		}
	}
}

// Metrics that a version does not have are not in the answer, and the others
// are, however many are asked for at once.
func TestSubtaskMetricsByVersion(t *testing.T) {
	const soft, pool = "softBackPressuredTimeMsPerSecond", "Shuffle.Netty.Output.Buffers.outPoolUsage"
	for version, want := range reported {
		r := replay(t, version+"/bottleneck-middle")
		values, _, err := r.SubtaskMetrics(t.Context(), r.job.ID, r.job.Vertices[2].ID, 4, []string{soft, pool})
		if err != nil || len(values) != 4 {
			t.Errorf("%s: metrics of %d subtasks, %v", version, len(values), err)
		}
		for i, of := range values {
			if _, known := of[soft]; known != want.soft || !of[pool].Known() {
				t.Errorf("%s: subtask %d has %v", version, i, of)
			}
		}
		if restarts, err := r.Restarts(t.Context(), r.job.ID); err != nil || restarts != 0 {
			t.Errorf("%s: %v restarts, %v", version, restarts, err)
		}
	}
}

// Real errors are read for what they are, without their stack traces.
func TestErrorsByVersion(t *testing.T) {
	const gone = "00000000000000000000000000000000"
	for version := range reported {
		r := replay(t, version+"/_errors")
		for what, ask := range map[string]func(context.Context) error{
			"job":           func(ctx context.Context) error { _, err := r.Job(ctx, gone); return err },
			"task of a job": func(ctx context.Context) error { _, err := r.Task(ctx, gone, gone, nil, 0); return err },
		} {
			err := ask(t.Context())
			var failed *remote.Error
			if !errors.As(err, &failed) || failed.Kind != remote.NotFound || len(err.Error()) > 300 || strings.Contains(err.Error(), "apache") {
				t.Errorf("%s: an unknown %s: %v", version, what, err)
			}
		}
		// Of a job that is gone Flink answers as of one without metrics.
		pressure, err := r.Backpressure(t.Context(), gone, gone)
		if err != nil || pressure.Status != "deprecated" || len(pressure.Subtasks) != 0 {
			t.Errorf("%s: gauges %+v, %v", version, pressure, err)
		}
	}
}

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
			if hot.ReadRecords != c.read || !hot.ReadRecordsComplete || float64(hot.Busy.Number) != c.busy || hot.Backpressured.Number != 0 {
				t.Errorf("the slow window has %+v, busy %v, backpressured %v", hot, hot.Busy.Number, hot.Backpressured.Number)
			}
			if held := r.pressure(t, 0).Subtasks[0]; held.Backpressured < 0.9 || held.Busy > 0.1 || held.Idle > 0.1 {
				t.Errorf("the source has the gauges %+v, want it backpressured", held)
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
	if vertex.Status != "RUNNING" || vertex.Tasks.Running != vertex.Parallelism || vertex.MaxParallelism != 128 {
		t.Errorf("%s is %s, %d of %d run, at most %d", vertex.Name, vertex.Status, vertex.Tasks.Running, vertex.Parallelism, vertex.MaxParallelism)
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
		sum, running := float64(m.Idle.Number+m.Busy.Number+m.Backpressured.Number), float64(subtask.StatusDuration.Running.Number)
		if sum < running-14000 || sum > running {
			t.Errorf("%s subtask %d counts %.0f ms of %.0f", vertex.Name, i, sum, running)
		}
		ratio := pressure.Subtasks[i]
		if sum := ratio.Idle + ratio.Busy + ratio.Backpressured; ratio.Subtask != i || sum < 0.99 || sum > 1.08 {
			t.Errorf("%s subtask %d has gauges %+v", vertex.Name, i, ratio)
		}
	}
}

// A legacy source's busy time is not a number; its idle time is always zero.
func TestLegacySource(t *testing.T) {
	r := replay(t, "2.3.0/legacy-source")
	want := "Source: legacy-fast 2, Source: legacy-slow 1, enrich 2, slow-window 4, sink: Writer 2, light 2, sink2: Writer 2"
	if got := tasks(r.job); got != want {
		t.Errorf("tasks are %s, want %s", got, want)
	}
	for i, vertex := range r.job.Vertices {
		legacy := i < 2
		for s, subtask := range r.task(t, i).Subtasks {
			gauge := r.pressure(t, i).Subtasks[s]
			if subtask.Metrics.Busy.Known() == legacy || gauge.Busy.Known() == legacy {
				t.Errorf("%s is busy %v, %v", vertex.Name, subtask.Metrics.Busy.Number, gauge.Busy)
			}
			if legacy && (subtask.Metrics.Idle.Number != 0 || gauge.Idle != 0) {
				t.Errorf("%s is idle %v, %v", vertex.Name, subtask.Metrics.Idle.Number, gauge.Idle)
			}
			if !subtask.Metrics.Backpressured.Known() || !gauge.Backpressured.Known() {
				t.Errorf("%s is backpressured %v, %v", vertex.Name, subtask.Metrics.Backpressured.Number, gauge.Backpressured)
			}
		}
	}
	if fast, slow := r.pressure(t, 0).Subtasks[0].Backpressured, r.pressure(t, 1).Subtasks[0].Backpressured; fast != 0.997 || slow != 0 {
		t.Errorf("the sources are backpressured %v and %v", fast, slow)
	}
}

// Under speculative execution a subtask has several attempts at once: Flink
// lists the one that counts. The job is a batch that has ended.
func TestSpeculativeAttempts(t *testing.T) {
	r := replay(t, "1.20.5/speculative")
	if r.job.State != "FINISHED" || r.job.Type != "BATCH" {
		t.Errorf("the job is %s, of type %s", r.job.State, r.job.Type)
	}
	if got, want := tasks(r.job), "Source: bounded-source 4, map-with-straggler 4, Sink: sink 2"; got != want {
		t.Errorf("tasks are %s, want %s", got, want)
	}
	straggler := r.task(t, 1).Subtasks
	if len(straggler) != 4 {
		t.Fatalf("%d subtasks, want 4", len(straggler))
	}
	first := straggler[0]
	if first.Attempt != 1 || first.Status != "FINISHED" || first.Metrics.ReadRecords != 4000 || first.Metrics.Busy.Number != 2076 || first.Host() != "localhost" {
		t.Errorf("the first subtask is %+v", first)
	}
	if straggler[1].Attempt != 0 {
		t.Errorf("the second subtask is in attempt %d", straggler[1].Attempt)
	}
	if pressure := r.pressure(t, 0); pressure.Status != "deprecated" || len(pressure.Subtasks) != 0 {
		t.Errorf("the ended source has gauges %+v", pressure)
	}
	if pressure := r.pressure(t, 1); len(pressure.Subtasks) != 4 {
		t.Errorf("%d subtasks have gauges, want 4", len(pressure.Subtasks))
	}
}

func TestTwoHundredSubtasks(t *testing.T) {
	r := replay(t, "2.3.0/p200")
	if got, want := tasks(r.job), "Source: source 200, enrich 200, sink: Writer 200"; got != want {
		t.Errorf("tasks are %s, want %s", got, want)
	}
	subtasks, gauges := r.task(t, 1).Subtasks, r.pressure(t, 1).Subtasks
	if len(subtasks) != 200 || len(gauges) != 200 {
		t.Fatalf("%d subtasks, gauges of %d; want 200", len(subtasks), len(gauges))
	}
	for i, subtask := range subtasks {
		if subtask.Subtask != i || gauges[i].Subtask != i || !subtask.Metrics.Idle.Reported || !subtask.Metrics.ReadRecordsComplete {
			t.Errorf("subtask %d is %+v", i, subtask)
		}
	}
	if m := subtasks[0].Metrics; m.Busy.Number != 410 || m.ReadRecords != 29 {
		t.Errorf("the first has read %d records, busy for %v ms", m.ReadRecords, m.Busy.Number)
	}
}

// What the recordings do not hold is not found.
func TestTaskThatIsNotThere(t *testing.T) {
	r := replay(t, "2.3.0/p200")
	if _, err := r.Task(t.Context(), r.job.ID, taskID, nil, 0); err == nil {
		t.Error("no error")
	}
}
