package history

import (
	"context"
	"iter"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Paced is the past that a store keeps of a cluster whose metrics have that
// pace. It has a point for each look, whatever the step.
type Paced struct {
	*Store
	Pace job.MetricInterval
}

// Rows tells the measures of a job and its tasks. The error is the context's.
func (p Paced) Rows(ctx context.Context, of Key, over Span, _ time.Duration, measures ...Measure) (Rows, error) {
	return p.Store.Rows(ctx, of, over, measures...)
}

// Snapshots are what the looks made when they were taken: those just before the
// span are what the first in it are compared with.
func (p Paced) Snapshots(ctx context.Context, of Key, over Span, _ time.Duration) iter.Seq2[*job.Snapshot, error] {
	return func(yield func(*job.Snapshot, error) bool) {
		trail, begin := job.NewDeriver(p.Pace), over.From
		over.From = begin.Add(-p.Pace.MaxWindow())
		for taken, err := range p.Looks(ctx, of, over) {
			if err != nil {
				yield(nil, err)
				return
			}
			if snapshot := trail.Add(taken); !taken.At.Before(begin) && !yield(snapshot, nil) {
				return
			}
		}
	}
}
