package frame

import (
	"slices"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// statuses lists them all, for mappings.
var statuses = []diagnosis.Status{
	diagnosis.Unknown, diagnosis.Idle, diagnosis.Mixed, diagnosis.Busy, diagnosis.Backpressured, diagnosis.Bottleneck,
}

// statusColour is how a status alone is coloured, readable on light and dark.
// Where a node's shares are known its colour is Flink's blend of them.
var statusColour = map[diagnosis.Status]string{
	diagnosis.Unknown:       diagnosis.UnknownColour,
	diagnosis.Idle:          diagnosis.Fill(0, 0),
	diagnosis.Mixed:         diagnosis.Fill(0.5, 0),
	diagnosis.Busy:          "#f2994a",
	diagnosis.Backpressured: diagnosis.Fill(0, 1),
	diagnosis.Bottleneck:    diagnosis.Fill(1, 0),
}

// taskStatus is the status of a task, with the verdict's word.
func (j Job) taskStatus(task int) diagnosis.Status {
	return j.Verdict.StatusOf(task, j.Snapshot.Tasks[task])
}

// subtaskStatus is the status of a subtask: one that a verdict names as hot
// is the bottleneck.
func (j Job) subtaskStatus(task int, load job.SubtaskLoad) diagnosis.Status {
	if root := j.Verdict.RootAt(task); root != nil && slices.Contains(root.Hot, load.Subtask) {
		return diagnosis.Bottleneck
	}
	return diagnosis.SubtaskStatus(load.Shares)
}

// worst is the highest status among the tasks asked for.
func (j Job) worst() diagnosis.Status {
	worst := diagnosis.Unknown
	for _, task := range j.Tasks {
		worst = max(worst, j.taskStatus(task))
	}
	return worst
}

// clear tells whether the tasks asked for are known not to hold the job back.
// A verdict that blames others does not vouch for what was not measured.
func (j Job) clear() bool {
	if j.Verdict.Kind == diagnosis.NotKnown || j.Verdict.Kind == diagnosis.None {
		return j.Verdict.Kind == diagnosis.None
	}
	return !slices.ContainsFunc(j.Tasks, func(task int) bool {
		return !j.Snapshot.Tasks[task].Complete() && !j.Snapshot.Graph.Tasks[task].State.Terminal()
	})
}

// colour is what a task looks like in Flink's own UI.
func (j Job) colour(task int) string { return diagnosis.TaskFill(j.Snapshot.Tasks[task]) }
