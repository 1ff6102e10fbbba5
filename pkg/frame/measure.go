package frame

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
)

// maxSeries is how many series one answer holds.
const maxSeries = 1000

// Value is one number with the names that label it; NaN is not known.
type Value struct {
	Labels data.Labels
	Value  float64
}

// Measure is a measure for alert rules: numeric-wide 0.1 of Grafana's data
// plane, one row, a field a series, the worst of them if there are more than an
// answer holds. The values are the result's, or those of its jobs. What is
// unknown is null, so that a rule keeps its state; what is measured and well is
// 0.
func Measure(result Result, measure diagnosis.Measure, by diagnosis.By) data.Frames {
	values := result.Values
	for _, j := range result.Jobs {
		if !measure.OfLoad() {
			break
		}
		numbers := j.Values(measure, by)
		for i, labels := range j.Labels(by) {
			values = append(values, Value{labels, numbers[i]})
		}
	}
	values, notices := worstValues(measure, values)
	numbers := make([]float64, len(values))
	all := make([]*data.Field, len(values))
	for i, value := range values {
		pointer := []*float64{nil}
		if numbers[i] = value.Value; !math.IsNaN(value.Value) && !math.IsInf(value.Value, 0) {
			pointer[0] = &numbers[i]
		}
		all[i] = data.NewField(measure.Name, value.Labels, pointer).SetConfig(&data.FieldConfig{Unit: unitOf(measure.Unit)})
	}
	frame := data.NewFrame("measure", all...)
	frame.Meta = result.meta(notices...)
	frame.Meta.Type, frame.Meta.TypeVersion = data.FrameTypeNumericWide, data.FrameTypeVersion{0, 1}
	return data.Frames{frame}
}

// worstValues keeps the worst values, as many as one answer holds.
func worstValues(measure diagnosis.Measure, values []Value) ([]Value, []data.Notice) {
	if len(values) <= maxSeries {
		return values, nil
	}
	slices.SortStableFunc(values, func(a, b Value) int {
		return cmp.Compare(measure.Badness(b.Value), measure.Badness(a.Value))
	})
	return values[:maxSeries], []data.Notice{tooMany("series", len(values), "Choose jobs or tasks in the query, or a coarser \"by\".")}
}

// tooMany says that an answer has the worst of more.
func tooMany(what string, count int, advice string) data.Notice {
	return data.Notice{
		Severity: data.NoticeSeverityWarning,
		Text:     fmt.Sprintf("The answer holds the worst %d of %d %s. %s", maxSeries, count, what, advice),
	}
}

// Labels name the values of a job's measure: of the job, of each task chosen, of
// each of their subtasks, or of each TaskManager that these run on.
func (j Job) Labels(by diagnosis.By) (all []data.Labels) {
	ofJob := data.Labels{"cluster": j.Cluster, "job": j.Snapshot.Job.Name}
	switch by {
	case diagnosis.ByJob:
		return []data.Labels{ofJob}
	case diagnosis.ByTaskManager:
		for _, name := range j.TaskManagers() {
			all = append(all, with(ofJob, "taskmanager", name))
		}
		return all
	}
	for _, task := range j.Tasks {
		ofTask := with(ofJob, "task", j.task(task).Name)
		if by == diagnosis.ByTask {
			all = append(all, ofTask)
			continue
		}
		for _, load := range j.load(task).Subtasks {
			all = append(all, with(ofTask, "subtask", strconv.Itoa(load.Subtask)))
		}
	}
	return all
}

// Values are the measure's, in the order of the job's labels; NaN is not known.
func (j Job) Values(measure diagnosis.Measure, by diagnosis.By) (all []float64) {
	switch by {
	case diagnosis.ByJob:
		return []float64{j.value(measure)}
	case diagnosis.ByTaskManager:
		return j.taskManagerValues(measure)
	}
	for _, task := range j.Tasks {
		if by == diagnosis.ByTask {
			all = append(all, j.taskValue(measure, task))
			continue
		}
		subtasks := j.load(task).Subtasks
		for i := range subtasks {
			if measure.Origin == diagnosis.FromRange {
				all = append(all, j.blame(task))
			} else {
				all = append(all, measure.Subtask(j.Verdict, task, &subtasks[i]))
			}
		}
	}
	return all
}

// value is that of the job.
func (j Job) value(measure diagnosis.Measure) float64 {
	if measure.Origin != diagnosis.FromRange {
		return measure.Job(j.Verdict, j.Tasks)
	}
	worst := math.NaN()
	for _, task := range j.Tasks {
		worst = measure.Worse(worst, j.blame(task))
	}
	return worst
}

func (j Job) taskValue(measure diagnosis.Measure, task int) float64 {
	if measure.Origin == diagnosis.FromRange {
		return j.blame(task)
	}
	return measure.Task(j.Verdict, task)
}

// blame is for how much of the query's range the task was a root cause.
func (j Job) blame(task int) float64 {
	if j.Past == nil {
		return math.NaN()
	}
	return j.Past[task].Blame
}

// taskManagerValues are those of the worst subtask on each TaskManager.
func (j Job) taskManagerValues(measure diagnosis.Measure) []float64 {
	names := j.TaskManagers()
	values := make([]float64, len(names))
	for i := range values {
		values[i] = math.NaN()
	}
	for _, task := range j.Tasks {
		subtasks := j.load(task).Subtasks
		for i := range subtasks {
			at, found := slices.BinarySearch(names, subtasks[i].TaskManager)
			switch {
			case !found:
			case measure.Origin == diagnosis.FromRange:
				values[at] = measure.Worse(values[at], j.blame(task))
			default:
				values[at] = measure.Worse(values[at], measure.Subtask(j.Verdict, task, &subtasks[i]))
			}
		}
	}
	return values
}

func with(labels data.Labels, name, value string) data.Labels {
	more := labels.Copy()
	more[name] = value
	return more
}
