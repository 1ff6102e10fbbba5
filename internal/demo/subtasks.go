package demo

import (
	"fmt"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// mostSubtasks is how many of a job's the table shows.
const mostSubtasks = 100

// subtasksText tells where each subtask runs and how it spent its time.
func subtasksText(paint painter, frames map[string]data.Frames, jobID string) (string, error) {
	r, err := rowsOf(frames["subtasks"], "subtasks", "job_id", "task", "subtask", "host", "taskmanager",
		"idle", "busy", "backpressured", "records_in", "records_out", "status", "color")
	if err != nil {
		return "", err
	}
	lines := [][]cell{{
		left("task"), right("subtask"), left("host"), left("TaskManager"), right("idle"), right("busy"),
		right("backpressured"), right("in/s"), right("out/s"), left("status"),
	}}
	found := r.where("job_id", jobID)
	for _, row := range found[:min(len(found), mostSubtasks)] {
		lines = append(lines, subtaskLine(r, row))
	}
	text := table(paint, lines)
	if more := len(found) - mostSubtasks; more > 0 {
		text += fmt.Sprintf("%sand %d more, all with DEMO_FORMAT=json\n", indent, more)
	}
	return text, nil
}

func subtaskLine(r rows, row int) []cell {
	status := left(r.text("status", row))
	status.fill = r.text("color", row)
	return []cell{
		left(r.text("task", row)), right(r.text("subtask", row)),
		left(r.orUnknown("host", row)), left(r.orUnknown("taskmanager", row)),
		right(r.share("idle", row)), right(r.share("busy", row)), right(r.share("backpressured", row)),
		right(r.rate("records_in", row)), right(r.rate("records_out", row)), status,
	}
}
