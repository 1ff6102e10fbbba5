package prometheus

import (
	"math"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// covered is how much of a window an attempt's clock must have run to speak of
// it, or the scrapes must have taken of one without. Prometheus extrapolates to the ends of the window; what does not may lack
// a scrape interval, of the four or more that a window has.
const covered = 0.72

// load is how a subtask spent the window before a point, by its attempts.
func (r *reading) load(subtask int, attempts []*attempt, point int) (job.SubtaskLoad, error) {
	var one, whole *attempt
	there := 0
	for _, attempt := range attempts {
		if !attempt.there(point) {
			continue
		}
		if there++; one == nil || attempt.later(one) {
			one = attempt
		}
		if r.covers(attempt, point) {
			if whole != nil && !speculates(whole, attempt) {
				return job.SubtaskLoad{}, r.twoClusters(attempts, point)
			}
			whole = attempt
		}
	}
	if there == 0 {
		return job.UnknownLoad(subtask, job.Running, job.Missing), nil
	}
	load := job.UnknownLoad(subtask, job.Running, job.NoMetrics)
	load.Attempt, load.Host, load.TaskManager = one.number, one.host, one.taskManager
	switch {
	case there > 1:
		load.Why = job.Restarted
	case whole != nil:
		r.measure(&load, one, point)
	}
	return load, nil
}

// clock is how many milliseconds an attempt has accumulated in all; NaN where
// it does not count its busy time.
func (r *reading) clock(of *attempt, point int) float64 {
	if !r.clocked {
		return math.NaN()
	}
	return of.value(idle, point) + of.value(busy, point) + of.value(backpressured, point)
}

// covers tells whether an attempt lasted for the whole window. Counters that
// began anew within it have run backwards, or not far enough.
func (r *reading) covers(of *attempt, point int) bool { return r.lasted(of, point, r.window) }

// lasted tells whether an attempt lasted for so long of the window.
func (r *reading) lasted(of *attempt, point int, long time.Duration) bool {
	clock := r.clock(of, point)
	if !math.IsNaN(clock) {
		return clock >= covered*float64(long.Milliseconds())
	}
	return of.value(scraped, point)*r.interval.Seconds() >= covered*long.Seconds()
}

// measure fills in the shares and rates of an attempt that lasted for the
// window. Without a busy time the idle time means nothing.
func (r *reading) measure(load *job.SubtaskLoad, of *attempt, point int) {
	clock, seconds := r.clock(of, point), r.window.Seconds()
	unit := 1000.0 // of a gauge
	switch {
	case !math.IsNaN(clock):
		unit, seconds = clock, clock/1000
	case r.clocked:
		unit = 1000 * seconds
	}
	load.Why = ""
	load.Backpressured = share(of.value(backpressured, point) / unit)
	load.Busy = share(of.value(busy, point) / unit)
	if load.Busy.Known() {
		load.Idle = share(of.value(idle, point) / unit)
		load.Shares = addedUp(load.Shares)
	} else {
		load.Why = job.Unmeasured
	}
	load.RecordsIn = max(of.value(recordsIn, point)/seconds, 0)
	load.RecordsOut = max(of.value(recordsOut, point)/seconds, 0)
}

// addedUp takes busy for the rest, so that the three add up to 1: noise moves
// a wait from one window to the next.
func addedUp(s job.Shares) job.Shares {
	if s.Idle.Known() {
		s.Idle = min(s.Idle, 1-s.Backpressured)
		s.Busy = 1 - s.Idle - s.Backpressured
	}
	return s
}

// share clamps: a wait that began before the window is told when it ends.
func share(value float64) job.Share { return job.Share(min(max(value, 0), 1)) }
