package job

import "time"

// Pace is how often a cluster's metrics move, which bounds what two looks can
// tell.
type Pace struct {
	// Fetch is Flink's metrics.fetcher.update-interval; 0 if fetching is off.
	Fetch time.Duration
	// Gauge is what the cluster's gauges are: FromGauge5s or FromGauge60s.
	Gauge Source
}

const (
	// warmUp is how long a new attempt reads as busy whatever it does.
	warmUp = 10 * time.Second
	// leastWindow keeps the noise of the counters, up to 0.3 s, small.
	leastWindow = 5 * time.Second
	// mostWindow is how old a baseline may be, beside one fetch: a rule that
	// is evaluated every minute still finds one.
	mostWindow = time.Minute
	// stillFetches without a movement make a subtask unknown.
	stillFetches = 3
)

// Least is the shortest time that shares are derived over: three quarters of
// a fetch, as TaskManagers do not answer on the dot, and 5 s at least.
func (p Pace) Least() time.Duration { return max(p.Fetch*3/4, leastWindow) }

// Most is the longest.
func (p Pace) Most() time.Duration { return mostWindow + p.Fetch }

// settled is how long an attempt must have run for its gauges to be believed:
// they may have been fetched up to a fetch ago, while it was warming up.
func (p Pace) settled() time.Duration { return warmUp + p.Fetch }

// Still is how long counters may stand still and yet speak of now.
func (p Pace) Still() time.Duration { return stillFetches * max(p.Fetch, leastWindow) }
