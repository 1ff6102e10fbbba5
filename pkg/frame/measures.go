package frame

import (
	"math"
	"slices"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Measure is a number that alert rules and stat panels ask for.
type Measure struct {
	// Name is what a query calls it.
	Name string
	unit string
	// lowIsWorse is set where the worst task has the lowest value.
	lowIsWorse bool
	// job is how a job's value differs from its worst task's, if it does.
	job       func(j Job) float64
	ofTask    func(j Job, task int) float64
	ofSubtask func(j Job, task int, load job.SubtaskLoad) float64
}

// State is a measure whose series [Wide] is given: it has no unit, and the
// lowest of them, or the highest, is the worst.
func State(name string, lowIsWorse bool) Measure { return Measure{Name: name, lowIsWorse: lowIsWorse} }

// Measures are all those of load that a query can name, the default first.
var Measures = []Measure{
	{
		Name: "bottleneck", unit: percentUnit, job: jobSeverity,
		ofTask: func(j Job, task int) float64 {
			return severity(j.Verdict.RootAt(task), j.Snapshot.Tasks[task].Complete() && !j.Snapshot.Graph.EdgesUnknown)
		},
		ofSubtask: func(j Job, task int, load job.SubtaskLoad) float64 {
			root := j.Verdict.RootAt(task)
			if root != nil && !slices.Contains(root.Hot, load.Subtask) {
				root = nil
			}
			return severity(root, load.Known() && !j.Snapshot.Graph.EdgesUnknown)
		},
	},
	{
		Name: "status",
		ofTask: func(j Job, task int) float64 {
			if status := j.taskStatus(task); status >= diagnosis.Backpressured || j.Snapshot.Tasks[task].Complete() {
				return known(status)
			}
			return math.NaN()
		},
		ofSubtask: func(j Job, task int, load job.SubtaskLoad) float64 { return known(j.subtaskStatus(task, load)) },
	},
	{
		Name: "busy", unit: percentUnit,
		ofTask:    func(j Job, task int) float64 { return j.whole(task, j.Snapshot.Tasks[task].Busy.Max) },
		ofSubtask: func(_ Job, _ int, load job.SubtaskLoad) float64 { return float64(load.Busy) },
	},
	{
		Name: "backpressured", unit: percentUnit,
		ofTask:    func(j Job, task int) float64 { return j.whole(task, j.Snapshot.Tasks[task].Backpressured.Max) },
		ofSubtask: func(_ Job, _ int, load job.SubtaskLoad) float64 { return float64(load.Backpressured) },
	},
	{
		Name: "idle", unit: percentUnit, lowIsWorse: true,
		ofTask:    func(j Job, task int) float64 { return j.whole(task, j.Snapshot.Tasks[task].Idle.Min) },
		ofSubtask: func(_ Job, _ int, load job.SubtaskLoad) float64 { return float64(load.Idle) },
	},
	{
		Name: "skew", unit: percentUnit, ofTask: taskSkew,
		ofSubtask: func(j Job, task int, _ job.SubtaskLoad) float64 { return taskSkew(j, task) },
	},
	{
		Name: "blame", unit: percentUnit,
		ofTask:    Job.blame,
		ofSubtask: func(j Job, task int, _ job.SubtaskLoad) float64 { return j.blame(task) },
	},
}

// MeasureNamed is the measure that a query calls so, nil if there is none.
func MeasureNamed(name string) *Measure {
	for i := range Measures {
		if Measures[i].Name == name {
			return &Measures[i]
		}
	}
	return nil
}

// jobSeverity is that of the worst root cause among the tasks asked for; 0
// only if nothing that was not measured could hold the job back.
func jobSeverity(j Job) float64 {
	for i := range j.Verdict.Roots {
		if root := &j.Verdict.Roots[i]; slices.Contains(j.Tasks, root.Task) {
			return severity(root, true)
		}
	}
	return severity(nil, j.clear())
}

// whole is a share of a task for an alert rule: not known unless every running
// subtask was measured, as the worst may be among the others.
func (j Job) whole(task int, share job.Share) float64 {
	if !j.Snapshot.Tasks[task].Complete() {
		return math.NaN()
	}
	return float64(share)
}

// blame is for how much of the query's range the task was a root cause.
func (j Job) blame(task int) float64 {
	if j.Past == nil {
		return math.NaN()
	}
	return float64(j.Past[task].Blame)
}

func taskSkew(j Job, task int) float64 {
	return float64(diagnosis.Skew(j.Snapshot.Graph.Tasks[task], j.Snapshot.Tasks[task]))
}
