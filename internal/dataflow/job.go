// Package dataflow simulates a Flink job in small steps of time: what each subtask can
// do, the bounded buffers between them, and what follows from both. It reports what
// Flink measures of that ([Run]), and knows what truly holds the job back ([Truths]):
// that is found by making one thing after another twice as fast, not from how a job
// was made and by no rule about measurements. It imports nothing of ours.
package dataflow

import "time"

// Job is a job to be simulated. What is set in it does not change while it runs.
type Job struct {
	// Tasks are in topological order, sources first.
	Tasks     []Task
	Exchanges []Exchange
	// TaskManagers run the subtasks: subtask s of each task is in slot s, and slot s
	// is on the TaskManager s modulo their number.
	TaskManagers []TaskManager
	// Checkpoints are aligned; none if Every is 0.
	Checkpoints Checkpoints
	// Noise is the relative deviation of what a record costs, second by second.
	Noise float64
	// Restarts are what interrupts it.
	Restarts []Restart
	// Seed is that of its noise.
	Seed uint64
}

// TaskManager runs the subtasks of its slots.
type TaskManager struct {
	Host string
	// Speed is how fast it works, 1 at full speed.
	Speed float64
}

// Task is one task of a job.
type Task struct {
	Name        string
	Parallelism int
	// MaxParallelism is how many key groups there are; 0 where none of its inputs has any.
	MaxParallelism int
	// Cost is how long a subtask works on a record, in seconds.
	Cost float64
	// DearSubtasks take Dearness times as long, as for keys that are dear.
	DearSubtasks []int
	Dearness     float64
	// Uncounted is the share of its work that Flink does not measure and that reads
	// as idle time; CountedAsWait the share that reads as backpressure.
	Uncounted, CountedAsWait float64
	// Source is set for one that reads from outside.
	Source *Source
	// Window is set for one that hoards records and then fires.
	Window *Window
	// Changes are its costs from some time on, in order.
	Changes []Change
	// Finished lists subtasks that have ended.
	Finished []int
}

// Source is how a task reads from outside the job.
type Source struct {
	// Rate is how many records a second there are to read, over all splits; 0 is
	// without limit.
	Rate float64
	// Swing is by which share the rate varies, in the time of a Period.
	Swing  float64
	Period time.Duration
	// Splits is how many subtasks have something to read; 0 is all.
	Splits int
	// Sleeps is set for a reader that waits on the task's thread: its waits count as
	// busy time.
	Sleeps bool
	// Legacy is set for one whose busy time Flink does not measure.
	Legacy bool
}

// Window hoards for a time and then emits one record for each that it has, each of
// which costs EmitCost seconds. While it fires it reads nothing.
type Window struct {
	Every    time.Duration
	EmitCost float64
}

// Change is a task's cost from a time on.
type Change struct {
	At   time.Duration
	Cost float64
}

// How records reach the subtasks below.
type Shipping int

// The ways of an exchange.
const (
	Forward   Shipping = iota // subtask i to subtask i
	Rebalance                 // as many to each
	Hash                      // by key, as Weights say
)

// Exchange connects two tasks.
type Exchange struct {
	From, To int
	Shipping Shipping
	// Weights are how many records reach each subtask below, relative to each other;
	// none are as many for each.
	Weights []float64
	// KeyGroups are, in their place, how many records each key group has, relative to
	// each other: at any parallelism the subtasks below get the groups that Flink
	// assigns to them.
	KeyGroups []float64
	// Selectivity is how many records it takes for one that the upper task has read;
	// 0 is 1.
	Selectivity float64
	// Capacity is how many records a second the network carries, all channels
	// together; 0 is without limit.
	Capacity float64
	// Buffered is how many records the channels to one subtask hold, all together.
	Buffered float64
}

// Checkpoints are how often one begins and up to how long a subtask waits for the
// last of its inputs.
type Checkpoints struct{ Every, Align time.Duration }

// Restart is an interruption: of the subtasks with an index below Below of the tasks
// in Region (all tasks if it is empty) from At on for the time that it Lasts. Their
// next attempt counts from 0.
type Restart struct {
	At, Lasts time.Duration
	Region    []int
	Below     int
}

// Unit is something that could be faster: a task, a subtask of one, a TaskManager, a
// host or an exchange. It is comparable.
type Unit struct {
	Kind UnitKind
	// Index is that of the task, TaskManager or exchange.
	Index, Subtask int
	Host           string
}

// UnitKind is what a [Unit] is.
type UnitKind int

// The kinds of unit.
const (
	OfTask UnitKind = iota
	OfSubtask
	OfTaskManager
	OfHost
	OfExchange
)

// speedup is how many times as fast a subtask works with all these units twice as
// fast, no more than twice.
func (j *Job) speedup(units []Unit, task, subtask int) float64 {
	manager := subtask % len(j.TaskManagers)
	for _, unit := range units {
		switch unit.Kind {
		case OfTask:
			if unit.Index == task {
				return 2
			}
		case OfSubtask:
			if unit.Index == task && unit.Subtask == subtask {
				return 2
			}
		case OfTaskManager:
			if unit.Index == manager {
				return 2
			}
		case OfHost:
			if unit.Host == j.TaskManagers[manager].Host {
				return 2
			}
		}
	}
	return 1
}
