package prometheus

import (
	"context"
	"maps"
	"slices"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// deployment is one execution of the job. The parallelism of a task does not
// change within one: to rescale a job, Flink deploys all of it anew, as another.
//
// So at each point a task has the subtasks that its deployment of then has: as
// many as were ever seen of it. One that restarts alone, whose TaskManager is
// lost or whose scrapes are missing keeps its place, and is missing; one of
// another deployment has none. Of the last deployment the graph tells, too,
// and so of subtasks that were never seen.
//
// Where the ids of attempts tell no execution, up to Flink 1.14 or because their
// label was left out, nothing tells a rescale from subtasks that are missing:
// they are taken for missing, as all attempts are of one deployment then.
type deployment struct {
	execution string
	// parallelism has by a task's id how many subtasks it has.
	parallelism map[string]int
}

// deploy sorts the attempts of a chunk by their deployments.
func (r *reading) deploy(ctx context.Context) error {
	present := map[*deployment]bool{}
	for _, attempt := range r.attempts {
		if attempt.values[backpressured] == nil {
			continue
		}
		attempt.deployment = r.deployment(attempt.execution())
		parallelism := attempt.deployment.parallelism
		parallelism[attempt.task] = max(parallelism[attempt.task], attempt.subtask+1)
		present[attempt.deployment] = true
	}
	r.present = slices.Collect(maps.Keys(present))
	return r.unseen(ctx)
}

// deployment finds or begins the one of an execution.
func (r *reading) deployment(execution string) *deployment {
	known := r.deployments[execution]
	if known == nil {
		known = &deployment{execution: execution, parallelism: map[string]int{}}
		r.deployments[execution] = known
	}
	return known
}

// unseen counts the subtasks that the graph has and no metrics ever told of.
// Which deployment the graph is of is only asked if it makes a difference.
func (r *reading) unseen(ctx context.Context) error {
	for _, each := range r.present {
		if !each.lacks(r.graph) {
			continue
		}
		if each.execution != "" && r.latest == nil {
			latest, err := r.latestExecution(ctx)
			if err != nil {
				return err
			}
			r.latest = &latest
		}
		if each.execution == "" || *r.latest == "" || *r.latest == each.execution {
			each.complete(r.graph)
		}
	}
	return nil
}

// lacks tells whether the graph has subtasks of tasks seen that were not seen.
func (d *deployment) lacks(graph *job.Graph) bool {
	return graph != nil && slices.ContainsFunc(graph.Tasks, func(task job.Task) bool {
		seen := d.parallelism[task.ID]
		return seen > 0 && seen < task.Parallelism
	})
}

func (d *deployment) complete(graph *job.Graph) {
	for _, task := range graph.Tasks {
		d.parallelism[task.ID] = max(d.parallelism[task.ID], min(task.Parallelism, mostParallel))
	}
}

// deployed are the deployments of which anything was there at a point.
func (r *reading) deployed(point int) (found []*deployment) {
	if len(r.present) < 2 {
		return r.present
	}
	for _, attempt := range r.attempts {
		if attempt.there(point) && !slices.Contains(found, attempt.deployment) {
			found = append(found, attempt.deployment)
		}
	}
	return found
}
