package frame

import (
	"math"
	"slices"
	"time"
)

// broken are the traces with a value that is not known in each gap, so that no
// panel draws a line, or a status, through a time that nobody looked at.
func (p Past) broken() []Trace {
	if p.Gap <= 0 {
		return p.Traces
	}
	traces := slices.Clone(p.Traces)
	var of, times []time.Time
	var after []int
	for i, trace := range traces {
		if !shared(of, trace.Times) {
			of, after = trace.Times, p.gaps(trace.Times)
			times = p.filled(of, after)
		}
		traces[i].Times, traces[i].Values = times, unknownAfter(trace.Values, after)
	}
	return traces
}

// gaps are the places of the times that nothing follows for too long, be it
// among them or before the end.
func (p Past) gaps(times []time.Time) (after []int) {
	for i, at := range times {
		next := p.End
		if i+1 < len(times) {
			next = times[i+1]
		}
		if next.Sub(at) > p.Gap {
			after = append(after, i)
		}
	}
	return after
}

// filled has one time more in each gap, half a longest step behind what it
// follows: where that is a point of a panel or more, thinning keeps it.
func (p Past) filled(times []time.Time, after []int) []time.Time {
	return parted(times, after, func(last int) time.Time { return times[last].Add(p.Gap / 2) })
}

// unknownAfter has a value that is not known behind each of these places.
func unknownAfter(values []float32, after []int) []float32 {
	return parted(values, after, func(int) float32 { return float32(math.NaN()) })
}

// parted has one element more behind each of these places.
func parted[T any](all []T, after []int, more func(last int) T) []T {
	if len(after) == 0 {
		return all
	}
	wide, begin := make([]T, 0, len(all)+len(after)), 0
	for _, last := range after {
		wide = append(append(wide, all[begin:last+1]...), more(last))
		begin = last + 1
	}
	return append(wide, all[begin:]...)
}

// shared tells whether two traces have the very same times.
func shared(a, b []time.Time) bool {
	return len(a) == len(b) && len(a) > 0 && &a[0] == &b[0]
}
