package plugin

import (
	"slices"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// missed tells of names that match nothing, and of a range of which nothing is
// remembered; that Prometheus did not tell is a reason to know of neither.
func (a asking) missed(past *frame.Past, names []job.Info, failed, lacks error) error {
	switch {
	case len(past.Traces) > 0:
		return nil
	case lacks != nil && a.alert:
		return lacks
	case lacks != nil:
		return nil
	case failed != nil:
		return failed
	}
	if err := a.unmatchedThen(past, names); err != nil || len(past.Notices) > 0 {
		return err
	}
	nothing, err := a.nothing(a.whyNothing())
	past.Notices = append(past.Notices, nothing...)
	return err
}

// unmatchedThen tells of what the query names and was not there: of an exact
// name in an error, of a regular expression in a notice.
func (a asking) unmatchedThen(past *frame.Past, names []job.Info) error {
	for _, p := range a.Jobs {
		switch {
		case len(names) == 0 || anyJob(names, p):
		case p.regex == nil:
			return absent("There was no job %q in this time%s.", short(p.text), present(names))
		default:
			past.Notices = append(past.Notices, info("No job of this time matches %s.", p.text))
		}
	}
	for _, p := range a.Tasks {
		switch {
		case !slices.ContainsFunc(names, func(info job.Info) bool { return a.Jobs.choose(info.Name, info.ID) }):
		case p.regex == nil:
			return absent("There was no task %q in this time in the jobs asked for.", short(p.text))
		default:
			past.Notices = append(past.Notices, info("No task of this time matches %s.", p.text))
		}
	}
	return nil
}

// whyNothing tells why nothing is remembered.
func (a asking) whyNothing() string {
	for _, c := range a.clusters {
		if c.store != nil || c.far != nil {
			return "Nothing is remembered of this time: choose a longer range, or one that ends later."
		}
	}
	return "Nothing is remembered: the history is off in the data source's settings, or users are told apart by the login that Grafana forwards."
}

// absentThen are the series of jobs that are named exactly and were not there,
// without a value, for a measure by job: an alert rule keeps its state.
func (a asking) absentThen(chosen []cluster, names []job.Info) (traces []frame.Trace, notices []data.Notice) {
	if a.By != frame.ByJob || len(chosen) == 0 || len(names) == 0 {
		return nil, nil
	}
	for _, p := range a.Jobs {
		if p.regex == nil && !anyJob(names, p) {
			traces = append(traces, a.point(data.Labels{"cluster": chosen[0].name, "job": p.text}, unknown))
			notices = append(notices, warning("There was no job %q in this time%s.", short(p.text), present(names)))
		}
	}
	return traces, notices
}
