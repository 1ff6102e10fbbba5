package look

import (
	"math"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Row sums a snapshot up for the history: what graphs over time show of the
// job and its tasks, the verdict of that moment included.
func Row(snapshot *job.Snapshot) history.Row {
	verdict := diagnosis.Diagnose(snapshot)
	row := history.Row{
		Job: history.JobRow{
			Running: snapshot.AllRun(), Clear: verdict.Kind == diagnosis.None, Restarts: math.NaN(),
			EdgesUnknown: snapshot.Graph.EdgesUnknown,
			From:         snapshot.From, To: snapshot.To, Source: snapshot.Source,
		},
		Tasks: make([]history.TaskRow, len(snapshot.Tasks)),
	}
	for i := range snapshot.Tasks {
		row.Tasks[i] = taskRow(snapshot, verdict, i)
	}
	return row
}

// taskRow tells of a task what a measure by task does: unless every running
// subtask was measured, only what is bad for certain.
func taskRow(snapshot *job.Snapshot, verdict diagnosis.Verdict, at int) (row history.TaskRow) {
	task, load := snapshot.Graph.Tasks[at], snapshot.Tasks[at]
	status := verdict.StatusOf(at, load)
	if load.Complete() {
		row[history.Whole] = 1
	} else {
		load.Busy, load.Backpressured, load.Idle = nothing, nothing, nothing
		if status < diagnosis.Backpressured {
			status = diagnosis.Unknown
		}
	}
	row[history.BusyMax], row[history.BusyAvg] = float32(load.Busy.Max), float32(load.Busy.Avg)
	row[history.BackpressuredMax], row[history.BackpressuredAvg] = float32(load.Backpressured.Max), float32(load.Backpressured.Avg)
	row[history.IdleMin], row[history.IdleAvg] = float32(load.Idle.Min), float32(load.Idle.Avg)
	row[history.Skew] = float32(diagnosis.Skew(task, load))
	row[history.Bottleneck] = severity(verdict.RootAt(at), row[history.Whole] == 1 && !snapshot.Graph.EdgesUnknown)
	row[history.RecordsIn], row[history.RecordsOut] = float32(load.RecordsIn), float32(load.RecordsOut)
	row[history.Status] = float32(status)
	return row
}

// nothing is a share that is not known.
var nothing = job.Range{Min: job.Unknown, Max: job.Unknown, Avg: job.Unknown}

// severity is that of a root cause, 0 where measured and none.
func severity(root *diagnosis.Root, whole bool) float32 {
	switch {
	case root != nil:
		return float32(root.Severity)
	case whole:
		return 0
	default:
		return float32(math.NaN())
	}
}
