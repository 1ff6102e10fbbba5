package frame_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/grafana/dataplane/sdata/timeseries"
	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/grafana/grafana-plugin-sdk-go/experimental"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// begun is when the traces of these tests begin.
var begun = time.Date(2026, time.March, 4, 10, 0, 0, 0, time.UTC)

// traceOf is a trace of a task with a value at each of these seconds, of which
// those that follow each other are a minute apart at most.
func traceOf(name, task string, source job.Source, values map[int]float64) frame.Trace {
	trace := frame.Trace{Labels: data.Labels{"cluster": "default", "job": name, "task": task}, Source: source}
	for second := 0; len(trace.Times) < len(values); second++ {
		if value, there := values[second]; there {
			trace.Add(begun.Add(time.Duration(second)*time.Second), time.Minute, float32(value))
		}
	}
	return trace
}

// twoJobs are statuses: of a job that nobody looked at for three minutes, and of
// one that was looked at at other times and is not any more.
func twoJobs() frame.Past {
	b, p, i, u := float64(diagnosis.Bottleneck), float64(diagnosis.Backpressured), float64(diagnosis.Idle), math.NaN()
	return frame.Past{
		Traces: []frame.Trace{
			traceOf("orders", "source", job.FromPrometheus, map[int]float64{0: u, 10: p, 20: p, 200: p, 210: i}),
			traceOf("orders", "window", job.FromPrometheus, map[int]float64{0: u, 10: b, 20: b, 200: b, 210: i}),
			traceOf("clicks", "source", job.FromCounters, map[int]float64{5: i, 15: i}),
		},
		Requests: 3, Notices: []data.Notice{{Severity: data.NoticeSeverityInfo, Text: "told once"}},
		End: begun.Add(220 * time.Second),
	}
}

var overTime = map[string]func(frame.Past) data.Frames{
	"history":  func(past frame.Past) data.Frames { return frame.History(past, *frame.MeasureNamed("status"), 0) },
	"timeline": func(past frame.Past) data.Frames { return frame.Timeline(past, 0) },
}

func TestGoldenFramesOverTime(t *testing.T) {
	for name, view := range overTime {
		for suffix, past := range map[string]frame.Past{"": twoJobs(), "-empty": {}} {
			t.Run(name+suffix, func(t *testing.T) {
				frames := view(past)
				experimental.CheckGoldenJSONResponse(t, "testdata", name+suffix, &backend.DataResponse{Frames: frames}, *update)
				survivesArrow(t, frames)
			})
		}
	}
}

// Grafana's expression engine reads each series of a history, with its labels.
func TestHistoryIsReadAsTimeSeries(t *testing.T) {
	for situation, past := range map[string]frame.Past{"two jobs": twoJobs(), "nothing": {}} {
		t.Run(situation, func(t *testing.T) {
			reader, err := timeseries.CollectionReaderFromFrames(overTime["history"](past))
			if err != nil {
				t.Fatal(err)
			}
			collection, err := reader.GetCollection(false)
			if err != nil || collection.Warning != nil {
				t.Fatal(err, collection.Warning)
			}
			if len(collection.Refs) != len(past.Traces) {
				t.Fatalf("%d series of %d", len(collection.Refs), len(past.Traces))
			}
			for i, ref := range collection.Refs {
				if ref.GetMetricName() != "status" || !ref.GetLabels().Equals(past.Traces[i].Labels) {
					t.Errorf("series %d is %s %s", i, ref.GetMetricName(), ref.GetLabels())
				}
			}
		})
	}
}

// A line ends where nobody looked, and a minute later there is a value again;
// what comes within the longest time between two looks goes on.
func TestGaps(t *testing.T) {
	for name, c := range map[string]struct {
		seconds map[int]float64
		end     int // seconds
		want    string
	}{
		"none":                   {map[int]float64{0: 1, 60: 2}, 120, "0:1 60:2"},
		"between":                {map[int]float64{0: 1, 61: 2}, 61, "0:1 30:null 61:2"},
		"two":                    {map[int]float64{0: 1, 100: 2, 300: 3}, 300, "0:1 30:null 100:2 130:null 300:3"},
		"at the end":             {map[int]float64{0: 1, 10: 2}, 71, "0:1 10:2 40:null"},
		"the end is not known":   {map[int]float64{0: 1, 10: 2}, math.MinInt32, "0:1 10:2"},
		"after what is unknown":  {map[int]float64{0: math.NaN(), 90: 2}, 90, "0:null 30:null 90:2"},
		"nothing is looked at":   {nil, 3600, ""},
		"a single look long ago": {map[int]float64{0: 1}, 3600, "0:1 30:null"},
	} {
		t.Run(name, func(t *testing.T) {
			past := frame.Past{Traces: []frame.Trace{traceOf("orders", "window", "", c.seconds)}, End: begun.Add(time.Duration(c.end) * time.Second)}
			if got := seconds(frame.History(past, *frame.MeasureNamed("status"), 0)[0]); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// seconds are the points of a series, by the second.
func seconds(series *data.Frame) (all string) {
	for i := range series.Fields[0].Len() {
		value := "null"
		if known, there := series.Fields[1].ConcreteAt(i); there {
			value = fmt.Sprint(known)
		}
		if i > 0 {
			all += " "
		}
		all += fmt.Sprintf("%g:%s", series.Fields[0].At(i).(time.Time).Sub(begun).Seconds(), value)
	}
	return all
}
