package frame

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// mostSeries is how many series one answer holds.
const mostSeries = 1000

// By is what a measure is told of.
type By string

// What measures are told of.
const (
	ByJob     By = "job"
	ByTask    By = "task"
	BySubtask By = "subtask"
	// ByTaskManager is for what is told over time.
	ByTaskManager By = "taskmanager"
)

// Series is one value with the names that label it; NaN is not known.
type Series struct {
	Labels data.Labels
	Value  float64
}

// NumericWide is a measure for alert rules: numeric-wide 0.1 of Grafana's
// data plane, one row, a field a series. What is unknown is null, so that a
// rule keeps its state; what is measured and well is 0.
func NumericWide(answer Answer, measure Measure, by By) data.Frames {
	return Wide(answer, measure, measure.series(answer, by))
}

// Wide makes one numeric-wide frame of a measure's series, the worst of them
// if there are more than an answer holds.
func Wide(answer Answer, measure Measure, all []Series) data.Frames {
	values, notices := bounded(measure, all)
	numbers := newNumbers(len(values))
	fields := make([]*data.Field, len(values))
	for i, s := range values {
		numbers.set(i, s.Value)
		fields[i] = data.NewField(measure.Name, s.Labels, numbers.pointers[i:i+1:i+1]).SetConfig(&data.FieldConfig{Unit: measure.unit})
	}
	frame := data.NewFrame("measure", fields...)
	frame.Meta = answer.meta(notices...)
	frame.Meta.Type, frame.Meta.TypeVersion = data.FrameTypeNumericWide, data.FrameTypeVersion{0, 1}
	return data.Frames{frame}
}

// bounded keeps the worst series, as many as one answer holds.
func bounded(measure Measure, all []Series) ([]Series, []data.Notice) {
	if len(all) <= mostSeries {
		return all, nil
	}
	slices.SortStableFunc(all, func(a, b Series) int {
		return cmp.Compare(measure.badness(b.Value), measure.badness(a.Value))
	})
	return all[:mostSeries], []data.Notice{{
		Severity: data.NoticeSeverityWarning,
		Text:     fmt.Sprintf("The answer holds the worst %d of %d series. Choose jobs or tasks in the query, or a coarser \"by\".", mostSeries, len(all)),
	}}
}

// badness orders values worst first. What is unknown comes before what is
// well, and after all else: a rule that fired for it must not lose its series.
func (m Measure) badness(value float64) float64 {
	well := 0.0
	if m.lowIsWorse {
		value, well = -value, -1
	}
	if math.IsNaN(value) {
		return math.Nextafter(well, math.Inf(1))
	}
	return value
}

// series lists the measure's values: of each job, task or subtask.
func (m Measure) series(answer Answer, by By) (all []Series) {
	for _, j := range answer.Jobs {
		values := m.Values(j, by)
		for i, labels := range j.Labels(by) {
			all = append(all, Series{labels, values[i]})
		}
	}
	return all
}

// known turns a status into its code, NaN where unknown.
func known(status diagnosis.Status) float64 {
	if status == diagnosis.Unknown {
		return math.NaN()
	}
	return float64(status)
}

// severity is that of a root cause, 0 where measured and none.
func severity(root *diagnosis.Root, measured bool) float64 {
	switch {
	case root != nil:
		return float64(root.Severity)
	case measured:
		return 0
	default:
		return float64(job.Unknown)
	}
}
