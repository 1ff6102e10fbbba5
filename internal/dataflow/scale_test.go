package dataflow_test

import (
	"slices"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/dataflow"
)

// Key groups go to subtasks as in Flink: those of 0 to 9 over four subtasks are 0–2,
// 3–4, 5–7 and 8–9.
func TestKeyGroupWeights(t *testing.T) {
	groups := []float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 5}
	if got, want := dataflow.KeyGroupWeights(groups, 4), []float64{3, 2, 3, 6}; !slices.Equal(got, want) {
		t.Errorf("the weights are %v, want %v", got, want)
	}
}

// Twice as many subtasks of the slow task let the source read twice as much, and the job
// that they are taken from stays as it is.
func TestScaledJobReadsMore(t *testing.T) {
	job := &dataflow.Job{
		TaskManagers: []dataflow.TaskManager{{Host: "a", Speed: 1}},
		Tasks: []dataflow.Task{
			{Name: "in", Parallelism: 1, Cost: 0.0001, Source: &dataflow.Source{}},
			{Name: "slow", Parallelism: 2, Cost: 0.01},
		},
		Exchanges: []dataflow.Exchange{{From: 0, To: 1, Shipping: dataflow.Hash, KeyGroups: slices.Repeat([]float64{1}, 128), Selectivity: 1, Buffered: 300}},
	}
	before := dataflow.Rates(job, 30*time.Second, 30*time.Second)[0]
	after := dataflow.Rates(job.Scaled(map[int]int{1: 4}), 30*time.Second, 30*time.Second)[0]
	if before < 195 || before > 205 || after < 1.95*before || after > 2.05*before {
		t.Errorf("the source reads %.0f records a second, and %.0f with twice as many subtasks", before, after)
	}
	if job.Tasks[1].Parallelism != 2 {
		t.Errorf("the job itself has %d subtasks now", job.Tasks[1].Parallelism)
	}
}

// A subtask that has a hot key emits as much with many beside it: the channels of each
// sender are its own.
func TestScaledJobKeepsChannels(t *testing.T) {
	groups := slices.Repeat([]float64{1}, 128)
	groups[0] = 300
	job := &dataflow.Job{
		TaskManagers: []dataflow.TaskManager{{Host: "a", Speed: 1}},
		Tasks: []dataflow.Task{
			{Name: "in", Parallelism: 1, Cost: 0.0001, Source: &dataflow.Source{}},
			{Name: "hot", Parallelism: 4, Cost: 0.001},
			{Name: "out", Parallelism: 1, Cost: 0.0001},
		},
		Exchanges: []dataflow.Exchange{
			{From: 0, To: 1, Shipping: dataflow.Hash, KeyGroups: groups, Selectivity: 1, Buffered: 2000},
			{From: 1, To: 2, Shipping: dataflow.Rebalance, Selectivity: 1, Buffered: 2000},
		},
	}
	before := dataflow.Rates(job, 30*time.Second, 30*time.Second)[0]
	after := dataflow.Rates(job.Scaled(map[int]int{1: 64}), 30*time.Second, 30*time.Second)[0]
	if before < 1200 || before > 1350 || after < before || after > 1.1*before {
		t.Errorf("the source reads %.0f records a second, and %.0f where the hot key has more subtasks beside it", before, after)
	}
}
