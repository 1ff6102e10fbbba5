package query

import (
	"context"
	"strconv"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// variable is a list of names that a dashboard variable, or the query editor,
// offers.
type variable struct {
	// now lists the names that there are.
	now func(ctx context.Context, e *Engine, req Request, clusters []*Cluster) (frame.Result, error)
	// at lists those of a job as it was; nil where the past is as the present.
	at func(shown frame.Job) []string
}

// variables is the registry of variables.
var variables = map[string]variable{
	"clusters":     {now: clusterNames},
	"jobs":         {now: jobNames, at: func(shown frame.Job) []string { return []string{shown.Snapshot.Job.Name} }},
	"tasks":        {now: taskNames, at: taskNamesAt},
	"subtasks":     {now: subtaskNames, at: subtaskNamesAt},
	"taskmanagers": {now: taskManagerNames, at: frame.Job.TaskManagers},
	"hosts":        {now: hostNames, at: hostsOf},
}

// IsVariable reports whether there is a variable of that name.
func IsVariable(name string) bool {
	_, found := variables[name]
	return found
}

// answerVariable answers with names: those that there were at the end of the
// query's range. Clusters are those of the settings at any time.
func answerVariable(ctx context.Context, e *Engine, req Request) (data.Frames, error) {
	result, err := e.Names(ctx, req)
	return frame.Variable(result), err
}

func clusterNames(_ context.Context, _ *Engine, _ Request, clusters []*Cluster) (result frame.Result, err error) {
	for _, cluster := range clusters {
		result.Names = append(result.Names, cluster.Name)
	}
	return result, nil
}

// listNow finds the jobs that the query chose without polling them. It fails if no
// cluster answers.
func listNow(ctx context.Context, req Request, clusters []*Cluster) ([]clusterResult, error) {
	results := eachCluster(clusters, func(r *clusterResult) { r.list(ctx, req) })
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return results, allFailed(results)
}

func jobNames(ctx context.Context, _ *Engine, req Request, clusters []*Cluster) (result frame.Result, err error) {
	results, err := listNow(ctx, req, clusters)
	if err != nil {
		return result, err
	}
	for _, each := range results {
		for _, j := range each.jobs {
			result.Names = append(result.Names, j.info.Name)
		}
	}
	return listedResult(ctx, req, results, result), nil
}

func taskNames(ctx context.Context, _ *Engine, req Request, clusters []*Cluster) (result frame.Result, err error) {
	return fromGraphs(ctx, req, clusters, func(names []string, task job.Task) []string { return append(names, task.Name) })
}

// subtaskNames are the indexes up to the highest parallelism among the tasks.
func subtaskNames(ctx context.Context, _ *Engine, req Request, clusters []*Cluster) (result frame.Result, err error) {
	return fromGraphs(ctx, req, clusters, withIndexes)
}

// withIndexes adds the indexes that a task's subtasks have beyond those named.
func withIndexes(names []string, task job.Task) []string {
	for i := len(names); i < task.Parallelism; i++ {
		names = append(names, strconv.Itoa(i))
	}
	return names
}

// fromGraphs adds names of the tasks that the query chose, of each job's graph. A
// job that does not answer is left out with a notice.
func fromGraphs(ctx context.Context, req Request, clusters []*Cluster, add func(names []string, task job.Task) []string) (result frame.Result, err error) {
	results, err := listNow(ctx, req, clusters)
	if err != nil {
		return result, err
	}
	inTime, cancel := req.inTime(ctx)
	defer cancel()
	eachJob(results, func(c *Cluster, j *jobResult) {
		if j.err == nil {
			j.err = inTime.Err()
		}
		if j.err == nil {
			j.past.Graph, j.requests, j.err = c.Collector.Graph(inTime, j.info)
		}
	})
	for _, each := range results {
		for _, j := range each.jobs {
			if j.err != nil {
				continue
			}
			for _, task := range req.tasksOf(ctx, j.past.Graph) {
				result.Names = add(result.Names, j.past.Graph.Tasks[task])
			}
		}
	}
	return listedResult(ctx, req, results, result), ctx.Err()
}

// listedResult adds what listing took, what of it is left out, and which names
// match nothing.
func listedResult(ctx context.Context, req Request, results []clusterResult, result frame.Result) frame.Result {
	result.Requests = requestsOf(results)
	result.Add(noticesOf(results)...)
	result.Add(resolve(ctx, req, results).notices...)
	return result
}

// taskManagerNames are the ids of the clusters' TaskManagers.
func taskManagerNames(ctx context.Context, _ *Engine, req Request, clusters []*Cluster) (result frame.Result, err error) {
	inTime, cancel := req.inTime(ctx)
	defer cancel()
	results := eachCluster(clusters, func(r *clusterResult) {
		r.taskManagers, r.requests, r.err = r.cluster.Collector.TaskManagers(inTime)
	})
	for _, each := range results {
		result.Requests += each.requests
		for _, manager := range each.taskManagers {
			result.Names = append(result.Names, manager.ID)
		}
		if each.err != nil {
			err = each.err
			result.Add(warning("Cluster %s is left out: %s", each.cluster.Name, Sentence(each.err)))
		}
	}
	if len(result.Names) > 0 {
		err = nil
	}
	return result, err
}

func taskNamesAt(shown frame.Job) (names []string) {
	for _, i := range shown.Tasks {
		names = append(names, shown.Snapshot.Graph.Tasks[i].Name)
	}
	return names
}

func subtaskNamesAt(shown frame.Job) (names []string) {
	for _, i := range shown.Tasks {
		names = withIndexes(names, shown.Snapshot.Graph.Tasks[i])
	}
	return names
}
