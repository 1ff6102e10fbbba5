package frame

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// History is a measure over time: timeseries-multi 0.1 of Grafana's data
// plane, a frame a series, each of at most that many points. What is unknown
// is null, so in a gap. Notices are on the first frame, which is there even
// without series.
func History(past Past, measure Measure, points int) data.Frames {
	traces, notices := past.bounded(measure, "The answer holds the worst %d of %d series. Choose jobs or tasks in the query, or a coarser \"by\".")
	frames := make(data.Frames, len(traces))
	for i, trace := range past.drawn(traces, points, measure) {
		frames[i] = past.series(trace, measure)
	}
	if len(frames) == 0 {
		frames = data.Frames{data.NewFrame("history").SetMeta(past.meta(Trace{}))}
		frames[0].Meta.Type, frames[0].Meta.TypeVersion = data.FrameTypeTimeSeriesMulti, data.FrameTypeVersion{0, 1}
	}
	frames[0].Meta.Notices = notices
	return frames
}

// bounded keeps the worst traces, as many as one answer holds, and tells so.
func (p Past) bounded(measure Measure, told string) ([]Trace, []data.Notice) {
	notices := slices.Clone(p.Notices)
	if len(p.Traces) <= mostSeries {
		return p.Traces, notices
	}
	badness := make(map[int]float64, len(p.Traces))
	order := make([]int, len(p.Traces))
	for i, trace := range p.Traces {
		order[i], badness[i] = i, measure.badness(trace.worst(measure))
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(badness[b], badness[a]) })
	kept := make([]Trace, mostSeries)
	for i := range kept {
		kept[i] = p.Traces[order[i]]
	}
	return kept, append(notices, data.Notice{
		Severity: data.NoticeSeverityWarning,
		Text:     fmt.Sprintf(told, mostSeries, len(p.Traces)),
	})
}

// series is the frame of one trace.
func (p Past) series(trace Trace, measure Measure) *data.Frame {
	values, pointers := make([]float64, len(trace.Values)), make([]*float64, len(trace.Values))
	for i, value := range trace.Values {
		// The nearest decimal is meant, not what a float32 makes of it.
		if values[i] = math.Round(float64(value)*1e6) / 1e6; !math.IsNaN(values[i]) {
			pointers[i] = &values[i]
		}
	}
	frame := data.NewFrame("",
		data.NewField("time", nil, trace.Times),
		data.NewField(measure.Name, trace.Labels, pointers).SetConfig(&data.FieldConfig{Unit: measure.unit}))
	frame.Meta = p.meta(trace)
	frame.Meta.Type, frame.Meta.TypeVersion = data.FrameTypeTimeSeriesMulti, data.FrameTypeVersion{0, 1}
	return frame
}
