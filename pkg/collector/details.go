package collector

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// The metrics that split backpressure.
const (
	softMetric    = "softBackPressuredTimeMsPerSecond"
	hardMetric    = "hardBackPressuredTimeMsPerSecond"
	inPoolMetric  = "Shuffle.Netty.Input.Buffers.inPoolUsage"
	outPoolMetric = "Shuffle.Netty.Output.Buffers.outPoolUsage"
)

// TaskDetails are one task's metrics, a [job.Detail] a subtask, or why
// they could not be read.
type TaskDetails struct {
	Subtasks []job.Detail
	Err      error
}

// detailsResult is what was read of each task of a graph, and the requests it
// took.
type detailsResult struct {
	graph    *job.Graph
	tasks    []TaskDetails
	requests int
}

// of reports whether the graph has the tasks that were read, in their order.
func (r detailsResult) of(graph *job.Graph) bool {
	return slices.EqualFunc(r.graph.Tasks, graph.Tasks, func(a, b job.Task) bool { return a.ID == b.ID && a.Parallelism == b.Parallelism })
}

// readDetails requests the metrics of each running task.
func readDetails(ctx context.Context, client *flink.Client, snapshot *job.Snapshot) (detailsResult, error) {
	result := detailsResult{graph: snapshot.Graph, tasks: make([]TaskDetails, len(snapshot.Tasks))}
	var requests atomic.Int64
	tasks := runningTasks(snapshot.Job, snapshot.Graph)
	Parallel(len(tasks), client.Concurrency(), func(n int) {
		i := tasks[n]
		subtasks, asked, err := readTaskDetails(ctx, client, snapshot, i)
		requests.Add(int64(asked))
		result.tasks[i] = TaskDetails{subtasks, err}
	})
	result.requests = int(requests.Load())
	return result, ctx.Err()
}

func readTaskDetails(ctx context.Context, client *flink.Client, snapshot *job.Snapshot, task int) (details []job.Detail, requests int, err error) {
	names := []string{softMetric, hardMetric, inPoolMetric, outPoolMetric}
	subtasks := len(snapshot.Tasks[task].Subtasks)
	values, requests, err := client.SubtaskMetrics(ctx, snapshot.Job.ID, snapshot.Graph.Tasks[task].ID, subtasks, names)
	if err != nil {
		return nil, requests, err
	}
	details = make([]job.Detail, subtasks)
	for i := range details {
		value := func(name string, whole float64) job.Share {
			number, known := values[i][name]
			if !known {
				return job.Unknown
			}
			return share(number / flink.Number(whole))
		}
		details[i] = job.Detail{
			Soft: value(softMetric, 1000), Hard: value(hardMetric, 1000),
			InPool: value(inPoolMetric, 1), OutPool: value(outPoolMetric, 1),
		}
	}
	return details, requests, nil
}
