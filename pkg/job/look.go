package job

import "time"

// Look is what one round of requests said of one job.
type Look struct {
	Job   Info
	Graph *Graph
	// At is when the answers had arrived, by our clock.
	At time.Time
	// Tasks holds what each task answered, in the order of Graph.Tasks.
	Tasks []TaskLook
}

// TaskLook is what one task answered.
type TaskLook struct {
	// Subtasks is empty for a task that was not asked, as none of its
	// subtasks run, or that did not answer.
	Subtasks []Reading
	// Err is why the task did not answer, or not everything.
	Err error
}

// Reading is what Flink said of one subtask's current attempt.
type Reading struct {
	// Subtask is the subtask's index, from 0.
	Subtask, Attempt int
	State            State
	// Start is when the attempt began; with Attempt it tells one attempt
	// from another, even after a failover that starts counting anew.
	Start time.Time
	// Running is how long the attempt has been RUNNING.
	Running time.Duration
	// Host and TaskManager are where the attempt runs; empty if not told.
	Host, TaskManager string
	// Counters are nil where Flink has none (before 1.16, or not yet).
	Counters *Counters
	// Gauge is what Flink's own averages say, nil if not asked for.
	Gauge *Shares
	// RecordsIn and RecordsOut are since the attempt began; nil if not told.
	RecordsIn, RecordsOut *int64
}
