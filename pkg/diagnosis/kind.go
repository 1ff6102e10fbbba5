package diagnosis

import (
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Kind is how a task holds a job back.
type Kind string

// The kinds of root cause, and of there being none.
const (
	Capacity       Kind = "capacity"    // most subtasks are busy
	Skewed         Kind = "skew"        // few are, the rest wait
	Machine        Kind = "machine"     // the hot subtasks are on one TaskManager or host, where each record takes longer
	Network        Kind = "network"     // records wait in the buffers between the task and its input, which it does not get
	AtSource       Kind = "source"      // nothing is backpressured; the source itself is at its limit
	Alternating    Kind = "alternating" // it takes turns with other tasks
	UnmeasuredWork Kind = "unmeasured"  // something waits that Flink does not measure: the task is not busy, or it is the last one and is backpressured
	None           Kind = "none"        // measured, and nothing holds the job back
	NotKnown       Kind = "unknown"     // too little was measured
)

// Kinds are all of them, in the order of docs/verdict.md.
var Kinds = []Kind{Capacity, Skewed, Machine, Network, AtSource, Alternating, UnmeasuredWork, None, NotKnown}

// kindOf is the kind of a task with these hot subtasks, by how many of those that are
// measured they are.
func kindOf(load job.TaskLoad, hot []int) Kind {
	switch {
	case len(hot) == 0:
		return UnmeasuredWork
	case 2*len(hot) > measured(load) || measured(load) == 1:
		return Capacity
	default:
		return Skewed
	}
}
