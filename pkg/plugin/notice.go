package plugin

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// named is how many names a sentence lists at most.
const named = 5

func warning(format string, values ...any) data.Notice {
	return data.Notice{Severity: data.NoticeSeverityWarning, Text: fmt.Sprintf(format, values...)}
}

func info(format string, values ...any) data.Notice {
	return data.Notice{Severity: data.NoticeSeverityInfo, Text: fmt.Sprintf(format, values...)}
}

// unwhole tells that there may have been more than is told.
func unwhole(err error) data.Notice {
	return warning("The past is not known as a whole: %s", sentence(err))
}

// unconnected tells why nothing is told of what holds jobs back.
func unconnected(jobs []string) data.Notice {
	return info("Neither Flink nor the history knows the graph of job %s: tasks are named as Prometheus has them, and how they are connected, so what holds them back, is not known.", listed(jobs))
}

// notices tell what of a cluster is left out.
func (f found) notices() (notices []data.Notice) {
	switch {
	case f.err != nil:
		return []data.Notice{warning("Cluster %s did not answer: %s", f.cluster.name, sentence(f.err))}
	case f.begun && f.fetch == 0:
		notices = append(notices, warning("Cluster %s fetches no metrics, so nothing can be measured: metrics.fetcher.update-interval is 0 in its configuration.", f.cluster.name))
	}
	if f.lacks != nil {
		notices = append(notices, unwhole(f.lacks))
	}
	if f.leftOut > 0 {
		notices = append(notices, warning("Only the first %d of %d jobs of cluster %s are looked at: choose jobs in the query.", mostJobs, mostJobs+f.leftOut, f.cluster.name))
	}
	return append(notices, f.silent()...)
}

// silent tells which jobs did not answer, in one notice however many.
func (f found) silent() []data.Notice {
	var names []string
	var err error
	for _, asked := range f.targets {
		if asked.err != nil {
			names, err = append(names, asked.info.Name), cmp.Or(err, asked.err)
		}
	}
	switch len(names) {
	case 0:
		return nil
	case 1:
		return []data.Notice{warning("Job %s did not answer: %s", names[0], sentence(err))}
	default:
		return []data.Notice{warning("%d jobs did not answer (%s): %s", len(names), listed(names), sentence(err))}
	}
}

// partial tells what of a job is not known, and why.
func partial(shown frame.Job) (notices []data.Notice) {
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
		notices = append(notices, warning("%d of %d tasks of job %s did not answer (%s): %s", len(silent), len(snapshot.Tasks), snapshot.Job.Name, listed(silent), sentence(err)))
	}
	if len(legacy) > 0 {
		notices = append(notices, info("Flink does not measure how busy the legacy sources of job %s are (%s): their idle and busy shares are not known.", snapshot.Job.Name, listed(legacy)))
	}
	if len(ended) > 0 {
		notices = append(notices, info("These tasks of job %s have finished, so nothing is measured of them: %s.", snapshot.Job.Name, listed(ended)))
	}
	if snapshot.Graph.EdgesUnknown {
		notices = append(notices, unconnected([]string{snapshot.Job.Name}))
	}
	if unknown := diagnosis.Unmeasured(snapshot); unknown != "" && len(silent) == 0 {
		notices = append(notices, info("Not measured in job %s: %s.", snapshot.Job.Name, unknown))
	}
	return notices
}

// short keeps what a user typed to the length of a sentence.
func short(text string) string {
	if runes := []rune(text); len(runes) > 100 {
		return string(runes[:100]) + "…"
	}
	return text
}

// anyJob tells whether the pattern matches a job.
func anyJob(jobs []job.Info, p pattern) bool {
	return slices.ContainsFunc(jobs, func(info job.Info) bool { return p.matches(info.Name, info.ID) })
}

// present lists the jobs that there are, for who mistyped one.
func present(jobs []job.Info) string {
	names := make([]string, len(jobs))
	for i, info := range jobs {
		names[i] = info.Name
	}
	if len(names) == 0 {
		return ": the cluster has no jobs"
	}
	return ": there is " + listed(distinct(names))
}

// listed joins names, the first few of many.
func listed(names []string) string {
	if len(names) <= named {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:named], ", "), len(names)-named)
}
