package sim

import (
	"cmp"
	"slices"
	"time"
)

// life is what follows from a job's phases: the steady state of each, and what
// its subtasks have done before it.
type life struct {
	phases []lived
	// cycle is how long the phases last if they repeat, else 0, and spent
	// what the subtasks do in one.
	cycle time.Duration
	spent [][]work
}

// lived is a phase in a job's life.
type lived struct {
	Phase
	steady
	begin  time.Duration // after the start of the job, or of the cycle
	tasks  []Task
	before [][]work // in this life, or cycle, until the phase
}

// work is what a subtask has done: seconds and records.
type work struct{ idle, busy, held, in, out float64 }

// plus adds the work under a load for some time.
func (w work) plus(load Load, d time.Duration) work {
	s := d.Seconds()
	return work{
		w.idle + load.Idle*s, w.busy + load.Busy*s, w.held + load.Backpressured*s,
		w.in + load.RecordsIn*s, w.out + load.RecordsOut*s,
	}
}

// minus is what was done after an earlier time.
func (w work) minus(earlier work) work {
	return work{w.idle - earlier.idle, w.busy - earlier.busy, w.held - earlier.held, w.in - earlier.in, w.out - earlier.out}
}

// lives works the job's life out once.
func (j *Job) lives() *life {
	j.once.Do(func() {
		j.life.spent = make([][]work, len(j.Tasks))
		tasks, begin := slices.Clone(j.Tasks), time.Duration(0)
		for _, phase := range j.phases() {
			if phase.Change != nil {
				tasks = slices.Clone(tasks)
				phase.Change(tasks)
			}
			at := lived{Phase: phase, begin: begin, tasks: tasks, before: j.life.spent}
			at.steady = j.settled(at.able(cmp.Or(phase.State, running)))
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

// able are the phase's tasks, none of which works unless the job runs.
func (p lived) able(state string) []Task {
	if state == running {
		return p.tasks
	}
	tasks := slices.Clone(p.tasks)
	for i := range tasks {
		tasks[i].State = cmp.Or(tasks[i].State, stateOfTask(state))
	}
	return tasks
}

// after is the work done when the phase is over.
func (p lived) after() [][]work {
	spent := make([][]work, len(p.loads))
	for t, loads := range p.loads {
		spent[t] = make([]work, max(len(loads), len(p.before[t])))
		copy(spent[t], p.before[t])
		for s, load := range loads {
			spent[t][s] = spent[t][s].plus(load, p.Lasts)
		}
	}
	return spent
}

// at is the phase at a time after the start, how many cycles went before it,
// and how long it has lasted.
func (l *life) at(offset time.Duration) (phase *lived, cycles int, into time.Duration) {
	offset = max(offset, 0)
	if l.cycle > 0 {
		cycles, offset = int(offset/l.cycle), offset%l.cycle
	}
	for i := range l.phases {
		if l.phases[i].begin <= offset {
			phase = &l.phases[i]
		}
	}
	return phase, cycles, offset - phase.begin
}

// total is what a subtask has done in all its attempts until then.
func (l *life) total(task, subtask int, offset time.Duration) (sum work) {
	phase, cycles, into := l.at(offset)
	if n := float64(cycles); cycles > 0 && subtask < len(l.spent[task]) {
		w := l.spent[task][subtask]
		sum = work{n * w.idle, n * w.busy, n * w.held, n * w.in, n * w.out}
	}
	if subtask < len(phase.before[task]) {
		w := phase.before[task][subtask]
		sum = work{sum.idle + w.idle, sum.busy + w.busy, sum.held + w.held, sum.in + w.in, sum.out + w.out}
	}
	if subtask < len(phase.loads[task]) {
		sum = sum.plus(phase.loads[task][subtask], into)
	}
	return sum
}
