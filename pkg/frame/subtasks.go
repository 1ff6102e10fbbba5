package frame

import (
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// subtaskRow is one subtask of one task.
type subtaskRow struct {
	*Job
	*job.SubtaskLoad
	task   *job.Task
	status diagnosis.Status
	detail *job.Detail // nil if it was not asked for, or not known
	// jobPage, taskPage and taskManagerPage are the pages of Flink's UI, of which many rows
	// have the same.
	jobPage, taskPage, taskManagerPage string
}

// Subtasks is a table with a row a subtask: where it runs and how it spent
// its time. Shares are 0 to 1, records per second; null is not known. With
// detailed it has the columns of [job.Detail] too.
func Subtasks(result Result, detailed bool) data.Frames {
	if len(result.Jobs) != 1 || detailed || result.OnHost != nil {
		fields, notices := subtaskFields(result, detailed)
		return tableOf(result, "subtasks", fields, notices...)
	}
	made := shared(result.Jobs[0], result.Jobs[0].keyOf("subtasks"), func() (made measured) {
		made.fields, made.notices = subtaskFields(result, false)
		return made
	})
	return tableOf(result, "subtasks", made.fields, made.notices...)
}

func subtaskFields(result Result, detailed bool) ([]*data.Field, []data.Notice) {
	columns := []column[subtaskRow]{
		statusWord(func(r *subtaskRow) diagnosis.Status { return r.status }),
		linked(of("job", func(r *subtaskRow) string { return r.Snapshot.Job.Name }), jobLink),
		linked(of("task", func(r *subtaskRow) string { return r.task.Name }), taskLink),
		of("subtask", func(r *subtaskRow) int64 { return int64(r.Subtask) }),
		linked(word("host", func(r *subtaskRow) string { return r.Host }), taskManagerLinks...),
		share("busy", func(r *subtaskRow) job.Share { return r.Busy }),
		share("backpressured", func(r *subtaskRow) job.Share { return r.Backpressured }),
		share("idle", func(r *subtaskRow) job.Share { return r.Idle }),
		number("records_in", recordRate, func(r *subtaskRow) float64 { return r.RecordsIn }),
		number("records_out", recordRate, func(r *subtaskRow) float64 { return r.RecordsOut }),
	}
	if detailed {
		columns = append(columns,
			detail("soft_backpressured", func(d *job.Detail) job.Share { return d.Soft }),
			detail("hard_backpressured", func(d *job.Detail) job.Share { return d.Hard }),
			detail("in_pool_usage", func(d *job.Detail) job.Share { return d.InPool }),
			detail("out_pool_usage", func(d *job.Detail) job.Share { return d.OutPool }),
		)
	}
	columns = append(columns,
		linked(word("taskmanager", func(r *subtaskRow) string { return r.TaskManager }), taskManagerLinks...),
		of("attempt", func(r *subtaskRow) int64 { return int64(r.Attempt) }),
		of("cluster", func(r *subtaskRow) string { return r.Cluster }),
		of("color", func(r *subtaskRow) string { return diagnosis.Fill(r.Busy, r.Backpressured) }),
		of("job_id", func(r *subtaskRow) string { return r.Snapshot.Job.ID }),
		of("task_id", func(r *subtaskRow) string { return r.task.ID }),
		page("job_url", func(r *subtaskRow) string { return r.jobPage }),
		page("task_url", func(r *subtaskRow) string { return r.taskPage }),
		page("taskmanager_url", func(r *subtaskRow) string { return r.taskManagerPage }),
	)
	rows := subtaskRowsOf(result)
	fields, notices := bounded(rows, columns...)
	return fields, append(notices, result.emptied(len(rows))...)
}

// detail is a column that is unknown where there are no details.
func detail(name string, value func(*job.Detail) job.Share) column[subtaskRow] {
	return share(name, func(r *subtaskRow) job.Share {
		if r.detail == nil {
			return job.Unknown
		}
		return value(r.detail)
	})
}

// subtaskRowsOf lists the subtasks of the tasks chosen of all jobs.
func subtaskRowsOf(r Result) []subtaskRow {
	count := 0
	for _, j := range r.Jobs {
		for _, task := range j.Tasks {
			count += len(j.load(task).Subtasks)
		}
	}
	rows := make([]subtaskRow, 0, count)
	for n := range r.Jobs {
		j := &r.Jobs[n]
		jobPage, taskManagerPages := j.Pages.Job(j.Snapshot.Job), map[string]string{}
		for _, task := range j.Tasks {
			subtasks, of := j.load(task).Subtasks, &j.Snapshot.Graph.Tasks[task]
			taskPage := j.Pages.Task(j.Snapshot.Job, of.ID)
			for i := range subtasks {
				if r.OnHost != nil && !r.OnHost(subtasks[i].Host) {
					continue
				}
				id := subtasks[i].TaskManager
				taskManagerPage, made := taskManagerPages[id]
				if !made {
					taskManagerPage = j.Pages.TaskManager(id)
					taskManagerPages[id] = taskManagerPage
				}
				row := subtaskRow{
					Job: j, SubtaskLoad: &subtasks[i], task: of,
					status:  j.SubtaskStatus(task, &subtasks[i]),
					jobPage: jobPage, taskPage: taskPage, taskManagerPage: taskManagerPage,
				}
				if task < len(j.Details) && i < len(j.Details[task]) {
					row.detail = &j.Details[task][i]
				}
				rows = append(rows, row)
			}
		}
	}
	return rows
}
