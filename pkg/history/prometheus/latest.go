package prometheus

import (
	"context"

	"github.com/prometheus/common/model"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

// latestExecution is the last one that there are metrics of; empty if they do
// not tell. The search goes on in its last stretch until samples tell.
func (r *reading) latestExecution(ctx context.Context) (string, error) {
	over := history.Span{From: r.points.end(), To: r.now()}
	for {
		seen, err := r.search(ctx, r.matcher, newGrid(over, leastStep, r.now()))
		if err != nil || seen.series == 0 {
			return "", err
		}
		if seen.back <= mostSampled {
			samples, err := r.samples(ctx, ranged(gaugeBackpressured, r.matcher+","+firstSubtasks, seen.back), seen.last)
			return latestIn(samples), err
		}
		over = history.Span{From: seen.last.Add(-seen.back), To: seen.last}
	}
}

// latestIn is the execution of the series with the last sample.
func latestIn(matrix model.Matrix) (execution string) {
	var last model.Time
	for _, series := range matrix {
		of := newAttempt(series.Metric)
		if n := len(series.Values); of != nil && n > 0 && series.Values[n-1].Timestamp > last {
			last, execution = series.Values[n-1].Timestamp, of.execution()
		}
	}
	return execution
}
