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
		answer.Notices = append(answer.Notices, a.recallJob(shown, a.spaced(of, rows))...)
	}
	return nil
}

// recallJob adds it to one job, and returns what is to be told beside it.
func (a asking) recallJob(shown *frame.Job, rows spaced) []data.Notice {
	shown.Past = make([]frame.TaskPast, len(shown.Snapshot.Tasks))
	for i, task := range shown.Snapshot.Graph.Tasks {
		shown.Past[i] = frame.TaskPast{Blame: job.Unknown}
		if column := severities(rows.Rows, task.ID); len(column) > 0 {
			soFar := rows.blame(column, a.over.From)
			shown.Past[i] = frame.TaskPast{Since: rows.since(column), Blame: job.Share(soFar[len(soFar)-1])}
		}
	}
	return a.restlessOfLate(shown.Cluster, shown.Snapshot.Job.Name, rows)
}

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
func (s spaced) since(severity []float32) (begun time.Time) {
	for i := len(severity) - 1; i >= 0; i-- {
		switch {
		case i+1 < len(severity) && s.began(i+1).Sub(s.Times[i]) > s.apart[i]:
			return begun
		case severity[i] > 0:
			begun = s.began(i)
		case begun.IsZero() || begun.Sub(s.Times[i]) > interrupted:
			return begun
		}
	}
	return begun
}

// began is when the time begins that a row speaks of.
func (s spaced) began(row int) time.Time {
	if from := s.Jobs[row].From; !from.IsZero() {
		return from
	}
	return s.Times[row]
}
