package dataflow

import (
	"math"
	"slices"
	"time"
)

// A sustained rate is measured for lasts, once settles have passed.
const (
	settles = 12 * time.Second
	lasts   = 15 * time.Second
)

// gain is by how much some source's rate has to rise for a set of units to be a cause.
const gain = 1.05

// Causes are the minimal sets of at most two units that hold the job back in a state
// of it: with all of a set twice as fast, some source reads 5 % more or better. There is
// none where the sources read all that there is to read.
func Causes(at *Run, frozen bool) (sets [][]Unit) {
	judge := newJudge(at, frozen)
	units := at.units()
	alone := judge.alone(units)
	for _, unit := range alone {
		sets = append(sets, []Unit{unit})
	}
	for _, subtasks := range at.subtasksOf(alone) {
		for _, unit := range judge.alone(subtasks) {
			alone, sets = append(alone, unit), append(sets, []Unit{unit})
		}
	}
	// Subtasks of a task that is enough alone are not paired: the task stands for them,
	// and of a wide source any two may do.
	var rest []Unit
	for _, unit := range slices.Concat(units, at.busySubtasks()) {
		of := unit.Kind == OfSubtask && slices.Contains(alone, Unit{Kind: OfTask, Index: unit.Index})
		if !of && !slices.Contains(alone, unit) {
			rest = append(rest, unit)
		}
	}
	return append(sets, judge.pairs(rest)...)
}

// alone are the units that are enough alone. To make more units faster makes nothing
// slower: where all together are not enough none is.
func (j *judge) alone(units []Unit) []Unit {
	if len(units) == 0 || !j.raises(units) {
		return nil
	}
	if len(units) == 1 {
		return units
	}
	half := len(units) / 2
	return slices.Concat(j.alone(units[:half]), j.alone(units[half:]))
}

// judge compares what sources read.
type judge struct {
	at             *Run
	frozen         bool
	settles, lasts time.Duration
	base           []float64
}

// Raises reports whether some source reads 5 % more or better in a state of a job with
// all of the units twice as fast.
func Raises(at *Run, frozen bool, units []Unit) bool { return newJudge(at, frozen).raises(units) }

func newJudge(at *Run, frozen bool) *judge {
	j := &judge{at: at, frozen: frozen, lasts: lasts, settles: settles}
	for _, task := range at.job.Tasks {
		if task.Window != nil { // a turn of its own takes as long
			j.lasts = max(j.lasts, 2*task.Window.Every)
		}
		if task.Source != nil && task.Source.Period > 0 && !frozen {
			j.lasts = max(j.lasts, task.Source.Period)
		}
	}
	j.base = j.rates(nil)
	return j
}

// rates are how many records each source reads in a while, with the units faster.
func (j *judge) rates(faster []Unit) []float64 {
	run := j.at.clone(faster...)
	if j.frozen {
		run.frozen = j.at.Now()
	}
	run.draw() // with the new speeds
	run.Until(j.at.Now() + j.settles)
	before := slices.Clone(run.read)
	run.Until(run.Now() + j.lasts)
	rates := make([]float64, len(before))
	for t := range rates {
		rates[t] = run.read[t] - before[t]
	}
	return rates
}

func (j *judge) raises(faster []Unit) bool {
	for t, rate := range j.rates(faster) {
		if task := j.at.job.Tasks[t]; task.Source != nil && rate > j.base[t]*gain && rate > 0 {
			return true
		}
	}
	return false
}

// pairs are the minimal pairs among units none of which is enough alone.
func (j *judge) pairs(units []Unit) (sets [][]Unit) {
	if len(units) < 2 || !j.raises(units) {
		return nil
	}
	if len(units) == 2 {
		return [][]Unit{slices.Clone(units)}
	}
	half := len(units) / 2
	left, right := units[:half], units[half:]
	sets = append(j.pairs(left), j.pairs(right)...)
	return append(sets, j.across(left, right)...)
}

// across are the minimal pairs of one unit of each side.
func (j *judge) across(left, right []Unit) (sets [][]Unit) {
	if len(left) == 0 || len(right) == 0 || !j.raises(slices.Concat(left, right)) {
		return nil
	}
	if len(left) == 1 && len(right) == 1 {
		return [][]Unit{{left[0], right[0]}}
	}
	if len(left) < len(right) {
		left, right = right, left
	}
	half := len(left) / 2
	return append(j.across(left[:half], right), j.across(left[half:], right)...)
}

// units are those that are tried, but for the subtasks: each task, exchange with a
// capacity, TaskManager and host.
func (r *Run) units() (units []Unit) {
	var hosts []string
	for t := range r.job.Tasks {
		units = append(units, Unit{Kind: OfTask, Index: t})
	}
	for m, manager := range r.job.TaskManagers {
		units = append(units, Unit{Kind: OfTaskManager, Index: m})
		if !slices.Contains(hosts, manager.Host) {
			hosts = append(hosts, manager.Host)
			units = append(units, Unit{Kind: OfHost, Host: manager.Host})
		}
	}
	for e, exchange := range r.job.Exchanges {
		if exchange.Capacity > 0 {
			units = append(units, Unit{Kind: OfExchange, Index: e})
		}
	}
	return units
}

// busySubtasks are those that are more than half busy.
func (r *Run) busySubtasks() (units []Unit) {
	for t, task := range r.job.Tasks {
		for s := range r.subtasks[t] {
			if task.Parallelism > 1 && r.Utilisation(t, s) > 0.5 {
				units = append(units, Unit{Kind: OfSubtask, Index: t, Subtask: s})
			}
		}
	}
	return units
}

// subtasksOf are the busy subtasks of each of the tasks among the units: where a task is
// not enough alone, none of its subtasks is.
func (r *Run) subtasksOf(units []Unit) (subtasks [][]Unit) {
	busy := r.busySubtasks()
	for _, task := range units {
		var of []Unit
		for _, unit := range busy {
			if task.Kind == OfTask && unit.Index == task.Index {
				of = append(of, unit)
			}
		}
		subtasks = append(subtasks, of)
	}
	return subtasks
}

// Mark is from when on [Run.Utilisation] is measured.
func (r *Run) Mark() {
	for t := range r.subtasks {
		for s := range r.subtasks[t] {
			r.subtasks[t][s].marked = r.subtasks[t][s].Spent
		}
	}
}

// Utilisation is how much of its time a subtask has worked since [Run.Mark], whether
// Flink counts it or not, 0 to 1.
func (r *Run) Utilisation(t, s int) float64 {
	sub, task := &r.subtasks[t][s], r.job.Tasks[t]
	total := sub.Idle + sub.Busy + sub.Backpressured - sub.marked.Idle - sub.marked.Busy - sub.marked.Backpressured
	if total == 0 {
		return math.NaN()
	}
	if counted := 1 - task.Uncounted - task.CountedAsWait; counted < 0.05 {
		if task.Uncounted > task.CountedAsWait {
			return (sub.Idle - sub.marked.Idle) / total
		}
		return (sub.Backpressured - sub.marked.Backpressured) / total
	}
	return (sub.Busy - sub.marked.Busy) / max(1-task.Uncounted-task.CountedAsWait, 0.01) / total
}
