package plugin

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// byCluster is what up is told by.
const byCluster frame.By = "cluster"

// measure is a number that a query can name: one of load, or one of whether
// things run.
type measure struct {
	name string
	by   []frame.By // the default first
	// load is set for a measure of load.
	load *frame.Measure
	// state is set for any other: its series, one a job or cluster.
	state func(a asking, ctx context.Context) (frame.Answer, []frame.Series, error)
}

// measures lists them all, the default first.
func measures() (all []measure) {
	for i := range frame.Measures {
		all = append(all, measure{name: frame.Measures[i].Name, by: []frame.By{frame.ByJob, frame.ByTask, frame.BySubtask}, load: &frame.Measures[i]})
	}
	return append(all,
		measure{name: "running", by: []frame.By{frame.ByJob}, state: asking.running},
		measure{name: "restarts", by: []frame.By{frame.ByJob}, state: asking.restarts},
		measure{name: "up", by: []frame.By{byCluster}, state: asking.up})
}

// readMeasure finds the measure that the query names.
func (q *query) readMeasure() error {
	var names []string
	for _, known := range measures() {
		names = append(names, known.name)
		if known.name == q.Measure || q.Measure == "" {
			q.number = known
			break
		}
	}
	if q.number.name == "" {
		return wrong("There is no measure %q: choose one of %s.", q.Measure, strings.Join(names, ", "))
	}
	q.By = cmp.Or(q.By, q.number.by[0])
	if !slices.Contains(q.number.by, q.By) {
		return wrong("The measure %s cannot be told by %q: choose %s.", q.number.name, q.By, alternatives(q.number.by))
	}
	return nil
}

func alternatives(by []frame.By) string {
	words := make([]string, len(by))
	for i, b := range by {
		words[i] = string(b)
	}
	return strings.Join(words, ", ")
}

// measured answers with a measure for alert rules and stat panels.
func measured(ctx context.Context, a asking) (data.Frames, error) {
	if a.number.load != nil {
		answer, err := a.look(ctx)
		if err != nil {
			return nil, err
		}
		return frame.NumericWide(answer, *a.number.load, a.By), nil
	}
	answer, series, err := a.number.state(a, ctx)
	if err != nil {
		return nil, err
	}
	return frame.Wide(answer, a.number.name, "", series), nil
}

// running is 1 for a job whose tasks all run, or have finished beside others
// that run, else 0: also for a job named exactly that is not there.
func (a asking) running(ctx context.Context) (frame.Answer, []frame.Series, error) {
	answer, listed, err := a.list(ctx)
	if err != nil {
		return answer, nil, err
	}
	var series []frame.Series
	for _, found := range listed {
		for _, asked := range found.targets {
			series = append(series, of(found.cluster, asked.info.Name, float64(btoi(asked.info.AllRun()))))
		}
	}
	gone := 0.0
	if len(answer.Notices) > 0 {
		gone = math.NaN() // a cluster that did not answer may have it
	}
	for _, name := range a.absent(listed) {
		series = append(series, of(listed[0].cluster, name, gone))
	}
	return answer, series, nil
}

// restarts is how often each job has restarted; null where Flink does not
// tell, or the job has ended.
func (a asking) restarts(ctx context.Context) (frame.Answer, []frame.Series, error) {
	answer, listed, err := a.list(ctx)
	if err != nil {
		return answer, nil, err
	}
	targets := slices.Concat(targetsOf(listed)...)
	series := make([]frame.Series, len(targets))
	requests := make([]int, len(targets))
	errs := make([]error, len(targets))
	together(len(targets), func(n int) {
		asked, restarts := targets[n], math.NaN()
		if !asked.info.State.Terminal() {
			restarts, requests[n], errs[n] = asked.cluster.keeper.Restarts(ctx, asked.info)
		}
		if errs[n] != nil {
			restarts = math.NaN()
		}
		series[n] = of(asked.cluster, asked.info.Name, restarts)
	})
	for n, err := range errs {
		answer.Requests += requests[n]
		if err != nil {
			answer.Notices = append(answer.Notices, warning("The restarts of job %s are not known: %s", targets[n].info.Name, sentence(err)))
		}
	}
	for _, name := range a.absent(listed) {
		series = append(series, of(listed[0].cluster, name, math.NaN()))
	}
	return answer, series, ctx.Err()
}

// up is 1 for a cluster whose REST API answers, else 0.
func (a asking) up(ctx context.Context) (answer frame.Answer, series []frame.Series, err error) {
	chosen, err := a.chosen()
	if err != nil {
		return answer, nil, err
	}
	series = make([]frame.Series, len(chosen))
	requests, errs := make([]int, len(chosen)), make([]error, len(chosen))
	together(len(chosen), func(n int) {
		_, requests[n], errs[n] = chosen[n].keeper.Jobs(ctx)
		series[n] = frame.Series{Labels: data.Labels{"cluster": chosen[n].name}, Value: float64(btoi(errs[n] == nil))}
	})
	for n, err := range errs {
		answer.Requests += requests[n]
		if err != nil {
			answer.Notices = append(answer.Notices, warning("Cluster %s is not up: %s", chosen[n].name, sentence(err)))
		}
	}
	return answer, series, ctx.Err()
}

// of is a series of a job.
func of(c cluster, name string, value float64) frame.Series {
	return frame.Series{Labels: data.Labels{"cluster": c.name, "job": name}, Value: value}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
