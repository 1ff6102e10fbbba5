package plugin

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/prometheus"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/look"
)

// distant is a Prometheus as a query asks it. After a failure that is not of
// one job it is not asked again for that query, which would wait for as many
// time-outs as there are jobs. It is a [history.Past].
type distant struct {
	name   string // of the cluster
	reader *prometheus.Reader
	told   *look.Kept[question, told]
	maxAge time.Duration
	// clusters are all those behind the data source: it knows none.
	clusters []cluster
}

// Jobs implements [history.Past]. Which cluster asks does not matter.
func (d distant) Jobs(ctx context.Context, over history.Span) ([]history.Job, error) {
	if err := heardIn(ctx).failure(); err != nil {
		return nil, err
	}
	return answerTo(ctx, d, questionOf("jobs", history.Key{}, over, 0), func(ctx context.Context) ([]history.Job, error) {
		return d.reader.Jobs(ctx, over)
	})
}

// Rows implements [history.Past]. All measures are asked for, as other panels
// want others of the same time.
func (d distant) Rows(ctx context.Context, of history.Key, over history.Span, step time.Duration, measures ...history.Measure) (history.Rows, error) {
	if err := d.withheld(ctx, of); err != nil {
		return history.Rows{}, err
	}
	what, wanted := "rows", everyMeasure
	if len(measures) == 0 { // then the reader tells of restarts
		what, wanted = "restarts", nil
	}
	over = aligned(over, step)
	rows, err := answerTo(ctx, d, questionOf(what, of, over, step), func(ctx context.Context) (history.Rows, error) {
		return d.reader.Rows(ctx, of, rounded(over, step), step, wanted...)
	})
	return only(measures, rows), err
}

// everyMeasure is each of them, at its own place.
var everyMeasure = func() (all []history.Measure) {
	for measure := range len(history.TaskRow{}) {
		all = append(all, history.Measure(measure))
	}
	return all
}()

// only has some of the rows' measures, of all: as a copy, which may be changed.
func only(measures []history.Measure, rows history.Rows) history.Rows {
	some := history.Rows{Times: slices.Clone(rows.Times), Jobs: slices.Clone(rows.Jobs)}
	for _, task := range rows.Tasks {
		columns := make([][]float32, len(measures))
		for i, measure := range measures {
			columns[i] = slices.Clone(task.Measures[measure])
		}
		some.Tasks = append(some.Tasks, history.TaskRows{ID: task.ID, Name: task.Name, Measures: columns})
	}
	return some
}

// then is a job's snapshot at a time, nil if there is none: that of a minute.
func (d distant) then(ctx context.Context, of history.Key, at time.Time) (*job.Snapshot, error) {
	if err := d.withheld(ctx, of); err != nil {
		return nil, err
	}
	over := history.Span{From: at, To: at}
	return answerTo(ctx, d, questionOf("then", of, over, time.Minute), func(ctx context.Context) (*job.Snapshot, error) {
		return latest(d.reader.Snapshots(ctx, of, over, time.Minute))
	})
}

// withheld is why a query does not ask of a job, if there is a reason.
func (d distant) withheld(ctx context.Context, of history.Key) error {
	if err := heardIn(ctx).failure(); err != nil {
		return err
	}
	return d.alone(ctx, of)
}

// Snapshots implements [history.Past]. As they may be too many to keep they are
// asked for by each query.
func (d distant) Snapshots(ctx context.Context, of history.Key, over history.Span, step time.Duration) iter.Seq2[*job.Snapshot, error] {
	return func(yield func(*job.Snapshot, error) bool) {
		if err := d.withheld(ctx, of); err != nil {
			yield(nil, err)
			return
		}
		for snapshot, err := range d.reader.Snapshots(ctx, of, over, step) {
			if !yield(snapshot, heardIn(ctx).of(err)) {
				return
			}
		}
	}
}

// details say more of the backpressure of a job's subtasks at the time of a
// snapshot.
func (d distant) details(ctx context.Context, of history.Key, snapshot *job.Snapshot) ([][]job.Detail, error) {
	if err := d.withheld(ctx, of); err != nil {
		return nil, err
	}
	details, err := d.reader.Details(ctx, of, snapshot)
	return details, heardIn(ctx).of(err)
}
