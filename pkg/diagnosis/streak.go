package diagnosis

import "time"

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

// minInterruption is the least pause that ends a streak.
const minInterruption = 25 * time.Second

// MaxInterruption is how long a pause may last that does not end a streak: as two
// fetches explain, in which the task is no root cause for a checkpoint or a burst, or is
// not measured. interval is how far apart samples are. What pauses for longer takes
// turns: see [FindAlternation].
func MaxInterruption(interval time.Duration) time.Duration {
	return max(minInterruption, interval*5/2)
}

// Streak follows since when a task has been a root cause. The zero value is
// that of a task that has not been seen.
type Streak struct {
	// since is when the current streak began, zero if there is none, and
	// interrupted when it stopped being one, or being known.
	since, interrupted time.Time
	last               Instant
}

// Add takes the next summary's severity, and returns since when the task has
// been a root cause, zero if it is none. A task that is one in the first summary,
// or in the first after a gap, may have been one for longer. The summary is measured
// over about as long as summaries are apart.
func (s *Streak) Add(at Instant, severity float64) (since time.Time) {
	return s.AddWithin(at, severity, MaxInterruption(at.At.Sub(at.begin())))
}

// AddWithin does the same where a pause may last so long, as for means that overlap,
// or for a task that takes turns.
func (s *Streak) AddWithin(at Instant, severity float64, maxInterruption time.Duration) (since time.Time) {
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
