package sim

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
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
	// Checkpoints is how often a checkpoint is triggered, 0 for never, and
	// CheckpointTimeout after what time one fails, 0 for none.
	Checkpoints, CheckpointTimeout time.Duration

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
	// GC is the share of time, 0 to 1, that the TaskManager stands still for garbage
	// collection; 0 is that of one that is well.
	GC float64
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

// New is a job of those tasks, submitted an hour ago, that runs on two
// machines. It gives ids to the tasks that have none.
func New(name string, tasks ...Task) *Job {
	job := &Job{
		ID: id(name), Name: name, Start: time.Now().Add(-time.Hour).Truncate(time.Millisecond),
		Machines: []Machine{{Host: "host-1"}, {Host: "host-2"}}, Tasks: tasks,
	}
	for i := range tasks {
		if tasks[i].ID == "" {
			tasks[i].ID = id(fmt.Sprint(name, " ", i))
		}
	}
	return job
}

// Chain is a job whose tasks each read from the one before.
func Chain(name string, tasks ...Task) *Job {
	for i := 1; i < len(tasks); i++ {
		tasks[i].Inputs = []int{i - 1}
	}
	return New(name, tasks...)
}

// HeldBack is a job of a chain of tasks, a source first, whose task at the
// index slow is at its limit: those above it are backpressured, those below
// idle. It runs on one machine.
func HeldBack(name string, tasks, parallelism, slow int) *Job {
	chain := make([]Task, tasks)
	for i := range chain {
		chain[i] = Task{Name: fmt.Sprintf("task-%d", i), Parallelism: parallelism, Capacity: 5000}
		if i < slow {
			chain[i].Capacity = 2000
		}
	}
	chain[slow].Capacity, chain[slow].Uncounted = 100, 0.01 // real ones read 99 % too
	job := Chain(name, chain...)
	job.Machines = nil
	return job
}

// id is an id of the form of Flink's, made from a text.
func id(text string) string {
	sum := sha256.Sum256([]byte(text))
	return fmt.Sprintf("%x", sum[:16])
}

// Truth is what holds the job back at a time.
func (j *Job) Truth(at time.Time) Truth {
	phase, _, _ := j.lifetime().at(at.Sub(j.Start))
	if j.stateIn(phase) != running || !slices.ContainsFunc(phase.tasks, Task.works) {
		return Truth{Kind: "unknown"}
	}
	return finder{j, phase}.truth()
}

// Load is how a subtask spends its time at a time.
func (j *Job) Load(task, subtask int, at time.Time) Load {
	phase, _, _ := j.lifetime().at(at.Sub(j.Start))
	return phase.loads[task][subtask]
}

// machine is where a subtask runs, and the index of that machine.
func (j *Job) machine(subtask int) (Machine, int) {
	if len(j.Machines) == 0 {
		return Machine{Host: "host-1"}, 0
	}
	at := subtask % len(j.Machines)
	return j.Machines[at], at
}

// task is the index of a job's task, -1 if it has none of that id.
func (j *Job) task(id string) int {
	for i, task := range j.Tasks {
		if strings.EqualFold(task.ID, id) {
			return i
		}
	}
	return -1
}

// kind is the job's type.
func (j *Job) kind() string {
	if j.Type == "" {
		return "STREAMING"
	}
	return j.Type
}

// lifetime computes the job's life once.
func (j *Job) lifetime() *life {
	j.once.Do(func() {
		j.life.spent = make([][]work, len(j.Tasks))
		tasks, begin := slices.Clone(j.Tasks), time.Duration(0)
		for _, phase := range j.phases() {
			if phase.Change != nil {
				tasks = slices.Clone(tasks)
				phase.Change(tasks)
			}
			at := steadyPhase{Phase: phase, begin: begin, tasks: tasks, before: j.life.spent}
			at.steady = steadyState(j, at.able(cmp.Or(phase.State, running)))
			j.life.spent = at.after()
			j.life.phases = append(j.life.phases, at)
			begin += phase.Lasts
		}
		if j.Repeat {
			j.life.cycle = begin
		}
	})
	return &j.life
}

// phases are those of the job, at least one.
func (j *Job) phases() []Phase {
	if len(j.Phases) == 0 {
		return []Phase{{}}
	}
	return j.Phases
}

// stateIn is the job's state in a phase.
func (j *Job) stateIn(phase *steadyPhase) string {
	if len(j.Phases) == 0 {
		return cmp.Or(j.State, running)
	}
	return cmp.Or(phase.State, running)
}

// stateNow is the job's state, not that of Flink's cached answer.
func (j *Job) stateNow(now time.Time) string {
	phase, _, _ := j.lifetime().at(now.Sub(j.Start))
	return j.stateIn(phase)
}

// stateOf is the state of a task's subtasks in a phase.
func (j *Job) stateOf(task int, phase *steadyPhase) string {
	return cmp.Or(phase.tasks[task].State, stateOfTask(j.stateIn(phase)))
}

// since is when a task entered the state that it has at a time, in its
// present attempt; both after the start of the job.
func (j *Job) since(task int, offset time.Duration) time.Duration {
	life := j.lifetime()
	n := life.nth(offset)
	phase, begin := life.phaseAt(n)
	state := j.stateOf(task, phase)
	for range life.phases {
		if n == 0 || phase.Restart {
			return begin
		}
		n--
		earlier, began := life.phaseAt(n)
		if j.stateOf(task, earlier) != state {
			return begin
		}
		phase, begin = earlier, began
	}
	return 0 // a cycle without a change: it has been so from the start
}

// stateOfTask is the state of the tasks of a job in that state.
func stateOfTask(state string) string {
	switch state {
	case running, "FINISHED", "CANCELED", "FAILED":
		return state
	case "RESTARTING", "SUSPENDED":
		return "CANCELED"
	case "FAILING", "CANCELLING":
		return "CANCELING"
	default:
		return "CREATED"
	}
}

// ended reports whether an attempt in that state has run and does no more.
func ended(state string) bool {
	return state == "FINISHED" || state == "CANCELED" || state == "FAILED" || state == "CANCELING"
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

// works reports whether the task does anything: it runs, or follows its job.
func (t Task) works() bool { return t.State == "" || t.State == running }

// Even is the same load on n subtasks.
func Even(n int, load Load) []Load {
	loads := make([]Load, n)
	for i := range loads {
		loads[i] = load
	}
	return loads
}
