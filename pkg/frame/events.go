package frame

import (
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Event is one row of the table of events.
type Event struct {
	Owner
	diagnosis.Event
}

// Events is a table with a row an event, newest first, whose first columns are those
// that Grafana makes annotations from. What is only of restarts and rescalings is null
// in other rows.
func Events(result Result) data.Frames {
	rows, notices := newestRows("events", result.Events, func(e Event) time.Time { return e.At })
	frames := table(result, "events", rows,
		instant("time", "When it was, or began", func(e *Event) time.Time { return e.At }),
		instant("timeEnd", "When it ended", func(e *Event) time.Time { return e.End }),
		word("title", func(e *Event) string { return plain(e.Title) }),
		prose(word("text", func(e *Event) string { return plain(e.Text) })),
		word("tags", (*Event).tags),
		word("kind", func(e *Event) string { return string(e.Kind) }),
		linked(word("job", func(e *Event) string { return e.Job }), jobLink),
		word("task", func(e *Event) string { return e.Task }),
		severity(share("severity_before", func(e *Event) job.Share { return job.Share(e.Before.Severity) })),
		severity(share("severity_after", func(e *Event) job.Share { return job.Share(e.After.Severity) })),
		number("records_before", recordRate, func(e *Event) float64 { return e.Before.Records }),
		number("records_after", recordRate, func(e *Event) float64 { return e.After.Records }),
		word("busiest_before", func(e *Event) string { return e.Before.Busiest }),
		word("busiest_after", func(e *Event) string { return e.After.Busiest }),
		share("busy_before", func(e *Event) job.Share { return job.Share(e.Before.Busy) }),
		share("busy_after", func(e *Event) job.Share { return job.Share(e.After.Busy) }),
		word("cluster", func(e *Event) string { return e.Cluster }),
		word("job_id", func(e *Event) string { return e.JobID }),
		page("job_url", func(e *Event) string { return e.URL }),
	)
	frames[0].Meta.Notices = append(frames[0].Meta.Notices, notices...)
	return frames
}

// tags are what annotations can be filtered by: Grafana splits them at commas.
func (e *Event) tags() string {
	tags := make([]string, 0, 3)
	for _, tag := range []string{string(e.Kind), e.Job, e.Task} {
		if tag != "" {
			tags = append(tags, strings.ReplaceAll(plain(tag), ",", " "))
		}
	}
	return strings.Join(tags, ",")
}

// plain is a text that is no HTML: annotations show their texts as such, and what
// somebody's code wrote must not load anything.
func plain(text string) string { return htmlBrackets.Replace(text) }

var htmlBrackets = strings.NewReplacer("<", "‹", ">", "›")
