package memory

import (
	"slices"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
)

// uptime is when a cluster answered requests and when not, in the order of time.
type uptime []stretch

// stretch is a time over which a cluster answered each request, or none: a few
// bytes, however long it is.
type stretch struct {
	first, last time.Duration // positions on the clock
	answered    bool
}

const (
	stretchBytes = 24
	// maxAnswerGap is how far apart two answers are at most that stand for the
	// time between them: those to an alert rule that is evaluated once a minute.
	maxAnswerGap = 90 * time.Second
	// maxStretches bounds what is kept of a cluster that comes and goes.
	maxStretches = 4096
)

// add adds an answer, or that there was none. It stands for the time since the last
// one, unless that is longer ago than maxGap.
func (u uptime) add(at time.Duration, answered bool, maxGap time.Duration) uptime {
	switch last := len(u) - 1; {
	case last >= 0 && at <= u[last].last:
		return u
	case last >= 0 && u[last].answered == answered && at-u[last].last <= maxGap:
		u[last].last = at
		return u
	}
	return append(u, stretch{at, at, answered})[max(0, len(u)+1-maxStretches):]
}

// since is what does not end before a position.
func (u uptime) since(position time.Duration) uptime {
	return slices.DeleteFunc(u, func(s stretch) bool { return s.last < position })
}

// points are times between two positions, both included, a step apart, and the last
// of each stretch; up is 1 where the cluster answered, else 0.
func (u uptime) points(from, to, step time.Duration, clock clock) (at []diagnosis.Instant, up []float64) {
	for _, stretch := range u {
		begin, end := max(from, stretch.first), min(to, stretch.last)
		if begin > end {
			continue
		}
		for position := begin; position < end; position += step {
			at = append(at, diagnosis.Instant{At: clock.time(position), MaxGap: max(step, maxAnswerGap)})
		}
		at = append(at, diagnosis.Instant{At: clock.time(end), MaxGap: maxAnswerGap})
		value := 0.0
		if stretch.answered {
			value = 1
		}
		up = append(up, slices.Repeat([]float64{value}, len(at)-len(up))...)
	}
	return at, up
}
