package plugin

import (
	"math"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/look"
)

// turn tells how long looks speak for, one after the other, of the time since
// from: each for what it measured, and until the next one begins to measure, if
// that follows. So gauges of the last 5 s speak for all of a fetch, and what is
// remembered of looks that say the same, which is not each of them, for all of
// the time. None speaks for a time when nobody looked.
type turn struct {
	from, last time.Time
	apart      time.Duration // how far behind the last the next is at most
}

// look tells for how long the look before goes on to speak, and for how long
// one that has measured since a time does. That is zero if it measured nothing.
func (t *turn) look(measuredSince, at time.Time, apart time.Duration) (before, own time.Duration) {
	last, follows := t.last, at.Sub(t.last) <= t.apart
	t.last, t.apart = at, apart
	switch {
	case measuredSince.IsZero():
		return 0, 0
	case follows && last.Before(measuredSince):
		before = t.within(last, measuredSince)
	case follows:
		measuredSince = last
	}
	return before, t.within(measuredSince, at)
}

// within is how long it is from begin to end, as far as it is after from.
func (t *turn) within(begin, end time.Time) time.Duration {
	if begin.Before(t.from) {
		begin = t.from
	}
	return max(end.Sub(begin), 0)
}

// blamed is for how much of the time in which a task was measured it was a root
// cause.
type blamed struct {
	root, measured time.Duration
	last           float64 // severity
}

// look adds the time that a look speaks for, at which the task was of that
// severity, and that the one before goes on to.
func (b *blamed) look(before, own time.Duration, severity float64) {
	b.add(before, b.last)
	b.add(own, severity)
	b.last = severity
}

func (b *blamed) add(long time.Duration, severity float64) {
	if math.IsNaN(severity) {
		return
	}
	b.measured += long
	if severity > 0 {
		b.root += long
	}
}

// share is unknown if the task was not measured.
func (b *blamed) share() job.Share {
	if b.measured == 0 {
		return job.Unknown
	}
	return job.Share(b.root.Seconds() / b.measured.Seconds())
}

// blame is, at each look, the share of the measured time from then on in which
// the task was a root cause; unknown if none was measured.
func (s spaced) blame(severity []float32, from time.Time) []float32 {
	of, turn := blamed{last: math.NaN()}, turn{from: from}
	shares := make([]float32, len(severity))
	for i, value := range severity {
		if !s.Times[i].Before(from) {
			before, own := turn.look(s.Jobs[i].From, s.Times[i], s.apart[i])
			of.look(before, own, float64(value))
		}
		shares[i] = float32(of.share())
	}
	return shares
}

// blames are those of a job's tasks, by id, while one goes through its
// snapshots.
type blames struct {
	turn
	of map[string]*blamed
}

// past is what the snapshots so far tell of the job's tasks.
func (b *blames) past(shown frame.Job, apart time.Duration) (past []frame.TaskPast) {
	before, own := b.look(shown.Snapshot.From, shown.Snapshot.At, apart)
	for i, row := range look.Row(shown.Snapshot).Tasks {
		id := shown.Snapshot.Graph.Tasks[i].ID
		if b.of[id] == nil {
			b.of[id] = &blamed{last: math.NaN()}
		}
		b.of[id].look(before, own, float64(row[history.Bottleneck]))
		past = append(past, frame.TaskPast{Blame: b.of[id].share()})
	}
	return past
}
