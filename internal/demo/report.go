package demo

import (
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

// section is a part of what is told of a job.
type section func(paint painter, frames map[string]data.Frames, jobID string) (string, error)

// text has, job by job, the graph, the subtasks and the verdict.
func (r report) text() (string, error) {
	var text strings.Builder
	fmt.Fprintf(&text, "%s\n%s%s\n", r.paint.strong("Flink at "+r.address), indent, r.health)
	jobs, err := rowsOf(r.answer.frames["jobs"], "jobs", "job", "job_id", "state")
	if err != nil {
		return "", err
	}
	for row := range jobs.len() {
		id := jobs.text("job_id", row)
		fmt.Fprintf(&text, "\n%s  %s  %s\n", r.paint.strong("Job "+jobs.text("job", row)), jobs.text("state", row), id)
		for _, section := range []section{graphText, subtasksText, verdictText} {
			part, err := section(r.paint, r.answer.frames, id)
			if err != nil {
				return "", err
			}
			text.WriteString("\n" + part)
		}
	}
	text.WriteString(r.end(jobs.len()))
	return text.String(), nil
}

// end has what concerns all jobs.
func (r report) end(jobs int) string {
	var text strings.Builder
	if jobs == 0 {
		text.WriteString("\nThere is no job to look at.\n")
	}
	for _, notice := range notices(r.answer.frames) {
		fmt.Fprintf(&text, "\nNote: %s\n", notice)
	}
	fmt.Fprintf(&text, "\n%d queries of %d query types were answered in %s with %d requests to Flink (%d from the start).\n",
		len(questions), len(r.answer.frames), r.answer.took.Round(time.Millisecond), r.answer.requests, r.requests)
	return text.String()
}

// graphText draws the job's graph, each task in the colour that it has in
// Flink's own UI.
func graphText(paint painter, frames map[string]data.Frames, jobID string) (string, error) {
	tasks, err := graphOf(frames["nodeGraph"], jobID)
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
