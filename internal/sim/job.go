package sim

import (
	"sync"
	"time"
)

// Job is a simulated job: a graph of tasks whose loads follow from what they
// can do and what they are offered. Its fields are set before it is served,
// but for State.
type Job struct {
	// ID is 32 hexadecimal digits.
	ID, Name string
	// State is Flink's, RUNNING if empty; a job with Phases goes by theirs.
	State string
	// Type is STREAMING if empty, or BATCH.
	Type string
	// Start is when it was submitted.
	Start time.Time
	// Machines run its subtasks: the subtask s of each task runs on the
	// machine s modulo their number. None are one machine, host-1.
	Machines []Machine
	// Tasks are in topological order, sources first.
	Tasks []Task
	// Phases follow each other from Start on; without any the job stays as
	// it is. The last lasts for ever, or, with Repeat, the first follows it.
	Phases []Phase
	Repeat bool

	once sync.Once
	life life
}

// Task is a simulated task: Flink's job vertex.
type Task struct {
	// ID is 32 hexadecimal digits.
	ID, Name string
	// Inputs are indexes of earlier tasks in the job's Tasks; each gets all
	// records of its inputs. A task without any is a source.
	Inputs []int
	// Parallelism is the number of subtasks; 0 is 1.
	Parallelism int
	// Capacity is how many records a second a subtask can take, if busy all
	// the time on a machine at full speed; of a source, how many it can read
	// from outside. 0 is without limit.
	Capacity float64
	// Selectivity is how many records it emits for one that it takes; 0 is 1.
	Selectivity float64
	// Filter is set for a task that emits nothing at all.
	Filter bool
	// Rate is how many records a second a source is offered, over all its
	// subtasks; 0 is without limit.
	Rate float64
	// Weights are how much of the task's records reach each subtask, relative
	// to each other: a skewed key. None spread them evenly.
	Weights []float64
	// Uncounted is the share, 0 to 1, of its work that Flink does not count
	// as busy: waiting in threads of its own.
	Uncounted float64
	// Legacy is set for a SourceFunction, whose busy time is not measured.
	Legacy bool
	// Speculative lists the subtasks of which a second attempt runs.
	Speculative []int
	// State is that of its subtasks, where it differs from what follows from
	// the job's: FINISHED in a job that still runs, SCHEDULED without slots.
	State string
	// Loads, if there are any, are how its subtasks spend their time, in place
	// of what follows from the rest.
	Loads []Load
}

// Load is how a subtask spends its time, 0 to 1 each, and the records that it
// reads and writes a second.
type Load struct {
	Idle, Busy, Backpressured float64
	RecordsIn, RecordsOut     float64
}

// Machine is a host with one TaskManager.
type Machine struct {
	Host string
	// Slowness is how many times longer everything takes there; 0 is 1.
	Slowness float64
}

// Phase is a stretch of a job's life in which nothing changes.
type Phase struct {
	Lasts time.Duration
	// State is the job's, RUNNING if empty.
	State string
	// Restart begins it with a new attempt of every subtask.
	Restart bool
	// Change, if any, alters the tasks from now on. The slices within them
	// are shared with earlier phases: it replaces them.
	Change func(tasks []Task)
}

// running is the state in which tasks work.
const running = "RUNNING"

// machine is where a subtask runs, and the index of that machine.
func (j *Job) machine(subtask int) (Machine, int) {
	if len(j.Machines) == 0 {
		return Machine{Host: "host-1"}, 0
	}
	at := subtask % len(j.Machines)
	return j.Machines[at], at
}

func (t Task) subtasks() int {
	switch {
	case len(t.Loads) > 0:
		return len(t.Loads)
	case t.Parallelism > 0:
		return t.Parallelism
	default:
		return 1
	}
}

// selectivity is records out for one in.
func (t Task) selectivity() float64 {
	switch {
	case t.Filter:
		return 0
	case t.Selectivity > 0:
		return t.Selectivity
	default:
		return 1
	}
}

func (t Task) source() bool { return len(t.Inputs) == 0 }
