package plugin

import (
	"context"
	"iter"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/prometheus"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// distant is a Prometheus as a query asks it. After a failure that is not of
// one job it is not asked again for that query, which would wait for as many
// time-outs as there are jobs.
type distant struct{ reader *prometheus.Reader }

func (d distant) jobs(ctx context.Context, over history.Span) ([]history.Job, error) {
	if err := heardIn(ctx).failure(); err != nil {
		return nil, err
	}
	jobs, err := d.reader.Jobs(ctx, over)
	return jobs, heardIn(ctx).of(err)
}

func (d distant) rows(ctx context.Context, of history.Key, over history.Span, step time.Duration, measures ...history.Measure) (history.Rows, error) {
	if err := heardIn(ctx).failure(); err != nil {
		return history.Rows{}, err
	}
	rows, err := d.reader.Rows(ctx, of, over, step, measures...)
	return rows, heardIn(ctx).of(err)
}

func (d distant) snapshots(ctx context.Context, of history.Key, over history.Span, step time.Duration) iter.Seq2[*job.Snapshot, error] {
	return func(yield func(*job.Snapshot, error) bool) {
		if err := heardIn(ctx).failure(); err != nil {
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
