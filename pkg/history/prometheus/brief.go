package prometheus

import (
	"context"
	"fmt"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

// longStep is from where on it is worth a notice that nothing is told of a job
// because of the step.
const longStep = 5 * time.Minute

// presence is the job at points that follow each other without one at which it
// was not there.
type presence struct {
	known bool // at any of them
	brief bool // it would be if they were less far apart
}

// watch notes a point, and tells if nothing was known of a presence that has
// ended.
func (r *reading) watch(ctx context.Context, there, known bool, point int) {
	if !there {
		r.gone(ctx)
		return
	}
	r.presence.known = r.presence.known || known
	r.presence.brief = r.presence.brief || !r.presence.known && r.brief(point)
}

func (r *reading) gone(ctx context.Context) {
	if r.presence.brief && !r.presence.known {
		r.tooFarApart(ctx, r.points.step)
	}
	r.presence = presence{}
}

// brief tells whether an attempt lasted not for the window, but for as long as
// one is at least, where the step makes it longer.
func (r *reading) brief(point int) bool {
	if r.points.step < longStep {
		return false
	}
	least := max(scrapes*r.interval, leastWindow)
	for _, attempt := range r.attempts {
		if attempt.there(point) && r.lasted(attempt, point, least+r.interval) && !r.covers(attempt, point) {
			return true
		}
	}
	return false
}

// passed tells if a job of which no point tells was there after the last.
func (r *reading) passed(ctx context.Context, over history.Span, points grid) error {
	if points.step < longStep {
		return nil
	}
	to := over.To
	if now := r.now(); now.Before(to) {
		to = now
	}
	seen, err := r.search(ctx, r.matcher, grid{start: to, step: points.step, count: 1})
	if seen.series > 0 {
		r.tooFarApart(ctx, points.step)
	}
	return err
}

func (r *reading) tooFarApart(ctx context.Context, step time.Duration) {
	r.notice(ctx, fmt.Sprintf("In this time range Prometheus tells a mean over every %s, and nothing where a job did not run through all of it without a restart: choose a shorter range.", step.Round(time.Second)))
}
