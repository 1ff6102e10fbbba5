package frame

import (
	"math"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Jobs is a table with a row a job, worst first: its worst root cause, its state and its
// worst task's status. duration is in milliseconds, tasks counts the nodes of its graph.
// Prometheus has no start and duration: they are null. since is null without a history.
// With details trend is the course of severity over the range, for a cell of the type
// sparkline, and restarts how often the job restarted in it.
func Jobs(result Result, details bool) data.Frames {
	columns := []column[finding]{
		severity(share("severity", (*finding).severity)),
		linked(of("job", func(f *finding) string { return f.Snapshot.Job.Name }), jobLink),
		linked(word("bottleneck", ofRoot(func(_ *finding, task job.Task) string { return task.Name })), taskLink),
		of("kind", func(f *finding) string { return string(f.kind()) }),
		instant("since", "Since when it has held the job back, as far as the history reaches", (*finding).since),
		word("lasts", (*finding).lasts),
		coloured(of("state", func(f *finding) string { return string(f.Snapshot.Job.State) }), stateColours),
	}
	if details {
		columns = append(columns, trend("trend", (*finding).course), number("restarts", "", (*finding).restarts))
	}
	columns = append(columns,
		statusWord(func(f *finding) diagnosis.Status { return f.worstStatus() }),
		instant("start", "", func(f *finding) time.Time { return f.Snapshot.Job.Start }),
		number("duration", millisUnit, func(f *finding) float64 {
			if f.Snapshot.Job.Start.IsZero() {
				return math.NaN()
			}
			return float64(f.Snapshot.Job.Duration.Milliseconds())
		}),
		of("tasks", func(f *finding) int64 { return int64(len(f.Snapshot.Tasks)) }),
		word("type", func(f *finding) string { return string(f.Snapshot.Job.Type) }),
		of("cluster", func(f *finding) string { return f.Cluster }),
		of("job_id", func(f *finding) string { return f.Snapshot.Job.ID }),
		page("job_url", func(f *finding) string { return f.Pages.Job(f.Snapshot.Job) }),
		page("task_url", ofRoot(func(f *finding, task job.Task) string { return f.Pages.Task(f.Snapshot.Job, task.ID) })),
	)
	rows := worstOf(result)
	result.Notices = append(slices.Clone(result.Notices), result.emptied(len(rows))...)
	return table(result, "jobs", rows, columns...)
}

// ofRoot is a text about the task of a root cause; empty where there is none.
func ofRoot(text func(*finding, job.Task) string) func(*finding) string {
	return func(f *finding) string {
		if f.root == nil {
			return ""
		}
		return text(f, f.task(f.root.Task))
	}
}

// worstOf lists the worst root cause of each job, worst first, with those of which none
// is known before those that have none.
func worstOf(r Result) []finding {
	findings := make([]finding, len(r.Jobs))
	for i, j := range r.Jobs {
		findings[i] = finding{Job: j, root: j.WorstRoot(j.Tasks)}
	}
	result := r
	result.OnHost = nil // a job is on many
	return result.narrowed(findings)
}

// course is how severe the job's bottleneck was over the range; empty if that is not
// known.
func (f *finding) course() ([]time.Time, []job.Share) {
	if f.Trend == nil {
		return nil, nil
	}
	return f.Trend.At, f.Trend.Severity
}

// restarts is how often the job restarted in the range; NaN if that is not known.
func (f *finding) restarts() float64 {
	if f.Trend == nil {
		return math.NaN()
	}
	return f.Trend.Restarts
}
