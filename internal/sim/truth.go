package sim

import (
	"slices"
	"time"
)

// Truth is what holds a job back, as the simulation knows it.
type Truth struct {
	// Kind is that of the worst bottleneck; "none" where nothing holds the
	// job back, "unknown" where it does not run.
	Kind string
	// Bottlenecks are the tasks that are at their limit while more is on
	// offer, worst first.
	Bottlenecks []Bottleneck
}

// Bottleneck is a task at its limit.
type Bottleneck struct {
	// Task is its index in the job's Tasks, and Name its name.
	Task int
	Name string
	// Kind is capacity, skew, machine, source or unmeasured.
	Kind string
	// Severity is, 0 to 1, the mean share of time that the subtasks of the
	// input that is held back most are backpressured; of a source how busy
	// it is.
	Severity float64
	// Hot are the subtasks that are busy more than half of their time, and
	// Hosts where those run.
	Hot   []int
	Hosts []string
}

// Truth is what holds the job back at a time.
func (j *Job) Truth(at time.Time) Truth {
	phase, _, _ := j.lives().at(at.Sub(j.Start))
	if j.stateIn(phase) != running || !slices.ContainsFunc(phase.tasks, Task.works) {
		return Truth{Kind: "unknown"}
	}
	truth := Truth{Kind: "none"}
	held := phase.held(phase.tasks)
	for _, task := range phase.limiting() {
		if !phase.tasks[task].source() {
			truth.Bottlenecks = append(truth.Bottlenecks, j.bottleneck(phase, task))
		} else if !slices.ContainsFunc(connected(phase.tasks, task), func(t int) bool { return held[t] }) {
			truth.Bottlenecks = append(truth.Bottlenecks, j.bottleneck(phase, task))
		}
	}
	slices.SortStableFunc(truth.Bottlenecks, func(a, b Bottleneck) int {
		switch {
		case a.Severity > b.Severity:
			return -1
		case a.Severity < b.Severity:
			return 1
		default:
			return 0
		}
	})
	if len(truth.Bottlenecks) > 0 {
		truth.Kind = truth.Bottlenecks[0].Kind
	}
	return truth
}

// Load is how a subtask spends its time at a time.
func (j *Job) Load(task, subtask int, at time.Time) Load {
	phase, _, _ := j.lives().at(at.Sub(j.Start))
	return phase.loads[task][subtask]
}

func (j *Job) bottleneck(phase *lived, task int) Bottleneck {
	found := Bottleneck{Task: task, Name: phase.tasks[task].Name}
	found.Hot, found.Hosts = j.hot(phase, task)
	if phase.tasks[task].source() {
		found.Kind = "source"
		for _, load := range phase.loads[task] {
			found.Severity = max(found.Severity, load.Busy)
		}
		return found
	}
	for _, input := range phase.tasks[task].Inputs {
		found.Severity = max(found.Severity, meanHeld(phase.loads[input]))
	}
	found.Kind = j.kindOf(phase, found)
	return found
}

// kindOf tells why a task that is no source is at its limit.
func (j *Job) kindOf(phase *lived, found Bottleneck) string {
	subtasks := len(phase.loads[found.Task])
	switch {
	case len(found.Hot) == 0:
		return "unmeasured"
	case 2*len(found.Hot) > subtasks || subtasks == 1:
		return "capacity"
	case len(found.Hosts) == 1 && len(j.Machines) > 1 && j.few(phase, found.Hosts[0]) > 1:
		return "machine"
	default:
		return "skew"
	}
}

// few counts the tasks of which few subtasks are hot, all of them on the host.
func (j *Job) few(phase *lived, host string) (tasks int) {
	for task := range phase.tasks {
		hot, hosts := j.hot(phase, task)
		if len(hosts) == 1 && hosts[0] == host && 2*len(hot) <= len(phase.loads[task]) {
			tasks++
		}
	}
	return tasks
}

// hot lists the subtasks that are busy more than half of their time.
func (j *Job) hot(phase *lived, task int) (subtasks []int, hosts []string) {
	for s, load := range phase.loads[task] {
		if load.Busy <= 0.5 {
			continue
		}
		subtasks = append(subtasks, s)
		if machine, _ := j.machine(s); !slices.Contains(hosts, machine.Host) {
			hosts = append(hosts, machine.Host)
		}
	}
	return subtasks, hosts
}

func meanHeld(loads []Load) (mean float64) {
	for _, load := range loads {
		mean += load.Backpressured / float64(len(loads))
	}
	return mean
}

// connected lists the tasks that records connect with a task, in any
// direction.
func connected(tasks []Task, task int) []int {
	part := []int{task}
	for n := 0; n < len(part); n++ {
		for t := range tasks {
			joined := slices.Contains(tasks[t].Inputs, part[n]) || slices.Contains(tasks[part[n]].Inputs, t)
			if joined && !slices.Contains(part, t) {
				part = append(part, t)
			}
		}
	}
	return part
}
