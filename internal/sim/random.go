package sim

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Random is a job of two to a dozen tasks whose graph and numbers follow from
// the seed: several sources, joins, skewed keys, a slow machine at times.
func Random(seed uint64) *Job {
	r := rand.New(rand.NewPCG(seed, 0))
	tasks := make([]Task, 2+r.IntN(11))
	sources := 1 + r.IntN(min(3, len(tasks)-1))
	for t := range tasks {
		tasks[t] = Task{
			Name: fmt.Sprintf("task-%02d", t), Parallelism: 1 + r.IntN(8),
			Capacity: between(r, 100, 10000), Selectivity: between(r, 0.2, 2),
		}
		if t < sources {
			tasks[t].Name = fmt.Sprintf("Source: %02d", t)
			if r.IntN(2) == 0 {
				tasks[t].Rate = between(r, 10, 10000)
			}
			continue
		}
		tasks[t].Inputs = inputs(r, t)
		if r.IntN(4) == 0 {
			tasks[t].Weights = weights(r, tasks[t].Parallelism)
		}
	}
	job := New(fmt.Sprintf("random-%d", seed), tasks...)
	if r.IntN(6) == 0 {
		job.Machines[1].Slowness = between(r, 2, 20)
	}
	return job
}

// between is a number of an even logarithm.
func between(r *rand.Rand, low, high float64) float64 {
	return low * math.Pow(high/low, r.Float64())
}

// inputs are one to three earlier tasks, most often the one before.
func inputs(r *rand.Rand, task int) []int {
	chosen := []int{task - 1 - r.IntN(min(task, 2))}
	for len(chosen) < 3 && r.IntN(4) == 0 {
		more := r.IntN(task)
		for _, input := range chosen {
			if input == more {
				return chosen
			}
		}
		chosen = append(chosen, more)
	}
	return chosen
}

// weights let a few keys carry most records.
func weights(r *rand.Rand, subtasks int) []float64 {
	weights := make([]float64, subtasks)
	for s := range weights {
		weights[s] = 1
	}
	for range 1 + subtasks/4 {
		weights[r.IntN(subtasks)] = between(r, 3, 30)
	}
	return weights
}
