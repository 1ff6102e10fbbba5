package frame

import (
	"math"
	"slices"
	"time"
)

// Aligned are the traces at the times of all of them, which they share: what a
// trace does not have is not known. A job that was deployed anew with other
// tasks has some that were looked at when others were not.
func Aligned(traces []Trace) []Trace {
	if !slices.ContainsFunc(traces, func(t Trace) bool { return !shared(t.Times, traces[0].Times) }) {
		return traces // as tasks of one job do
	}
	times := merged(traces)
	apart := make([]time.Duration, len(times))
	aligned := slices.Clone(traces)
	for i, trace := range traces {
		aligned[i].Times, aligned[i].Apart = times, apart
		aligned[i].Values = trace.at(times, apart)
	}
	return aligned
}

// merged are the times of all traces, ascending, each once.
func merged(traces []Trace) []time.Time {
	var all []time.Time
	for i, trace := range traces {
		if i > 0 && slices.EqualFunc(trace.Times, traces[i-1].Times, time.Time.Equal) {
			continue // another task of the same job
		}
		all = append(all, trace.Times...)
	}
	slices.SortFunc(all, time.Time.Compare)
	return slices.CompactFunc(all, time.Time.Equal)
}

// at are the values at those times, which are the trace's own and others. The
// next points are as far behind its own as its next.
func (t Trace) at(times []time.Time, apart []time.Duration) []float32 {
	values, next := make([]float32, len(times)), 0
	for i, at := range times {
		values[i] = float32(math.NaN())
		if next == len(t.Times) || !t.Times[next].Equal(at) {
			continue
		}
		values[i] = t.Values[next]
		if len(t.Apart) > 0 {
			apart[i] = max(apart[i], t.Apart[next])
		}
		next++
	}
	return values
}
