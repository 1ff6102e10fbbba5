package query

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// attribution decides which cluster a job in Prometheus belongs to, as its labels
// name none, and what the job is called, as a label's value may be mangled: by the
// jobs that Flink lists, and by those that the built-in history has of any time.
type attribution struct {
	clusters []*Cluster
	// listed are the jobs that Flink lists, by cluster and id, and failed why one
	// did not; nil where nothing needs to be attributed.
	listed   map[*Cluster]map[string]job.Info
	failed   map[*Cluster]error
	requests map[*Cluster]int
}

// attribute requests the jobs of the clusters, if the histories' jobs leave
// anything to decide: several clusters share a Prometheus that is read, or it
// has jobs that the built-in history does not have.
func attribute(ctx context.Context, req Request, clusters []*Cluster, results []clusterResult, over func(*Cluster) history.Range) attribution {
	of := attribution{clusters: clusters}
	needed := slices.ContainsFunc(results, func(r clusterResult) bool {
		unknown := slices.ContainsFunc(r.past, func(each history.Job) bool { return each.Graph == nil })
		shared := len(clusters) > 1 && (r.cluster.Memory == nil || !r.cluster.Memory.Covers(over(r.cluster)))
		return r.cluster.Prometheus != nil && (unknown || shared)
	})
	if !needed {
		return of
	}
	of.listed, of.failed, of.requests = map[*Cluster]map[string]job.Info{}, map[*Cluster]error{}, map[*Cluster]int{}
	all := Request{Ending: req.Ending, until: req.pastUntil()} // the poll may have taken all of Flink's own time
	for _, listed := range eachCluster(clusters, func(r *clusterResult) { r.list(ctx, all) }) {
		of.listed[listed.cluster], of.failed[listed.cluster] = map[string]job.Info{}, listed.err
		of.requests[listed.cluster] = listed.requests
		for _, info := range listed.candidates {
			of.listed[listed.cluster][info.ID] = info
		}
	}
	return of
}

// has reports whether a cluster has a job, and what it is called there.
func (a attribution) has(cluster *Cluster, jobID string) (info job.Info, found bool) {
	if info, found = a.listed[cluster][jobID]; found {
		return info, true
	}
	if cluster.Memory == nil {
		return info, false
	}
	known, found := cluster.Memory.Find(jobID)
	return job.Info{ID: jobID, Name: known.Name, Type: known.Type}, found
}

// candidate is a job of the history as one of the cluster's; ours is false where
// it is another's, or where several clusters may have had it.
func (a attribution) candidate(cluster *Cluster, past history.Job) (candidate jobResult, ours bool) {
	candidate = jobResult{info: job.Info{ID: past.ID, Name: past.Name, Type: past.Type}, past: past, source: cluster.history()}
	if a.listed == nil {
		return candidate, true
	}
	if info, found := a.has(cluster, past.ID); found {
		if past.Graph == nil { // of Prometheus' alone
			if info.State.Ending() { // its number is of Flink's present list
				info.Name = info.Plain
			}
			candidate.info.Name, candidate.past.Name = info.Name, info.Name
			candidate.info.Type, candidate.past.Type = info.Type, info.Type
		}
	} else if len(a.clusters) > 1 {
		return candidate, false
	}
	for _, other := range a.clusters {
		if other == cluster || cluster.Prometheus == nil {
			continue
		}
		if _, found := a.has(other, past.ID); found {
			candidate.source = cluster.historyFrom(failing{badQuery("The clusters %s and %s both have a job %s, which Prometheus cannot distinguish: give each a data source and a Prometheus, or a tenant, of its own.", cluster.Name, other.Name, past.ID)})
		} else if err := a.failed[other]; err != nil {
			candidate.warnings = candidate.warnings.Add(fmt.Sprintf("Cluster %s does not list its jobs, so what Prometheus has may be of one of them that has the same id: %s", other.Name, Sentence(err)))
		}
	}
	return candidate, true
}

// unattributed is why jobs of Prometheus' may be missing in a cluster that did not
// list its own: some are nobody's, or names in the query match none, which
// Prometheus may have mangled.
func (a attribution) unattributed(ctx context.Context, req Request, r *clusterResult) error {
	unmatched := len(req.Jobs.matching(ctx, candidatesOf([]clusterResult{*r}))) < len(req.Jobs.all)
	strangers := len(a.clusters) > 1 && slices.ContainsFunc(r.past, func(past history.Job) bool {
		return !slices.ContainsFunc(a.clusters, func(c *Cluster) bool { _, found := a.has(c, past.ID); return found })
	})
	if unmatched || strangers {
		return a.failed[r.cluster]
	}
	return nil
}

// failing is a source that cannot be read, because of an error.
type failing struct{ err error }

func (f failing) Jobs(context.Context, history.Range) ([]history.Job, history.Warnings, error) {
	return nil, nil, f.err
}

func (f failing) At(context.Context, history.Job, time.Time) (*diagnosis.Verdict, history.Warnings, error) {
	return nil, nil, f.err
}

func (f failing) Summaries(context.Context, history.Query) (history.Summaries, history.Warnings, error) {
	return history.Summaries{}, nil, f.err
}

func (f failing) Snapshots(context.Context, history.Query, func(history.Snapshot) bool) (history.Warnings, error) {
	return nil, f.err
}

func (f failing) Up(history.Range, time.Duration) ([]diagnosis.Instant, []float64) { return nil, nil }
