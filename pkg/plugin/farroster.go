package plugin

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// roster is what is known of a cluster's jobs of any time. Prometheus knows no
// clusters, and may have mangled the names.
type roster struct {
	jobs []job.Info
	// silent is why Flink did not list those that it has.
	silent error
}

// job finds one by its id.
func (r roster) job(id string) (info job.Info, known bool) {
	at := slices.IndexFunc(r.jobs, func(info job.Info) bool { return info.ID == id })
	if at < 0 {
		return info, false
	}
	return r.jobs[at], true
}

func (r roster) has(jobID string) bool {
	_, known := r.job(jobID)
	return known
}

// roster is the cluster's: of a Flink that does not answer as it last did.
func (c cluster) roster(ctx context.Context) roster {
	jobs, requests, err := c.keeper.Jobs(ctx)
	heardIn(ctx).asked(requests)
	if err != nil {
		jobs = c.keeper.LastJobs()
	}
	remembered, failed := c.remembered(ctx, history.Span{To: time.Now()})
	return roster{slices.Concat(jobs, infos(remembered)), cmp.Or(err, failed)}
}

// rosters are those of a data source's clusters, by name, as one query has
// asked for them.
type rosters struct {
	once  sync.Once
	found map[string]roster
}

// rosters asks all clusters at once, unless the query has.
func (d distant) rosters(ctx context.Context) map[string]roster {
	of := &heardIn(ctx).rosters
	of.once.Do(func() {
		found := make([]roster, len(d.clusters))
		together(len(found), func(n int) { found[n] = d.clusters[n].roster(ctx) })
		of.found = map[string]roster{}
		for n, each := range found {
			of.found[d.clusters[n].name] = each
		}
	})
	return of.found
}

// alone fails if another cluster has a job of the same id, and warns if it does
// not tell.
func (d distant) alone(ctx context.Context, of history.Key) error {
	if len(d.clusters) == 1 {
		return nil
	}
	for _, other := range d.clusters {
		name, known := other.name, d.rosters(ctx)[other.name]
		if name == d.name {
			continue
		}
		if known.has(of.JobID) {
			return wrong("The clusters %s and %s both have a job %s, which Prometheus cannot tell apart: give each a data source and a Prometheus, or a tenant, of its own.", d.name, name, of.JobID)
		}
		if known.silent != nil {
			heardIn(ctx).warned("Cluster " + name + " does not list its jobs, so what Prometheus tells may be of one of them that has the same id: " + sentence(known.silent).Error())
		}
	}
	return nil
}
