package plugin

import (
	"context"
	"slices"
	"strings"
	"time"

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
func (a asking) look(ctx context.Context) (frame.Answer, error) {
	chosen, err := a.chosen()
	if err != nil {
		return frame.Answer{}, err
	}
	results := make([]found, len(chosen))
	together(len(chosen), func(n int) { results[n] = a.find(ctx, chosen[n]) })
	if err := ctx.Err(); err != nil {
		return frame.Answer{}, err
	}
	if past(results, a.over) {
		return ended(a.alert)
	}
	if err := a.unmatched(results); err != nil {
		return frame.Answer{}, err
	}
	return a.assembled(results)
}

// together does n things at once, a bounded number at a time.
func together(n int, do func(int)) {
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i := range n {
		group.Go(func() error {
			do(i)
			return nil
		})
	}
	_ = group.Wait() // each keeps its own error
}

// chosen are the clusters that the query names.
func (a asking) chosen() (chosen []cluster, err error) {
	var names []string
	for _, c := range a.clusters {
		names = append(names, c.name)
		if a.Clusters.choose(c.name, "") {
			chosen = append(chosen, c)
		}
	}
	for _, p := range a.Clusters {
		if p.regex == nil && !slices.Contains(names, p.text) {
			return nil, absent("There is no cluster %q in this data source: it knows %s.", p.text, strings.Join(names, ", "))
		}
	}
	return chosen, nil
}

// find lists the cluster's jobs and looks at those that the query chose.
func (a asking) find(ctx context.Context, c cluster) found {
	result := found{cluster: c}
	facts, requests, err := c.keeper.Cluster(ctx)
	result.requests, result.fetch, result.err = requests, facts.Fetch, err
	if err != nil || !live(a.over, facts.Fetch) {
		return result
	}
	result.list(ctx, a.query)
	together(len(result.targets), func(n int) {
		asked := &result.targets[n]
		asked.snapshot, asked.requests, asked.err = c.keeper.Snapshot(ctx, asked.info)
	})
	return result
}

// list fills in the jobs that the query chose.
func (f *found) list(ctx context.Context, q query) {
	jobs, requests, err := f.cluster.keeper.Jobs(ctx)
	f.requests, f.names, f.err = f.requests+requests, jobs, err
	for _, info := range jobs {
		if q.Jobs.exactly(info.Name, info.ID) || (!info.State.Terminal() && q.Jobs.choose(info.Name, info.ID)) {
			f.targets = append(f.targets, target{cluster: f.cluster, info: info})
		}
	}
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
			if err := q.show(&answer, asked); err != nil {
				failed = err
			}
		}
	}
	if len(answer.Jobs) == 0 && failed != nil {
		return answer, failed
	}
	return answer, q.missing(&answer, results)
}

// show adds a job to the answer, or the notice that it is left out, whose
// error it returns.
func (q query) show(answer *frame.Answer, asked target) error {
	answer.Requests += asked.requests
	if asked.err != nil {
		answer.Notices = append(answer.Notices, warning("Job %s is left out: %s", asked.info.Name, sentence(asked.err)))
		return asked.err
	}
	shown := frame.Job{
		Cluster: asked.cluster.name, Snapshot: asked.snapshot,
		Verdict: diagnosis.Diagnose(asked.snapshot), Tasks: q.tasks(asked.snapshot.Graph),
	}
	if len(shown.Tasks) > 0 || len(q.Tasks) == 0 {
		answer.Jobs = append(answer.Jobs, shown)
		answer.Notices = append(answer.Notices, partial(shown)...)
	}
	return nil
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
