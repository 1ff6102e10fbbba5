// Package sim is a Flink cluster simulated, served as Flink's REST API with
// its habits: metrics that move only when a request makes the JobManager fetch
// them, and arrive a moment later; averages, warm-up, and answers that differ
// by version. A job's load follows from what its tasks can do, so that the
// simulation knows what truly holds it back: see [Job.Truth].
package sim

import (
	"sync"
	"time"
)

// Cluster is a simulated cluster: an [net/http.Handler] that answers as
// Flink's REST API does, at the time that it is. Its fields are set before it
// serves. It is safe for concurrent use and has no goroutines of its own.
type Cluster struct {
	// Version is Flink's, such as 1.13.6; answers differ by it.
	Version string
	// Fetch is metrics.fetcher.update-interval; 0 turns fetching off.
	Fetch time.Duration
	// FlameGraphs is rest.flamegraph.enabled.
	FlameGraphs bool
	// Delay is how long each answer takes.
	Delay time.Duration
	// Noise is how much of a wait that has not ended yet counts as busy, at
	// most: 286 ms were seen. It differs by subtask and fetch.
	Noise time.Duration
	// Seed decides what is left to chance.
	Seed uint64
	Jobs []*Job

	fetches fetches
	mu      sync.Mutex
	asked   []string
}

// Asked lists the request paths so far, and forgets them.
func (c *Cluster) Asked() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	asked := c.asked
	c.asked = nil
	return asked
}

func (c *Cluster) note(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, path)
}
