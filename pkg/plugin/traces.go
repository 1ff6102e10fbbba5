package plugin

import (
	"cmp"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// traces gathers values over time by their labels: a job that is deployed anew
// goes on under its name.
type traces struct {
	order []*frame.Trace
	named map[string]*frame.Trace
	shape []*frame.Trace // what points go to
}

func newTraces() *traces { return &traces{named: map[string]*frame.Trace{}} }

// of finds or begins the trace of these labels.
func (t *traces) of(labels data.Labels) *frame.Trace {
	key := labels.String()
	trace := t.named[key]
	if trace == nil {
		trace = &frame.Trace{Labels: labels}
		t.named[key], t.order = trace, append(t.order, trace)
	}
	return trace
}

// shaped names the values of the points that follow.
func (t *traces) shaped(labels []data.Labels) {
	t.shape = t.shape[:0]
	for _, each := range labels {
		t.shape = append(t.shape, t.of(each))
	}
}

// point adds a value to each trace.
func (t *traces) point(at time.Time, apart time.Duration, values []float64, source job.Source) {
	for i, trace := range t.shape {
		trace.Add(at, apart, float32(values[i]))
		trace.Source = max(trace.Source, source)
	}
}

// add puts traces to those of the same labels.
func (t *traces) add(more ...frame.Trace) {
	for _, trace := range more {
		kept := t.of(trace.Labels)
		if len(kept.Times) == 0 {
			*kept = trace
			continue
		}
		kept.Times = append(slices.Clip(kept.Times), trace.Times...) // others may share them
		kept.Apart = append(slices.Clip(kept.Apart), trace.Apart...)
		kept.Values = append(slices.Clip(kept.Values), trace.Values...)
		kept.Source = max(kept.Source, trace.Source)
		ordered(kept)
	}
}

// ordered sorts a trace by its times, of which each is there once: tasks of one
// name that a job had one after the other share theirs.
func ordered(trace *frame.Trace) {
	if ascends(trace.Times) {
		return
	}
	order := make([]int, len(trace.Times))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(trace.Times[a].UnixNano(), trace.Times[b].UnixNano()) })
	sorted := frame.Trace{Labels: trace.Labels, Source: trace.Source}
	for _, from := range order {
		at, value := trace.Times[from], trace.Values[from]
		switch last := len(sorted.Times) - 1; {
		case last < 0 || !sorted.Times[last].Equal(at):
			sorted.Add(at, trace.Apart[from], value)
		case sorted.Values[last] != sorted.Values[last]: // not known of the other
			sorted.Values[last] = value
		}
	}
	*trace = sorted
}

// ascends tells whether each time is later than the one before.
func ascends(times []time.Time) bool {
	for i := 1; i < len(times); i++ {
		if !times[i-1].Before(times[i]) {
			return false
		}
	}
	return true
}

// all are the traces, in the order in which they began.
func (t *traces) all() []frame.Trace {
	all := make([]frame.Trace, len(t.order))
	for i, trace := range t.order {
		all[i] = *trace
	}
	return all
}
