package sim

import (
	"cmp"
	"slices"
	"time"
)

// life is what follows from a job's phases: the steady state of each, and what
// its subtasks have done before it.
type life struct {
	phases []steadyPhase
	// cycle is how long the phases last if they repeat, else 0, and spent
	// what the subtasks do in one.
	cycle time.Duration
	spent [][]work
}

// steadyPhase is a phase in a job's life, with its steady state.
type steadyPhase struct {
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

// and adds up what two subtasks have done.
func (w work) and(other work) work {
	return work{w.idle + other.idle, w.busy + other.busy, w.held + other.held, w.in + other.in, w.out + other.out}
}

// able are the phase's tasks, none of which works unless the job runs.
func (p steadyPhase) able(state string) []Task {
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
func (p steadyPhase) after() [][]work {
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
func (l *life) at(offset time.Duration) (phase *steadyPhase, cycles int, into time.Duration) {
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

// attempt is one life of a job's subtasks, from a restart to the next.
type attempt struct {
	number int
	begun  time.Duration // after the start of the job
}

// phaseAt is the n-th phase, cycles counted on, and when it begins.
func (l *life) phaseAt(n int) (phase *steadyPhase, begin time.Duration) {
	phase = &l.phases[n%len(l.phases)]
	return phase, time.Duration(n/len(l.phases))*l.cycle + phase.begin
}

// nth is the number of the phase at a time after the start.
func (l *life) nth(offset time.Duration) int {
	phase, cycles, _ := l.at(offset)
	n := cycles * len(l.phases)
	for i := range l.phases {
		if &l.phases[i] == phase {
			return n + i
		}
	}
	return n
}

// attemptAt is the attempt at a time after the start.
func (l *life) attemptAt(offset time.Duration) attempt {
	restarts, last := 0, l.nth(offset)
	for i, phase := range l.phases {
		if phase.Restart && i <= last {
			restarts += (last-i)/len(l.phases) + 1
		}
	}
	if l.phases[0].Restart {
		restarts-- // the first start is none
	}
	for n := last; n > max(last-len(l.phases), 0); n-- {
		if phase, begin := l.phaseAt(n); phase.Restart {
			return attempt{restarts, begin}
		}
	}
	return attempt{number: restarts}
}
