package plugin

import (
	"context"
	"math"
	"slices"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// columns are the measures of rows, by the name in a query.
var columns = map[string]history.Measure{
	"bottleneck": history.Bottleneck, "status": history.Status, "busy": history.BusyMax,
	"backpressured": history.BackpressuredMax, "idle": history.IdleMin, "skew": history.Skew,
	"blame": history.Bottleneck,
}

// rowTraces are the traces of a job, or of each of its tasks, from what was
// summed up when the looks were taken.
func (a asking) rowTraces(ctx context.Context, c cluster, info job.Info) ([]frame.Trace, error) {
	var wanted []history.Measure // none for what is told of jobs alone
	if column, known := columns[a.number.name]; known {
		wanted = append(wanted, column)
	}
	rows, err := c.rows(ctx, info.ID, a.span(), a.step(), wanted...)
	if err != nil && len(rows.Times) == 0 {
		return nil, err
	}
	if slices.ContainsFunc(rows.Jobs, func(row history.JobRow) bool { return row.EdgesUnknown }) {
		heardIn(ctx).unknown(info.Name)
	}
	labels, parts, of := data.Labels{"cluster": c.name}, a.named(rows, info), a.spaced(c, rows)
	chosen := a.rowsOf(rows)
	if len(chosen) == 0 && len(a.Tasks) > 0 && a.number.state == nil {
		return nil, err // of tasks that the job has not there is nothing to tell
	}
	if a.By == frame.ByJob {
		return of.traced(parts, labels, a.ofJob(of, chosen)), err
	}
	var all []frame.Trace
	for _, task := range chosen {
		labels["task"] = task.Name
		all = append(all, of.traced(parts, labels, a.ofTask(of, task))...)
	}
	return all, err
}

// rowsOf are the tasks that the query chose.
func (a asking) rowsOf(rows history.Rows) (chosen []history.TaskRows) {
	for _, task := range rows.Tasks {
		if a.Tasks.choose(task.Name, task.ID) {
			chosen = append(chosen, task)
		}
	}
	return chosen
}

var unknown = float32(math.NaN())

// ofTask is the measure of a task over time.
func (a asking) ofTask(rows spaced, task history.TaskRows) []float32 {
	values := task.Measures[0]
	switch a.number.name {
	case "blame":
		return rows.blame(values, a.over.From)
	case "status":
		for i, value := range values {
			if value < 0 {
				values[i] = unknown
			}
		}
	}
	return values
}

// ofJob is the measure of a job over time: that of its worst task.
func (a asking) ofJob(rows spaced, chosen []history.TaskRows) []float32 {
	values, doubts := make([]float32, len(rows.Times)), make([]bool, len(rows.Times))
	for i, row := range rows.Jobs {
		values[i] = unknown
		if a.number.state != nil {
			values[i] = float32(a.number.state.then(row))
		}
	}
	if a.number.state != nil {
		return values
	}
	for _, task := range chosen {
		for i, value := range a.ofTask(rows, task) {
			values[i] = float32(a.number.load.Worse(float64(values[i]), float64(value)))
			doubts[i] = doubts[i] || value != value
		}
	}
	if a.number.name == "bottleneck" {
		a.doubted(rows.Rows, values, doubts)
	}
	return values
}

// doubted takes back what not even a verdict vouches for: that no task holds
// the job back while one was not measured.
func (a asking) doubted(rows history.Rows, values []float32, doubts []bool) {
	for i, row := range rows.Jobs {
		switch {
		case row.Clear:
			values[i] = 0
		case values[i] == 0 && doubts[i]:
			values[i] = unknown
		}
	}
}
