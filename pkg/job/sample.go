package job

import "time"

// Sample is what one poll of Flink returned for one job: its graph, states and,
// for each subtask, the raw counters.
type Sample struct {
	Job   Info
	Graph *Graph
	// At is when the answers had arrived, by our clock.
	At time.Time
	// Tasks has one entry a task, in the order of Graph.Tasks.
	Tasks []TaskSample
}

// TaskSample is what one task answered.
type TaskSample struct {
	// Subtasks is empty for a task that was not requested, as none of its
	// subtasks run, or that did not answer.
	Subtasks []SubtaskSample
	// Err is why the task did not answer, or not everything.
	Err error
}

// SubtaskSample is what Flink returned for one subtask's current attempt.
type SubtaskSample struct {
	// Subtask is the subtask's index, from 0.
	Subtask, Attempt int
	State            State
	// Start is when the attempt began; with Attempt it distinguishes one attempt
	// from another, even after a failover that starts counting anew.
	Start time.Time
	// Running is how long the attempt has been RUNNING.
	Running time.Duration
	// Host and TaskManager are where the attempt runs; empty if unknown.
	Host, TaskManager string
	// Counters are nil where Flink has none (before 1.16, or not yet).
	Counters *Counters
	// Gauge holds Flink's own averages, nil if they were not requested.
	Gauge *Shares
	// RecordsIn and RecordsOut are since the attempt began; nil if unknown.
	RecordsIn, RecordsOut *int64
}
