package plugin

import (
	"context"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"golang.org/x/sync/errgroup"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// atOnce is how many clusters, or jobs of one, a query works on at once; the
// requests themselves are bounded by the client.
const atOnce = 16

// target is a job that a query chose, and what became of it.
type target struct {
	cluster  cluster
	info     job.Info
	snapshot *job.Snapshot
	requests int
	err      error
}

// found is what one cluster answered.
type found struct {
	cluster  cluster
	fetch    time.Duration
	targets  []target
	names    []job.Info
	requests int
	err      error
}

// look finds the jobs that the query chose and how their subtasks spend their
// time. It fails only if nothing can be answered; what is partial is told in
// notices.
func (i *Instance) look(ctx context.Context, q query, over backend.TimeRange, alert bool) (frame.Answer, error) {
	var group errgroup.Group
	group.SetLimit(atOnce)
	chosen, err := i.chosen(q)
	if err != nil {
		return frame.Answer{}, err
	}
	results := make([]found, len(chosen))
	for n, asked := range chosen {
		group.Go(func() error {
			results[n] = asked.find(ctx, q, over)
			return nil
		})
	}
	_ = group.Wait() // each result carries its own error
	if err := ctx.Err(); err != nil {
		return frame.Answer{}, err
	}
	if past(results, over) {
		return ended(alert)
	}
	if err := q.unmatched(results); err != nil {
		return frame.Answer{}, err
	}
	return q.assembled(results)
}

// chosen are the clusters that the query names.
func (i *Instance) chosen(q query) (chosen []cluster, err error) {
	var names []string
	for _, c := range i.clusters {
		names = append(names, c.name)
		if q.Clusters.choose(c.name, "") {
			chosen = append(chosen, c)
		}
	}
	for _, p := range q.Clusters {
		if p.regex == nil && !contains(names, p.text) {
			return nil, absent("There is no cluster %q in this data source: it knows %s.", p.text, strings.Join(names, ", "))
		}
	}
	return chosen, nil
}

// find lists the cluster's jobs and looks at those that the query chose.
func (c cluster) find(ctx context.Context, q query, over backend.TimeRange) found {
	result := found{cluster: c}
	facts, requests, err := c.keeper.Cluster(ctx)
	result.requests, result.fetch, result.err = requests, facts.Fetch, err
	if err != nil || !live(over, facts.Fetch) {
		return result
	}
	jobs, requests, err := c.keeper.Jobs(ctx)
	result.requests, result.names, result.err = result.requests+requests, jobs, err
	for _, info := range jobs {
		if q.Jobs.exactly(info.Name, info.ID) || (!info.State.Terminal() && q.Jobs.choose(info.Name, info.ID)) {
			result.targets = append(result.targets, target{cluster: c, info: info})
		}
	}
	var group errgroup.Group
	group.SetLimit(atOnce)
	for n := range result.targets {
		asked := &result.targets[n]
		group.Go(func() error {
			asked.snapshot, asked.requests, asked.err = c.keeper.Snapshot(ctx, asked.info)
			return nil
		})
	}
	_ = group.Wait() // each target carries its own error
	return result
}

// unmatched is the error of an exact job name that is nowhere, unless a
// cluster that may have it did not answer.
func (q query) unmatched(results []found) error {
	var names []job.Info
	for _, result := range results {
		if result.err != nil {
			return nil
		}
		names = append(names, result.names...)
	}
	for _, p := range q.Jobs {
		if p.regex != nil {
			continue
		}
		if !anyJob(names, p) {
			return absent("There is no job %q%s.", p.text, present(names))
		}
	}
	return nil
}

// assembled puts the results together for the views.
func (q query) assembled(results []found) (answer frame.Answer, err error) {
	var failed error
	for _, result := range results {
		answer.Requests += result.requests
		if result.err != nil {
			failed = result.err
			answer.Notices = append(answer.Notices, warning("Cluster %s is left out: %s", result.cluster.name, sentence(result.err)))
			continue
		}
		if result.fetch == 0 {
			answer.Notices = append(answer.Notices, warning("Cluster %s fetches no metrics, so nothing can be measured: metrics.fetcher.update-interval is 0 in its configuration.", result.cluster.name))
		}
		for _, asked := range result.targets {
			answer.Requests += asked.requests
			if asked.err != nil {
				failed = asked.err
				answer.Notices = append(answer.Notices, warning("Job %s is left out: %s", asked.info.Name, sentence(asked.err)))
				continue
			}
			shown := frame.Job{Cluster: asked.cluster.name, Snapshot: asked.snapshot, Verdict: diagnosis.Diagnose(asked.snapshot), Tasks: q.tasks(asked.snapshot.Graph)}
			if len(shown.Tasks) == 0 && len(q.Tasks) > 0 {
				continue
			}
			answer.Jobs = append(answer.Jobs, shown)
			answer.Notices = append(answer.Notices, partial(shown)...)
		}
	}
	if len(answer.Jobs) == 0 && failed != nil {
		return answer, failed
	}
	return answer, q.missing(&answer, results)
}

// tasks are the indexes of the tasks that the query chose.
func (q query) tasks(graph *job.Graph) (chosen []int) {
	for i, task := range graph.Tasks {
		if q.Tasks.choose(task.Name, task.ID) {
			chosen = append(chosen, i)
		}
	}
	return chosen
}
