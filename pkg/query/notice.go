package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

func warning(format string, values ...any) data.Notice {
	return data.Notice{Severity: data.NoticeSeverityWarning, Text: fmt.Sprintf(format, values...)}
}

func info(format string, values ...any) data.Notice {
	return data.Notice{Severity: data.NoticeSeverityInfo, Text: fmt.Sprintf(format, values...)}
}

// edgesUnknown explains why it is not known what holds jobs back.
func edgesUnknown(names ...string) data.Notice {
	return info("Neither Flink nor the history has the graph of job %s: tasks are named as Prometheus has them, and how they are connected, so what holds them back, is not known.", listed(names))
}

// noticesOf lists what of the clusters is left out.
func noticesOf(results []clusterResult) (notices []data.Notice) {
	for n := range results {
		result := &results[n]
		name := result.cluster.Name
		if result.err != nil {
			notices = append(notices, warning("Cluster %s did not answer: %s", name, Sentence(result.err)))
			continue
		}
		if interval, known := result.cluster.Collector.Interval(); known && interval.Fetch == 0 && !result.ofPast {
			notices = append(notices, warning("Cluster %s fetches no metrics, so nothing can be measured: metrics.fetcher.update-interval is 0 in its configuration.", name))
		}
		if result.incomplete != nil {
			notices = append(notices, pastIncomplete(result.incomplete))
		}
		if result.leftOut > 0 {
			notices = append(notices, warning("Only the first %d of %d jobs of cluster %s are looked at: choose jobs in the query.", maxJobs, maxJobs+result.leftOut, name))
		}
		for _, text := range result.warnings {
			notices = append(notices, warning("%s", text))
		}
		notices = append(notices, silentJobs(result)...)
	}
	return notices
}

// pastIncomplete is the notice that there may have been more than is shown.
func pastIncomplete(err error) data.Notice {
	return warning("The past is not known as a whole: %s", Sentence(err))
}

// silentJobs names the jobs that did not answer, in one notice however many, or why
// their past is not known.
func silentJobs(result *clusterResult) (notices []data.Notice) {
	var names []string
	var err error
	for _, j := range result.jobs {
		for _, text := range j.warnings {
			notices = append(notices, warning("%s", text))
		}
		switch {
		case j.err == nil:
		case result.ofPast:
			notices = append(notices, pastIncomplete(j.err))
		default:
			names, err = append(names, j.info.Name), cmp.Or(err, j.err)
		}
	}
	switch len(names) {
	case 0:
		return notices
	case 1:
		return append(notices, warning("Job %s did not answer: %s", names[0], Sentence(err)))
	default:
		return append(notices, warning("%d jobs did not answer (%s): %s", len(names), listed(names), Sentence(err)))
	}
}

// partialKey is the key of [partial] of all tasks.
type partialKey struct{}

// partial describes what of a job is not known, and why.
func partial(shown frame.Job) []data.Notice {
	if len(shown.Tasks) < len(shown.Snapshot.Tasks) {
		return findPartial(shown)
	}
	return shown.Once(partialKey{}, func() any { return findPartial(shown) }).([]data.Notice)
}

func findPartial(shown frame.Job) (notices []data.Notice) {
	snapshot := shown.Snapshot
	var silent, legacy, ended []string
	var err error
	for _, i := range shown.Tasks {
		load := snapshot.Tasks[i]
		if snapshot.Job.State == job.Running && snapshot.Graph.Tasks[i].State.Terminal() {
			ended = append(ended, snapshot.Graph.Tasks[i].Name)
		}
		if load.Err != nil {
			silent, err = append(silent, snapshot.Graph.Tasks[i].Name), cmp.Or(err, load.Err)
		}
		if slices.ContainsFunc(load.Subtasks, func(s job.SubtaskLoad) bool { return s.Why == job.Unmeasured }) {
			legacy = append(legacy, snapshot.Graph.Tasks[i].Name)
		}
	}
	if len(silent) > 0 {
		notices = append(notices, warning("%d of %d tasks of job %s did not answer (%s): %s", len(silent), len(snapshot.Tasks), snapshot.Job.Name, listed(silent), Sentence(err)))
	}
	if len(legacy) > 0 {
		notices = append(notices, info("Flink does not measure how busy the legacy sources of job %s are (%s): their idle and busy shares are not known.", snapshot.Job.Name, listed(legacy)))
	}
	if len(ended) > 0 {
		notices = append(notices, info("These tasks of job %s have finished, so nothing is measured of them: %s.", snapshot.Job.Name, listed(ended)))
	}
	if snapshot.Graph.EdgesUnknown {
		notices = append(notices, edgesUnknown(snapshot.Job.Name))
	}
	if unmeasured := diagnosis.Unmeasured(snapshot); unmeasured != "" && len(silent) == 0 {
		notices = append(notices, info("Not measured in job %s: %s.", snapshot.Job.Name, unmeasured))
	}
	return notices
}

// Sentence is an error in a sentence for users: what Flink's or Prometheus' error
// says without what wraps it, and what a bare context error means.
func Sentence(err error) error {
	var asked *remote.Error
	switch {
	case errors.As(err, &asked):
		return asked
	case errors.Is(err, context.DeadlineExceeded):
		return &explained{"The query's time ran out before Flink had answered: raise its time-out, or ask for fewer jobs.", err}
	case errors.Is(err, context.Canceled):
		return &explained{"The query was cancelled by its caller.", err}
	default:
		return err
	}
}

// explained is an error in other words.
type explained struct {
	text string
	err  error
}

func (e *explained) Error() string { return e.text }
func (e *explained) Unwrap() error { return e.err }
