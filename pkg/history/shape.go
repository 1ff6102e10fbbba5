package history

import (
	"slices"
	"strings"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// alike tells whether two graphs have the same tasks and edges. What may
// change while a job runs, as parallelism and states, is kept with each look.
func alike(a, b *job.Graph) bool {
	return slices.EqualFunc(a.Tasks, b.Tasks, func(a, b job.Task) bool {
		return a.ID == b.ID && a.Name == b.Name && slices.Equal(a.Inputs, b.Inputs) && slices.Equal(a.Outputs, b.Outputs)
	})
}

// shapeOf copies a graph, so that no answer of Flink's is kept for its sake.
func shapeOf(graph *job.Graph) *job.Graph {
	shape := &job.Graph{Tasks: slices.Clone(graph.Tasks)}
	for i := range shape.Tasks {
		task := &shape.Tasks[i]
		task.ID, task.Name, task.State = strings.Clone(task.ID), strings.Clone(task.Name), ""
		task.Inputs, task.Outputs = slices.Clone(task.Inputs), slices.Clone(task.Outputs)
	}
	return shape
}

// taskBytes is the size of a job.Task.
const taskBytes = 120

// shapeBytes is the memory that a copied graph takes.
func shapeBytes(graph *job.Graph) int {
	bytes := taskBytes * cap(graph.Tasks)
	for _, task := range graph.Tasks {
		bytes += rounded(len(task.ID)) + rounded(len(task.Name)) + 8*(cap(task.Inputs)+cap(task.Outputs))
	}
	return bytes
}
