package job_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// A call has no fewer samples than those that it made, whatever was received.
func TestFlameGraphOfContradictingSamples(t *testing.T) {
	for name, c := range map[string]struct{ got, want, self []int64 }{
		"as Flink has it":           {[]int64{10, 6, 5, 4}, []int64{10, 6, 5, 4}, []int64{0, 1, 5, 4}},
		"calls with more than all":  {[]int64{1, 6, 9, 4}, []int64{13, 9, 9, 4}, []int64{0, 0, 9, 4}},
		"none":                      {[]int64{0, 0, 0, 0}, []int64{0, 0, 0, 0}, []int64{0, 0, 0, 0}},
		"less than none":            {[]int64{-5, -1, -2, 3}, []int64{3, 0, 0, 3}, []int64{0, 0, 0, 3}},
		"samples of the root alone": {[]int64{7, 0, 0, 0}, []int64{7, 0, 0, 0}, []int64{7, 0, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			graph := job.NewFlameGraph(time.Now(), []job.Call{{Level: 0, Samples: c.got[0]}, {Level: 1, Samples: c.got[1]}, {Level: 2, Samples: c.got[2]}, {Level: 1, Samples: c.got[3]}}, false)
			var samples []int64
			for _, call := range graph.Calls {
				samples = append(samples, call.Samples)
			}
			if self := graph.Self(); !slices.Equal(samples, c.want) || !slices.Equal(self, c.self) || graph.Samples() != c.want[0] {
				t.Errorf("samples are %v, self %v; want %v, %v", samples, self, c.want, c.self)
			}
		})
	}
	if empty := job.NewFlameGraph(time.Now(), nil, false); empty.Samples() != 0 || len(empty.Self()) != 0 {
		t.Errorf("a graph without calls has %d samples", empty.Samples())
	}
}

// Whatever the tree, the samples of calls add up to no more than those of the call that
// made them, and each sample is in just one.
func TestFlameGraphsAddUp(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		calls := make([]job.Call, 1+random.IntN(60))
		for i := 1; i < len(calls); i++ {
			calls[i] = job.Call{Level: 1 + random.IntN(calls[i-1].Level+1), Samples: random.Int64N(100) - 10}
		}
		graph := job.NewFlameGraph(time.Now(), calls, false)
		sum := int64(0)
		for i, self := range graph.Self() {
			if sum += self; self < 0 {
				t.Fatalf("call %d of %+v has %d samples of its own", i, graph.Calls, self)
			}
		}
		if sum != graph.Samples() {
			t.Fatalf("%d of %d samples are somewhere in %+v", sum, graph.Samples(), graph.Calls)
		}
	}
}
