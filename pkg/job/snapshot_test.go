package job_test

import (
	"math"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// measured is a subtask that runs.
func measured(subtask int, shares job.Shares, recordsIn float64) job.SubtaskLoad {
	return job.SubtaskLoad{Subtask: subtask, State: job.Running, Shares: shares, RecordsIn: recordsIn, RecordsOut: math.NaN()}
}

// Subtasks that Prometheus measured make the same snapshot as two samples.
func TestSnapshotFromLoads(t *testing.T) {
	graph := job.NewGraph(tasks("a", "b"), []job.Edge{{From: "a", To: "b"}})
	of := job.Snapshot{
		Job: job.Info{ID: "1", State: job.Running}, Graph: graph,
		At: began, From: began.Add(-time.Minute), To: began, Source: job.FromPrometheus,
	}
	snapshot := job.FromLoads(of, [][]job.SubtaskLoad{
		{measured(0, job.Shares{Idle: 0.9, Busy: 0.1}, 10), measured(1, job.Shares{Idle: 0.1, Busy: 0.3, Backpressured: 0.6}, 20)},
		{job.UnknownLoad(0, job.Running, job.Missing)},
	})
	if snapshot.Job != of.Job || snapshot.Graph != graph || !snapshot.At.Equal(began) {
		t.Errorf("got %+v", snapshot)
	}
	if snapshot.Source != job.FromPrometheus || !snapshot.From.Equal(of.From) || !snapshot.To.Equal(of.To) {
		t.Errorf("from %s to %s by %q", snapshot.From, snapshot.To, snapshot.Source)
	}
	first, second := snapshot.Tasks[0], snapshot.Tasks[1]
	if first.Busy != (job.Range{Min: 0.1, Max: 0.3, Avg: 0.2}) || first.RecordsIn != 30 || !math.IsNaN(first.RecordsOut) || !first.Complete() {
		t.Errorf("got %+v", first)
	}
	if second.Known() || second.Complete() || second.Subtasks[0].Why != job.Missing || !math.IsNaN(second.Subtasks[0].RecordsIn) {
		t.Errorf("got %+v", second)
	}
}

// Where none of them is known there is no window, and no source.
func TestSnapshotFromUnknownLoadsHasNoWindow(t *testing.T) {
	of := job.Snapshot{Graph: job.NewGraph(tasks("a"), nil), At: began, From: began.Add(-time.Minute), To: began, Source: job.FromPrometheus}
	snapshot := job.FromLoads(of, [][]job.SubtaskLoad{{job.UnknownLoad(0, job.Running, job.Restarted)}})
	if snapshot.Source != "" || !snapshot.From.IsZero() || !snapshot.To.IsZero() || snapshot.MeasuredTasks() != 0 {
		t.Errorf("got %+v", snapshot)
	}
}

// A job runs when each of its tasks does with all its subtasks, but for those
// that have finished.
func TestAllRun(t *testing.T) {
	for name, c := range map[string]struct {
		job   job.State
		tasks []job.Task
		want  bool
	}{
		"all subtasks run":              {job.Running, []job.Task{{Parallelism: 2, Running: 2}, {Parallelism: 1, Running: 1}}, true},
		"one of two subtasks runs":      {job.Running, []job.Task{{Parallelism: 2, Running: 1}}, false},
		"a finished subtask":            {job.Running, []job.Task{{Parallelism: 2, Running: 1, Finished: 1}}, true},
		"a finished task beside others": {job.Running, []job.Task{{Parallelism: 2, Finished: 2, State: job.Finished}, {Parallelism: 1, Running: 1}}, true},
		"a finished task, uncounted":    {job.Running, []job.Task{{Parallelism: 2, State: job.Finished}}, true},
		"finished and missing":          {job.Running, []job.Task{{Parallelism: 3, Running: 1, Finished: 1}}, false},
		"a canceled task":               {job.Running, []job.Task{{Parallelism: 1, State: job.Canceled}}, false},
		"a job that restarts":           {"RESTARTING", []job.Task{{Parallelism: 1, Running: 1}}, false},
		"a job that has finished":       {job.Finished, []job.Task{{Parallelism: 1, Finished: 1, State: job.Finished}}, false},
		"no tasks yet":                  {job.Running, nil, false},
	} {
		snapshot := job.Snapshot{Job: job.Info{State: c.job}, Graph: &job.Graph{Tasks: c.tasks}}
		if got := snapshot.AllRun(); got != c.want {
			t.Errorf("%s: all run %t, want %t", name, got, c.want)
		}
	}
}

// Flink's list of jobs shows the same: it counts subtasks that run or have finished.
func TestAllRunByTheListOfJobs(t *testing.T) {
	for _, c := range []struct {
		info job.Info
		want bool
	}{
		{job.Info{State: job.Running, Subtasks: 3, Active: 3}, true},
		{job.Info{State: job.Running, Subtasks: 3, Active: 2}, false},
		{job.Info{State: "RESTARTING", Subtasks: 3, Active: 3}, false},
	} {
		if got := c.info.AllRun(); got != c.want {
			t.Errorf("%+v: all run %t, want %t", c.info, got, c.want)
		}
	}
}

// A job that does not answer keeps its tasks and subtasks, each with the reason.
func TestUnknownSnapshot(t *testing.T) {
	graph := job.NewGraph([]job.Task{{ID: "a", Parallelism: 2, State: job.Running}}, nil)
	for err, why := range map[error]job.Reason{errNoAnswer: job.NoAnswer, nil: job.NotRunning} {
		snapshot := job.UnknownSnapshot(job.Info{ID: "1"}, graph, began, err)
		if snapshot.Job.ID != "1" || !snapshot.At.Equal(began) || snapshot.MeasuredTasks() != 0 || len(snapshot.Tasks) != 1 || snapshot.Tasks[0].Err != err {
			t.Errorf("after %v: %+v", err, snapshot)
		}
		subtasks := snapshot.Tasks[0].Subtasks
		if len(subtasks) != 2 || subtasks[0].Why != why || subtasks[1].Subtask != 1 || subtasks[1].Why != why {
			t.Errorf("after %v the subtasks are %+v, want two, unknown as %q", err, subtasks, why)
		}
	}
}

// The name depends on the jobs beside it; the snapshot that others share keeps its own.
func TestRenamedSnapshotIsACopy(t *testing.T) {
	snapshot := &job.Snapshot{Job: job.Info{Name: "orders"}}
	if renamed := snapshot.Renamed("orders #2"); renamed.Job.Name != "orders #2" || snapshot.Job.Name != "orders" {
		t.Errorf("renamed %q, and before %q", renamed.Job.Name, snapshot.Job.Name)
	}
	if snapshot.Renamed("orders") != snapshot {
		t.Error("the same name makes a copy")
	}
}
