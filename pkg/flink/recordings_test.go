package flink_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/flinktest"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
)

// speaks is what a version of Flink tells.
type speaks struct {
	counters bool // how long subtasks were idle, busy and backpressured
	states   bool // how long an attempt was in each state
	typ      bool // a job's type, in its own answer
	planned  bool // the type, in its plan
	soft     bool // soft and hard backpressure
}

var speech = map[string]speaks{
	"1.13.6": {},
	"1.14.6": {planned: true},
	"1.15.4": {planned: true, soft: true},
	"1.17.2": {planned: true, soft: true, counters: true, states: true},
	"1.19.3": {planned: true, soft: true, counters: true, states: true},
	"1.20.5": {planned: true, soft: true, counters: true, states: true, typ: true},
	"2.0.2":  {planned: true, soft: true, counters: true, states: true, typ: true},
	"2.3.0":  {planned: true, soft: true, counters: true, states: true, typ: true},
}

// Every answer that was recorded is read, with what its version tells in it
// and what it does not tell unknown.
func TestEveryRecordingIsRead(t *testing.T) {
	for _, name := range flinktest.Recordings(t) {
		version, set, _ := strings.Cut(name, "/")
		tells, known := speech[version]
		if !known {
			t.Errorf("%s: nothing is expected of this version", name)
		}
		t.Run(name, func(t *testing.T) {
			r := replay(t, name)
			r.cluster(t, version)
			if strings.HasPrefix(set, "_") {
				return
			}
			if (r.job.Type != "") != tells.typ || (r.job.Plan.Type != "") != tells.planned || len(r.job.Vertices) < 2 {
				t.Errorf("the job has type %q, its plan %q, and %d tasks", r.job.Type, r.job.Plan.Type, len(r.job.Vertices))
			}
			recorded := 0
			for _, vertex := range r.job.Vertices {
				task, err := r.Task(t.Context(), r.job.ID, vertex.ID)
				if err != nil {
					continue
				}
				recorded++
				if len(task.Subtasks) != vertex.Parallelism || len(task.Subtasks) == 0 {
					t.Errorf("%s has %d subtasks, want %d", vertex.Name, len(task.Subtasks), vertex.Parallelism)
				}
				for _, subtask := range task.Subtasks {
					tells.subtask(t, vertex.Name, subtask)
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

// subtask checks one subtask for what the version tells. A slot is where it
// runs; without one it runs nowhere.
func (s speaks) subtask(t *testing.T, task string, subtask flink.Subtask) {
	t.Helper()
	m := subtask.Metrics
	if told := m.Idle != nil && m.Busy != nil && m.Backpressured != nil; told != s.counters {
		t.Errorf("%s tells how its time was spent: %t, want %t", task, told, s.counters)
	}
	if told := len(subtask.StatusDuration) > 0; told != s.states {
		t.Errorf("%s tells how long it was in each state: %t, want %t", task, told, s.states)
	}
	if s.counters && m.Busy.Known() == strings.Contains(task, "legacy") {
		t.Errorf("%s knows its busy time: %t", task, m.Busy.Known())
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

// Metrics that a version does not know are not in the answer, and the others
// are, however many are asked for at once.
func TestSubtaskMetricsByVersion(t *testing.T) {
	const soft, pool = "softBackPressuredTimeMsPerSecond", "Shuffle.Netty.Output.Buffers.outPoolUsage"
	for version, tells := range speech {
		r := replay(t, version+"/bottleneck-middle")
		values, _, err := r.SubtaskMetrics(t.Context(), r.job.ID, r.job.Vertices[2].ID, 4, []string{soft, pool})
		if err != nil || len(values) != 4 {
			t.Errorf("%s: metrics of %d subtasks, %v", version, len(values), err)
		}
		for i, of := range values {
			if _, told := of[soft]; told != tells.soft || !of[pool].Known() {
				t.Errorf("%s: subtask %d tells %v", version, i, of)
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
	for version := range speech {
		r := replay(t, version+"/_errors")
		for what, ask := range map[string]func(context.Context) error{
			"job":           func(ctx context.Context) error { _, err := r.Job(ctx, gone); return err },
			"task of a job": func(ctx context.Context) error { _, err := r.Task(ctx, gone, gone); return err },
		} {
			err := ask(t.Context())
			var failed *flink.Error
			if !errors.As(err, &failed) || failed.Kind != flink.NotFound || len(err.Error()) > 300 || strings.Contains(err.Error(), "apache") {
				t.Errorf("%s: an unknown %s: %v", version, what, err)
			}
		}
		// Of a job that is gone Flink says no more than that it has nothing.
		pressure, err := r.Backpressure(t.Context(), gone, gone)
		if err != nil || pressure.Status != "deprecated" || len(pressure.Subtasks) != 0 {
			t.Errorf("%s: gauges %+v, %v", version, pressure, err)
		}
	}
}
