package prometheus

import (
	"context"
	"fmt"
	"math"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

// jobMetric is a metric of JobManagers, of which several have it in turn where there
// are standbys.
type jobMetric struct {
	// name is empty for a figure that no metric has.
	name string
	// function picks the one of a window's samples that counts.
	function string
	// value is the figure at a time in milliseconds by such a sample; nil where that is
	// the figure.
	value func(sample, at float64) float64
}

// figures are the metrics that the job's figures are read from.
var figures = [diagnosis.Figures]jobMetric{
	diagnosis.RestartCount: {name: "flink_jobmanager_job_numRestarts", function: "max_over_time"},
	diagnosis.CheckpointAge: { // reported from 2.0 on
		name: "flink_jobmanager_job_lastCheckpointCompletedTimestamp", function: "max_over_time",
		value: func(completed, at float64) float64 { return max(at-completed, 0) / 1000 },
	},
	diagnosis.CheckpointIntervals: {}, // Flink reports no interval
	diagnosis.CheckpointDuration: {
		name: "flink_jobmanager_job_lastCheckpointDuration", function: "last_over_time",
		value: func(milliseconds, _ float64) float64 { return milliseconds / 1000 },
	},
	diagnosis.CheckpointFailures: {name: "flink_jobmanager_job_numberOfFailedCheckpoints", function: "max_over_time"},
}

// addFigure sets a figure of the job at each of the points.
func (r *Reader) addFigure(ctx context.Context, of history.Job, figure diagnosis.Figure, points grid, summaries history.Summaries) (history.Warnings, error) {
	if figures[figure].name == "" {
		return nil, nil
	}
	s, err := r.session(of)
	if err != nil {
		return nil, err
	}
	values, warnings, err := answered(ctx, s, figures[figure].name, points, func(ctx context.Context) ([]float64, error) {
		return figures[figure].at(ctx, s, points)
	})
	for i, at := range summaries.At {
		if point, within := points.point(at.At.UnixMilli()); within && values != nil {
			summaries.Jobs[i].Figures[figure] = values[point]
		}
	}
	return warnings, err
}

// at is the figure at some points, NaN where nobody scraped the metric; nil if
// nowhere. Flink reports -1 as long as there is nothing to report.
func (m jobMetric) at(ctx context.Context, s *session, points grid) ([]float64, error) {
	picked := over(m.function, m.name, s.matcher, max(points.step, minSurveyWindow))
	matrix, err := s.overTime(ctx, fmt.Sprintf("max(%s)", picked), points)
	if err != nil || len(matrix) == 0 {
		return nil, err
	}
	values := make([]float64, points.count)
	fill(values, matrix[0].Values, points)
	for i := range values {
		switch {
		case values[i] < 0:
			values[i] = math.NaN()
		case m.value != nil:
			values[i] = m.value(values[i], float64(points.at(i).UnixMilli()))
		}
	}
	return values, nil
}
