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
	begun    bool // fetch is known
	fetch    time.Duration
	targets  []target
	names    []job.Info
	leftOut  int // jobs chosen beyond mostJobs
	requests int
	err      error
	lacks    error // why there may have been more jobs than are remembered
}

// look finds the jobs that the query chose and how their subtasks spend their
// time. It fails only if nothing can be answered; what is partial is told in
// notices.
func (a asking) look(ctx context.Context) (frame.Answer, error) {
	results, err := a.begin(ctx)
	if err != nil {
		return frame.Answer{}, err
	}
	if past(results, a.over) {
		return a.then(ctx, results)
	}
	together(len(results), func(n int) {
		results[n].list(ctx, a.query)
		results[n].look(ctx)
	})
	if err := ctx.Err(); err != nil {
		return frame.Answer{}, err
	}
	return a.assembled(results)
}

// begin asks each cluster that the query names what it says of itself.
func (a asking) begin(ctx context.Context) ([]found, error) {
	chosen, err := a.chosen()
	if err != nil {
		return nil, err
	}
	results := make([]found, len(chosen))
	together(len(chosen), func(n int) {
		facts, requests, err := chosen[n].keeper.Cluster(ctx)
		results[n] = found{cluster: chosen[n], begun: true, fetch: facts.Fetch, requests: requests, err: err}
	})
	return results, ctx.Err()
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
			return nil, absent("There is no cluster %q in this data source: it knows %s.", short(p.text), strings.Join(names, ", "))
		}
	}
	return chosen, nil
}

// list fills in the jobs of the cluster that the query chose; those that it
// last had, if it does not answer.
func (f *found) list(ctx context.Context, q query) {
	if f.err == nil {
		jobs, requests, err := f.cluster.keeper.Jobs(ctx)
		f.requests, f.err = f.requests+requests, err
		f.choose(q, jobs)
	}
	if f.err == nil {
		return
	}
	f.choose(q, f.cluster.keeper.LastJobs())
	for n := range f.targets {
		f.targets[n].err = f.err
	}
}

// choose keeps the jobs that the query chose, as many as it looks at: all that
// have not ended, and those that it names exactly.
func (f *found) choose(q query, jobs []job.Info) {
	f.names, f.targets = jobs, nil
	for _, info := range jobs {
		if q.Jobs.exactly(info.Name, info.ID) || (!info.State.Terminal() && q.Jobs.choose(info.Name, info.ID)) {
			f.targets = append(f.targets, target{cluster: f.cluster, info: info})
		}
	}
	f.ofType(q.Types)
	f.leftOut = max(len(f.targets)-mostJobs, 0)
	f.targets = f.targets[:len(f.targets)-f.leftOut]
}

// look takes a look at each of the jobs.
func (f *found) look(ctx context.Context) {
	together(len(f.targets), func(n int) {
		if asked := &f.targets[n]; asked.err == nil {
			asked.snapshot, asked.requests, asked.err = f.cluster.keeper.Snapshot(ctx, asked.info)
		}
	})
}
