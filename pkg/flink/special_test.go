package flink_test

import (
	"testing"
)

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
				t.Errorf("%s is busy %v, %v", vertex.Name, *subtask.Metrics.Busy, gauge.Busy)
			}
			if legacy && (*subtask.Metrics.Idle != 0 || gauge.Idle != 0) {
				t.Errorf("%s is idle %v, %v", vertex.Name, *subtask.Metrics.Idle, gauge.Idle)
			}
			if !subtask.Metrics.Backpressured.Known() || !gauge.Backpressured.Known() {
				t.Errorf("%s is backpressured %v, %v", vertex.Name, *subtask.Metrics.Backpressured, gauge.Backpressured)
			}
		}
	}
	if fast, slow := r.pressure(t, 0).Subtasks[0].Backpressured, r.pressure(t, 1).Subtasks[0].Backpressured; fast != 0.997 || slow != 0 {
		t.Errorf("the sources are backpressured %v and %v", fast, slow)
	}
}

// Under speculative execution a subtask has several attempts at once: Flink
// leads with the one that counts. The job is a batch that has ended.
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
	if first.Attempt != 1 || first.Status != "FINISHED" || first.Metrics.ReadRecords != 4000 || *first.Metrics.Busy != 2076 || first.Host() != "localhost" {
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
		if subtask.Subtask != i || gauges[i].Subtask != i || subtask.Metrics.Idle == nil || !subtask.Metrics.ReadRecordsComplete {
			t.Errorf("subtask %d is %+v", i, subtask)
		}
	}
	if m := subtasks[0].Metrics; *m.Busy != 410 || m.ReadRecords != 29 {
		t.Errorf("the first has read %d records, busy for %v ms", m.ReadRecords, *m.Busy)
	}
}

// What the recordings do not hold is not found.
func TestTaskThatIsNotThere(t *testing.T) {
	r := replay(t, "2.3.0/p200")
	if _, err := r.Task(t.Context(), r.job.ID, taskID); err == nil {
		t.Error("no error")
	}
}
