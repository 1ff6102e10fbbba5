package dataflow

import (
	"maps"
	"slices"
	"time"
)

// KeyGroupWeights are how many records each of so many subtasks gets of the key groups,
// by Flink's rule: group g of n goes to subtask ⌊g·parallelism/n⌋
// (KeyGroupRangeAssignment).
func KeyGroupWeights(groups []float64, parallelism int) []float64 {
	weights := make([]float64, parallelism)
	for g, weight := range groups {
		weights[g*parallelism/len(groups)] += weight
	}
	return weights
}

// fewestBuffers is what is left at least of a subtask's buffers, and of a channel's, where
// there are more subtasks: with few, what varies from second to second would limit the
// job, and one sender that emits most of the records, as for a hot key.
const fewestBuffers = 0.25

// Scaled is the job with other numbers of subtasks, by the index of their tasks. A
// forward exchange between tasks that then differ in it becomes one that gives as many
// to each. Without key groups, records are spread evenly over another number of
// subtasks. Its buffers hold as much as before, all together, but those of a subtask and
// of a channel at least a quarter.
func (j *Job) Scaled(parallelism map[int]int) *Job {
	scaled := *j
	scaled.Tasks, scaled.Exchanges = slices.Clone(j.Tasks), slices.Clone(j.Exchanges)
	for _, t := range slices.Sorted(maps.Keys(parallelism)) {
		scaled.Tasks[t].Parallelism = parallelism[t]
	}
	for e := range scaled.Exchanges {
		exchange := &scaled.Exchanges[e]
		from, to := scaled.Tasks[exchange.From].Parallelism, scaled.Tasks[exchange.To].Parallelism
		if exchange.Shipping == Forward && from != to {
			exchange.Shipping = Rebalance
		}
		if more := float64(from) / float64(j.Tasks[exchange.From].Parallelism); more > 1 {
			exchange.Buffered *= max(1, more*fewestBuffers)
		}
		if to != j.Tasks[exchange.To].Parallelism {
			exchange.Weights = nil
			exchange.Buffered *= max(float64(j.Tasks[exchange.To].Parallelism)/float64(to), fewestBuffers)
		}
	}
	return &scaled
}

// Rates are how many records a second each task's source reads, 0 of other tasks, in a
// run of the job from its beginning: over the time that it lasts, once it has settled.
func Rates(job *Job, settles, lasts time.Duration, faster ...Unit) []float64 {
	run := Start(job, faster...)
	run.Until(settles)
	before := slices.Clone(run.read)
	run.Until(settles + lasts)
	rates := make([]float64, len(before))
	for t := range rates {
		rates[t] = (run.read[t] - before[t]) / lasts.Seconds()
	}
	return rates
}
