package frame

import (
	"fmt"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// FlameGraphOf is a flame graph and what it is of.
type FlameGraphOf struct {
	Cluster, Job, JobID, Task, TaskID string
	// Subtask is nil for all subtasks of the task.
	Subtask *int
	// Mode is the query's word for the threads that it has.
	Mode string
	// Graph is nil where there is none.
	Graph *job.FlameGraph
}

// FlameGraphCustom is what a flame graph is of, how many samples it has, and when they
// were taken, null where there are none.
type FlameGraphCustom struct {
	Cluster string     `json:"cluster"`
	Job     string     `json:"job"`
	JobID   string     `json:"job_id"`
	Task    string     `json:"task"`
	TaskID  string     `json:"task_id"`
	Subtask *int       `json:"subtask"`
	Mode    string     `json:"mode"`
	Samples int64      `json:"samples"`
	Sampled *time.Time `json:"sampled"`
}

// name is what is shown: "slow-window of orders, subtask 2".
func (f FlameGraphOf) name() string {
	if f.Task == "" {
		return "flameGraph"
	}
	name := f.Task + " of " + f.Job
	if f.Subtask != nil {
		name += fmt.Sprintf(", subtask %d", *f.Subtask)
	}
	return name
}

// FlameGraph is a nested set for the Flame graph panel: calls in depth-first order, each
// with its level, the samples in it and what it calls (value), those in it alone (self),
// and class, method and line (label). The root's label is what the graph is of. Without
// a graph there are no rows.
func FlameGraph(result Result, of FlameGraphOf) data.Frames {
	graph := of.Graph
	if graph == nil || graph.Samples() == 0 {
		graph = &job.FlameGraph{}
	}
	levels, labels := make([]int64, len(graph.Calls)), make([]string, len(graph.Calls))
	values, self := make([]int64, len(graph.Calls)), graph.Self()
	for i, call := range graph.Calls {
		levels[i], values[i], labels[i] = int64(call.Level), call.Samples, call.Name
	}
	if len(labels) > 0 {
		labels[0] = of.name()
	}
	frame := data.NewFrame(of.name(),
		data.NewField("level", nil, levels), data.NewField("value", nil, values).SetConfig(&data.FieldConfig{Unit: countUnit}),
		data.NewField("self", nil, self).SetConfig(&data.FieldConfig{Unit: countUnit}), data.NewField("label", nil, labels))
	frame.Meta = result.meta()
	custom := result.custom()
	custom.FlameGraph = &FlameGraphCustom{
		Cluster: of.Cluster, Job: of.Job, JobID: of.JobID, Task: of.Task, TaskID: of.TaskID,
		Subtask: of.Subtask, Mode: of.Mode, Samples: graph.Samples(),
	}
	if !graph.At.IsZero() {
		custom.FlameGraph.Sampled = &graph.At
	}
	frame.Meta.Custom, frame.Meta.PreferredVisualization = custom, data.VisTypeFlameGraph
	return data.Frames{frame}
}
