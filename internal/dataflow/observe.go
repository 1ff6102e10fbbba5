package dataflow

import (
	"time"
)

// Observed is what a subtask reports at a time.
type Observed struct {
	Spent
	Attempt  int
	Up       bool
	Finished bool
	Since    time.Duration // when its attempt began
	// InPool and OutPool are how full its buffers are, 0 to 1.
	InPool, OutPool float64
}

// Observe is what a subtask reports now.
func (r *Run) Observe(task, subtask int) Observed {
	sub := &r.subtasks[task][subtask]
	out := 0.0
	for _, e := range r.outs[task] {
		out = max(out, r.channels[e].fullFor(subtask))
	}
	return Observed{
		Spent: sub.Spent, Attempt: sub.attempt, Up: sub.up, Finished: sub.finished, Since: sub.upSince,
		InPool: sub.hungry, OutPool: out,
	}
}

// Pending is how many records a source has still to read, while it runs and while it
// does not.
func (r *Run) Pending(task int) float64 { return max(r.arrived[task]-r.read[task], 0) }
