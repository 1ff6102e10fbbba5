// Package sim is a Flink cluster simulated: jobs whose load is known, served
// as Flink's REST API with its habits — metrics that move only when a request
// makes the JobManager fetch them, and arrive a moment later.
package sim

import (
	"sync"
	"time"
)

// Cluster is a simulated cluster: an [net/http.Handler] that answers as
// Flink's REST API does. Its fields are set before it serves.
type Cluster struct {
	Version string
	// Fetch is metrics.fetcher.update-interval.
	Fetch time.Duration
	// Delay is how long each answer takes.
	Delay time.Duration
	Jobs  []*Job

	mu    sync.Mutex
	fetch fetch
	asked []string
}

// Job is a simulated job.
type Job struct {
	ID, Name, State, Type string
	// Start is when its tasks began to run.
	Start time.Time
	Tasks []Task
}

// Task is a simulated task: its subtasks spend their time as Loads say.
type Task struct {
	ID, Name string
	// Inputs are indexes into the job's Tasks.
	Inputs []int
	Loads  []Load
}

// Load is how a subtask spends its time, 0 to 1 each, and the records that it
// reads and writes a second.
type Load struct {
	Idle, Busy, Backpressured float64
	RecordsIn, RecordsOut     float64
}

// Even is the same load on n subtasks.
func Even(n int, load Load) []Load {
	loads := make([]Load, n)
	for i := range loads {
		loads[i] = load
	}
	return loads
}

// fetchTakes is how long fetched metrics take to arrive.
const fetchTakes = 100 * time.Millisecond

// fetch is the JobManager's view of the metrics: what the TaskManagers said
// at one time, shown from a moment later on.
type fetch struct {
	begun, shown time.Time
}

// triggered fetches if that is due, and returns the time as of which metrics
// are shown; zero before the first fetch has arrived.
func (c *Cluster) triggered(now time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.fetch.begun.IsZero() && now.Sub(c.fetch.begun) >= fetchTakes {
		c.fetch.shown = c.fetch.begun
	}
	if c.Fetch > 0 && now.Sub(c.fetch.begun) > c.Fetch {
		c.fetch.begun = now
	}
	return c.fetch.shown
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
