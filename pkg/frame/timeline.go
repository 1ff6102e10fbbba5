package frame

import (
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
)

// Timeline is the status of tasks over time, in words, for the State timeline
// panel: a frame a job, a field a task. Several jobs are not sampled at the
// same times: in one frame, each would be null where only others are known. A
// task is null where it is not known, so in a gap, and where only others of its
// job were sampled. The series hold status codes. A frame has at most that
// many rows: of statuses that fall together the worst. Of more tasks than an
// answer holds it has the worst. Notices are on the first frame, which is there
// even without tasks.
func Timeline(result Result, points int) data.Frames {
	status, _ := diagnosis.MeasureNamed("status")
	series, notices := result.worstSeries(status, "tasks", "Choose jobs or tasks in the query.")
	jobs := ByJob(series)
	names := distinguishing(jobs)
	frames := make(data.Frames, len(jobs))
	for i, tasks := range jobs {
		frames[i] = timelineFrame(downsampled(Aligned(tasks), points, status, result.End), names, result.Requests)
	}
	if len(frames) == 0 {
		frames = data.Frames{timelineFrame(nil, nil, result.Requests)}
	}
	frames[0].Meta.Notices = append(result.meta().Notices, notices...)
	return frames
}

// timelineFrame is the frame of a job's tasks, which have all rows in common.
// The labels are those that are written beside each.
func timelineFrame(tasks []Series, labels []string, requests int) *data.Frame {
	var times []time.Time
	if len(tasks) > 0 {
		times = tasks[0].Times
	}
	all := []*data.Field{data.NewField("time", nil, times)}
	mappings := statusMappings()
	whole := Series{Times: times}
	for _, task := range tasks {
		all = append(all, data.NewField("status", task.Labels, statusesOf(task)).SetConfig(&data.FieldConfig{
			Mappings: mappings, DisplayNameFromDS: title(task.Labels, labels),
		}))
		whole.Source = max(whole.Source, task.Source)
	}
	frame := data.NewFrame("timeline", all...)
	frame.Meta = whole.meta(requests)
	return frame
}

// statusesOf are the statuses in words, null where they are not known.
func statusesOf(series Series) []*string {
	words := make([]*string, len(series.Values))
	for i, value := range series.Values {
		if value >= 0 {
			words[i] = statusWords[diagnosis.Status(value)]
		}
	}
	return words
}

// distinguishing are the labels that distinguish the tasks of these jobs.
func distinguishing(jobs [][]Series) []string {
	if len(jobs) <= 1 {
		return []string{"task"}
	}
	cluster := func(tasks []Series) string { return tasks[0].Labels["cluster"] }
	for _, tasks := range jobs {
		if cluster(tasks) != cluster(jobs[0]) {
			return []string{"cluster", "job", "task"}
		}
	}
	return []string{"job", "task"}
}

// title is what the panel writes beside a lane.
func title(labels data.Labels, names []string) string {
	values := make([]string, len(names))
	for i, name := range names {
		values[i] = labels[name]
	}
	return strings.Join(values, ": ")
}
