package prometheus

import (
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

// mostPoints is how many points Prometheus answers a query with.
const mostPoints = 11_000

// leastStep is as often as anyone scrapes.
const leastStep = time.Second

// grid is points in time.
type grid struct {
	start time.Time
	step  time.Duration
	count int
}

// newGrid lays points over a span, on whole multiples of the step, as what
// stands between us and the data may move them there; one point at the end if
// no multiple is within the span. The step is raised until there are no more
// points than one query may have, and nothing is asked of the future.
func newGrid(span history.Span, step time.Duration, now time.Time) grid {
	from, to := span.From, span.To
	if to.After(now) {
		to = now
	}
	if epoch := time.UnixMilli(0); from.Before(epoch) {
		from = epoch
	}
	from, to = from.Truncate(time.Millisecond), to.Truncate(time.Millisecond)
	if to.Before(from) {
		return grid{step: leastStep}
	}
	step = max(step, leastStep, to.Sub(from)/(mostPoints-1)).Round(time.Millisecond)
	first := (from.UnixMilli() + step.Milliseconds() - 1) / step.Milliseconds()
	last := to.UnixMilli() / step.Milliseconds()
	if first > last {
		return grid{start: to, step: step, count: 1}
	}
	return grid{start: time.UnixMilli(first * step.Milliseconds()), step: step, count: int(last - first + 1)}
}

// at is the time of a point.
func (g grid) at(point int) time.Time { return g.start.Add(time.Duration(point) * g.step) }

// end is the time of the last point.
func (g grid) end() time.Time { return g.at(g.count - 1) }

// point is the one nearest to a time in milliseconds, and whether there is one.
func (g grid) point(millis int64) (int, bool) {
	after := time.Duration(millis-g.start.UnixMilli())*time.Millisecond + g.step/2
	point := int(after / g.step)
	return point, after >= 0 && point < g.count
}

// within leaves out the points before and after two times.
func (g grid) within(from, to time.Time) grid {
	for ; g.count > 0 && g.start.Before(from); g.count-- {
		g.start = g.start.Add(g.step)
	}
	for g.count > 0 && g.end().After(to) {
		g.count--
	}
	return g
}

// chunk is the part that begins with a point, of so many at most.
func (g grid) chunk(first, most int) grid {
	return grid{start: g.at(first), step: g.step, count: min(most, g.count-first)}
}

// coarse has so many points at most, with the same end; it begins no later.
func (g grid) coarse(most int) grid {
	by := (g.count + most - 2) / (most - 1)
	if by <= 1 {
		return g
	}
	count := (g.count+by-2)/by + 1
	step := time.Duration(by) * g.step
	return grid{start: g.end().Add(-time.Duration(count-1) * step), step: step, count: count}
}
