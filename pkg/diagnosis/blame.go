package diagnosis

import (
	"math"
	"time"
)

// Turns decides how long each summary counts: its own interval, extended to the
// start of the next one unless there is a gap. So gauges of the last 5 s count for a whole fetch, and
// samples that were left out, as they equal the one before, lose no time. A gap
// belongs to none.
type Turns struct {
	// From is the time before which nothing counts.
	From time.Time
	last Instant
}

// Add takes the next summary's place in time, and returns for how long the one
// before goes on, and how long this one counts itself.
func (t *Turns) Add(at Instant) (before, own time.Duration) {
	last, follows := t.last.At, !t.last.At.IsZero() && !t.last.gapUntil(at.At)
	t.last = at
	from := at.From
	switch {
	case from.IsZero():
		return 0, 0
	case follows && last.Before(from):
		before = t.within(last, from)
	case follows:
		from = last
	}
	return before, t.within(from, at.At)
}

// within is how long it is from begin to end, as far as it is after From.
func (t *Turns) within(begin, end time.Time) time.Duration {
	if begin.Before(t.From) {
		begin = t.From
	}
	return max(end.Sub(begin), 0)
}

// Blame is for how much of the time in which a task was measured it was a root
// cause. The zero value is that of a task that was not measured yet.
type Blame struct {
	root, measured time.Duration
	last           float64 // severity
	begun          bool
}

// Add takes the times of [Turns.Add] and the task's severity.
func (b *Blame) Add(before, own time.Duration, severity float64) {
	if b.begun {
		b.add(before, b.last)
	}
	b.add(own, severity)
	b.last, b.begun = severity, true
}

func (b *Blame) add(length time.Duration, severity float64) {
	if math.IsNaN(severity) {
		return
	}
	b.measured += length
	if severity > 0 {
		b.root += length
	}
}

// Share is the share so far, 0 to 1; NaN if the task was not measured.
func (b *Blame) Share() float64 {
	if b.measured == 0 {
		return math.NaN()
	}
	return b.root.Seconds() / b.measured.Seconds()
}

// BlameOverTime is the task's [Blame] at each of the instants, of the time from
// then on.
func BlameOverTime(at []Instant, severity []float64, from time.Time) []float64 {
	var blame Blame
	turns := Turns{From: from}
	shares := make([]float64, len(severity))
	for i, value := range severity {
		if !at[i].At.Before(from) {
			before, own := turns.Add(at[i])
			blame.Add(before, own, value)
		}
		shares[i] = blame.Share()
	}
	return shares
}
