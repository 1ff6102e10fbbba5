package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
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
	return info("Neither Flink nor the history has the graph of job %s: how its tasks are connected, so what holds them back, is not known. Those that Prometheus alone has are named as there.", listed(names))
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
		notices = append(notices, goneNotices(result)...)
		notices = append(notices, silentJobs(result)...)
	}
	return notices
}

// pastIncomplete is the notice that there may have been more than is shown.
func pastIncomplete(err error) data.Notice {
	if errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, ErrStopped) && !remote.IsKind(err, remote.TimedOut) {
		return warning("The past is not known as a whole: the query's time ran out before all was read. Choose a shorter time range, or fewer jobs.")
	}
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
		return append(notices, warning("Job %s did not answer: %s", shortened(names[0]), Sentence(err)))
	default:
		return append(notices, warning("%d jobs did not answer (%s): %s", len(names), listed(names), Sentence(err)))
	}
}

// missing is what of a job is not known, or why, of which there is a notice.
type missing struct {
	kind   missingKind
	notice data.Notice
	job    string
	err    error // why tasks did not answer
}

// missingKind is what is missing, which may be so in many jobs.
type missingKind int

const (
	silentTasks missingKind = iota
	legacySources
	endedTasks
	tooManyEdges
	noEdges
	unmeasured
)

// ofMany is the one notice about jobs of which the same is missing.
func (k missingKind) ofMany(of []missing) data.Notice {
	names := make([]string, len(of))
	for i := range of {
		names[i] = of[i].job
	}
	switch k {
	case silentTasks:
		return warning("Tasks of %d jobs did not answer (%s): %s", len(of), listed(names), Sentence(of[0].err))
	case legacySources:
		return info("Flink does not measure how busy the legacy sources of %d jobs are (%s): their idle and busy shares are not known.", len(of), listed(names))
	case endedTasks:
		return info("Tasks of %d jobs have finished, so nothing is measured of them (%s).", len(of), listed(names))
	case tooManyEdges:
		return warning("The tasks of %d jobs have more than %d connections, which are not looked at (%s): what holds the jobs back is not known.", len(of), flink.MaxInputs, listed(names))
	case noEdges:
		return edgesUnknown(names...)
	default:
		return info("Not everything is measured in %d jobs (%s): choose one of them to see what is not.", len(of), listed(names))
	}
}

// missingNotices are those about what is missing: one a job, or, where the same is
// missing in many, one for all of them.
func missingNotices(all []missing) (notices []data.Notice) {
	byKind := map[missingKind][]missing{}
	for _, each := range all {
		byKind[each.kind] = append(byKind[each.kind], each)
	}
	counted := map[missingKind]bool{}
	for _, each := range all {
		switch of := byKind[each.kind]; {
		case len(of) <= maxListed:
			notices = append(notices, each.notice)
		case !counted[each.kind]:
			counted[each.kind] = true
			notices = append(notices, each.kind.ofMany(of))
		}
	}
	return notices
}

// partialKey is the key of [partial] of all tasks.
type partialKey struct{}

// partial describes what of a job is not known, and why.
func partial(shown frame.Job) []missing {
	if len(shown.Tasks) < len(shown.Snapshot.Tasks) {
		return findPartial(shown)
	}
	return shown.Once(partialKey{}, func() any { return findPartial(shown) }).([]missing)
}

func findPartial(shown frame.Job) (all []missing) {
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
	name := shortened(snapshot.Job.Name)
	add := func(kind missingKind, notice data.Notice) {
		all = append(all, missing{kind, notice, snapshot.Job.Name, err})
	}
	if len(silent) > 0 {
		add(silentTasks, warning("%d of %d tasks of job %s did not answer (%s): %s", len(silent), len(snapshot.Tasks), name, listed(silent), Sentence(err)))
	}
	if len(legacy) > 0 {
		add(legacySources, info("Flink does not measure how busy the legacy sources of job %s are (%s): their idle and busy shares are not known.", name, listed(legacy)))
	}
	if len(ended) > 0 {
		add(endedTasks, info("These tasks of job %s have finished, so nothing is measured of them: %s.", name, listed(ended)))
	}
	switch {
	case snapshot.Graph.TooManyEdges:
		add(tooManyEdges, warning("The tasks of job %s have more than %d connections, which are not looked at: what holds the job back is not known.", name, flink.MaxInputs))
	case snapshot.Graph.EdgesUnknown:
		add(noEdges, edgesUnknown(snapshot.Job.Name))
	}
	if why := diagnosis.Unmeasured(snapshot); why != "" && len(silent) == 0 {
		add(unmeasured, info("Not measured in job %s: %s.", name, why))
	}
	return all
}

// Sentence is an error in a sentence for users: what Flink's or Prometheus' error
// says without what wraps it, and what a bare context error means.
func Sentence(err error) error {
	var asked *remote.Error
	switch {
	case errors.Is(err, ErrStopped):
		return &explained{"The plugin was stopped before all had answered: try again.", err}
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
