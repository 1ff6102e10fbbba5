package collector

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// The metrics of polls and of the sampler, over all collectors of the process: see
// docs/observability.md. No label has a name or an id of a cluster, a job or a task.
var (
	pollSeconds = promauto.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "flinkscope", Name: "poll_duration_seconds",
		Help:    "How long polls of a job took: one round of requests, and the verdict on it. The result is partial if a task did not answer.",
		Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
	}, []string{"result"})
	samplerLag = promauto.NewHistogram(prometheus.HistogramOpts{
		Namespace: "flinkscope", Name: "sampler_lag_seconds",
		Help:    "How long after it was due the sampler began to poll a job.",
		Buckets: []float64{.01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
	})
	samplerPolls = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: "flinkscope", Name: "sampler_polls_total",
		Help: "Polls of a job that were the sampler's turn. The result is skipped if jobs that hang were tried first.",
	}, []string{"result"})
)

// results of polls.
const (
	whole    = "whole"
	partial  = "partial"  // a task did not answer
	canceled = "canceled" // nobody waited for it any more
	failed   = "failed"
	// of the sampler alone
	answered = "answered" // whole or partial
	skipped  = "skipped"  // jobs that hang were tried first
)

// The caches of a collector.
var (
	clusterReads     = remote.NewCacheReads("cluster")
	jobsReads        = remote.NewCacheReads("jobs")
	pollReads        = remote.NewCacheReads("poll")
	graphReads       = remote.NewCacheReads("graph")
	restartsReads    = remote.NewCacheReads("restarts")
	detailsReads     = remote.NewCacheReads("details")
	waitsReads       = remote.NewCacheReads("waits")
	flameGraphReads  = remote.NewCacheReads("flameGraph")
	checkpointsReads = remote.NewCacheReads("checkpoints")
	exceptionsReads  = remote.NewCacheReads("exceptions")
	managersReads    = remote.NewCacheReads("taskmanagers")
)

// observePoll counts and times a poll that began at a time.
func observePoll(begun time.Time, verdict *diagnosis.Verdict, err error) {
	result := whole
	switch {
	case errors.Is(err, context.Canceled), remote.IsKind(err, remote.Canceled):
		result = canceled
	case err != nil:
		result = failed
	default:
		for _, task := range verdict.Snapshot.Tasks {
			if task.Err != nil {
				result = partial
				break
			}
		}
	}
	pollSeconds.WithLabelValues(result).Observe(time.Since(begun).Seconds())
}

// State is what a collector has at a moment.
type State struct {
	// Known reports whether the cluster's jobs were ever requested, and Down that it did
	// not answer the last request for them.
	Known, Down bool
	// Jobs are those of which something is kept, Sampled of these the sampler polls, and
	// Subtasks are those of all.
	Jobs, Sampled, Subtasks int
	// Oldest and Newest are when the last polls of jobs ended, of those that are sampled
	// or that a query was about in the last minute; zero if there is none.
	Oldest, Newest time.Time
}

// State is what the collector has now. It costs no request.
func (c *Collector) State(now time.Time) (state State) {
	state.Known, state.Down = c.options.Availability.state()
	c.mu.Lock()
	defer c.mu.Unlock()
	state.Jobs, state.Subtasks = len(c.tracked), c.held()
	for _, tracked := range c.tracked {
		sampled := c.sampler.sampled(tracked, now)
		if sampled {
			state.Sampled++
		}
		_, at := tracked.polled.last()
		if at.IsZero() || !sampled && now.Sub(tracked.asked) > inUse {
			continue
		}
		if state.Oldest.IsZero() || at.Before(state.Oldest) {
			state.Oldest = at
		}
		state.Newest = later(state.Newest, at)
	}
	return state
}
