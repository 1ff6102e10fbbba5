package diagnosis

import (
	"math"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Instant places a summary in time.
type Instant struct {
	// At is when the sample was taken, and From when the time begins that its
	// shares are measured over; zero where nothing was measured.
	At, From time.Time
	// MaxGap is the longest time until the next sample that counts as following
	// this one: what was in a longer gap is not known. 0 stands for any time.
	MaxGap time.Duration
}

// begin is when the time begins that the summary describes.
func (i Instant) begin() time.Time {
	if i.From.IsZero() {
		return i.At
	}
	return i.From
}

// gapUntil reports whether what comes then does not follow, as the time between is
// longer than a gap.
func (i Instant) gapUntil(then time.Time) bool { return i.MaxGap > 0 && then.Sub(i.At) > i.MaxGap }

// maxInterruption is how long a task may not have been a root cause, or not have
// been measured, and still count as one all along: a checkpoint or a burst.
const maxInterruption = time.Minute

// Streak follows since when a task has been a root cause. The zero value is
// that of a task that has not been seen.
type Streak struct {
	// since is when the current streak began, zero if there is none, and
	// interrupted when the task was first none again, or unknown.
	since, interrupted time.Time
	last               Instant
}

// Add takes the next summary's severity, and returns since when the task has
// been a root cause, zero if it is none. A task that is one in the first summary,
// or in the first after a gap, may have been one for longer.
func (s *Streak) Add(at Instant, severity float64) (since time.Time) {
	begin := at.begin()
	if s.last.gapUntil(begin) {
		*s = Streak{}
	}
	s.last = at
	if !(severity > 0) {
		if s.interrupted.IsZero() {
			s.interrupted = at.At
		}
		return time.Time{}
	}
	if s.since.IsZero() || !s.interrupted.IsZero() && begin.Sub(s.interrupted) > maxInterruption {
		s.since = begin
	}
	s.interrupted = time.Time{}
	return s.since
}

// Turns assigns each of some summaries, one after the other, the time that it
// describes: what it measured, and from there until the next begins to measure,
// if that follows. So gauges of the last 5 s count for a whole fetch, and
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

const (
	// flappingFetches is over how many fetches in a row a bottleneck is judged:
	// 5 min of Flink's default. What flapped for as long flapped in a range of
	// hours.
	flappingFetches = 30
	// minFlappingMoves make a pattern.
	minFlappingMoves = 4
	// maxMovesPerFetch is the share of fetches at which a bottleneck moves at
	// most that samples can follow: a phase lasts three of them.
	maxMovesPerFetch = 1.0 / 3
)

// Flapping is a bottleneck that moves about as often as metrics are fetched:
// which task it is at a single moment is chance.
type Flapping struct {
	// Moves is at how many of Fetches it moved.
	Moves, Fetches int
}

// FlappingWindow is how far back from the end [FindFlapping] needs summaries to
// judge the present.
func FlappingWindow(fetch time.Duration) time.Duration { return flappingFetches * fetch }

// FindFlapping judges the root causes of a job's tasks over time, given a column
// of severities, or of status codes, for each task, and which of its values mean
// a root cause. fetch is the cluster's metric interval; where it is 0 nothing
// moves. found is false for a bottleneck that samples can follow.
func FindFlapping(at []Instant, columns [][]float64, isRoot func(float64) bool, fetch time.Duration) (flapping Flapping, found bool) {
	sets := rootSets(at, columns, isRoot)
	if len(sets) == 0 || fetch == 0 {
		return flapping, false
	}
	window := FlappingWindow(fetch)
	flapping.Moves = maxMoves(sets, window, job.MetricInterval{Fetch: fetch}.MaxGap())
	flapping.Fetches = 1 + int(min(sets[len(sets)-1].at.At.Sub(sets[0].at.At), window)/fetch)
	return flapping, flapping.Moves >= minFlappingMoves && float64(flapping.Moves) > maxMovesPerFetch*float64(flapping.Fetches)
}

// rootSet is a number for the set of tasks that were root causes at a time.
type rootSet struct {
	at    Instant
	roots int
}

// rootSets are those of the times at which they were known: there was one, or
// each task was measured and none.
func rootSets(at []Instant, columns [][]float64, isRoot func(float64) bool) (sets []rootSet) {
	for i := range at {
		roots, measured := 0, true
		for n, column := range columns {
			if isRoot(column[i]) {
				roots = roots*len(columns) + n + 1
			}
			measured = measured && !math.IsNaN(column[i])
		}
		if roots != 0 || measured {
			sets = append(sets, rootSet{at[i], roots})
		}
	}
	return sets
}

// maxMoves counts how often within a time the root causes were others than
// before, where that is most. What moved across a gap, or between means of
// minutes, was not seen to move.
func maxMoves(sets []rootSet, within, maxGap time.Duration) (most int) {
	var moves []time.Time
	for i := 1; i < len(sets); i++ {
		before, now := sets[i-1], sets[i]
		if now.roots == before.roots || before.at.gapUntil(now.at.At) || now.at.At.Sub(before.at.At) > maxGap {
			continue
		}
		moves = append(moves, now.at.At)
		for now.at.At.Sub(moves[0]) >= within {
			moves = moves[1:]
		}
		most = max(most, len(moves))
	}
	return most
}
