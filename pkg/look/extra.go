package look

import (
	"context"
	"sync/atomic"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// What is no load is asked for plainly, when somebody wants it: it is shared
// only by those who ask at the same time and within maxAge.

// Graph is the job's graph, which costs one request at most.
func (k *Keeper) Graph(ctx context.Context, info job.Info) (graph *job.Graph, requests int, err error) {
	watched := k.watch(info.ID)
	graph, started, err := watched.graph.get(ctx, k.maxAge, func(ctx context.Context) (*job.Graph, error) {
		answer, err := k.client.Job(ctx, info.ID)
		return newLook(answer, info).Graph, err
	})
	return graph, btoi(started), err
}

// TaskManagers lists the ids of the cluster's TaskManagers.
func (k *Keeper) TaskManagers(ctx context.Context) (ids []string, requests int, err error) {
	ids, started, err := k.taskManagers.get(ctx, k.maxAge, k.client.TaskManagers)
	return ids, btoi(started), err
}

// The metrics that say more of backpressure.
const (
	softMetric    = "softBackPressuredTimeMsPerSecond"
	hardMetric    = "hardBackPressuredTimeMsPerSecond"
	inPoolMetric  = "Shuffle.Netty.Input.Buffers.inPoolUsage"
	outPoolMetric = "Shuffle.Netty.Output.Buffers.outPoolUsage"
)

// detailed is what Details found of each task, and the requests it took.
type detailed struct {
	tasks    []TaskDetail
	requests int
}

// TaskDetail is what one task's metrics said, a [job.Detail] a subtask, or why
// they said nothing.
type TaskDetail struct {
	Subtasks []job.Detail
	Err      error
}

// Details asks for more of the backpressure of a snapshot's running tasks, in
// the order of its graph: of each in as many requests as the limit of the
// request line demands.
func (k *Keeper) Details(ctx context.Context, snapshot *job.Snapshot) (tasks []TaskDetail, requests int, err error) {
	watched := k.watch(snapshot.Job.ID)
	result, started, err := watched.details.get(ctx, k.maxAge, func(ctx context.Context) (detailed, error) {
		found := detailed{tasks: make([]TaskDetail, len(snapshot.Tasks))}
		var requests atomic.Int64
		tasks := measurable(snapshot)
		AtOnce(len(tasks), k.client.MostAtOnce(), func(n int) {
			i := tasks[n]
			asked, subtasks, err := k.detail(ctx, snapshot, i)
			requests.Add(int64(asked))
			found.tasks[i] = TaskDetail{subtasks, err}
		})
		found.requests = int(requests.Load())
		return found, ctx.Err()
	})
	if started {
		requests = result.requests
	}
	return result.tasks, requests, err
}

// measurable lists the tasks with a running subtask.
func measurable(snapshot *job.Snapshot) (tasks []int) {
	for i, task := range snapshot.Graph.Tasks {
		if snapshot.Job.State == job.Running && task.Running > 0 {
			tasks = append(tasks, i)
		}
	}
	return tasks
}

// detail asks for one task.
func (k *Keeper) detail(ctx context.Context, snapshot *job.Snapshot, task int) (requests int, details []job.Detail, err error) {
	names := []string{softMetric, hardMetric, inPoolMetric, outPoolMetric}
	subtasks := len(snapshot.Tasks[task].Subtasks)
	values, requests, err := k.client.SubtaskMetrics(ctx, snapshot.Job.ID, snapshot.Graph.Tasks[task].ID, subtasks, names)
	if err != nil {
		return requests, nil, err
	}
	details = make([]job.Detail, subtasks)
	for i := range details {
		told := func(name string, full float64) job.Share {
			value, known := values[i][name]
			if !known {
				return job.Unknown
			}
			return share(value / flink.Number(full))
		}
		details[i] = job.Detail{
			Soft: told(softMetric, 1000), Hard: told(hardMetric, 1000),
			InPool: told(inPoolMetric, 1), OutPool: told(outPoolMetric, 1),
		}
	}
	return requests, details, nil
}
