package plugin

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/look"
)

// atOnce is how many clusters, or jobs of one, a query works on at once; the
// requests themselves are bounded by the client.
const atOnce = 16

// mostJobs is how many jobs of a cluster one query looks at.
const mostJobs = 1000

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
	leftOut  int // jobs chosen beyond mostJobs
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
	return a.assembled(results)
}

// together does n things at once, a bounded number at a time; each keeps its
// own error.
func together(n int, do func(int)) { look.AtOnce(n, atOnce, do) }

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
	if err != nil {
		result.remember(a.query)
		return result
	}
	if !live(a.over, facts.Fetch) {
		return result
	}
	result.list(ctx, a.query)
	result.targets = result.targets[:len(result.targets)-result.leftOut]
	together(len(result.targets), func(n int) {
		asked := &result.targets[n]
		if asked.err != nil {
			return
		}
		asked.snapshot, asked.requests, asked.err = c.keeper.Snapshot(ctx, asked.info)
	})
	return result
}

// list fills in the jobs that the query chose.
func (f *found) list(ctx context.Context, q query) {
	jobs, requests, err := f.cluster.keeper.Jobs(ctx)
	f.requests, f.err = f.requests+requests, err
	if err != nil {
		f.remember(q)
		return
	}
	f.choose(q, jobs)
}

// remember fills in the jobs that the cluster last had, as it does not answer.
func (f *found) remember(q query) {
	f.choose(q, f.cluster.keeper.LastJobs())
	for n := range f.targets {
		f.targets[n].err = f.err
	}
}

func (f *found) choose(q query, jobs []job.Info) {
	f.names = jobs
	for _, info := range jobs {
		if q.Jobs.exactly(info.Name, info.ID) || (!info.State.Terminal() && q.Jobs.choose(info.Name, info.ID)) {
			f.targets = append(f.targets, target{cluster: f.cluster, info: info})
		}
	}
	f.leftOut = max(len(f.targets)-mostJobs, 0)
}
