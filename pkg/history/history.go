// Package history remembers looks over time: [Store] within bounds of time and
// memory, for graphs over time, timelines and time travel; [Pasts] puts others
// behind it. It does no I/O, has no goroutines and asks no clock: the time is
// what the looks say it is.
package history

import (
	"context"
	"iter"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Past is what is known of jobs over time: what was looked at ([Paced]), or
// what somebody else has measured. A job that it does not know, or a span of
// which it keeps nothing, gives an empty answer, not an error.
type Past interface {
	// Jobs lists the jobs that there were in the span, by when they were first
	// seen; of a past that knows no clusters without one.
	Jobs(ctx context.Context, over Span) ([]Job, error)
	// Rows tells the measures named of a job and of each of its tasks. Where
	// nobody has looked the points are a step apart.
	Rows(ctx context.Context, of Key, over Span, step time.Duration, measures ...Measure) (Rows, error)
	// Snapshots tells how a job's subtasks spent their time, at the same points.
	// An error ends the sequence.
	Snapshots(ctx context.Context, of Key, over Span, step time.Duration) iter.Seq2[*job.Snapshot, error]
}

// Key names a job of a data source: ids repeat in other clusters. What names the
// cluster changes with its address, where other jobs are.
type Key struct{ Cluster, JobID string }

// Span is the time from From to To, both included.
type Span struct{ From, To time.Time }

// Job is a job that there was in a span.
type Job struct {
	Key
	// Name is the one that it had last in the span.
	Name string
	// First and Last are when it was first and last looked at in the span.
	First, Last time.Time
}

// nanos are the span's bounds in Unix nanoseconds.
func (s Span) nanos() (from, to int64) { return nanos(s.From), nanos(s.To) }

// The times that Unix nanoseconds can tell, with room to add to them.
var (
	firstTime = time.Unix(0, 0)
	lastTime  = time.Date(2200, time.January, 1, 0, 0, 0, 0, time.UTC)
)

// tellable tells whether Unix nanoseconds can tell a time.
func tellable(at time.Time) bool { return at.After(firstTime) && at.Before(lastTime) }

// nanos is a time in Unix nanoseconds, or the nearest that they can tell.
func nanos(at time.Time) int64 {
	switch {
	case at.Before(firstTime):
		return firstTime.UnixNano()
	case at.After(lastTime):
		return lastTime.UnixNano()
	}
	return at.UnixNano()
}
