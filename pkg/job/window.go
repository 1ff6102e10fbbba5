package job

import "time"

// counterWindow is what is kept of one attempt of a subtask: its distinct
// counters, oldest first. It is never changed in place.
type counterWindow struct {
	attempt int
	start   time.Time
	points  []counterPoint
}

// counterPoint is one distinct value of the counters and when it was first
// sampled.
type counterPoint struct {
	at                    time.Time
	counters              Counters
	recordsIn, recordsOut *int64
}

// with adds a subtask's sample, taken at that time; a new attempt, or counters
// that ran backwards, start the window anew.
func (w counterWindow) with(sample SubtaskSample, at time.Time, interval MetricInterval) counterWindow {
	if w.attempt != sample.Attempt || !w.start.Equal(sample.Start) {
		w = counterWindow{attempt: sample.Attempt, start: sample.Start}
	}
	if sample.Counters == nil || sample.Counters.BusyUnknown {
		return w
	}
	latest := counterPoint{at, *sample.Counters, sample.RecordsIn, sample.RecordsOut}
	if n := len(w.points); n > 0 {
		added := latest.counters.Since(w.points[n-1].counters)
		if added == (Counters{}) {
			return w
		}
		if added.Sum() < 0 {
			w.points = nil
		}
	}
	w.points = append(w.points[:len(w.points):len(w.points)], latest)
	return w.trimmed(interval)
}

// trimmed drops what is older than the baseline: as the latest point moves on,
// the baseline does too.
func (w counterWindow) trimmed(interval MetricInterval) counterWindow {
	latest := w.latest().counters
	for i := len(w.points) - 2; i > 0; i-- {
		if latest.Since(w.points[i].counters).Sum() >= interval.MinWindow() {
			w.points = w.points[i:]
			break
		}
	}
	return w
}

// baseline is the newest point that is old enough to be compared with the
// latest, and young enough to describe the present.
func (w counterWindow) baseline(interval MetricInterval) (point counterPoint, found bool) {
	for i := len(w.points) - 2; i >= 0; i-- {
		length := w.latest().counters.Since(w.points[i].counters).Sum()
		if length >= interval.MinWindow() {
			return w.points[i], length <= interval.MaxWindow()
		}
	}
	return counterPoint{}, false
}

func (w counterWindow) latest() counterPoint { return w.points[len(w.points)-1] }

// stale reports whether the counters have stood still for longer than some
// fetches take: their shares no longer describe the present.
func (w counterWindow) stale(at time.Time, interval MetricInterval) bool {
	return len(w.points) > 0 && at.Sub(w.latest().at) > interval.StaleAfter()
}
