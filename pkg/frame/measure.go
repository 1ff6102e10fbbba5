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

// MaxSeries is how many series one answer holds.
const MaxSeries = 1000

// Value is one number with the names that label it; NaN is not known.
type Value struct {
	Labels data.Labels
	Value  float64
	// Host is where the subtask or TaskManager is that it is of, if it is of one.
	Host string
	// Page is that of Flink's UI of what the value is of; empty where that is not known.
	Page string
	// Source is where a value of the past comes from; empty for one of the present.
	Source job.Source
}

// Measure is a measure for alert rules: numeric-wide 0.1 of Grafana's data
// plane, one row, a field a series, the worst of them if there are more than an
// answer holds. The values are the result's, or those of its jobs. What is
// unknown is null, so that a rule keeps its state; what is measured and well is
// 0.
func Measure(result Result, measure diagnosis.Measure, by diagnosis.By) data.Frames {
	var made measured
	if len(result.Jobs) == 1 && len(result.Values) == 0 && measure.Origin == diagnosis.FromLoad && result.Legend.Format == "" && !result.Jobs[0].Ended {
		only := result.Jobs[0]
		made = shared(only, measuredKey{only.Cluster, measure.Name, by, result.Legend, only.Pages}, func() measured {
			return fieldsOf(measure, result.Legend, only.values(nil, measure, by))
		})
	} else {
		values := result.Values
		for _, j := range result.Jobs {
			if measure.OfLoad() {
				values = j.values(values, measure, by)
			}
		}
		made = fieldsOf(measure, result.Legend, values)
	}
	frame := data.NewFrame("measure", made.fields...)
	frame.Meta = result.meta(made.notices...)
	frame.Meta.Type, frame.Meta.TypeVersion = data.FrameTypeNumericWide, data.FrameTypeVersion{0, 1}
	frame.Meta.PreferredVisualization = data.VisTypeTable
	return data.Frames{frame}
}

// measured are fields of numbers that were measured, and notices of what is left out.
type measured struct {
	fields  []*data.Field
	notices []data.Notice
}

// measuredKey is the key of a measure's fields of one job.
type measuredKey struct {
	cluster, measure string
	by               diagnosis.By
	legend           Legend
	pages            Pages
}

// values adds the job's.
func (j Job) values(to []Value, measure diagnosis.Measure, by diagnosis.By) []Value {
	numbers, hosts, pages := j.Values(measure, by), j.Hosts(by), j.URLs(by)
	for i, labels := range j.Labels(by) {
		value := Value{Labels: labels, Value: numbers[i], Page: pages[i]}
		if hosts != nil {
			value.Host = hosts[i]
		}
		to = append(to, value)
	}
	return to
}

// fieldsOf makes a field of one row of each value.
func fieldsOf(measure diagnosis.Measure, legend Legend, values []Value) measured {
	values, notices := worstValues(measure, values)
	distinguish(values)
	named := make([]namedSeries, len(values))
	for i, value := range values {
		named[i] = namedSeries{value.Labels, value.Host}
	}
	names := legend.names(named, measure.Name)
	numbers := make([]float64, len(values))
	all := make([]*data.Field, len(values))
	for i, value := range values {
		pointer := []*float64{nil}
		if numbers[i] = value.Value; !math.IsNaN(value.Value) && !math.IsInf(value.Value, 0) {
			pointer[0] = &numbers[i]
		}
		all[i] = data.NewField(measure.Name, value.Labels, pointer).SetConfig(&data.FieldConfig{
			Unit: unitOf(measure.Unit), DisplayNameFromDS: names[i], Links: pageLink(value.Page),
		})
	}
	return measured{all, notices}
}

// distinguish numbers the jobs of values that have the same labels, on which an alert
// rule fails: a cluster that was built anew may have given a job another's name since its
// jobs were listed.
func distinguish(values []Value) {
	seen := make(map[string]bool, len(values))
	for i := range values {
		labels := values[i].Labels
		for n := 2; seen[labels.String()]; n++ {
			labels = with(values[i].Labels, "job", fmt.Sprintf("%s #%d", values[i].Labels["job"], n))
		}
		values[i].Labels = labels
		seen[labels.String()] = true
	}
}

// worstValues keeps the worst values, as many as one answer holds.
func worstValues(measure diagnosis.Measure, values []Value) ([]Value, []data.Notice) {
	if len(values) <= MaxSeries {
		return values, nil
	}
	slices.SortStableFunc(values, func(a, b Value) int {
		return cmp.Compare(measure.Badness(b.Value), measure.Badness(a.Value))
	})
	return values[:MaxSeries], []data.Notice{tooMany("series", len(values), "Choose jobs or tasks in the query, or a coarser \"by\".")}
}

// tooMany is the notice that an answer has the worst of more.
func tooMany(what string, count int, advice string) data.Notice {
	return data.Notice{
		Severity: data.NoticeSeverityWarning,
		Text:     fmt.Sprintf("The answer holds the worst %d of %d %s. %s", MaxSeries, count, what, advice),
	}
}
