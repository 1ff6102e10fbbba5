package frame

import (
	"slices"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
)

// taskNumbers are the numeric columns of the tasks table, in its order.
var taskNumbers = []struct {
	name, unit string
	value      func(j Job, task int) float64
}{
	{"busy_max", percentUnit, func(j Job, t int) float64 { return float64(j.Snapshot.Tasks[t].Busy.Max) }},
	{"busy_avg", percentUnit, func(j Job, t int) float64 { return float64(j.Snapshot.Tasks[t].Busy.Avg) }},
	{"backpressured_max", percentUnit, func(j Job, t int) float64 { return float64(j.Snapshot.Tasks[t].Backpressured.Max) }},
	{"backpressured_avg", percentUnit, func(j Job, t int) float64 { return float64(j.Snapshot.Tasks[t].Backpressured.Avg) }},
	{"idle_min", percentUnit, func(j Job, t int) float64 { return float64(j.Snapshot.Tasks[t].Idle.Min) }},
	{"idle_avg", percentUnit, func(j Job, t int) float64 { return float64(j.Snapshot.Tasks[t].Idle.Avg) }},
	{"records_in", recordRate, func(j Job, t int) float64 { return j.Snapshot.Tasks[t].RecordsIn }},
	{"records_out", recordRate, func(j Job, t int) float64 { return j.Snapshot.Tasks[t].RecordsOut }},
	{"skew", percentUnit, func(j Job, t int) float64 {
		return float64(diagnosis.Skew(j.Snapshot.Graph.Tasks[t], j.Snapshot.Tasks[t]))
	}},
}

// Tasks is a table with a row a task, summed up over its subtasks. blame is
// null without a history.
func Tasks(answer Answer) data.Frames {
	rows := answer.taskRows()
	fields := answer.taskNames(rows)
	parallelism, most := make([]int64, len(rows)), make([]*int64, len(rows))
	level, status, colour := make([]*string, len(rows)), make([]string, len(rows)), make([]string, len(rows))
	for i, row := range rows {
		task := row.Snapshot.Graph.Tasks[row.task]
		parallelism[i] = int64(task.Parallelism)
		if task.MaxParallelism > 0 { // else nobody tells
			highest := int64(task.MaxParallelism)
			most[i] = &highest
		}
		level[i] = optional(string(diagnosis.LevelOf(row.Snapshot.Tasks[row.task])))
		status[i], colour[i] = row.taskStatus(row.task).String(), row.colour(row.task)
	}
	fields = append(fields, data.NewField("parallelism", nil, parallelism), data.NewField("max_parallelism", nil, most))
	for _, column := range taskNumbers {
		values := newNumbers(len(rows))
		for i, row := range rows {
			values.set(i, column.value(row.Job, row.task))
		}
		if column.unit == percentUnit {
			fields = append(fields, values.shareField(column.name))
		} else {
			fields = append(fields, values.field(column.name, column.unit))
		}
	}
	blame := newNumbers(len(rows))
	for i, row := range rows {
		blame.set(i, row.blame(row.task))
	}
	return answer.table("tasks", append(fields, data.NewField("level", nil, level), statusField(status), blame.shareField("blame"), text("color", colour))...)
}

// taskRow is one task of one job.
type taskRow struct {
	Job
	task int
	// scope is empty, or the cluster where another has a job of the same id.
	scope string
}

// namesake tells whether the other job has the same id in another cluster.
func (j Job) namesake(other Job) bool {
	return other.Cluster != j.Cluster && other.Snapshot.Job.ID == j.Snapshot.Job.ID
}

func (a Answer) taskRows() (rows []taskRow) {
	for _, j := range a.Jobs {
		scope := ""
		if slices.ContainsFunc(a.Jobs, j.namesake) {
			scope = j.Cluster + "/"
		}
		for _, task := range j.Tasks {
			rows = append(rows, taskRow{j, task, scope})
		}
	}
	return rows
}

// taskNames are the columns that say which task a row is about.
func (a Answer) taskNames(rows []taskRow) []*data.Field {
	names := [5][]string{}
	for _, row := range rows {
		info, task := row.Snapshot.Job, row.Snapshot.Graph.Tasks[row.task]
		for i, value := range []string{row.Cluster, info.Name, info.ID, task.Name, task.ID} {
			names[i] = append(names[i], value)
		}
	}
	fields := make([]*data.Field, len(names))
	for i, name := range []string{"cluster", "job", "job_id", "task", "task_id"} {
		fields[i] = text(name, append([]string{}, names[i]...))
	}
	return fields
}
