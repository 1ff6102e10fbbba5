package job

import "time"

// MetricInterval is how often a cluster's metrics change, which bounds what two
// samples can show.
type MetricInterval struct {
	// Fetch is Flink's metrics.fetcher.update-interval; 0 if fetching is off.
	Fetch time.Duration
	// Gauge is what the cluster's gauges are: FromGauge5s or FromGauge60s.
	Gauge Source
}

const (
	// warmUp is how long a new attempt reads as busy whatever it does.
	warmUp = 10 * time.Second
	// minWindow keeps the noise of the counters, up to 0.3 s, small.
	minWindow = 5 * time.Second
	// maxBaselineAge is how old a baseline may be, beside one fetch: a rule that
	// is evaluated every minute still finds one.
	maxBaselineAge = time.Minute
	// staleFetches without a change make a subtask unknown.
	staleFetches = 3
	// minMaxGap is the least time after which the absence of samples is a gap.
	minMaxGap = time.Minute
	// maxGapUnfetched is the same where Flink fetches no metrics: such a job is
	// sampled once a minute.
	maxGapUnfetched = 2 * time.Minute
)

// MinWindow is the shortest time that shares are derived over: three quarters
// of a fetch, as TaskManagers do not answer on the dot, and 5 s at least.
func (m MetricInterval) MinWindow() time.Duration { return max(m.Fetch*3/4, minWindow) }

// MaxWindow is the longest.
func (m MetricInterval) MaxWindow() time.Duration { return maxBaselineAge + m.Fetch }

// StaleAfter is how long counters may stand still and yet describe the present.
func (m MetricInterval) StaleAfter() time.Duration { return staleFetches * max(m.Fetch, minWindow) }

// MaxGap is the longest time between two samples that follow each other; what
// was in a longer one is not known.
func (m MetricInterval) MaxGap() time.Duration {
	if m.Fetch == 0 {
		return maxGapUnfetched
	}
	return max(minMaxGap, m.StaleAfter())
}

// settled is how long an attempt must have run before its gauges are used:
// they may have been fetched up to a fetch ago, while it was warming up.
func (m MetricInterval) settled() time.Duration { return warmUp + m.Fetch }
