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

// Blame is a task's part in holding its job back: the share of the time in which the job
// was measured that the task was a root cause; where several were at the same time, each
// has its part of that. So the blame of a job's tasks adds up to at most 1. The zero
// value is that of a task that was not measured yet.
type Blame struct {
	root     float64 // seconds
	measured time.Duration
	known    bool
	last     struct {
		severity float64
		roots    int
	}
	begun bool
}

// Add takes the times of [Turns.Add], the task's severity and how many of the job's
// tasks are root causes: see [RootCounts].
func (b *Blame) Add(before, own time.Duration, severity float64, roots int) {
	if b.begun {
		b.add(before, b.last.severity, b.last.roots)
	}
	b.add(own, severity, roots)
	b.last.severity, b.last.roots, b.begun = severity, roots, true
}

func (b *Blame) add(length time.Duration, severity float64, roots int) {
	if roots < 0 || length == 0 {
		return
	}
	b.measured += length
	b.known = b.known || !math.IsNaN(severity)
	if severity > 0 {
		b.root += length.Seconds() / float64(max(roots, 1))
	}
}

// Share is the share so far, 0 to 1; NaN if the task was not measured.
func (b *Blame) Share() float64 {
	if !b.known {
		return math.NaN()
	}
	return b.root / b.measured.Seconds()
}

// RootCounts is how many of a job's tasks are root causes at each of so many times, −1
// where nothing of the job is known. There is a column of severities for each task.
func RootCounts(severities [][]float64, times int) []int {
	counts := make([]int, times)
	for i := range counts {
		counts[i] = -1
		for _, column := range severities {
			if math.IsNaN(column[i]) {
				continue
			}
			counts[i] = max(counts[i], 0)
			if column[i] > 0 {
				counts[i]++
			}
		}
	}
	return counts
}

// BlameOverTime is the task's [Blame] at each of the instants, of the time from
// then on. roots are the [RootCounts] of its job.
func BlameOverTime(at []Instant, severity []float64, roots []int, from time.Time) []float64 {
	var blame Blame
	turns := Turns{From: from}
	shares := make([]float64, len(severity))
	for i, value := range severity {
		if !at[i].At.Before(from) {
			before, own := turns.Add(at[i])
			blame.Add(before, own, value, roots[i])
		}
		shares[i] = blame.Share()
	}
	return shares
}
