package plugin

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// remembered are the jobs of the cluster that the built-in history has seen in
// a span.
func (c cluster) remembered(ctx context.Context, over history.Span) ([]history.Job, error) {
	if c.store == nil {
		return nil, nil
	}
	seen, err := c.store.Jobs(ctx, over)
	return slices.DeleteFunc(seen, func(each history.Job) bool { return each.Cluster != c.place() }), err
}

// infos are what identifies jobs.
func infos(seen []history.Job) (jobs []job.Info) {
	for _, each := range seen {
		jobs = append(jobs, job.Info{ID: each.JobID, Name: each.Name})
	}
	return jobs
}

// oldest is how far back the built-in history reaches.
func (c cluster) oldest() (at time.Time, any bool) {
	if c.store == nil {
		return at, false
	}
	return c.store.Oldest(c.place())
}

// graph is a job's graph as it was last remembered, which asks nobody, or from
// Flink; nil if neither knows it.
func (c cluster) graph(ctx context.Context, of history.Key) (graph *job.Graph, err error) {
	for taken, err := range c.lastLooks(ctx, of.JobID) {
		if err != nil {
			return nil, err
		}
		graph = taken.Graph
	}
	if graph != nil {
		return graph, nil
	}
	graph, requests, err := c.keeper.Graph(ctx, job.Info{ID: of.JobID})
	heardIn(ctx).asked(requests)
	if err != nil && !flink.IsNotFound(err) {
		heardIn(ctx).unsure() // it may answer soon
	}
	if err != nil && ctx.Err() == nil { // the tasks are as Prometheus names them
		return nil, nil
	}
	return graph, ctx.Err()
}

// taskManagers are the ids of those that the job ran on when it was last looked
// at.
func (c cluster) taskManagers(ctx context.Context, of history.Key) (ids []string, err error) {
	for taken, err := range c.lastLooks(ctx, of.JobID) {
		if err != nil {
			return nil, err
		}
		for _, task := range taken.Tasks {
			for _, reading := range task.Subtasks {
				ids = append(ids, reading.TaskManager)
			}
		}
	}
	return distinct(ids), nil
}

// lately is how much of what is remembered tells of the last attempts: when a
// job ends, nothing is told of its subtasks any more.
const lately = time.Minute

// lastLooks are the last that are remembered of a job.
func (c cluster) lastLooks(ctx context.Context, jobID string) iter.Seq2[*job.Sample, error] {
	return func(yield func(*job.Sample, error) bool) {
		known, err := c.remembered(ctx, history.Span{To: time.Now()})
		if err != nil {
			yield(nil, err)
			return
		}
		of := slices.IndexFunc(known, func(each history.Job) bool { return each.JobID == jobID })
		if of >= 0 {
			c.store.Looks(ctx, known[of].Key, history.Span{From: known[of].Last.Add(-lately), To: known[of].Last})(yield)
		}
	}
}
