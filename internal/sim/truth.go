package sim

import (
	"cmp"
	"math"
	"slices"
)

// Truth is what holds a job back by the model: what a verdict is compared with.
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
	// Severity is, 0 to 1, the mean share of time that the subtasks of the task that
	// it holds back most are backpressured; of a source half of how busy it is, as it
	// might only wait, unless records are known to pile up before it.
	Severity float64
	// Hot are the subtasks that are busy more than half of their time and about as busy
	// as the busiest, and Hosts where those run.
	Hot   []int
	Hosts []string
}

// finder finds the bottlenecks of a job in a phase of its life.
type finder struct {
	job   *Job
	phase *steadyPhase
}

func (f finder) truth() Truth {
	truth := Truth{Kind: "none"}
	tasks, held := f.phase.tasks, f.phase.held(f.phase.tasks)
	for _, task := range f.phase.limiting() {
		if !tasks[task].source() || !slices.ContainsFunc(connected(tasks, task), func(t int) bool { return held[t] }) {
			truth.Bottlenecks = append(truth.Bottlenecks, f.bottleneck(task))
		}
	}
	for task := range tasks {
		if f.begins(task) && f.busiest(task) >= atLimit {
			truth.Bottlenecks = append(truth.Bottlenecks, f.bottleneck(task))
		}
	}
	slices.SortStableFunc(truth.Bottlenecks, func(a, b Bottleneck) int { return cmp.Compare(b.Severity, a.Severity) })
	if len(truth.Bottlenecks) > 0 {
		truth.Kind = truth.Bottlenecks[0].Kind
	}
	return truth
}

func (f finder) bottleneck(task int) Bottleneck {
	found := Bottleneck{Task: task, Name: f.phase.tasks[task].Name}
	found.Hot, found.Hosts = f.hot(task)
	if f.phase.tasks[task].source() || f.begins(task) {
		found.Kind = "source"
		for _, load := range f.phase.loads[task] {
			found.Severity = max(found.Severity, load.Busy/2)
		}
		if f.pilesUp(task) {
			found.Severity *= 2
		}
		return found
	}
	for _, input := range f.phase.tasks[task].Inputs {
		found.Severity = max(found.Severity, meanHeld(f.phase.loads[input]))
	}
	leads := leadingTo(f.phase.tasks, []int{task})
	for source, limits := range f.phase.limits {
		for t := range f.phase.tasks {
			if slices.Contains(limits, task) && leads[t] && f.phase.gains[source][t] > 0 {
				found.Severity = max(found.Severity, meanHeld(f.phase.loads[t]))
			}
		}
	}
	found.Kind = f.kind(found)
	return found
}

// kind is why a task that is no source is at its limit.
func (f finder) kind(found Bottleneck) string {
	subtasks := len(f.phase.loads[found.Task])
	switch {
	case len(found.Hot) == 0:
		return "unmeasured"
	case 2*len(found.Hot) > subtasks || subtasks == 1:
		return "capacity"
	case len(found.Hosts) == 1 && f.slow(found.Hosts[0]):
		return "machine"
	default:
		return "skew"
	}
}

// pilesUp reports whether a source is offered more than it reads.
func (f finder) pilesUp(task int) bool {
	of, read := f.phase.tasks[task], 0.0
	for _, load := range f.phase.loads[task] {
		read += load.RecordsOut / of.selectivity()
	}
	return of.source() && of.Rate > 1.01*read
}

// slow reports whether the machine is slower than another of the job's.
func (f finder) slow(host string) bool {
	fastest, its := math.Inf(1), 0.0
	for _, machine := range f.job.Machines {
		slowness := max(machine.Slowness, 1)
		fastest = min(fastest, slowness)
		if machine.Host == host {
			its = slowness
		}
	}
	return its > fastest
}

// atLimit is how busy a task is at least that goes as fast as it can.
const atLimit = 0.95

// begins reports whether a task that runs has inputs that have all ended: what is left of
// the job goes as fast as it does.
func (f finder) begins(task int) bool {
	of := f.phase.tasks[task]
	runs := func(input int) bool { return !ended(f.phase.tasks[input].State) }
	return (of.State == "" || of.State == "RUNNING") && !of.source() && !slices.ContainsFunc(of.Inputs, runs)
}

func (f finder) busiest(task int) (busiest float64) {
	for _, load := range f.phase.loads[task] {
		busiest = max(busiest, load.Busy)
	}
	return busiest
}

// hot lists the subtasks that are busy more than half of their time, and about as busy as
// the busiest; if those are most, but at most half are busier than the rest by 15 %, these.
func (f finder) hot(task int) (subtasks []int, hosts []string) {
	busiest := f.busiest(task)
	least := max(0.5, 0.75*busiest)
	busy := make([]float64, 0, len(f.phase.loads[task]))
	for _, load := range f.phase.loads[task] {
		busy = append(busy, load.Busy)
	}
	slices.Sort(busy)
	if few := len(busy) / 2; few > 0 && busy[len(busy)-1-few] > least {
		widest := 0.15 * busiest
		for i := len(busy) - 1; i >= len(busy)-few; i-- {
			if gap := busy[i] - busy[i-1]; gap > widest {
				widest, least = gap, busy[i-1]
			}
		}
	}
	for s, load := range f.phase.loads[task] {
		if load.Busy <= least {
			continue
		}
		subtasks = append(subtasks, s)
		if machine, _ := f.job.machine(s); !slices.Contains(hosts, machine.Host) {
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
