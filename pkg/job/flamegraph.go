package job

import "time"

// FlameGraph is where a task's threads were when Flink sampled their stacks.
type FlameGraph struct {
	// At is when the sampling ended.
	At time.Time
	// Calls are the tree of calls in depth-first order, each before those that it
	// made. The first is the root, which stands for all samples; the samples of calls
	// made by a call add up to no more than its own. None if nothing was sampled.
	Calls []Call
	// Cut is set where Flink's graph has more, or longer names, than is kept.
	Cut bool
}

// Call is a place in the code, reached by the calls above it.
type Call struct {
	// Level is how many calls are above it: 0 for the root.
	Level int
	// Name is class, method and line, as in "org.example.Enrich.map:24".
	Name string
	// Samples is how many of the samples were in it or in what it called.
	Samples int64
}

// NewFlameGraph makes a flame graph of calls in depth-first order, whose levels are
// those of a tree. Calls that have fewer samples than those that they made get as many.
func NewFlameGraph(at time.Time, calls []Call, cut bool) *FlameGraph {
	var below []int64 // samples of the calls that follow, by level, up to the next one above them
	for i := len(calls) - 1; i >= 0; i-- {
		call := &calls[i]
		for len(below) < call.Level+2 {
			below = append(below, 0)
		}
		call.Samples = max(call.Samples, below[call.Level+1], 0)
		below[call.Level+1] = 0
		below[call.Level] += call.Samples
	}
	return &FlameGraph{At: at, Calls: calls, Cut: cut}
}

// Samples is how many samples there are of all threads.
func (g *FlameGraph) Samples() int64 {
	if len(g.Calls) == 0 {
		return 0
	}
	return g.Calls[0].Samples
}

// Self is for each call how many samples were in it, and in nothing that it called.
func (g *FlameGraph) Self() []int64 {
	self := make([]int64, len(g.Calls))
	var above []int // the calls that the present one is below, by level
	for i, call := range g.Calls {
		self[i] = call.Samples
		if call.Level > 0 {
			self[above[call.Level-1]] -= call.Samples
		}
		above = append(above[:call.Level], i)
	}
	return self
}
