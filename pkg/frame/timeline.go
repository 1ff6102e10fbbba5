package frame

import (
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
)

// Timeline is the status of tasks over time, in words, for the State timeline
// panel: a frame a job, a field a task. Several jobs are not looked at at the
// same times: in one frame, each would be null where only others are known. A
// task is null where it is not known, so in a gap, and where only others of its
// job were looked at. The traces hold status codes. A frame has at most that
// many rows: of statuses that fall together the worst. Of more tasks than an
// answer holds it has the worst. Notices are on the first frame, which is there
// even without tasks.
func Timeline(past Past, points int) data.Frames {
	status := *MeasureNamed("status")
	var notices []data.Notice
	past.Traces, notices = past.bounded(status, "The answer holds the worst %d of %d tasks. Choose jobs or tasks in the query.")
	jobs := past.Jobs()
	names := naming(jobs)
	frames := make(data.Frames, len(jobs))
	for i, tasks := range jobs {
		frames[i] = past.lanes(past.drawn(Aligned(tasks), points, status), names)
	}
	if len(frames) == 0 {
		frames = data.Frames{past.lanes(nil, nil)}
	}
	frames[0].Meta.Notices = notices
	return frames
}

// lanes is the frame of a job's tasks, which have all rows in common. What is
// written beside each are these labels.
func (p Past) lanes(tasks []Trace, names []string) *data.Frame {
	var times []time.Time
	if len(tasks) > 0 {
		times = tasks[0].Times
	}
	fields := []*data.Field{data.NewField("time", nil, times)}
	mappings := statusField(nil).Config.Mappings
	for _, task := range tasks {
		fields = append(fields, data.NewField("status", task.Labels, task.words()).SetConfig(&data.FieldConfig{
			Mappings: mappings, DisplayNameFromDS: task.title(names),
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

// naming are the labels that tell the tasks of these jobs apart.
func naming(jobs [][]Trace) []string {
	if len(jobs) <= 1 {
		return []string{"task"}
	}
	cluster := func(tasks []Trace) string { return tasks[0].Labels["cluster"] }
	for _, tasks := range jobs {
		if cluster(tasks) != cluster(jobs[0]) {
			return []string{"cluster", "job", "task"}
		}
	}
	return []string{"job", "task"}
}

// title is what the panel writes beside a lane.
func (t Trace) title(names []string) string {
	values := make([]string, len(names))
	for i, name := range names {
		values[i] = t.Labels[name]
	}
	return strings.Join(values, ": ")
}
