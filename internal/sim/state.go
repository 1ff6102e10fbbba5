package sim

import (
	"cmp"
	"time"
)

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

// ended tells whether an attempt in that state has run and does no more.
func ended(state string) bool {
	return state == "FINISHED" || state == "CANCELED" || state == "FAILED" || state == "CANCELING"
}

// stateIn is the job's state in a phase.
func (j *Job) stateIn(phase *lived) string {
	if len(j.Phases) == 0 {
		return cmp.Or(j.State, running)
	}
	return cmp.Or(phase.State, running)
}

// stateOf is the state of a task's subtasks in a phase.
func (j *Job) stateOf(task int, phase *lived) string {
	return cmp.Or(phase.tasks[task].State, stateOfTask(j.stateIn(phase)))
}

// attempt is one life of a job's subtasks, from a restart to the next.
type attempt struct {
	number int
	begun  time.Duration // after the start of the job
}

// phaseAt is the n-th phase, cycles counted on, and when it begins.
func (l *life) phaseAt(n int) (phase *lived, begin time.Duration) {
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

// since is when a task entered the state that it has at a time, in its
// present attempt; both after the start of the job.
func (j *Job) since(task int, offset time.Duration) time.Duration {
	life := j.lives()
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
