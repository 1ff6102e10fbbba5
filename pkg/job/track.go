package job

import (
	"math"
	"time"
)

// track is what is remembered of one attempt of a subtask: its distinct
// readings, oldest first. It is never changed in place.
type track struct {
	attempt int
	start   time.Time
	points  []point
}

// point is one distinct reading of the counters and when it was first seen.
type point struct {
	at                    time.Time
	counters              Counters
	recordsIn, recordsOut *int64
}

// with adds a reading; a new attempt, or counters that ran backwards, start
// the track anew.
func (t track) with(reading Reading, look *Look, pace Pace) track {
	if t.attempt != reading.Attempt || !t.start.Equal(reading.Start) {
		t = track{attempt: reading.Attempt, start: reading.Start}
	}
	if reading.Counters == nil || reading.Counters.BusyUnknown {
		return t
	}
	latest := point{look.At, *reading.Counters, reading.RecordsIn, reading.RecordsOut}
	if n := len(t.points); n > 0 {
		moved := latest.counters.Since(t.points[n-1].counters)
		if moved == (Counters{}) {
			return t
		}
		if moved.Sum() < 0 {
			t.points = nil
		}
	}
	t.points = append(t.points[:len(t.points):len(t.points)], latest)
	return t.trimmed(pace)
}

// trimmed forgets what is older than the baseline: as the latest reading
// moves on, the baseline does too.
func (t track) trimmed(pace Pace) track {
	latest := t.points[len(t.points)-1].counters
	for i := len(t.points) - 2; i > 0; i-- {
		if latest.Since(t.points[i].counters).Sum() >= pace.Least() {
			t.points = t.points[i:]
			break
		}
	}
	return t
}

// baseline is the newest reading that is old enough to be compared with the
// latest, and young enough to speak of now.
func (t track) baseline(pace Pace) (point, bool) {
	for i := len(t.points) - 2; i >= 0; i-- {
		window := t.latest().counters.Since(t.points[i].counters).Sum()
		if window >= pace.Least() {
			return t.points[i], window <= pace.Most()
		}
	}
	return point{}, false
}

func (t track) latest() point { return t.points[len(t.points)-1] }

// still tells whether the counters stand still for longer than some fetches
// take: what they say is no longer about now.
func (t track) still(look *Look, pace Pace) bool {
	return len(t.points) > 0 && look.At.Sub(t.latest().at) > pace.Still()
}

// subtask derives one subtask's load: from its counters if there is a
// baseline, else from its gauges.
func (t *Trail) subtask(look *Look, reading Reading, track track) SubtaskLoad {
	load := unknown(reading, NoMetrics)
	switch {
	case look.Job.State != Running || reading.State != Running:
		load.Why = NotRunning
	case reading.Running < warmUp:
		load.Why = WarmingUp
	case track.still(look, t.pace):
		load.Why = StandsStill
	default:
		if base, found := track.baseline(t.pace); found {
			return load.counted(base, track.latest())
		}
		return load.gauged(reading, look.At, t.pace)
	}
	return load
}

// counted fills in what happened between two readings. The sum of the three
// counters is the clock: ours does not know the moment of a fetch.
func (s SubtaskLoad) counted(base, latest point) SubtaskLoad {
	spent := latest.counters.Since(base.counters)
	window := spent.Sum()
	s.Shares, s.Why, s.source = spent.Shares(), "", FromCounters
	s.from, s.to = latest.at.Add(-window), latest.at
	s.RecordsIn = rate(base.recordsIn, latest.recordsIn, window)
	s.RecordsOut = rate(base.recordsOut, latest.recordsOut, window)
	return s
}

// gauged fills in Flink's own averages, where it gave them. A legacy source
// has no busy time, and its idle time is always 0: both stay unknown.
func (s SubtaskLoad) gauged(reading Reading, at time.Time, pace Pace) SubtaskLoad {
	source := pace.Gauge
	if reading.Gauge == nil || !reading.Gauge.Known() {
		return s
	}
	if reading.Running < pace.settled() {
		s.Why = WarmingUp
		return s
	}
	s.Shares, s.Why, s.source = *reading.Gauge, "", source
	if !s.Busy.Known() {
		s.Idle, s.Why, s.source = Unknown, Unmeasured, ""
	}
	s.from, s.to = at.Add(-source.span()), at
	return s
}

// span is the time that a gauge averages over.
func (s Source) span() time.Duration {
	if s == FromGauge5s {
		return 5 * time.Second
	}
	return time.Minute
}

// rate is records per second, NaN where a count is missing.
func rate(before, after *int64, window time.Duration) float64 {
	if before == nil || after == nil || window <= 0 {
		return math.NaN()
	}
	return max(float64(*after-*before), 0) / window.Seconds()
}
