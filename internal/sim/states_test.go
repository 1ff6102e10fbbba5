package sim_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
)

// What the answers say of a job's slow task in each state.
func TestStates(t *testing.T) {
	for name, want := range map[string]struct {
		job, task, subtask string
		host               string
		started, counted   bool
		pressure           string
		restarts           flink.Number
	}{
		"bottleneck":      {"RUNNING", "RUNNING", "RUNNING", "host-1", true, true, "ok", 0},
		"no-slots":        {"RUNNING", "CREATED", "SCHEDULED", "", false, false, "deprecated", 0},
		"just-submitted":  {"RUNNING", "CREATED", "SCHEDULED", "", false, false, "deprecated", 0},
		"restarting":      {"RESTARTING", "CANCELED", "CANCELED", "host-1", true, true, "deprecated", 0},
		"restarted":       {"RUNNING", "RUNNING", "RUNNING", "host-1", true, true, "ok", 1},
		"failed":          {"FAILED", "FAILED", "FAILED", "host-1", true, true, "deprecated", 0},
		"canceled":        {"CANCELED", "CANCELED", "CANCELED", "host-1", true, true, "deprecated", 0},
		"finished":        {"FINISHED", "FINISHED", "FINISHED", "host-1", true, true, "deprecated", 0},
		"partly-finished": {"RUNNING", "FINISHED", "FINISHED", "host-1", true, true, "deprecated", 0},
		"batch":           {"RUNNING", "CREATED", "CREATED", "", false, false, "deprecated", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cluster, made := fetched(t, "2.3.0", name)
				c := client(t, cluster)
				const slow = 2
				job, errJob := c.Job(t.Context(), made.ID)
				task, errTask := c.Task(t.Context(), made.ID, made.Tasks[slow].ID, nil, 0)
				pressure, errPressure := c.Backpressure(t.Context(), made.ID, made.Tasks[slow].ID)
				restarts, errRestarts := c.Restarts(t.Context(), made.ID)
				for _, err := range []error{errJob, errTask, errPressure, errRestarts} {
					if err != nil {
						t.Fatal(err)
					}
				}
				vertex, first := job.Vertices[slow], task.Subtasks[0]
				var counts flink.StateCounts
				switch want.subtask {
				case "RUNNING":
					counts.Running = vertex.Parallelism
				case "FINISHED":
					counts.Finished = vertex.Parallelism
				}
				if job.State != want.job || vertex.Status != want.task || first.Status != want.subtask || vertex.Tasks != counts {
					t.Errorf("the job is %s, its task %s with %+v, the subtask %s", job.State, vertex.Status, vertex.Tasks, first.Status)
				}
				if first.Host() != want.host || (first.Start > 0) != want.started || (vertex.Start > 0) != want.started {
					t.Errorf("on %q since %d", first.Host(), first.Start)
				}
				if m := first.Metrics; m.ReadRecordsComplete != want.counted || (m.Busy.Number > 0) != want.counted {
					t.Errorf("counted %+v", m)
				}
				if pressure.Status != want.pressure || restarts != want.restarts {
					t.Errorf("backpressure is %s, %v restarts", pressure.Status, restarts)
				}
			})
		})
	}
}

// A job that fails again and again counts its attempts, and each starts anew.
func TestFailingJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster, made := fetched(t, "2.3.0", "failing")
		c := client(t, cluster)
		const cycle = 12 * time.Second
		for n := 300; n < 303; n++ {
			for _, step := range []struct {
				into  time.Duration
				state string
			}{{5 * time.Second, "RUNNING"}, {11 * time.Second, "CANCELED"}} {
				time.Sleep(time.Until(made.Start.Add(time.Duration(n)*cycle + step.into)))
				task, err := c.Task(t.Context(), made.ID, made.Tasks[2].ID, nil, 0)
				if err != nil {
					t.Fatal(err)
				}
				first := task.Subtasks[0]
				if first.Attempt != n || first.Status != step.state || first.Start != made.Start.Add(time.Duration(n)*cycle).UnixMilli() {
					t.Errorf("attempt %d is %s since %d at %s of cycle %d", first.Attempt, first.Status, first.Start, step.into, n)
				}
				if ran := time.Duration(first.StatusDuration.Running.Number) * time.Millisecond; ran != min(step.into, 9*time.Second) {
					t.Errorf("it ran for %s at %s of cycle %d", ran, step.into, n)
				}
			}
		}
	})
}

// The adaptive scheduler gives a task more subtasks, by a restart.
func TestRescaledJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster, made := fetched(t, "2.3.0", "rescaled")
		c := client(t, cluster)
		for _, want := range []int{4, 6} {
			task, err := c.Task(t.Context(), made.ID, made.Tasks[2].ID, nil, 0)
			if err != nil || len(task.Subtasks) != want {
				t.Errorf("%d subtasks, %v; want %d", len(task.Subtasks), err, want)
			}
			time.Sleep(2 * time.Minute)
		}
	})
}

// Under speculative execution a second attempt runs beside the first; a legacy
// source does not know how busy it is.
func TestOddSubtasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster, made := fetched(t, "1.20.5", "speculative")
		task, err := client(t, cluster).Task(t.Context(), made.ID, made.Tasks[2].ID, nil, 0)
		if err != nil || len(task.Subtasks) != 4 || task.Subtasks[0].Attempt != 1 || task.Subtasks[1].Attempt != 0 {
			t.Errorf("got %+v, %v", task, err)
		}
		cluster, made = fetched(t, "2.3.0", "legacy-source")
		pressure, err := client(t, cluster).Backpressure(t.Context(), made.ID, made.Tasks[0].ID)
		if err != nil || pressure.Subtasks[0].Busy.Known() || pressure.Subtasks[0].Idle != 0 || pressure.Subtasks[0].Backpressured < 0.9 {
			t.Errorf("got %+v, %v", pressure, err)
		}
	})
}
