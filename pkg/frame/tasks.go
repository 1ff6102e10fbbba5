package frame

import (
	"slices"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// taskRow is one task of one job.
type taskRow struct {
	*Job
	task job.Task
	load *job.TaskLoad
	// index is the task's in the graph.
	index int
	// scope is empty, or the cluster where another has a job of the same id.
	scope string
}

// Tasks is a table with a row a task, summed up over its subtasks. blame is
// null without a history.
func Tasks(result Result) data.Frames {
	rows := taskRowsOf(result)
	if len(result.Jobs) != 1 {
		return table(result, "tasks", rows, taskColumns...)
	}
	made := shared(result.Jobs[0], result.Jobs[0].keyOf("tasks"), func() (made measured) {
		made.fields, made.notices = bounded(rows, taskColumns...)
		return made
	})
	fields := slices.Clone(made.fields)
	for i, field := range fields {
		if field.Name == blameName {
			fields[i] = blameOf(rows[:field.Len()]) // of the query's range
		}
	}
	return tableOf(result, "tasks", fields, made.notices...)
}

const blameName = "blame"

var blameOf = share(blameName, func(r *taskRow) job.Share { return job.Share(r.blame(r.index)) })

var taskColumns = []column[taskRow]{
	statusWord((*taskRow).status),
	linked(of("job", func(r *taskRow) string { return r.Snapshot.Job.Name }), jobLink),
	linked(of("task", func(r *taskRow) string { return r.task.Name }), taskLink),
	optional("parallelism", func(r *taskRow) (int64, bool) {
		return int64(r.task.Parallelism), r.task.Parallelism > 0 // else it is undecided
	}),
	share("busy_max", func(r *taskRow) job.Share { return r.load.Busy.Max }),
	share("backpressured_max", func(r *taskRow) job.Share { return r.load.Backpressured.Max }),
	share("idle_min", func(r *taskRow) job.Share { return r.load.Idle.Min }),
	share("busy_avg", func(r *taskRow) job.Share { return r.load.Busy.Avg }),
	share("backpressured_avg", func(r *taskRow) job.Share { return r.load.Backpressured.Avg }),
	share("idle_avg", func(r *taskRow) job.Share { return r.load.Idle.Avg }),
	number("records_in", recordRate, func(r *taskRow) float64 { return r.load.RecordsIn }),
	number("records_out", recordRate, func(r *taskRow) float64 { return r.load.RecordsOut }),
	share("skew", func(r *taskRow) job.Share { return diagnosis.Skew(r.task, *r.load) }),
	blameOf,
	word("level", func(r *taskRow) string { return string(diagnosis.LevelOf(*r.load)) }),
	optional("max_parallelism", func(r *taskRow) (int64, bool) {
		return int64(r.task.MaxParallelism), r.task.MaxParallelism > 0 // else it is not known
	}),
	of("cluster", func(r *taskRow) string { return r.Cluster }),
	of("color", func(r *taskRow) string { return diagnosis.TaskFill(*r.load) }),
	of("job_id", func(r *taskRow) string { return r.Snapshot.Job.ID }),
	of("task_id", func(r *taskRow) string { return r.task.ID }),
	page("job_url", func(r *taskRow) string { return r.Pages.Job(r.Snapshot.Job) }),
	page("task_url", func(r *taskRow) string { return r.Pages.Task(r.Snapshot.Job, r.task.ID) }),
}

func (r *taskRow) status() diagnosis.Status { return r.TaskStatus(r.index) }

// taskRowsOf lists the tasks chosen of all jobs.
func taskRowsOf(r Result) (rows []taskRow) {
	clusters := map[string]string{} // of a job's id, empty for several
	for _, j := range r.Jobs {
		id := j.Snapshot.Job.ID
		if cluster, known := clusters[id]; known && cluster != j.Cluster {
			clusters[id] = ""
		} else {
			clusters[id] = j.Cluster
		}
	}
	for i := range r.Jobs {
		j, scope := &r.Jobs[i], ""
		if clusters[j.Snapshot.Job.ID] == "" {
			scope = j.Cluster + "/"
		}
		for _, task := range j.Tasks {
			rows = append(rows, taskRow{j, j.task(task), j.load(task), task, scope})
		}
	}
	return rows
}
