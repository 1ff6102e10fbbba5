package plugin

import (
	"cmp"
	"time"
)

const (
	// leastStep is how often Prometheus is asked to tell at most, and someSteps
	// how many times where a query does not say how many it can draw. Where it
	// can draw few, it is the worst of fewestSteps: each is a mean.
	leastStep   = 10 * time.Second
	someSteps   = 300
	fewestSteps = 100
)

// step is how far apart the points are that the query can draw.
func (a asking) step() time.Duration {
	span, steps := a.span(), max(cmp.Or(max(a.points, 0), someSteps), fewestSteps)
	return max(span.To.Sub(span.From)/time.Duration(steps), leastStep).Truncate(time.Second)
}

// gap is how far apart points are at most that follow each other: those of
// looks that are taken once a fetch, or that Prometheus was asked for.
func (a asking) gap() time.Duration {
	gap := 2 * a.step()
	for _, c := range a.clusters {
		gap = max(gap, c.apart())
	}
	return gap
}
