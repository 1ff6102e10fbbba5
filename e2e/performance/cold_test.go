//go:build bench

package performance

import (
	"fmt"
	"testing"
)

// A query that nothing is shared with costs little beside its requests.
func TestColdQuery(t *testing.T) {
	for _, c := range []struct {
		tasks, subtasks, runs int
		bar                   float64 // of the time of the bare requests; 0 is reported only
	}{
		{10, 4, 40, 2}, {100, 100, 40, 3}, {400, 10, 20, 0}, {1000, 10, 20, 0},
	} {
		t.Run(fmt.Sprintf("%d tasks of %d subtasks", c.tasks, c.subtasks), func(t *testing.T) {
			f := startPrepared(t, c.tasks, c.subtasks)
			source := open(t, f.url)
			const query = `{"queryType": "bottlenecks"}`
			for range 3 { // the first asks for gauges, too
				source.query(t, 1, query)
			}
			f.paths(t)
			source.query(t, 1, query)
			paths := f.paths(t)
			var ours, floor []cost
			for range c.runs {
				ours = append(ours, measure(func() { source.query(t, 1, query) }))
				floor = append(floor, measure(func() { f.fetch(t, paths) }))
			}
			a, b := best(ours), best(floor)
			ratio := float64(a.wall) / float64(b.wall)
			t.Logf("%d requests: a query takes %s, a bare client %s: %.2f times as long, %.2f times the CPU", len(paths), a, b, ratio, float64(a.cpu)/float64(b.cpu))
			if c.bar > 0 && ratio > c.bar {
				t.Errorf("%.2f times as long as the bare requests, more than %.1f", ratio, c.bar)
			}
		})
	}
}
