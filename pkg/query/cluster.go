package query

import (
	"context"
	"slices"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/prometheus"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Cluster is one cluster behind the data source, and where its jobs' present and
// past are read from.
type Cluster struct {
	// Name is the one that users chose, the label cluster.
	Name string
	// WebURL is the address at which a browser reaches the cluster's own UI, without a
	// slash at its end; empty where nothing leads there.
	WebURL string
	// Collector polls Flink.
	Collector *collector.Collector
	// Memory is the built-in history; nil where there is none.
	Memory *memory.Cluster
	// Prometheus is the long-term history; nil where there is none. Its samples
	// name no cluster: one reader has the jobs of all clusters of a data source.
	Prometheus *prometheus.Reader
	// Streaks and RootSets are those that were found in Prometheus; set where there is one.
	Streaks  *history.Streaks
	RootSets *history.RootSets
}

// pages are those of the cluster's own UI, as it was when it last answered; of one that
// never has, as in newer versions.
func (c *Cluster) pages() frame.Pages {
	last, known := c.Collector.LastCluster()
	return frame.Pages{Base: c.WebURL, Split: !known || last.SplitJobPages()}
}

// history is the past of the cluster's jobs.
func (c *Cluster) history() history.Merged { return c.historyFrom(c.Prometheus) }

// historyFrom is the same with another source behind the built-in history.
func (c *Cluster) historyFrom(far history.Source) history.Merged {
	var merged history.Merged
	if c.Memory != nil {
		merged.Near = c.Memory
	}
	if c.Prometheus != nil {
		merged.Far = far
	}
	return merged
}

// hasHistory reports whether anything of the past may be known.
func (c *Cluster) hasHistory() bool { return c.Memory != nil || c.Prometheus != nil }

// interval is how often the cluster's metrics changed when it last answered.
func (c *Cluster) interval() job.MetricInterval {
	interval, _ := c.Collector.Interval()
	return interval
}

// momentBefore is the range in which a sample must be to describe a moment: the
// metric interval of its time may have been longer than what is known of the present.
func (c *Cluster) momentBefore(req Request) history.Range {
	maxGap := c.interval().MaxGap()
	if c.Memory != nil {
		maxGap = max(maxGap, c.Memory.MaxGap(req.moment()))
	}
	return history.Range{From: req.Range.To.Add(-maxGap), To: req.moment()}
}

// clusterResult is what a query found of one cluster.
type clusterResult struct {
	cluster *Cluster
	// candidates are all jobs that there are, once for each of their names; jobs
	// those that the query chose, and leftOut how many more.
	candidates []job.Info
	jobs       []jobResult
	// ofPast is set where they are read from the history, and past how that lists
	// them.
	ofPast bool
	past   []history.Job
	// taskManagers are the cluster's; set where they were asked for.
	taskManagers []job.TaskManager
	leftOut      int
	// gone are the names of those that have ended and that the cluster lists no more.
	gone []string
	// away is set where the cluster has not answered for so long that it counts as gone,
	// with its jobs.
	away     bool
	requests int
	warnings history.Warnings
	// err is why the cluster did not answer, and incomplete why there may have
	// been more jobs in the past than are listed.
	err, incomplete error
}

// jobResult is a job that a query chose, and what became of it.
type jobResult struct {
	info job.Info
	// names are those by which the query may choose the job.
	names []string
	// past is what the history has of the job, and source where it is read from;
	// not set for the present.
	past    history.Job
	source  history.Source
	verdict *diagnosis.Verdict
	// ended is set where it is known that the job has ended: at present, for a measure.
	ended bool
	// summary is the last of the moment that was asked for, value that of a
	// measure that needs no snapshot, and series those over the range.
	summary *diagnosis.JobSummary
	value   float64
	series  []frame.Series
	// matched are the query's names and expressions of tasks that the job had tasks
	// of, over the range.
	matched map[string]bool
	// runs are when the job was measured over the range, by the name of the series.
	runs map[string]run
	// edgesUnknown is set where it is not known how the tasks were connected.
	edgesUnknown bool

	requests int
	warnings history.Warnings
	err      error
}

// run is the time between the first and the last sample of a job, under one name,
// in which something was measured.
type run struct{ first, last time.Time }

// beside reports whether two runs were at the same time. Those of a job that was
// deployed anew are not: Prometheus has points of both for a while, but measures an
// attempt only where it lasted for most of the window.
func (r run) beside(other run) bool { return !r.first.After(other.last) && !other.first.After(r.last) }

// ran adds a sample, unless nothing was measured.
func (j *jobResult) ran(name string, at, from time.Time) {
	if from.IsZero() {
		return
	}
	if j.runs == nil {
		j.runs = map[string]run{}
	}
	of, known := j.runs[name]
	if !known {
		of.first = at
	}
	of.last = at
	j.runs[name] = of
}

// maxJobs is how many jobs of a cluster one query looks at.
const maxJobs = 1000

// choose keeps the jobs that the query chose, as many as it looks at: all that
// have not ended, and those that it names exactly.
func (r *clusterResult) choose(ctx context.Context, req Request, candidates []jobResult) {
	r.candidates, r.jobs, r.leftOut = make([]job.Info, 0, len(candidates)), nil, 0
	for _, candidate := range candidates {
		if ctx.Err() != nil {
			return
		}
		info, chosen := candidate.info, false
		for _, info.Name = range candidate.names {
			r.candidates = append(r.candidates, info)
			chosen = chosen || req.choosesJob(info)
		}
		if chosen && req.Types.Choose(info.Type) {
			r.add(candidate)
		}
	}
}

// choosesJob reports whether the query is about a job of that name, if of that type.
func (r Request) choosesJob(info job.Info) bool {
	return r.Jobs.Exactly(info.Name, info.ID) || !info.State.Terminal() && r.Jobs.Choose(info.Name, info.ID)
}

// add adds a job that the query chose, or counts it.
func (r *clusterResult) add(chosen jobResult) {
	if len(r.jobs) == maxJobs {
		r.leftOut++
		return
	}
	r.jobs = append(r.jobs, chosen)
}

// jobs are those that the cluster lists now, if it does so in time.
func (c *Cluster) jobs(ctx context.Context, req Request) (infos []job.Info, requests int, err error) {
	inTime, cancel := req.inTime(ctx)
	defer cancel()
	return c.Collector.Jobs(inTime)
}

// list fills in the jobs that the cluster has now and that the query chose; those
// that it last had, each with the error, if it does not answer.
func (r *clusterResult) list(ctx context.Context, req Request) {
	infos, requests, err := r.cluster.jobs(ctx, req)
	r.requests, r.err = r.requests+requests, err
	if err != nil {
		infos = r.cluster.Collector.LastJobs()
	}
	r.candidates, r.jobs, r.leftOut = infos, nil, 0 // nobody changes them
	for _, info := range infos {
		if ctx.Err() != nil {
			return
		}
		if req.choosesJob(info) && req.Types.Choose(info.Type) {
			r.add(jobResult{info: info, names: []string{info.Name}, err: err})
		}
	}
}

// listPast fills in those of the past jobs that are the cluster's and that the
// query chose: over a range by any name that they had, at a moment by the last.
func (r *clusterResult) listPast(ctx context.Context, req Request, of attribution, atMoment bool) {
	candidates := make([]jobResult, 0, len(r.past))
	for _, past := range r.past {
		candidate, ours := of.candidate(r.cluster, past)
		if candidate.names = namesOf(candidate.past); atMoment {
			candidate.names = candidate.names[len(candidate.names)-1:]
		}
		if ours {
			candidates = append(candidates, candidate)
		}
	}
	r.choose(ctx, req, candidates)
	r.requests += of.requests[r.cluster]
	r.incomplete = firstError(r.incomplete, of.unattributed(ctx, req, r))
}

// namesOf are the names that a job had, the last one last.
func namesOf(past history.Job) []string {
	if slices.Contains(past.Names, past.Name) {
		return past.Names
	}
	return append([]string{past.Name}, past.Names...)
}

// eachCluster works on the clusters side by side.
func eachCluster(clusters []*Cluster, do func(*clusterResult)) []clusterResult {
	results := make([]clusterResult, len(clusters))
	collector.Parallel(len(clusters), len(clusters), func(n int) {
		results[n].cluster = clusters[n]
		do(&results[n])
	})
	return results
}

// eachJob works on the chosen jobs of all clusters side by side, those of one cluster as
// if there were no other; each keeps its own error.
func eachJob(results []clusterResult, do func(*Cluster, *jobResult)) {
	collector.Parallel(len(results), len(results), func(n int) {
		of := &results[n]
		collector.Parallel(len(of.jobs), parallelism, func(i int) { do(of.cluster, &of.jobs[i]) })
	})
}

// eachPromptJob works on the jobs of one cluster, first on those that answered in time
// when they were last polled.
func (r *clusterResult) eachPromptJob(do func(*jobResult)) {
	var prompt, hanging []int
	for i := range r.jobs {
		if r.cluster.Collector.Hangs(r.jobs[i].info.ID) {
			hanging = append(hanging, i)
		} else {
			prompt = append(prompt, i)
		}
	}
	order := append(prompt, hanging...)
	collector.Parallel(len(order), parallelism, func(i int) { do(&r.jobs[order[i]]) })
}
