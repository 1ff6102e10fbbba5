package query

import (
	"context"
	"slices"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// journaled is a job that a query chose, and what of it was in the query's range.
type journaled struct {
	cluster *Cluster
	info    job.Info
	// listed is set where Flink lists it: else it is gone, or nobody asked.
	listed bool

	checkpoints []job.Checkpoint
	incidents   []job.Incident
	requests    int
	err         error
}

// owner is the job as a row has it, with a tab of its page.
func (j *journaled) owner(tab string) frame.Owner {
	return frame.Owner{Cluster: j.cluster.Name, Job: j.info.Name, JobID: j.info.ID, URL: j.cluster.pages().JobTab(j.info, tab)}
}

// journals is what was in a range of the jobs that a query chose.
type journals struct {
	jobs    []journaled
	results []clusterResult
	isLive  bool
	// failed is why something of it is not known.
	failed error
	// result has the notices and requests.
	result frame.Result
}

// journals reads what was in the request's range of each job that it chose: by what
// Flink remembers, where the range reaches to the present, and what the built-in
// history keeps. clusters are those that the query chose.
func (e *Engine) journals(ctx context.Context, req Request, clusters []*Cluster, read func(context.Context, *journaled)) (found journals, err error) {
	var requests int
	found.result.End = req.Range.To
	found.isLive, requests = live(ctx, clusters, req)
	listed := make([]map[string]bool, len(clusters))
	found.results = eachCluster(clusters, func(r *clusterResult) {
		listed[slices.Index(clusters, r.cluster)] = r.listJournaled(ctx, req, found.isLive)
	})
	for n, each := range found.results {
		for _, of := range each.jobs {
			found.jobs = append(found.jobs, journaled{cluster: each.cluster, info: of.info, listed: listed[n][of.info.ID]})
		}
	}
	inTime, cancel := req.inTime(ctx)
	defer cancel()
	collector.Parallel(len(found.jobs), parallelism, func(n int) { read(inTime, &found.jobs[n]) })
	if err := ctx.Err(); err != nil {
		return found, err
	}
	found.result.Requests = requests + requestsOf(found.results)
	answered := 0
	for n := range found.results {
		r := &found.results[n]
		found.failed = firstError(found.failed, r.err)
		for i := range r.jobs {
			of := &found.jobs[answered+i]
			r.jobs[i].err, found.result.Requests = of.err, found.result.Requests+of.requests
			found.failed = firstError(found.failed, of.err)
		}
		answered += len(r.jobs)
	}
	found.result.Add(noticesOf(found.results)...)
	return found, nil
}

// some reports whether anything was found, or there is nothing to be found.
func (j journals) some() bool {
	return slices.ContainsFunc(j.jobs, func(of journaled) bool { return of.err == nil || len(of.checkpoints)+len(of.incidents) > 0 })
}

// journalsAlone are the journals of a query that is answered from nothing else. It
// fails if nothing can be answered.
func (e *Engine) journalsAlone(ctx context.Context, req Request, read func(context.Context, *journaled)) (jobs []journaled, result frame.Result, err error) {
	if why := req.senseless(); why != "" {
		result.Notices, err = nothing(req, why)
		return nil, result, err
	}
	clusters, err := e.choose(req)
	if err != nil {
		return nil, result, err
	}
	found, err := e.journals(ctx, req, clusters, read)
	if err != nil {
		return nil, result, err
	}
	resolution := resolve(ctx, req, found.results)
	found.result.Add(resolution.notices...)
	switch {
	case found.some():
	case found.failed != nil:
		return nil, found.result, found.failed
	case resolution.err != nil:
		return nil, found.result, resolution.err
	case !found.isLive:
		found.result.Add(info("%s", whyNothing(clusters)))
	}
	return found.jobs, found.result, nil
}

// listJournaled fills in the jobs that the query chose: those that the cluster has now,
// where that is asked for, and those of which the built-in history keeps more than
// samples. It returns the ids of those that Flink lists.
func (r *clusterResult) listJournaled(ctx context.Context, req Request, isLive bool) (listed map[string]bool) {
	var candidates []jobResult
	listed = map[string]bool{}
	if isLive {
		var infos []job.Info
		var requests int
		infos, requests, r.err = r.cluster.jobs(ctx, req)
		r.requests += requests
		for _, info := range infos {
			listed[info.ID] = true
			candidates = append(candidates, jobResult{info: info, names: []string{info.Name}})
		}
	}
	if r.ofPast = !isLive; r.cluster.Memory != nil {
		for _, info := range r.cluster.Memory.Journaled() {
			if !listed[info.ID] {
				candidates = append(candidates, jobResult{info: info, names: []string{info.Name}})
			}
		}
	}
	r.choose(ctx, req, candidates)
	return listed
}

// maxDetails is of how many checkpoints one query reads the details, the newest: each
// costs two requests, once.
const maxDetails = 10

// answerCheckpoints answers with the checkpoints of jobs over the query's range.
func answerCheckpoints(ctx context.Context, e *Engine, req Request) (data.Frames, error) {
	jobs, result, err := e.journalsAlone(ctx, req, func(ctx context.Context, j *journaled) { j.readCheckpoints(ctx, req) })
	if err != nil {
		return nil, err
	}
	inTime, cancel := req.inTime(ctx)
	defer cancel()
	result.Requests += addCheckpointDetails(inTime, jobs)
	for i := range jobs {
		for _, each := range jobs[i].checkpoints {
			result.Checkpoints = append(result.Checkpoints, frame.Checkpoint{Owner: jobs[i].owner("checkpoints"), Checkpoint: each})
		}
	}
	return frame.Checkpoints(result), ctx.Err()
}

// readCheckpoints fills in the checkpoints of the job that were under way in the range.
func (j *journaled) readCheckpoints(ctx context.Context, req Request) {
	if j.cluster.Memory != nil {
		defer func() { j.checkpoints = union(j.cluster.Memory.Checkpoints(j.info.ID, req.Range), j.checkpoints) }()
	}
	if !j.listed {
		return
	}
	read, requests, err := j.cluster.Collector.Checkpoints(ctx, j.info)
	j.requests, j.err = j.requests+requests, firstError(j.err, err)
	for _, each := range read.Recent {
		if !each.Triggered.After(req.Range.To) && (!each.Status.Ended() || !each.Ended.Before(req.Range.From)) {
			j.checkpoints = append(j.checkpoints, each)
		}
	}
}

// union are the checkpoints that are kept, and those of Flink's that are not.
func union(kept, remembered []job.Checkpoint) []job.Checkpoint {
	type key struct{ id, triggered int64 }
	known := make(map[key]bool, len(kept))
	for _, each := range kept {
		known[key{each.ID, each.Triggered.UnixMilli()}] = true
	}
	for _, each := range remembered {
		if !known[key{each.ID, each.Triggered.UnixMilli()}] {
			kept = append(kept, each)
		}
	}
	return kept
}

// addCheckpointDetails adds the details of the newest checkpoints that have ended of
// jobs that Flink has, and returns how many requests that took. What does not answer is
// left out: the row has the rest.
func addCheckpointDetails(ctx context.Context, jobs []journaled) (requests int) {
	type place struct{ job, checkpoint int }
	var newest []place
	at := func(p place) *job.Checkpoint { return &jobs[p.job].checkpoints[p.checkpoint] }
	for i := range jobs {
		for n, each := range jobs[i].checkpoints {
			if each.Status.Ended() && jobs[i].listed && jobs[i].err == nil {
				newest = append(newest, place{i, n})
			}
		}
	}
	slices.SortStableFunc(newest, func(a, b place) int { return at(b).Triggered.Compare(at(a).Triggered) })
	newest = newest[:min(len(newest), maxDetails)]
	asked := make([]int, len(newest))
	collector.Parallel(len(newest), parallelism, func(n int) {
		of, checkpoint := &jobs[newest[n].job], at(newest[n])
		if checkpoint.Details != nil {
			return
		}
		details, requests, err := of.cluster.Collector.CheckpointDetails(ctx, of.info, *checkpoint)
		if asked[n] = requests; err == nil {
			checkpoint.Details = &details
		}
	})
	for _, each := range asked {
		requests += each
	}
	return requests
}

// answerExceptions answers with the exceptions, restarts and rescalings of jobs over the
// query's range.
func answerExceptions(ctx context.Context, e *Engine, req Request) (data.Frames, error) {
	jobs, result, err := e.journalsAlone(ctx, req, func(ctx context.Context, j *journaled) { j.readIncidents(ctx, req) })
	for i := range jobs {
		for _, each := range jobs[i].incidents {
			result.Incidents = append(result.Incidents, frame.Incident{Owner: jobs[i].owner("exceptions"), Incident: each})
		}
	}
	return frame.Exceptions(result), err
}

// readIncidents fills in what befell the job in the range.
func (j *journaled) readIncidents(ctx context.Context, req Request) {
	if j.listed {
		read, requests, err := j.cluster.Collector.Exceptions(ctx, j.info)
		j.requests, j.err = j.requests+requests, firstError(j.err, err)
		for _, each := range read {
			if req.Range.Contains(each.At) {
				j.incidents = append(j.incidents, each)
			}
		}
	}
	if j.cluster.Memory == nil {
		return
	}
	for _, each := range j.cluster.Memory.Incidents(j.info.ID, req.Range) {
		if !slices.ContainsFunc(j.incidents, each.Same) {
			j.incidents = append(j.incidents, each)
		}
	}
}
