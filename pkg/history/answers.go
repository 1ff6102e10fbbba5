package history

import (
	"strings"
	"time"
)

// stretch is a time over which a cluster answered each request, or none. It is a
// few bytes however long it is, so that up costs nothing beside the looks.
type stretch struct {
	first, last int64 // Unix nanoseconds
	answers     bool
}

const (
	stretchBytes = 24
	// together is how far apart two answers are at most that tell of the time
	// between them, too: those to an alert rule that is evaluated once a minute.
	together = 90 * time.Second
	// mostStretches bounds what is kept of a cluster that comes and goes.
	mostStretches = 4096
)

// Answered notes whether the cluster's REST API answered at that time, the time of
// the last request or later. A time that is not to be believed is left out, as
// for [Store.Add].
func (s *Store) Answered(cluster string, at time.Time, answers bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !tellable(at) || s.limits.Bytes < stretchBytes || !s.believe(at) {
		return
	}
	s.used = at
	all, now := s.stretches[cluster], at.UnixNano()
	switch last := len(all) - 1; {
	case last >= 0 && now <= all[last].last:
		return
	case last >= 0 && all[last].answers == answers && now-all[last].last <= int64(together):
		all[last].last = now
	default:
		s.stretch(strings.Clone(cluster), append(all, stretch{now, now, answers})[max(0, len(all)+1-mostStretches):])
	}
}

// stretch puts what is known of a cluster in the place of what is kept of it.
func (s *Store) stretch(cluster string, all []stretch) {
	s.bytes += stretchBytes * (len(all) - len(s.stretches[cluster]))
	if s.stretches[cluster] = all; len(all) == 0 {
		delete(s.stretches, cluster)
	}
}

// forgetStretches forgets what ended before a time, and what is later than
// another.
func (s *Store) forgetStretches(before, after int64) {
	for cluster, all := range s.stretches {
		if all[0].last >= before && all[len(all)-1].last <= after {
			continue
		}
		var kept []stretch
		for _, each := range all {
			if each.last >= before && each.first <= after {
				each.last = min(each.last, after)
				kept = append(kept, each)
			}
		}
		s.stretch(cluster, kept)
	}
}

// Up tells whether the cluster's REST API answered: 1 or 0 at times in the span
// that are a step apart while nothing changed, and when it did.
func (s *Store) Up(cluster string, over Span, step time.Duration) (times []time.Time, up []float32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from, to := s.bounds(over)
	for _, each := range s.stretches[cluster] {
		var value float32
		if each.answers {
			value = 1
		}
		for _, at := range each.within(from, to, step) {
			times, up = append(times, time.Unix(0, at)), append(up, value)
		}
	}
	return times, up
}

// within are times of a span, a step apart, and its last.
func (s stretch) within(from, to int64, step time.Duration) (times []int64) {
	from, to = max(from, s.first), min(to, s.last)
	for at := from; at < to; at += int64(max(step, time.Second)) {
		times = append(times, at)
	}
	if from <= to {
		times = append(times, to)
	}
	return times
}
