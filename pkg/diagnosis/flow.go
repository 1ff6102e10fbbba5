package diagnosis

import (
	"cmp"
	"math"
	"slices"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// flow is how records run through a job, by their rates.
type flow struct {
	// sources are the tasks that read from outside.
	sources []int
	// of has for each task how many records a second it gets for each that a source
	// emits, by the source's place in sources.
	of [][]float64
}

// flowOf follows the records of a job from its sources, at the rates of a snapshot. A
// task without a known rate passes on as much as what is below it gets.
func flowOf(snapshot *job.Snapshot) flow {
	var f flow
	tasks := snapshot.Graph.Tasks
	for i, task := range tasks {
		if task.Source() {
			f.sources = append(f.sources, i)
		}
	}
	edges := edgeRates(snapshot)
	f.of = make([][]float64, len(tasks))
	for i, task := range tasks { // in topological order
		f.of[i] = make([]float64, len(f.sources))
		if at := slices.Index(f.sources, i); at >= 0 {
			f.of[i][at] = 1
			continue
		}
		for n, input := range task.Inputs {
			ratio := edges[i][n] / sourceRate(snapshot, input, edges)
			if math.IsNaN(ratio) || math.IsInf(ratio, 0) {
				ratio = 0 // nothing flows, or it is not known
			}
			for s, part := range f.of[input] {
				f.of[i][s] += part * ratio
			}
		}
	}
	return f
}

// sourceRate is how many records a second a task processes. Of a source whose rate is
// not known, as of a legacy one, it is what the tasks below it get.
func sourceRate(snapshot *job.Snapshot, task int, edges [][]float64) float64 {
	rate := rateOf(snapshot, task)
	if !math.IsNaN(rate) || !snapshot.Graph.Tasks[task].Source() {
		return rate
	}
	rate = 0
	for _, output := range snapshot.Graph.Tasks[task].Outputs {
		rate += edges[output][slices.Index(snapshot.Graph.Tasks[output].Inputs, task)]
	}
	return rate
}

// edgeRates are, by task and its inputs, how many records a second reach it from each.
// Flink counts records by task alone: an only input has all that a task reads, an only
// output all that a task emits, and another what is left of what the task reads.
func edgeRates(snapshot *job.Snapshot) [][]float64 {
	tasks := snapshot.Graph.Tasks
	rates := make([][]float64, len(tasks))
	for i, task := range tasks {
		rates[i] = make([]float64, len(task.Inputs))
		left, open := snapshot.Tasks[i].RecordsIn, 0
		for n, input := range task.Inputs {
			switch out := snapshot.Tasks[input].RecordsOut; {
			case len(task.Inputs) == 1 && !math.IsNaN(left):
				rates[i][n] = left
			case len(tasks[input].Outputs) == 1 && !math.IsNaN(out):
				rates[i][n] = out
				left -= out
			default:
				rates[i][n] = math.NaN()
				open++
			}
		}
		for n := range rates[i] {
			if math.IsNaN(rates[i][n]) {
				rates[i][n] = max(left, 0) / float64(open)
			}
		}
	}
	return rates
}

// rate is how many records a second a task gets where the sources emit so many.
func (f flow) rate(task int, emitted []float64) (rate float64) {
	for s, part := range f.of[task] {
		rate += part * emitted[s]
	}
	return rate
}

// filled is what the sources of a job emit where each emits as much as it can.
type filled struct {
	// emitted is by source, and bottlenecks are the tasks that limit sources, the one
	// that limits most first.
	emitted     []float64
	bottlenecks []int
}

// fill has all sources emit more and more, up to what they can each, until a task has no
// capacity left: then those that feed it stay as they are. A task limits only what it
// costs more than a little.
func (f flow) fill(most, capacity []float64) filled {
	result := filled{emitted: make([]float64, len(most))}
	active := make([]bool, len(most))
	for s := range active {
		active[s] = most[s] > 0
	}
	for slices.Contains(active, true) {
		least, at := 1.0, -1
		for i := range f.of {
			fixed, grows := 0.0, 0.0
			for s, part := range f.of[i] {
				if active[s] {
					grows += part * most[s]
				} else {
					fixed += part * result.emitted[s]
				}
			}
			if part := max(capacity[i]-fixed, 0) / grows; grows > 0 && part < least && part < 1-little {
				least, at = part, i
			}
		}
		for s := range active {
			if active[s] && (at < 0 || f.of[at][s] > 0) {
				result.emitted[s], active[s] = least*most[s], false
			}
		}
		if at >= 0 {
			result.bottlenecks = append(result.bottlenecks, at)
		}
	}
	return result
}

// grow has sources emit more and more beyond a start, each by a part of what it emits,
// until a task has no capacity left: then those that feed it stay as they are. What
// nothing limits stays at its start.
func (f flow) grow(start, by, capacity []float64) []float64 {
	emitted, active := slices.Clone(start), make([]bool, len(by))
	for s := range active {
		active[s] = by[s] > 0
	}
	for slices.Contains(active, true) {
		times, at := math.Inf(1), -1
		for i := range f.of {
			grows := 0.0
			for s, part := range f.of[i] {
				if active[s] {
					grows += part * by[s]
				}
			}
			if room := max(capacity[i]-f.rate(i, emitted), 0) / grows; grows > 0 && room < times {
				times, at = room, i
			}
		}
		for s := range active {
			if active[s] && at >= 0 {
				emitted[s] += times * by[s]
			}
			active[s] = active[s] && at >= 0 && !(f.of[at][s] > 0)
		}
	}
	return emitted
}

// inTurns is what sources emit that do so without limit, beside those at their start, if a
// task that several of them feed takes as much from each, but for those that have less:
// Flink reads inputs in turns.
func (f flow) inTurns(start []float64, endless []bool, capacity []float64) []float64 {
	emitted := slices.Clone(start)
	for s := range emitted {
		if endless[s] {
			emitted[s] = math.Inf(1)
		}
	}
	for i := range f.of {
		left := capacity[i]
		var inputs []int // those without limit, the least first
		for s, part := range f.of[i] {
			switch {
			case part > 0 && endless[s]:
				inputs = append(inputs, s)
			case part > 0:
				left -= part * start[s]
			}
		}
		if math.IsNaN(left) {
			continue
		}
		slices.SortStableFunc(inputs, func(a, b int) int { return cmp.Compare(f.of[i][a]*emitted[a], f.of[i][b]*emitted[b]) })
		for n, s := range inputs {
			turn := max(left, 0) / float64(len(inputs)-n)
			emitted[s] = min(emitted[s], turn/f.of[i][s])
			left -= f.of[i][s] * emitted[s]
		}
	}
	for s := range emitted {
		if math.IsInf(emitted[s], 0) {
			emitted[s] = start[s]
		}
	}
	return emitted
}
