package sim

import (
	"math"
	"slices"
)

// flow is a steady state of a job: how fast each task goes, and what keeps
// its sources from going faster.
type flow struct {
	// rates are records a second that each task takes.
	rates []float64
	// gains are, by source, the records that each task takes for one that the
	// source reads; nil for what is no source.
	gains [][]float64
	// limits are, by source, the tasks that are at their limit because of
	// which it goes no faster: itself, or tasks below it. Empty for one that
	// reads all that it is offered.
	limits [][]int
}

// nearly is the share of its limit from which a task counts as at it: floating
// point sums do not meet it exactly.
const nearly = 1 - 1e-9

// flowing finds the steady state: all sources go up at the same pace, each
// until it reads all that it is offered or some task that its records reach
// can take no more. Flink serves the inputs of a task in turn, so that a slow
// source is not held back by a fast one beside it.
func flowing(tasks []Task, most []float64) flow {
	f := flow{rates: make([]float64, len(tasks)), gains: gains(tasks), limits: make([][]int, len(tasks))}
	open := map[int]bool{}
	for i, task := range tasks {
		if task.source() && task.works() {
			open[i] = true
		}
	}
	for len(open) > 0 {
		step := f.step(tasks, most, open)
		if math.IsInf(step, 1) {
			break // without limit, and nothing to show for it
		}
		slopes := f.slopes(open)
		for t := range tasks {
			f.rates[t] += slopes[t] * step
		}
		f.close(tasks, most, slopes, open)
	}
	return f
}

// gains follows a record of each source through the graph.
func gains(tasks []Task) [][]float64 {
	all := make([][]float64, len(tasks))
	for source, task := range tasks {
		if !task.source() {
			continue
		}
		gain := make([]float64, len(tasks))
		gain[source] = 1
		for t := source + 1; t < len(tasks); t++ {
			for _, input := range tasks[t].Inputs {
				if tasks[t].works() && tasks[input].works() {
					gain[t] += gain[input] * tasks[input].selectivity()
				}
			}
		}
		all[source] = gain
	}
	return all
}

// slopes are how much faster each task goes if the open sources each read one
// record a second more.
func (f flow) slopes(open map[int]bool) []float64 {
	slopes := make([]float64, len(f.rates))
	for source, gain := range f.gains {
		for t := range gain {
			if open[source] {
				slopes[t] += gain[t]
			}
		}
	}
	return slopes
}

// step is how much faster the open sources can go until something gives.
func (f flow) step(tasks []Task, most []float64, open map[int]bool) float64 {
	step := math.Inf(1)
	for t, slope := range f.slopes(open) {
		if slope > 0 {
			step = min(step, (most[t]-f.rates[t])/slope)
		}
		if open[t] && tasks[t].Rate > 0 {
			step = min(step, tasks[t].Rate-f.rates[t])
		}
	}
	return max(step, 0)
}

// close takes out the sources that read all that they are offered, and then
// those that are held by tasks at their limit.
func (f flow) close(tasks []Task, most, slopes []float64, open map[int]bool) {
	for source := range open {
		if rate := tasks[source].Rate; rate > 0 && f.rates[source] >= rate*nearly {
			delete(open, source)
		}
	}
	for source := range open {
		for t, gain := range f.gains[source] {
			if gain > 0 && slopes[t] > 0 && f.rates[t] >= most[t]*nearly {
				f.limits[source] = append(f.limits[source], t)
			}
		}
	}
	for source := range open {
		if len(f.limits[source]) > 0 {
			delete(open, source)
		}
	}
}

// limiting lists the tasks that hold some source back, in order.
func (f flow) limiting() (tasks []int) {
	for t := range f.rates {
		for _, limits := range f.limits {
			if slices.Contains(limits, t) {
				tasks = append(tasks, t)
				break
			}
		}
	}
	return tasks
}

// held is, for each task, whether it waits for one below it: it carries
// records of a source that the one below holds back.
func (f flow) held(tasks []Task) []bool {
	held := make([]bool, len(tasks))
	for source, limits := range f.limits {
		for t, leads := range leadingTo(tasks, limits) {
			held[t] = held[t] || leads && f.gains[source][t] > 0
		}
	}
	return held
}

// leadingTo is, for each task, whether some of the targets is below it.
func leadingTo(tasks []Task, targets []int) []bool {
	leads := make([]bool, len(tasks))
	for t := len(tasks) - 1; t >= 0; t-- {
		for _, input := range tasks[t].Inputs {
			leads[input] = leads[input] || leads[t] || slices.Contains(targets, t)
		}
	}
	return leads
}

// steady is a job's steady state: how it flows, and how each subtask spends
// its time.
type steady struct {
	flow
	loads [][]Load
}

// steadyState is the steady state of tasks on the job's machines.
func steadyState(job *Job, tasks []Task) steady {
	parts, most := make([][]part, len(tasks)), make([]float64, len(tasks))
	for t, task := range tasks {
		parts[t], most[t] = partsOf(job, task)
	}
	s := steady{flow: flowing(tasks, most), loads: make([][]Load, len(tasks))}
	held, feeds := s.held(tasks), feeding(tasks)
	for t, task := range tasks {
		switch {
		case !task.works():
			s.loads[t] = make([]Load, task.subtasks())
		case len(task.Loads) > 0:
			s.loads[t] = task.Loads
		default:
			s.loads[t] = loadsOf(task, parts[t], s.rates[t], held[t], feeds[t])
		}
	}
	return s
}

// part is one subtask's part of a task: the share of the records that reach
// it, and how many a second it can take.
type part struct{ weight, capacity float64 }

// partsOf are a task's subtasks, and how many records a second it can take as a
// whole: as many as the subtask that is first at its limit allows.
func partsOf(job *Job, task Task) (parts []part, most float64) {
	parts, most = make([]part, task.subtasks()), math.Inf(1)
	sum := 0.0
	for s := range parts {
		parts[s] = part{1, math.Inf(1)}
		if s < len(task.Weights) {
			parts[s].weight = task.Weights[s]
		}
		if machine, _ := job.machine(s); task.Capacity > 0 {
			parts[s].capacity = task.Capacity / max(machine.Slowness, 1)
		}
		sum += parts[s].weight
	}
	for s := range parts {
		if parts[s].weight /= sum; parts[s].weight > 0 {
			most = min(most, parts[s].capacity/parts[s].weight)
		}
	}
	return parts, most
}

// loadsOf are how the subtasks of a task that goes that fast spend their time:
// what is left of it beside work they wait, for room below or for records.
func loadsOf(t Task, parts []part, rate float64, held, feeds bool) []Load {
	loads := make([]Load, len(parts))
	for s, part := range parts {
		in := rate * part.weight
		work := min(in/part.capacity, 1)
		load := Load{Idle: 1 - work, RecordsIn: in}
		if held {
			load.Idle, load.Backpressured = 0, 1-work
		}
		load.Busy = work * (1 - t.Uncounted)
		load.Idle += work * t.Uncounted
		if feeds {
			load.RecordsOut = in * t.selectivity()
		}
		if t.source() {
			load.RecordsIn = 0
		}
		loads[s] = load
	}
	return loads
}

// feeding is, for each task, whether another reads from it: Flink counts no
// records that leave a sink.
func feeding(tasks []Task) []bool {
	feeds := make([]bool, len(tasks))
	for _, task := range tasks {
		for _, input := range task.Inputs {
			feeds[input] = true
		}
	}
	return feeds
}
