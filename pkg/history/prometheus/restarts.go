package prometheus

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

// numRestarts is what JobManagers tell of a job; several do in turn where there
// are standbys.
const numRestarts = "flink_jobmanager_job_numRestarts"

// restarts fills in how often the job had restarted at the times of the rows,
// which are on whole multiples of the step; of what nobody scraped NaN.
func (r *Reader) restarts(ctx context.Context, of history.Key, rows history.Rows, step time.Duration) error {
	last := len(rows.Times) - 1
	if last < 0 {
		return nil
	}
	matcher, err := jobMatcher(of.JobID)
	if err != nil {
		return err
	}
	points := newGrid(history.Span{From: rows.Times[0], To: rows.Times[last]}, step, r.now())
	counted := over("max_over_time", numRestarts, matcher, max(points.step, surveyWindow))
	matrix, err := r.ask().matrix(ctx, fmt.Sprintf("max(%s)", counted), points)
	if err != nil || len(matrix) == 0 {
		return err
	}
	values := make([]float32, points.count)
	fill(values, matrix[0].Values, points)
	for i, at := range rows.Times {
		rows.Jobs[i].Restarts = math.NaN()
		if point, within := points.point(at.UnixMilli()); within {
			rows.Jobs[i].Restarts = float64(values[point])
		}
	}
	return nil
}
