package frame

import (
	"fmt"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Incident is one row of the table of exceptions.
type Incident struct {
	Owner
	job.Incident
}

// Exceptions is a table with a row an exception, restart or rescaling, newest first.
// Texts are what somebody's code wrote: any HTML in them is text.
func Exceptions(result Result) data.Frames {
	rows, notices := newestRows("exceptions", result.Incidents, func(i Incident) time.Time { return i.At })
	frames := table(result, "exceptions", rows,
		instant("time", "", func(i *Incident) time.Time { return i.At }),
		word("what", func(i *Incident) string { return string(i.What) }),
		linked(word("job", func(i *Incident) string { return i.Job }), jobLink),
		word("task", func(i *Incident) string { return i.Task }),
		optional("subtask", func(i *Incident) (int64, bool) { return int64(i.Subtask), i.Subtask >= 0 }),
		prose(word("text", func(i *Incident) string { return i.Text })),
		word("host", func(i *Incident) string { return i.Host }),
		word("taskmanager", func(i *Incident) string { return i.TaskManager }),
		word("labels", func(i *Incident) string { return strings.Join(i.Labels, ", ") }),
		word("stack", func(i *Incident) string { return i.Stack }),
		word("cluster", func(i *Incident) string { return i.Cluster }),
		word("job_id", func(i *Incident) string { return i.JobID }),
		page("job_url", func(i *Incident) string { return i.URL }),
	)
	frames[0].Meta.Notices = append(frames[0].Meta.Notices, notices...)
	return frames
}

// newestOf is the notice that an answer has the newest of more rows.
func newestOf(what string, count int) data.Notice {
	return data.Notice{
		Severity: data.NoticeSeverityWarning,
		Text:     fmt.Sprintf("The answer holds the newest %d of %d %s. Choose jobs in the query, or a shorter time range.", maxRows, count, what),
	}
}
