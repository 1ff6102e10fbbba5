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

func TestSnapshotOfWhatWasMeasuredElsewhere(t *testing.T) {
	graph := job.NewGraph(tasks("a", "b"), []job.Edge{{From: "a", To: "b"}})
	over := job.Snapshot{
		Job: job.Info{ID: "1", State: job.Running}, Graph: graph,
		At: began, From: began.Add(-time.Minute), To: began, Source: job.FromPrometheus,
	}
	snapshot := job.FromLoads(over, [][]job.SubtaskLoad{
		{measured(0, job.Shares{Idle: 0.9, Busy: 0.1}, 10), measured(1, job.Shares{Idle: 0.1, Busy: 0.3, Backpressured: 0.6}, 20)},
		{job.UnknownLoad(0, job.Running, job.Missing)},
	})
	if snapshot.Job != over.Job || snapshot.Graph != graph || !snapshot.At.Equal(began) {
		t.Errorf("got %+v", snapshot)
	}
	if snapshot.Source != job.FromPrometheus || !snapshot.From.Equal(over.From) || !snapshot.To.Equal(over.To) {
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

func TestNothingMeasuredElsewhereHasNoWindow(t *testing.T) {
	over := job.Snapshot{Graph: job.NewGraph(tasks("a"), nil), At: began, From: began.Add(-time.Minute), To: began, Source: job.FromPrometheus}
	snapshot := job.FromLoads(over, [][]job.SubtaskLoad{{job.UnknownLoad(0, job.Running, job.Restarted)}})
	if snapshot.Source != "" || !snapshot.From.IsZero() || !snapshot.To.IsZero() || snapshot.MeasuredTasks() != 0 {
		t.Errorf("got %+v", snapshot)
	}
}
