package dataflow

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// To halve the units until one is left finds what trying each of them, and each pair,
// does.
func TestHalvingFindsWhatTryingAllDoes(t *testing.T) {
	singles, pairs := 0, 0
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 5))
		job := &Job{Seed: seed, TaskManagers: []TaskManager{{Host: "a", Speed: 1}, {Host: "a", Speed: 1}, {Host: "b", Speed: 1}}}
		for task := range 4 {
			job.Tasks = append(job.Tasks, Task{Parallelism: 3, Cost: 1 / (float64(100*(1+random.IntN(2))) + 3*random.Float64())})
			if task > 0 {
				job.Exchanges = append(job.Exchanges, Exchange{From: task - 1, To: task, Shipping: Rebalance, Buffered: 50, Capacity: float64(random.IntN(2) * 303)})
			}
		}
		job.Tasks[0].Source = &Source{}
		run := Start(job)
		run.Until(40 * time.Second)
		run.Mark()
		run.Until(50 * time.Second)
		judge := judge{at: run, frozen: true, lasts: lasts, settles: settles}
		judge.base = judge.rates(nil)
		var alone []Unit
		var rest []Unit
		for _, unit := range run.units() {
			if judge.raises([]Unit{unit}) {
				alone = append(alone, unit)
			} else {
				rest = append(rest, unit)
			}
		}
		var both [][]Unit
		for i, a := range rest {
			for _, b := range rest[i+1:] {
				if judge.raises([]Unit{a, b}) {
					both = append(both, []Unit{a, b})
				}
			}
		}
		if got := judge.alone(run.units()); !slices.Equal(got, alone) {
			t.Errorf("seed %d: %v are enough alone, want %v", seed, got, alone)
		}
		got := judge.pairs(rest)
		has := func(sets [][]Unit, set []Unit) bool {
			return slices.ContainsFunc(sets, func(other []Unit) bool {
				return slices.Equal(set, other) || slices.Equal(set, []Unit{other[1], other[0]})
			})
		}
		for _, set := range both {
			if !has(got, set) {
				t.Errorf("seed %d: the pair %v is missing in %v", seed, set, got)
			}
		}
		for _, set := range got {
			if !has(both, set) {
				t.Errorf("seed %d: the pair %v is not enough", seed, set)
			}
		}
		singles, pairs = singles+len(alone), pairs+len(both)
	}
	if singles < 5 || pairs < 5 {
		t.Errorf("there are %d causes and %d pairs in these jobs: it was hardly tried", singles, pairs)
	}
}
