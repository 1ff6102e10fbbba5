package frame

import (
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
)

// Subtasks is a table with a row a subtask: where it runs and how it spent
// its time. Shares are 0 to 1, records per second; null is not known. With
// detailed it has the columns of [job.Detail] too.
func Subtasks(answer Answer, detailed bool) data.Frames {
	rows := 0
	for _, j := range answer.Jobs {
		for _, task := range j.Tasks {
			rows += len(j.Snapshot.Tasks[task].Subtasks)
		}
	}
	table, more := newSubtaskRows(rows), newDetails(0)
	if detailed {
		more = newDetails(rows)
	}
	row := 0
	for _, j := range answer.Jobs {
		for _, task := range j.Tasks {
			for i := range j.Snapshot.Tasks[task].Subtasks {
				table.set(row, j, task, i)
				if detailed && task < len(j.Details) && i < len(j.Details[task]) {
					more.set(row, j.Details[task][i])
				}
				row++
			}
		}
	}
	fields := table.fields()
	if detailed {
		fields = append(fields, more.fields()...)
	}
	return answer.table("subtasks", fields...)
}

// subtaskRows holds the columns while they are filled.
type subtaskRows struct {
	cluster, job, jobID, task, taskID []string
	subtask, attempt                  []int64
	host, taskManager                 []*string
	idle, busy, backpressured         numbers
	recordsIn, recordsOut             numbers
	status, colour                    []string
}

func newSubtaskRows(rows int) *subtaskRows {
	words := func() []string { return make([]string, rows) }
	return &subtaskRows{
		cluster: words(), job: words(), jobID: words(), task: words(), taskID: words(),
		subtask: make([]int64, rows), attempt: make([]int64, rows),
		host: make([]*string, rows), taskManager: make([]*string, rows),
		idle: newNumbers(rows), busy: newNumbers(rows), backpressured: newNumbers(rows),
		recordsIn: newNumbers(rows), recordsOut: newNumbers(rows),
		status: words(), colour: words(),
	}
}

func (t *subtaskRows) set(row int, j Job, task, subtask int) {
	load := &j.Snapshot.Tasks[task].Subtasks[subtask]
	t.cluster[row], t.job[row], t.jobID[row] = j.Cluster, j.Snapshot.Job.Name, j.Snapshot.Job.ID
	t.task[row], t.taskID[row] = j.Snapshot.Graph.Tasks[task].Name, j.Snapshot.Graph.Tasks[task].ID
	t.subtask[row], t.attempt[row] = int64(load.Subtask), int64(load.Attempt)
	if load.Host != "" {
		t.host[row] = &load.Host
	}
	if load.TaskManager != "" {
		t.taskManager[row] = &load.TaskManager
	}
	t.idle.share(row, load.Idle)
	t.busy.share(row, load.Busy)
	t.backpressured.share(row, load.Backpressured)
	t.recordsIn.set(row, load.RecordsIn)
	t.recordsOut.set(row, load.RecordsOut)
	t.status[row] = j.subtaskStatus(task, *load).String()
	t.colour[row] = diagnosis.Fill(load.Busy, load.Backpressured)
}

func (t *subtaskRows) fields() []*data.Field {
	return []*data.Field{
		text("cluster", t.cluster), text("job", t.job), text("job_id", t.jobID),
		text("task", t.task), text("task_id", t.taskID),
		data.NewField("subtask", nil, t.subtask), data.NewField("attempt", nil, t.attempt),
		data.NewField("host", nil, t.host), data.NewField("taskmanager", nil, t.taskManager),
		t.idle.shareField("idle"), t.busy.shareField("busy"), t.backpressured.shareField("backpressured"),
		t.recordsIn.field("records_in", recordRate), t.recordsOut.field("records_out", recordRate),
		statusField(t.status), text("color", t.colour),
	}
}
