package frame

import (
	"math"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
)

// History is a measure over time: timeseries-multi 0.1 of Grafana's data
// plane, a frame a series, each of at most that many points. Jobs that were polled in
// one round share its time. What is unknown
// is null, so in a gap. Notices are on the first frame, which is there even
// without series.
func History(result Result, measure diagnosis.Measure, points int) data.Frames {
	series, notices := result.worstSeries(measure, "series", "Choose jobs or tasks in the query, or a coarser \"by\".")
	names := result.Legend.namesOf(series, measure.Name)
	frames := make(data.Frames, len(series))
	for i, each := range downsampled(inRounds(series), points, measure, result.End) {
		frames[i] = historyFrame(each, names[i], measure, result.Requests)
	}
	if len(frames) == 0 {
		frames = data.Frames{data.NewFrame("history").SetMeta(Series{}.meta(result.Requests))}
		frames[0].Meta.Type, frames[0].Meta.TypeVersion = data.FrameTypeTimeSeriesMulti, data.FrameTypeVersion{0, 1}
		frames[0].Meta.PreferredVisualization = data.VisTypeGraph
	}
	frames[0].Meta.Notices = append(result.meta().Notices, notices...)
	return frames
}

// historyFrame is the frame of one series.
func historyFrame(series Series, name string, measure diagnosis.Measure, requests int) *data.Frame {
	values, pointers := make([]float64, len(series.Values)), make([]*float64, len(series.Values))
	for i, value := range series.Values {
		if values[i] = nearest(value, measure.Unit); !math.IsNaN(values[i]) {
			pointers[i] = &values[i]
		}
	}
	frame := data.NewFrame("",
		data.NewField("time", nil, series.Times),
		data.NewField(measure.Name, series.Labels, pointers).SetConfig(&data.FieldConfig{
			Unit: unitOf(measure.Unit), DisplayNameFromDS: name, Links: pageLink(series.Page),
		}))
	frame.Meta = series.meta(requests)
	frame.Meta.Type, frame.Meta.TypeVersion = data.FrameTypeTimeSeriesMulti, data.FrameTypeVersion{0, 1}
	frame.Meta.PreferredVisualization = data.VisTypeGraph
	return frame
}

// nearest is the decimal that is meant by a value: the history keeps shares to about five
// digits and rates to three, and Prometheus adds rates up with some noise, which would
// show as a change of 0.000004 %.
func nearest(value float64, unit diagnosis.Unit) float64 {
	if unit != diagnosis.Rate || !(math.Abs(value) > 1e-6) || math.IsInf(value, 0) {
		return math.Round(value*1e6) / 1e6
	}
	last := int(math.Floor(math.Log10(math.Abs(value)))) - 2
	if last < 0 {
		return math.Round(value*math.Pow10(-last)) / math.Pow10(-last)
	}
	return math.Round(value/math.Pow10(last)) * math.Pow10(last)
}
