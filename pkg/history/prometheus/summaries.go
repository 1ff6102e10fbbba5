package prometheus

import (
	"math"
	"slices"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// summaryTable is the summaries of a job's snapshots, with all columns, so that
// queries for different ones share it.
type summaryTable struct {
	at     []diagnosis.Instant
	jobs   []diagnosis.JobSummary
	tasks  []taskTable
	latest *job.Graph
}

// taskTable is the summaries of one task, a row for each instant.
type taskTable struct {
	id, name string
	rows     []diagnosis.TaskSummary
}

// add appends the summary of a snapshot.
func (t *summaryTable) add(snapshot history.Snapshot) {
	summary := diagnosis.Diagnose(snapshot.Snapshot).Summary()
	if snapshot.Job.State == job.Running && summary.Job.Running == 0 {
		summary.Job.Running = math.NaN() // what is not there has finished, or is missing
	}
	before := len(t.at)
	t.at = append(t.at, diagnosis.Instant{At: snapshot.At, From: snapshot.From, MaxGap: snapshot.MaxGap})
	t.jobs = append(t.jobs, summary.Job)
	t.latest = snapshot.Graph
	for i, task := range snapshot.Graph.Tasks {
		row := t.task(task)
		row.unknownUpTo(before)
		row.rows = append(row.rows, summary.Tasks[i])
	}
}

// task finds or adds a task, which has the latest name.
func (t *summaryTable) task(of job.Task) *taskTable {
	at := slices.IndexFunc(t.tasks, func(task taskTable) bool { return task.id == of.ID })
	if at < 0 {
		at = len(t.tasks)
		t.tasks = append(t.tasks, taskTable{id: of.ID})
	}
	t.tasks[at].name = of.Name
	return &t.tasks[at]
}

// finish gives all tasks a row for each instant, as a task may be absent from a
// graph, and puts those of the latest graph first.
func (t *summaryTable) finish() {
	if t.latest == nil {
		return
	}
	position := map[string]int{}
	for i, task := range t.latest.Tasks {
		position[task.ID] = i - len(t.latest.Tasks)
	}
	slices.SortStableFunc(t.tasks, func(a, b taskTable) int { return position[a.id] - position[b.id] })
	for i := range t.tasks {
		t.tasks[i].unknownUpTo(len(t.at))
	}
}

// unknownUpTo fills the rows up with what is not known.
func (t *taskTable) unknownUpTo(length int) {
	for len(t.rows) < length {
		t.rows = append(t.rows, diagnosis.UnknownTaskSummary)
	}
}

// summaries are a copy of the columns wanted.
func (t *summaryTable) summaries(columns []diagnosis.Column) history.Summaries {
	of := history.Summaries{At: slices.Clone(t.at), Jobs: slices.Clone(t.jobs), Tasks: make([]history.TaskSummaries, len(t.tasks))}
	for i, task := range t.tasks {
		of.Tasks[i] = history.TaskSummaries{ID: task.id, Name: task.name, Columns: make([][]float64, len(columns))}
		for n, column := range columns {
			values := make([]float64, len(task.rows))
			for at, row := range task.rows {
				values[at] = row[column]
			}
			of.Tasks[i].Columns[n] = values
		}
	}
	return of
}
