package plugin

import (
	"slices"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

// aligned leaves out the ends of a span in which there is no whole multiple of
// the step, at which Prometheus is asked: so ranges that move on are the same
// until the next. One without any is as it was.
func aligned(over history.Span, step time.Duration) history.Span {
	each := step.Milliseconds()
	if each <= 0 || over.From.UnixMilli() < 0 {
		return over
	}
	first, last := (over.From.UnixMilli()+each-1)/each, over.To.UnixMilli()/each
	if first > last {
		return over
	}
	return history.Span{From: time.UnixMilli(first * each), To: time.UnixMilli(last * each)}
}

// rounded ends an aligned span just before the next multiple: no point is there,
// but that a job was is told.
func rounded(over history.Span, step time.Duration) history.Span {
	if each := step.Milliseconds(); each > 0 && over.To.UnixMilli()%each == 0 {
		over.To = over.To.Add(step - time.Millisecond)
	}
	return over
}

// everyMeasure is each of them, at its own place.
var everyMeasure = func() (all []history.Measure) {
	for measure := range len(history.TaskRow{}) {
		all = append(all, history.Measure(measure))
	}
	return all
}()

// only has some of the rows' measures, of all: as a copy, which may be changed.
func only(measures []history.Measure, rows history.Rows) history.Rows {
	some := history.Rows{Times: slices.Clone(rows.Times), Jobs: slices.Clone(rows.Jobs)}
	for _, task := range rows.Tasks {
		columns := make([][]float32, len(measures))
		for i, measure := range measures {
			columns[i] = slices.Clone(task.Measures[measure])
		}
		some.Tasks = append(some.Tasks, history.TaskRows{ID: task.ID, Name: task.Name, Measures: columns})
	}
	return some
}
