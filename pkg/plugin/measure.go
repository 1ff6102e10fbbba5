package plugin

import (
	"cmp"
	"context"
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
	// state is set for any other.
	state *state
}

// measures lists them all, the default first.
func measures() (all []measure) {
	for i := range frame.Measures {
		all = append(all, measure{name: frame.Measures[i].Name, by: []frame.By{frame.ByJob, frame.ByTask, frame.BySubtask, frame.ByTaskManager}, load: &frame.Measures[i]})
	}
	for i := range states {
		all = append(all, measure{name: states[i].shown.Name, by: []frame.By{states[i].by}, state: &states[i]})
	}
	return all
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
		if a.number.name == "blame" {
			err = a.recall(ctx, &answer)
		}
		return frame.NumericWide(answer, *a.number.load, a.By), err
	}
	begun, passed, err := a.passed(ctx)
	switch {
	case err != nil:
		return nil, err
	case passed:
		return a.stateThen(ctx, begun)
	}
	answer, series, err := a.number.state.ask(a, ctx)
	if err != nil {
		return nil, err
	}
	answer.Requests += requestsOf(begun)
	return frame.Wide(answer, a.number.state.shown, series), nil
}
