package plugin

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// variables are what a dashboard variable, or the query editor, can list.
var variables = map[string]func(a asking, ctx context.Context) (frame.Answer, []string, error){
	"clusters":     asking.clusterNames,
	"jobs":         asking.jobNames,
	"tasks":        asking.taskNames,
	"subtasks":     asking.subtaskNames,
	"taskmanagers": asking.taskManagerNames,
}

// readVariable checks what the query lists.
func (q *query) readVariable() error {
	if _, known := variables[q.Variable]; !known {
		return wrong("There is no variable %q: choose one of %s.", q.Variable, strings.Join(slices.Sorted(maps.Keys(variables)), ", "))
	}
	return nil
}

// variable answers with names: those that there were at the end of the query's
// range. Clusters are those of the settings at any time.
func variable(ctx context.Context, a asking) (data.Frames, error) {
	var begun []found
	if _, told := namesThen[a.Variable]; told {
		var passed bool
		var err error
		if begun, passed, err = a.passed(ctx); err != nil {
			return nil, err
		}
		if passed {
			return a.variableThen(ctx, begun)
		}
	}
	answer, names, err := variables[a.Variable](a, ctx)
	if err != nil {
		return nil, err
	}
	answer.Requests += requestsOf(begun)
	return frame.Variable(answer, names), nil
}

func (a asking) clusterNames(context.Context) (answer frame.Answer, names []string, err error) {
	chosen, err := a.chosen()
	for _, c := range chosen {
		names = append(names, c.name)
	}
	return answer, names, err
}

func (a asking) jobNames(ctx context.Context) (frame.Answer, []string, error) {
	results, err := a.list(ctx)
	var names []string
	for _, asked := range targetsOf(results) {
		names = append(names, asked.info.Name)
	}
	return a.told(results), distinct(names), err
}

func (a asking) taskNames(ctx context.Context) (frame.Answer, []string, error) {
	var names []string
	answer, err := a.graphs(ctx, func(task job.Task) { names = append(names, task.Name) })
	return answer, distinct(names), err
}

// subtaskNames are the indexes up to the highest parallelism among the tasks.
func (a asking) subtaskNames(ctx context.Context) (frame.Answer, []string, error) {
	most := 0
	answer, err := a.graphs(ctx, func(task job.Task) { most = max(most, task.Parallelism) })
	return answer, indexes(most), err
}

// indexes are those of so many subtasks.
func indexes(subtasks int) []string {
	names := make([]string, subtasks)
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	return names
}

func (a asking) taskManagerNames(ctx context.Context) (answer frame.Answer, names []string, err error) {
	chosen, err := a.chosen()
	if err != nil {
		return answer, nil, err
	}
	for _, c := range chosen {
		ids, requests, failed := c.keeper.TaskManagers(ctx)
		answer.Requests += requests
		if failed != nil {
			err = failed
			answer.Notices = append(answer.Notices, warning("Cluster %s is left out: %s", c.name, sentence(failed)))
		}
		names = append(names, ids...)
	}
	if len(names) > 0 {
		err = nil
	}
	return answer, distinct(names), err
}

// graphs visits the tasks that the query chose, of each job's graph. A job
// that does not answer is left out with a notice.
func (a asking) graphs(ctx context.Context, visit func(job.Task)) (frame.Answer, error) {
	results, err := a.list(ctx)
	if err != nil {
		return frame.Answer{}, err
	}
	targets := targetsOf(results)
	graphs := make([]*job.Graph, len(targets))
	together(len(targets), func(n int) {
		if asked := targets[n]; asked.err == nil {
			graphs[n], asked.requests, asked.err = asked.cluster.keeper.Graph(ctx, asked.info)
		}
	})
	for n, graph := range graphs {
		if targets[n].err != nil {
			continue
		}
		for _, i := range a.tasks(graph) {
			visit(graph.Tasks[i])
		}
	}
	return a.told(results), ctx.Err()
}

// distinct keeps the first of equal names, in their order.
func distinct(names []string) (kept []string) {
	seen := map[string]bool{}
	for _, name := range names {
		if !seen[name] {
			seen[name] = true
			kept = append(kept, name)
		}
	}
	return kept
}
