package prometheus

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/prometheus/common/model"
)

// query is a column's metric and what is asked of it.
type query struct {
	of               column
	function, metric string
}

var (
	// marker is asked first: if it has no series, there are no accumulated
	// times, and the gauges are asked instead.
	marker      = query{backpressured, "delta", accumulatedBackpressured}
	accumulated = []query{{idle, "delta", accumulatedIdle}, {busy, "delta", accumulatedBusy}}
	gauges      = []query{
		{backpressured, "avg_over_time", gaugeBackpressured}, {idle, "avg_over_time", gaugeIdle}, {busy, "avg_over_time", gaugeBusy},
	}
	// coverage is asked where some attempt has no clock.
	coverage = query{scraped, "count_over_time", gaugeBackpressured}
	records  = []query{{recordsIn, "delta", totalRecordsIn}, {recordsOut, "delta", totalRecordsOut}}
)

// read fills the columns of the points of a chunk, one query after the other,
// so that but one answer is held at a time.
func (r *reading) read(ctx context.Context, points grid) error {
	r.forget()
	found, err := r.column(ctx, marker, points)
	if err != nil {
		return err
	}
	r.clocked = found
	rest := accumulated
	if !found {
		rest = gauges
	}
	rest = append(rest[:len(rest):len(rest)], records...)
	for _, asked := range rest {
		if _, err := r.column(ctx, asked, points); err != nil {
			return err
		}
	}
	if !found || r.uncounted() {
		if _, err := r.column(ctx, coverage, points); err != nil {
			return err
		}
	}
	r.settle(points.count)
	return nil
}

// uncounted tells whether there is a legacy source, which has no busy time.
func (r *reading) uncounted() bool {
	for _, one := range r.attempts {
		if one.uncounted() || slices.ContainsFunc(one.others, (*attempt).uncounted) {
			return true
		}
	}
	return false
}

func (a *attempt) uncounted() bool {
	for point := range a.values[busy] {
		if a.there(point) && math.IsNaN(a.value(busy, point)) {
			return true
		}
	}
	return false
}

// forget drops the values of the last chunk, and the attempts that had none,
// and the deployments of none.
func (r *reading) forget() {
	r.deployments = map[string]*deployment{}
	for id, attempt := range r.attempts {
		if attempt.values[backpressured] == nil {
			delete(r.attempts, id)
			continue
		}
		attempt.values = [columns][]float32{}
		r.deployments[attempt.deployment.execution] = attempt.deployment
	}
}

// column asks for one column and tells whether there was any series.
func (r *reading) column(ctx context.Context, asked query, points grid) (found bool, err error) {
	matrix, err := r.matrix(ctx, over(asked.function, asked.metric, r.matcher, r.window), points)
	if err != nil {
		return false, err
	}
	all := make([]float32, len(matrix)*points.count)
	for i, series := range matrix {
		if attempt := r.attempt(series.Metric); attempt != nil {
			values := all[i*points.count : (i+1)*points.count]
			fill(values, series.Values, points)
			attempt.values[asked.of] = values
		}
	}
	return len(matrix) > 0, nil
}

// attempt is the one that a series is of, or the other of it; nil if it is of
// none.
func (r *reading) attempt(labels model.Metric) *attempt {
	known, found := r.attempts[identityOf(labels)]
	if !found {
		if known = newAttempt(labels); known != nil {
			known.taskManager = cmp.Or(r.managers[known.taskManager], known.taskManager)
			r.attempts[known.identity] = known
		}
		return known
	}
	series := labels.FastFingerprint()
	if series == known.series {
		return known
	}
	for _, other := range known.others {
		if series == other.series {
			return other
		}
	}
	other := newAttempt(labels)
	known.others = append(known.others, other)
	return other
}

// fill puts an answer's values in their places.
func fill(values []float32, from []model.SamplePair, points grid) {
	for i := range values {
		values[i] = float32(math.NaN())
	}
	for _, sample := range from {
		if point, within := points.point(int64(sample.Timestamp)); within {
			values[point] = float32(sample.Value)
		}
	}
}
