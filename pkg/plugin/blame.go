package plugin

import (
	"context"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// recall adds to an answer what only the past tells: since when each root cause
// has been one, for how much of the query's range each task was, and whether all
// that moves too fast to be told.
func (a asking) recall(ctx context.Context, answer *frame.Answer) error {
	for n := range answer.Jobs {
		shown := &answer.Jobs[n]
		of := a.cluster(shown.Cluster)
		if of.store == nil || len(shown.Snapshot.Tasks) == 0 {
			continue
		}
		over := history.Span{To: shown.Snapshot.At}
		if end := a.span().To; end.Before(over.To) {
			over.To = end // a job of which nothing is known is blank as of now
		}
		rows, err := of.store.Rows(ctx, of.key(shown.Snapshot.Job.ID), over, history.Bottleneck)
		if err != nil {
			return err
		}
		answer.Notices = append(answer.Notices, a.recalled(shown, rows, of.apart())...)
	}
	return nil
}

// recalled adds it to one job, and returns what is to be told beside it.
func (a asking) recalled(shown *frame.Job, rows history.Rows, apart time.Duration) []data.Notice {
	shown.Past = make([]frame.TaskPast, len(shown.Snapshot.Tasks))
	for i, task := range shown.Snapshot.Graph.Tasks {
		shown.Past[i] = frame.TaskPast{Blame: job.Unknown}
		if column := severities(rows, task.ID); column != nil {
			shown.Past[i] = frame.TaskPast{Since: since(rows, column, apart), Blame: blame(rows, column, a.over.From, apart)}
		}
	}
	return a.restlessJob(shown.Cluster, shown.Snapshot.Job.Name, latestRoots(rows))
}

// apart is how far apart two looks are at most that follow each other.
func (c cluster) apart() time.Duration { return max(interrupted, c.keeper.LastPace().Still()) }

// severities is the column of a task, nil if it has none.
func severities(rows history.Rows, taskID string) []float32 {
	for _, task := range rows.Tasks {
		if task.ID == taskID {
			return task.Measures[0]
		}
	}
	return nil
}

// interrupted is how long a task may not have been a root cause, or not have
// been measured, and still count as one all along: a checkpoint or a burst.
const interrupted = time.Minute

// since is when the task became the root cause that it is at the end of the
// rows, zero if it is none there. Where it was one from the first row on, or from
// the first after a time when nobody looked, it may have been one for longer.
// Looks are apart at most.
func since(rows history.Rows, severity []float32, apart time.Duration) (begun time.Time) {
	for i := len(severity) - 1; i >= 0; i-- {
		switch {
		case i+1 < len(severity) && began(rows, i+1).Sub(rows.Times[i]) > apart:
			return begun
		case severity[i] > 0:
			begun = began(rows, i)
		case begun.IsZero() || begun.Sub(rows.Times[i]) > interrupted:
			return begun
		}
	}
	return begun
}

// began is when the time begins that a row speaks of.
func began(rows history.Rows, row int) time.Time {
	if from := rows.Jobs[row].From; !from.IsZero() {
		return from
	}
	return rows.Times[row]
}
