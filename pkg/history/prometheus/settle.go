package prometheus

import (
	"cmp"
	"slices"
)

// settle chooses for each attempt with several series the one that tells of a
// point: what one lacks another has.
func (r *reading) settle(points int) {
	for _, attempt := range r.attempts {
		if len(attempt.others) > 0 {
			attempt.values, attempt.others = r.settled(attempt, points), nil
		}
	}
}

// settled takes all columns of a point from one series, as their sum is a clock.
func (r *reading) settled(of *attempt, points int) (values [columns][]float32) {
	all := append([]*attempt{of}, of.others...)
	slices.SortFunc(all, func(a, b *attempt) int { return cmp.Compare(a.series, b.series) })
	for n := range values {
		if slices.ContainsFunc(all, func(a *attempt) bool { return a.values[n] != nil }) {
			values[n] = make([]float32, points)
		}
	}
	for point := range points {
		best := r.best(all, point)
		for n := range values {
			if values[n] != nil {
				values[n][point] = float32(best.value(column(n), point))
			}
		}
	}
	return values
}

// best is the first series that lasted for the window before a point; if none
// did, the first that was there.
func (r *reading) best(all []*attempt, point int) *attempt {
	best := all[0]
	for _, each := range all {
		if r.covers(each, point) {
			return each
		}
		if !best.there(point) {
			best = each
		}
	}
	return best
}
