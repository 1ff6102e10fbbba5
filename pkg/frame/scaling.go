package frame

import (
	"math"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Scaled is what the tasks of a job could process.
type Scaled struct {
	*diagnosis.Scaling
	// WhatIf is what the job would do with other numbers of subtasks; nil if none were
	// asked for.
	WhatIf *diagnosis.Prediction
}

// scalingRow is one task of a job.
type scalingRow struct {
	taskRow
	diagnosis.TaskScaling
}

// Scaling is a table with a row a task: what it could process, what it has to, and the
// parallelism that takes; with whatIf, what it would do at others, too. What is not
// known is null.
func Scaling(result Result, whatIf bool) data.Frames {
	columns := []column[scalingRow]{
		of("cluster", func(r *scalingRow) string { return r.Cluster }),
		of("job", func(r *scalingRow) string { return r.Snapshot.Job.Name }),
		of("job_id", func(r *scalingRow) string { return r.Snapshot.Job.ID }),
		of("task", func(r *scalingRow) string { return r.task.Name }),
		of("task_id", func(r *scalingRow) string { return r.task.ID }),
		optional("parallelism", func(r *scalingRow) (int64, bool) { return int64(r.task.Parallelism), r.task.Parallelism > 0 }),
		optional("max_parallelism", func(r *scalingRow) (int64, bool) {
			return int64(r.task.MaxParallelism), r.task.MaxParallelism > 0
		}),
		number("true_rate", recordRate, func(r *scalingRow) float64 { return r.TrueRate }),
		number("target_rate", recordRate, func(r *scalingRow) float64 { return r.TargetRate }),
		number("utilisation", percentUnit, func(r *scalingRow) float64 { return r.Utilisation() }),
		optional("recommended_parallelism", func(r *scalingRow) (int64, bool) { return int64(r.Recommended), r.Recommended > 0 }),
		number("catch_up", secondsUnit, func(r *scalingRow) float64 { return milliseconds(r.CatchUp) / 1000 }),
		word("limited_by", func(r *scalingRow) string { return string(r.Limit) }),
		of("confidence", func(r *scalingRow) string { return string(r.Confidence) }),
		word("hint", func(r *scalingRow) string {
			if r.Scaled == nil {
				return ""
			}
			return r.Scaled.Hint(r.index)
		}),
	}
	if whatIf {
		columns = append(columns,
			number("predicted_true_rate", recordRate, predicted(func(p *diagnosis.Prediction, i int) float64 { return p.TrueRates[i] })),
			share("predicted_utilisation", func(r *scalingRow) job.Share {
				return job.Share(predicted(func(p *diagnosis.Prediction, i int) float64 { return min(p.Rates[i]/p.TrueRates[i], 1) })(r))
			}),
			word("predicted_bottleneck", func(r *scalingRow) string {
				if r.Scaled == nil || r.Scaled.WhatIf == nil || r.Scaled.WhatIf.Bottleneck < 0 {
					return ""
				}
				return r.Snapshot.Graph.Tasks[r.Scaled.WhatIf.Bottleneck].Name
			}),
			number("predicted_throughput", recordRate, predicted(func(p *diagnosis.Prediction, _ int) float64 { return p.Throughput })),
		)
	}
	return table(result, "scaling", scalingRowsOf(result), columns...)
}

// predicted is a figure of the prediction for a row's job, NaN where there is none.
func predicted(value func(p *diagnosis.Prediction, task int) float64) func(*scalingRow) float64 {
	return func(r *scalingRow) float64 {
		if r.Scaled == nil || r.Scaled.WhatIf == nil {
			return math.NaN()
		}
		return value(r.Scaled.WhatIf, r.index)
	}
}

func scalingRowsOf(result Result) []scalingRow {
	var rows []scalingRow
	for _, row := range taskRowsOf(result) {
		of := diagnosis.UnknownTaskScaling
		if row.Scaled != nil {
			of = row.Scaled.Tasks[row.index]
		}
		rows = append(rows, scalingRow{row, of})
	}
	return rows
}
