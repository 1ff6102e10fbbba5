package plugin

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/prometheus"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// distant is a Prometheus as a query asks it. After a failure that is not of
// one job it is not asked again for that query, which would wait for as many
// time-outs as there are jobs. It is a [history.Past].
type distant struct {
	name   string // of the cluster
	reader *prometheus.Reader
	// beside are the other clusters behind the data source.
	beside []cluster
}

// alone fails if another cluster has a job of the same id: Prometheus knows no
// clusters.
func (d distant) alone(of history.Key) error {
	for _, other := range d.beside {
		if slices.ContainsFunc(other.keeper.LastJobs(), func(info job.Info) bool { return info.ID == of.JobID }) {
			return wrong("The clusters %s and %s both have a job %s, which Prometheus cannot tell apart: give each a data source and a Prometheus, or a tenant, of its own.", d.name, other.name, of.JobID)
		}
	}
	return nil
}

func (d distant) Jobs(ctx context.Context, over history.Span) ([]history.Job, error) {
	if err := heardIn(ctx).failure(); err != nil {
		return nil, err
	}
	jobs, err := d.reader.Jobs(ctx, over)
	return jobs, heardIn(ctx).of(err)
}

func (d distant) Rows(ctx context.Context, of history.Key, over history.Span, step time.Duration, measures ...history.Measure) (history.Rows, error) {
	if err := cmp.Or(heardIn(ctx).failure(), d.alone(of)); err != nil {
		return history.Rows{}, err
	}
	rows, err := d.reader.Rows(ctx, of, over, step, measures...)
	return rows, heardIn(ctx).of(err)
}

func (d distant) Snapshots(ctx context.Context, of history.Key, over history.Span, step time.Duration) iter.Seq2[*job.Snapshot, error] {
	return func(yield func(*job.Snapshot, error) bool) {
		if err := cmp.Or(heardIn(ctx).failure(), d.alone(of)); err != nil {
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
