package frame

import (
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
)

// Timeline is the status of tasks over time, in words, for the State timeline
// panel: a frame a job, a field a task. Several jobs are not looked at at the
// same times: in one frame, each would be null where only others are known. A
// task is null where it is not known, so in a gap, and where only others of its
// job were looked at. The traces hold status codes. A frame has at most that
// many rows: of statuses that fall together the worst. Notices are on the first
// frame, which is there even without tasks.
func Timeline(past Past, points int) data.Frames {
	jobs := past.Jobs()
	frames := make(data.Frames, len(jobs))
	for i, tasks := range jobs {
		frames[i] = past.lanes(tasks, points, len(jobs) > 1)
	}
	if len(frames) == 0 {
		frames = data.Frames{past.lanes(nil, points, false)}
	}
	frames[0].Meta.Notices = slices.Clone(past.Notices)
	return frames
}

// lanes is the frame of a job's tasks, which have all rows in common.
func (p Past) lanes(tasks []Trace, points int, several bool) *data.Frame {
	tasks = p.drawn(Aligned(tasks), points, Measure{})
	var times []time.Time
	if len(tasks) > 0 {
		times = tasks[0].Times
	}
	fields := []*data.Field{data.NewField("time", nil, times)}
	mappings := statusField(nil).Config.Mappings
	for _, task := range tasks {
		fields = append(fields, data.NewField("status", task.Labels, task.words()).SetConfig(&data.FieldConfig{
			Mappings: mappings, DisplayNameFromDS: task.title(several),
		}))
	}
	frame := data.NewFrame("timeline", fields...)
	frame.Meta = p.meta(whole(tasks, times))
	return frame
}

// whole stands for all traces in the metadata.
func whole(traces []Trace, times []time.Time) Trace {
	all := Trace{Times: times}
	for _, trace := range traces {
		all.Source = max(all.Source, trace.Source)
	}
	return all
}

// words are the statuses, null where they are not known.
func (t Trace) words() []*string {
	words := make([]*string, len(t.Values))
	for i, value := range t.Values {
		if value >= 0 {
			words[i] = word(diagnosis.Status(value))
		}
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

// title is what the panel writes beside a row: the task, and its job where
// there are several.
func (t Trace) title(withJob bool) string {
	if withJob {
		return t.Labels["job"] + ": " + t.Labels["task"]
	}
	return t.Labels["task"]
}
