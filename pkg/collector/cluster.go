package collector

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// clusterAge is how long what belongs to a cluster rather than a job is cached:
// its version, its configuration.
const clusterAge = time.Minute

// defaultFetch is Flink's default of metrics.fetcher.update-interval, assumed
// until the cluster has answered.
const defaultFetch = 10 * time.Second

// Cluster is what belongs to a cluster rather than to a job.
type Cluster struct {
	Version      string
	TaskManagers int
	JobsRunning  int
	// Fetch is how often metrics are fetched; 0 if fetching is off.
	Fetch time.Duration
	// FlameGraphs reports whether Flink samples stacks when asked.
	FlameGraphs bool
	// ConfigErr is why the configuration could not be read, so that Fetch is what
	// was read last, or else Flink's default.
	ConfigErr error
}

// Interval is how often the cluster's metrics change.
func (c Cluster) Interval() job.MetricInterval {
	interval := job.MetricInterval{Fetch: c.Fetch, Gauge: job.FromGauge60s}
	if c.before(1, 17) {
		interval.Gauge = job.FromGauge5s
	}
	return interval
}

// SubtaskFlameGraphs reports whether the cluster has flame graphs of one subtask: from
// 1.17 on.
func (c Cluster) SubtaskFlameGraphs() bool { return !c.before(1, 17) }

// SplitJobPages reports whether Flink's UI has jobs that run and jobs that have ended
// at two addresses: from 1.16 on.
func (c Cluster) SplitJobPages() bool { return !c.before(1, 16) }

// before reports whether the cluster is older than a version; one that cannot
// be read counts as new.
func (c Cluster) before(major, minor int) bool {
	first, rest, more := strings.Cut(c.Version, ".")
	if !more {
		return false
	}
	second, _, _ := strings.Cut(rest, ".")
	m, errMajor := strconv.Atoi(first)
	n, errMinor := strconv.Atoi(second)
	if errMajor != nil || errMinor != nil {
		return false
	}
	return m < major || (m == major && n < minor)
}

// settling is how long a fetch takes after the request that triggered it,
// which itself still gets the old values: 50 to 200 ms.
const settling = 200 * time.Millisecond

// fetchClock keeps when we last made the JobManager fetch metrics. Others may
// have done so since; then we wait once in vain.
type fetchClock struct {
	mu   sync.Mutex
	last time.Time
}

// triggered notes a request that makes the JobManager fetch if it is due, and
// returns when the fetched values will be there. Where fetching is off none is
// ever due.
func (f *fetchClock) triggered(now time.Time, every time.Duration) time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	if every > 0 && now.Sub(f.last) > every {
		f.last = now
	}
	return f.last.Add(settling)
}

// arrived is when the values of the last fetch were there.
func (f *fetchClock) arrived() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last.Add(settling)
}

// next is when the next fetch is due: Flink fetches once more than the
// interval has passed, and counts whole milliseconds.
func (f *fetchClock) next(every time.Duration) time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last.Add(every + time.Millisecond)
}

// until waits for a time, or for the context to end.
func until(ctx context.Context, when time.Time) error {
	wait := time.Until(when)
	if wait <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
