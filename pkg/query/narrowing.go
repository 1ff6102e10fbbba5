package query

import (
	"context"
	"slices"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// checkNarrowing checks the kinds that the query names, and that a rule is not about
// hosts or kinds: it would be about more than its author meant.
func (q *Query) checkNarrowing(fromAlert bool) error {
	for _, selector := range q.Kinds.all {
		if selector.exact() && !slices.Contains(diagnosis.Kinds, diagnosis.Kind(selector.text)) {
			names := make([]string, len(diagnosis.Kinds))
			for i, kind := range diagnosis.Kinds {
				names[i] = string(kind)
			}
			return badQuery("There is no kind %q: choose one of %s.", shortened(selector.text), strings.Join(names, ", "))
		}
	}
	if of := q.useless(); fromAlert && len(of) > 0 && (q.Hosts.some() || q.Kinds.some()) {
		return badQuery("%s: take it out of the rule.", q.notNarrowed(of))
	}
	return nil
}

// useless are what the query chooses by though its type cannot be narrowed down by that:
// job, task, host, kind.
func (q *Query) useless() (of []string) {
	known := types[q.Type]
	ofJobs := known.measure && !q.Measure.OfLoad() // a figure of a job has no tasks
	if q.Jobs.some() && known.measure && q.Measure.Origin == diagnosis.FromAnswers {
		of = append(of, "job")
	}
	if q.Tasks.some() && (known.ofJobs || ofJobs) {
		of = append(of, "task")
	}
	if q.Hosts.some() && !known.hosts {
		of = append(of, "host")
	}
	if q.Kinds.some() && !known.kinds {
		of = append(of, "kind")
	}
	return of
}

// notNarrowed is the one wording for what a query type cannot be narrowed down by.
func (q *Query) notNarrowed(of []string) string {
	what := "The query type " + q.Type
	if types[q.Type].measure {
		what = "The measure " + q.Measure.Name
	}
	return what + " cannot be narrowed down by " + strings.Join(of, " and ")
}

// addUseless adds notices to an answer that is of more than the query chose.
func (q *Query) addUseless(frames data.Frames) {
	if len(frames) == 0 || frames[0].Meta == nil {
		return
	}
	if of := q.useless(); len(of) > 0 {
		frames[0].AppendNotices(info("%s: what is shown is of all of them.", q.notNarrowed(of)))
	}
	for _, list := range []struct {
		name string
		of   Selectors
	}{{"clusters", q.Clusters}, {"jobs", q.Jobs}, {"tasks", q.Tasks}, {"hosts", q.Hosts}, {"kinds", q.Kinds}} {
		if list.of.blank && !list.of.some() {
			frames[0].AppendNotices(info("The query's %s are empty, as a variable without a value is: what is shown is of all of them.", list.name))
		}
	}
}

// narrowed leaves what is on the hosts and of the kinds that the query chose.
func (req Request) narrowed(result frame.Result) frame.Result {
	if req.Hosts.some() {
		result.OnHost = func(host string) bool { return req.Hosts.Choose(host, "") }
	}
	if req.Kinds.some() {
		result.OfKind = func(kind diagnosis.Kind) bool { return req.Kinds.Choose(string(kind), "") }
	}
	return result
}

// hostNames are the hosts that subtasks of the jobs and tasks chosen run on, as samples
// of these have them.
func hostNames(ctx context.Context, e *Engine, req Request, clusters []*Cluster) (frame.Result, error) {
	result, err := e.now(ctx, req, clusters)
	for _, shown := range result.Jobs {
		result.Names = append(result.Names, hostsOf(shown)...)
	}
	slices.Sort(result.Names)
	return result.Result, err
}

// hostsOf are the hosts that subtasks of a job's tasks run on.
func hostsOf(shown frame.Job) (names []string) {
	for _, name := range shown.Hosts(diagnosis.BySubtask) {
		if name != "" {
			names = append(names, name)
		}
	}
	return withoutRepeats(names)
}
