package demo

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// report is all that the text shows.
type report struct {
	address, health string
	answer          answer
	requests        int // to Flink, from the start
	paint           painter
}

// section is a part of the text about a job, made of the answer to the query
// type.
type section struct {
	queryType, title string
	text             func(paint painter, frames data.Frames, jobID string) (string, error)
}

var sections = []section{
	{"nodeGraph", "Job graph", graphText},
	{"subtasks", "Subtasks", subtasksText},
	{"bottlenecks", "Verdict", verdictText},
}

// text has, job by job, the graph, the subtasks and the verdict. The error
// names frames and fields that are missing in an answer; the text has all the
// rest.
func (r report) text() (string, error) {
	var text strings.Builder
	fmt.Fprintf(&text, "%s\n%s%s\n", r.paint.strong("Flink at "+r.address), indent, r.health)
	var failed []error
	switch jobs, err := rowsOf(r.answer.frames["jobs"], "jobs", "job", "job_id", "state"); {
	case r.answer.failed("jobs"):
		text.WriteString("\nThe jobs are not known.\n")
	case err != nil:
		failed = append(failed, err)
	case jobs.len() == 0:
		text.WriteString("\nThere is no job.\n")
	default:
		for row := range jobs.len() {
			part, err := r.job(jobs, row)
			text.WriteString(part)
			failed = append(failed, err)
		}
	}
	text.WriteString(r.end())
	return text.String(), errors.Join(failed...)
}

func (r report) job(jobs rows, row int) (string, error) {
	var text strings.Builder
	var failed []error
	id := jobs.text("job_id", row)
	fmt.Fprintf(&text, "\n%s  %s  %s\n", r.paint.strong("Job "+jobs.text("job", row)), jobs.text("state", row), id)
	for _, section := range sections {
		if r.answer.failed(section.queryType) {
			fmt.Fprintf(&text, "\n%s: not known\n", section.title)
			continue
		}
		part, err := section.text(r.paint, r.answer.frames[section.queryType], id)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		text.WriteString("\n" + part)
	}
	return text.String(), errors.Join(failed...)
}

// end is about all jobs: notices, failed queries, and the cost.
func (r report) end() string {
	var text strings.Builder
	for _, notice := range r.answer.notices() {
		fmt.Fprintf(&text, "\nNote: %s\n", notice)
	}
	for _, reason := range r.answer.reasons() {
		fmt.Fprintf(&text, "\n%s\n", reason)
	}
	answered, types := fmt.Sprint(r.answer.queries), len(r.answer.frames)
	if failed := len(r.answer.failures); failed > 0 {
		answered = fmt.Sprintf("%d of %d", r.answer.queries-failed, r.answer.queries)
	}
	fmt.Fprintf(&text, "\n%s queries of %d query types were answered in %s with %d requests to Flink (%d from the start).\n",
		answered, types, r.answer.took.Round(time.Millisecond), r.answer.requests, r.requests)
	return text.String()
}

// graphText draws the job's graph, each task in the colour that it has in
// Flink's own UI.
func graphText(paint painter, frames data.Frames, jobID string) (string, error) {
	tasks, err := graphOf(frames, jobID)
	if err != nil {
		return "", err
	}
	drawing := draw(tasks)
	lines := make([][]cell, len(tasks))
	for i, task := range tasks {
		name := left(task.title)
		name.fill = task.colour
		lines[i] = []cell{{text: drawing[i]}, name, right(task.busy), right(task.backpressured), left(task.status)}
	}
	return table(paint, lines), nil
}

// mostSubtasks is how many of a job's the table shows.
const mostSubtasks = 100

// subtasksText is a table of where each subtask runs and how it spent its time.
func subtasksText(paint painter, frames data.Frames, jobID string) (string, error) {
	r, err := rowsOf(frames, "subtasks", "job_id", "task", "subtask", "host", "taskmanager",
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
		status := left(r.text("status", row))
		status.fill = r.text("color", row)
		lines = append(lines, []cell{
			left(r.text("task", row)), right(r.text("subtask", row)),
			left(r.orUnknown("host", row)), left(r.orUnknown("taskmanager", row)),
			right(r.share("idle", row)), right(r.share("busy", row)), right(r.share("backpressured", row)),
			right(r.rate("records_in", row)), right(r.rate("records_out", row)), status,
		})
	}
	text := table(paint, lines)
	if more := len(found) - mostSubtasks; more > 0 {
		text += fmt.Sprintf("%sand %d more, all with DEMO_FORMAT=json\n", indent, more)
	}
	return text, nil
}

// verdictText lists what holds the job back, worst first, why, and what to do
// about it.
func verdictText(paint painter, frames data.Frames, jobID string) (string, error) {
	r, err := rowsOf(frames, "bottlenecks", "job_id", "task", "kind", "severity",
		"hot_subtasks", "hot_hosts", "explanation", "advice")
	if err != nil {
		return "", err
	}
	var verdicts []string
	for _, row := range r.where("job_id", jobID) {
		text := paint.strong(headline(r, row)) + "\n"
		for _, column := range []string{"explanation", "advice"} {
			if sentences := r.text(column, row); sentences != "" {
				text += indent + sentences + "\n"
			}
		}
		verdicts = append(verdicts, text)
	}
	return strings.Join(verdicts, "\n"), nil
}

func headline(r rows, row int) string {
	switch kind := r.text("kind", row); kind {
	case "none":
		return "Verdict: nothing holds the job back"
	case "unknown":
		return "Verdict: not known yet"
	default:
		text := fmt.Sprintf("Verdict: %s (%s), severity %s", r.text("task", row), kind, r.share("severity", row))
		if hot := r.text("hot_subtasks", row); hot != "" {
			text += fmt.Sprintf(", hot subtasks %s on %s", hot, r.orUnknown("hot_hosts", row))
		}
		return text
	}
}
