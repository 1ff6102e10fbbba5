package prometheus

import (
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

const (
	// maxPoints is how many points Prometheus returns of a series.
	maxPoints = 11_000
	// minStep is the shortest interval at which anyone scrapes.
	minStep = time.Second
)

// grid is points in time, a step apart.
type grid struct {
	start time.Time
	step  time.Duration
	count int
}

// newGrid lays points over a range, on whole multiples of the step: so a range
// that moves on has the same points until the next multiple, and nothing between
// us and the data, which may align them, moves them. There is one point at the
// end if no multiple is within the range. The step is raised until there are no
// more points than one query may have, and no point is in the future.
func newGrid(over history.Range, step time.Duration, now time.Time) grid {
	from, to := over.From, over.To
	if to.After(now) {
		to = now
	}
	if epoch := time.UnixMilli(0); from.Before(epoch) {
		from = epoch
	}
	from, to = from.Truncate(time.Millisecond), to.Truncate(time.Millisecond)
	if to.Before(from) {
		return grid{step: minStep}
	}
	step = max(step, minStep, to.Sub(from)/(maxPoints-1)).Round(time.Millisecond)
	first := (from.UnixMilli() + step.Milliseconds() - 1) / step.Milliseconds()
	last := to.UnixMilli() / step.Milliseconds()
	if first > last {
		return moment(to, step)
	}
	return grid{start: time.UnixMilli(first * step.Milliseconds()), step: step, count: int(last - first + 1)}
}

// moment is one point.
func moment(at time.Time, step time.Duration) grid {
	return grid{start: at.Truncate(time.Millisecond), step: step, count: 1}
}

// at is the time of a point.
func (g grid) at(point int) time.Time { return g.start.Add(time.Duration(point) * g.step) }

// end is the time of the last point.
func (g grid) end() time.Time { return g.at(g.count - 1) }

// until is the latest end of the ranges that have these points: just before the
// next point.
func (g grid) until() time.Time {
	if g.end().UnixMilli()%g.step.Milliseconds() != 0 {
		return g.end()
	}
	return g.end().Add(g.step - time.Millisecond)
}

// maxGap is the longest gap between two points of one series: one point may be
// missing.
func (g grid) maxGap() time.Duration { return max(2*g.step, time.Minute) }

// point is the one nearest to a time in milliseconds, and whether there is one.
func (g grid) point(millis int64) (int, bool) {
	after := time.Duration(millis-g.start.UnixMilli())*time.Millisecond + g.step/2
	point := int(after / g.step)
	return point, after >= 0 && point < g.count
}

// from adds as many points at the beginning as it takes to begin at a time.
func (g grid) from(begin time.Time) grid {
	if before := g.start.Sub(begin); before > 0 {
		more := int((before + g.step - 1) / g.step)
		g.start, g.count = g.start.Add(-time.Duration(more)*g.step), g.count+more
	}
	return g
}

// within leaves out the points before from and after to.
func (g grid) within(from, to time.Time) grid {
	for ; g.count > 0 && g.start.Before(from); g.count-- {
		g.start = g.start.Add(g.step)
	}
	for g.count > 0 && g.end().After(to) {
		g.count--
	}
	return g
}

// part is at most so many points, from one on.
func (g grid) part(first, most int) grid {
	return grid{start: g.at(first), step: g.step, count: min(most, g.count-first)}
}

// coarse has at most so many points, and the same end; it begins no later.
func (g grid) coarse(most int) grid {
	by := (g.count + most - 2) / (most - 1)
	if by <= 1 {
		return g
	}
	count := (g.count+by-2)/by + 1
	step := time.Duration(by) * g.step
	return grid{start: g.end().Add(-time.Duration(count-1) * step), step: step, count: count}
}
