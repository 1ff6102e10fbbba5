package sim

import "math"

// steady is a job's steady state: how it flows, and how each subtask spends
// its time.
type steady struct {
	flow
	loads [][]Load
}

// settled finds the steady state of tasks on the job's machines.
func (j *Job) settled(tasks []Task) steady {
	parts, most := make([][]part, len(tasks)), make([]float64, len(tasks))
	for t, task := range tasks {
		parts[t], most[t] = j.parts(task)
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
			s.loads[t] = task.loads(parts[t], s.rates[t], held[t], feeds[t])
		}
	}
	return s
}

// part is one subtask's part of a task: the share of the records that reach
// it, and how many a second it can take.
type part struct{ weight, capacity float64 }

// parts are a task's subtasks, and how many records a second it can take as a
// whole: as many as the subtask that is first at its limit allows.
func (j *Job) parts(task Task) (parts []part, most float64) {
	parts, most = make([]part, task.subtasks()), math.Inf(1)
	sum := 0.0
	for s := range parts {
		parts[s] = part{1, math.Inf(1)}
		if s < len(task.Weights) {
			parts[s].weight = task.Weights[s]
		}
		if machine, _ := j.machine(s); task.Capacity > 0 {
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

// loads are how the subtasks of a task that goes that fast spend their time:
// what is left of it beside work they wait, for room below or for records.
func (t Task) loads(parts []part, rate float64, held, feeds bool) []Load {
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

// feeding tells of each task whether another reads from it: Flink counts no
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
