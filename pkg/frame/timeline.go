package frame

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// maxLanes is how many lanes a timeline has: a panel needs some 15 pixels for each, and
// shows nothing but lines of more.
const maxLanes = 50

// Timeline is the status of tasks, or of jobs, over time, in words, for the State
// timeline panel: a frame a job, a field a lane, each of another name, as Explore puts
// equal ones together. Several jobs are not always sampled at the same times: in one
// frame, each would be null where only others are known. A lane is null where it is not
// known, so in a gap, and where only others of its job were sampled. The series hold
// status codes. A frame has at most that many rows: of statuses that fall together the
// worst. Of more lanes than a panel shows it has the worst. Notices are on the first
// frame, which is there even without lanes.
func Timeline(result Result, points int) data.Frames {
	status, _ := diagnosis.MeasureNamed("status")
	lanes, notices := result.worstLanes(status)
	lanes = inRounds(lanes)
	names := result.Legend.namesOf(lanes, status.Name)
	fields := job.Distinct(append([]string{"time"}, names...))[1:] // each is another's
	for i := range lanes {
		lanes[i].lane = lane{fields[i], names[i]}
	}
	jobs := ByJob(lanes)
	frames := make(data.Frames, len(jobs))
	for i, ofJob := range jobs {
		frames[i] = timelineFrame(downsampled(Aligned(ofJob), points, status, result.End), result.Requests)
	}
	if len(frames) == 0 {
		frames = data.Frames{timelineFrame(nil, result.Requests)}
	}
	frames[0].Meta.Notices = append(result.meta().Notices, notices...)
	return frames
}

// lane is how a series is named in a timeline: its field, and what is written beside it.
type lane struct{ field, title string }

// worstLanes are the result's series, in their order, the worst of them if there are
// more than a panel shows, with a notice.
func (r Result) worstLanes(status diagnosis.Measure) ([]Series, []data.Notice) {
	count := len(r.Series) + r.LeftOut
	if count <= maxLanes {
		return slices.Clone(r.Series), nil
	}
	order := make([]int, len(r.Series))
	badness := make([]float64, len(r.Series))
	for i, each := range r.Series {
		order[i], badness[i] = i, status.Badness(each.Worst(status))
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(badness[b], badness[a]) })
	order = order[:min(len(order), maxLanes)]
	slices.Sort(order)
	kept := make([]Series, len(order))
	for i, from := range order {
		kept[i] = r.Series[from]
	}
	what, advice := "tasks", "Choose jobs or tasks in the query, or a lane for each job."
	if _, ofTasks := r.Series[0].Labels["task"]; !ofTasks {
		what, advice = "jobs", "Choose jobs in the query."
	}
	return kept, []data.Notice{{
		Severity: data.NoticeSeverityInfo,
		Text:     fmt.Sprintf("The timeline shows the worst %d of %d %s. %s", maxLanes, count, what, advice),
	}}
}

// timelineFrame is the frame of a job's lanes, which have all rows in common.
func timelineFrame(lanes []Series, requests int) *data.Frame {
	var times []time.Time
	if len(lanes) > 0 {
		times = lanes[0].Times
	}
	all := []*data.Field{data.NewField("time", nil, times)}
	mappings := statusMappings()
	whole := Series{Times: times}
	for _, each := range lanes {
		all = append(all, data.NewField(each.lane.field, each.Labels, statusesOf(each)).SetConfig(&data.FieldConfig{
			Mappings: mappings, DisplayNameFromDS: each.lane.title, Links: pageLink(each.Page),
		}))
		whole.Source = max(whole.Source, each.Source)
	}
	frame := data.NewFrame("timeline", all...)
	frame.Meta = whole.meta(requests)
	frame.Meta.PreferredVisualizationPluginID = "state-timeline"
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
