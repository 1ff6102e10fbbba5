package history

import "time"

// horizon is the time before which nothing is remembered.
func (s *Store) horizon() time.Time { return s.clock.now.Add(-s.limits.Retention) }

// trim forgets what is too old and, oldest first, what is too much.
func (s *Store) trim() {
	horizon, idle := s.horizon(), s.clock.now.Add(-pause)
	s.each(func(of *remembered) { of.forgetBefore(horizon, idle) })
	s.forgetStretches(nanos(horizon), nanos(lastTime))
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
