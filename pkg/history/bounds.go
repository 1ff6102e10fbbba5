package history

import "time"

// horizon is the time before which nothing is remembered.
func (s *Store) horizon() time.Time { return s.clock.now.Add(-s.limits.Retention) }

// seldom is how long, by the looks' clock, what is too old of other jobs than the
// one just looked at may be held: to go through all takes as long as they are
// many. Nothing is told of it.
const seldom = 10 * time.Second

// tidy trims the job, and all if that was not done of late.
func (s *Store) tidy(key Key) {
	if s.clock.now.Sub(s.trimmed).Abs() >= seldom {
		s.trim()
		return
	}
	if s.jobs[key] != nil {
		s.change(key, s.forgetOld)
	}
	s.forgetTooMuch()
}

// trim forgets what is too old and, oldest first, what is too much.
func (s *Store) trim() {
	s.trimmed = s.clock.now
	s.each(s.forgetOld)
	s.forgetStretches(nanos(s.horizon()), nanos(lastTime))
	s.forgetTooMuch()
}

func (s *Store) forgetOld(of *remembered) {
	of.forgetBefore(s.horizon(), s.clock.now.Add(-pause))
}

func (s *Store) forgetTooMuch() {
	for s.bytes > s.limits.Bytes && len(s.jobs) > 0 {
		key := s.oldestJob()
		s.change(key, (*remembered).forgetOldest)
	}
}

// forgetAfter forgets what is later than a time.
func (s *Store) forgetAfter(at time.Time) {
	s.each(func(of *remembered) { of.forgetAfter(at) })
	s.forgetStretches(nanos(firstTime), nanos(at))
}

func (s *Store) each(do func(*remembered)) {
	for key := range s.jobs {
		s.change(key, do)
	}
}

// change changes what is remembered of a job, and keeps count of the bytes.
func (s *Store) change(key Key, do func(*remembered)) {
	of := s.jobs[key]
	before := of.bytes()
	do(of)
	if s.bytes += of.bytes() - before; of.empty() {
		s.bytes -= of.bytes()
		delete(s.jobs, key)
	}
}

// oldestJob is the job that was looked at first of all that is remembered.
func (s *Store) oldestJob() (key Key) {
	oldest := int64(-1)
	for each, of := range s.jobs {
		if first := of.oldest(); oldest < 0 || first < oldest {
			key, oldest = each, first
		}
	}
	return key
}

// view is what is remembered of a job in a span, and the span's bounds.
func (s *Store) view(key Key, over Span) (blocks []kept, from, to int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from, to = s.bounds(over)
	if of := s.jobs[key]; of != nil {
		blocks = of.during(from, to)
	}
	return blocks, from, to
}

// bounds are a span's, without what is too old to be told of.
func (s *Store) bounds(over Span) (from, to int64) {
	from, to = over.nanos()
	return max(from, nanos(s.horizon())), to
}
