package history

import (
	"context"
	"iter"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Pasts are the pasts of one cluster's jobs, the nearest first: each is asked
// only for the part of a span that those before it do not reach back to, so
// that no time is told of twice.
type Pasts []Past

// Rows tells of a job over time. If only what is far fails there are rows
// beside the error.
func (p Pasts) Rows(ctx context.Context, of Key, over Span, step time.Duration, measures ...Measure) (Rows, error) {
	if len(p) == 0 {
		return Rows{}, nil
	}
	near, err := p[0].Rows(ctx, of, over, step, measures...)
	rest, wanted := over.before(near.Times, step)
	if err != nil || !wanted || len(p) == 1 {
		return near, err
	}
	far, err := p[1:].Rows(ctx, of, rest, step, measures...)
	return Joined(far, near), err
}

// Snapshots are those of a job over time. What is near follows even if what is
// far fails.
func (p Pasts) Snapshots(ctx context.Context, of Key, over Span, step time.Duration) iter.Seq2[*job.Snapshot, error] {
	return func(yield func(*job.Snapshot, error) bool) {
		if len(p) == 0 || len(p) > 1 && !p.farther(ctx, of, over, step, yield) {
			return
		}
		p[0].Snapshots(ctx, of, over, step)(yield)
	}
}

// farther hands on the snapshots from before the nearest past, and tells
// whether more are wanted.
func (p Pasts) farther(ctx context.Context, of Key, over Span, step time.Duration, yield func(*job.Snapshot, error) bool) bool {
	near, err := p[0].Rows(ctx, of, over, step) // the times alone
	if err != nil {
		yield(nil, err)
		return false
	}
	rest, wanted := over.before(near.Times, step)
	if !wanted {
		return true
	}
	for snapshot, err := range p[1:].Snapshots(ctx, of, rest, step) {
		if !yield(snapshot, err) {
			return false
		}
	}
	return true
}

// before is the part of the span from before the times, and whether a step fits
// into it. Where there are no times it is all of the span, however short.
func (s Span) before(times []time.Time, step time.Duration) (rest Span, wanted bool) {
	if len(times) == 0 {
		return s, true
	}
	s.To = times[0].Add(-time.Millisecond)
	return s, s.To.Sub(s.From) >= step
}
