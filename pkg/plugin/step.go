package plugin

import (
	"cmp"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

const (
	// leastStep is how often Prometheus is asked to tell at most, and someSteps
	// how many times where a query does not say how many it can draw. Where it
	// can draw few, it is the worst of fewestSteps: each is a mean. Of more than
	// mostSteps Prometheus would make fewer.
	leastStep   = 10 * time.Second
	someSteps   = 300
	fewestSteps = 100
	mostSteps   = 10_000
)

// step is how far apart the points are that the query can draw.
func (a asking) step() time.Duration {
	span, steps := a.span(), min(max(cmp.Or(max(a.points, 0), someSteps), fewestSteps), mostSteps)
	return max(span.To.Sub(span.From)/time.Duration(steps), leastStep).Truncate(time.Second)
}

// apart is how far apart two looks are at most that follow each other. Where
// fetching is off there is one a minute.
func (c cluster) apart() time.Duration {
	pace := c.keeper.LastPace()
	if pace.Fetch == 0 {
		return 2 * time.Minute
	}
	return max(interrupted, pace.StaleAfter())
}

// apart tells how far behind a point the next is at most that follows it, by
// its source: Prometheus was asked for steps, and one of them may be lacking;
// looks follow each other.
func (a asking) apart(c cluster) func(job.Source) time.Duration {
	looks := c.apart()
	steps := max(2*a.step(), looks)
	return func(source job.Source) time.Duration {
		if source == job.FromPrometheus {
			return steps
		}
		return looks
	}
}

// spaced are rows, and how far behind each of them the next is at most.
type spaced struct {
	history.Rows
	apart []time.Duration
}

func (a asking) spaced(c cluster, rows history.Rows) spaced {
	apart, all := a.apart(c), make([]time.Duration, len(rows.Jobs))
	for i, row := range rows.Jobs {
		all[i] = apart(row.Source)
	}
	return spaced{rows, all}
}
