package frame

import (
	"math"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
)

// Timeline is the status of tasks over time, in words, for the State timeline
// panel: one frame, a field a task. The traces hold status codes. A frame has
// at most that many rows: of statuses that fall together the worst.
func Timeline(past Past, points int) data.Frames {
	shown := slices.Clone(past.Traces)
	for i := range shown {
		shown[i] = shown[i].thinned(points, Measure{})
	}
	times := merged(shown)
	fields := []*data.Field{data.NewField("time", nil, times)}
	mappings, several := statusField(nil).Config.Mappings, severalJobs(shown)
	for _, trace := range shown {
		fields = append(fields, data.NewField("status", trace.Labels, trace.words(times)).SetConfig(&data.FieldConfig{
			Mappings: mappings, DisplayNameFromDS: trace.title(several),
		}))
	}
	frame := data.NewFrame("timeline", fields...)
	frame.Meta = past.meta(whole(shown, times))
	frame.Meta.Notices = slices.Clone(past.Notices)
	return data.Frames{frame}
}

// whole stands for all traces in the metadata.
func whole(traces []Trace, times []time.Time) Trace {
	all := Trace{Times: times}
	for _, trace := range traces {
		all.Source = max(all.Source, trace.Source)
	}
	return all
}

// merged are the times of all traces, ascending, each once.
func merged(traces []Trace) []time.Time {
	var all []time.Time
	for i, trace := range traces {
		if i > 0 && slices.EqualFunc(trace.Times, traces[i-1].Times, time.Time.Equal) {
			continue // tasks of one job share their times
		}
		all = append(all, trace.Times...)
	}
	slices.SortFunc(all, time.Time.Compare)
	return slices.CompactFunc(all, time.Time.Equal)
}

// words are the statuses at those times; null where the trace has none, or it
// is not known.
func (t Trace) words(times []time.Time) []*string {
	words := make([]*string, len(times))
	next := 0
	for i, at := range times {
		if next == len(t.Times) || !t.Times[next].Equal(at) {
			continue
		}
		if value := float64(t.Values[next]); !math.IsNaN(value) && value >= 0 {
			words[i] = word(diagnosis.Status(value))
		}
		next++
	}
	return words
}

// word is the status as users read it, the same pointer each time.
func word(status diagnosis.Status) *string { return statusWords[status] }

var statusWords = func() map[diagnosis.Status]*string {
	words := map[diagnosis.Status]*string{}
	for _, status := range statuses {
		text := status.String()
		words[status] = &text
	}
	return words
}()

func severalJobs(traces []Trace) bool {
	return slices.ContainsFunc(traces, func(t Trace) bool {
		return t.Labels["job"] != traces[0].Labels["job"] || t.Labels["cluster"] != traces[0].Labels["cluster"]
	})
}

// title is what the panel writes beside a row: the task, and its job where
// there are several.
func (t Trace) title(withJob bool) string {
	if withJob {
		return t.Labels["job"] + ": " + t.Labels["task"]
	}
	return t.Labels["task"]
}
