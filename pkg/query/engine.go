package query

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// parallelism is how many jobs of a cluster a query works on at once;
// the requests themselves are bounded by the HTTP client.
const parallelism = 16

// Engine answers queries about the clusters of one data source: with the present,
// a moment of the past, or a range. Names are resolved, and what is partial is
// said, in the same way for all three; only where jobs and their loads come from
// differs. It is safe for concurrent use.
type Engine struct {
	clusters []*Cluster
	patience time.Duration
}

// NewEngine returns an engine for these clusters. A query waits for their answers for as
// long as patience at most, and then has what there is, with notices of what is missing.
func NewEngine(clusters []*Cluster, patience time.Duration) *Engine {
	return &Engine{clusters, patience}
}

// Answer answers a query with the frames of its type. Errors are [Error],
// [remote.Error] or the context's.
func (e *Engine) Answer(ctx context.Context, req Request) (data.Frames, error) {
	e.limit(ctx, &req)
	caller := ctx
	if room := req.Room; room != nil { // all was read by then
		req.Room = func(_ context.Context, bytes int, held bool) error { return room(caller, bytes, held) }
	}
	ctx, cancel := req.toItsEnd(ctx)
	defer cancel()
	frames, err := types[req.Type].answer(ctx, e, req)
	if err == nil {
		req.addUseless(frames)
		frame.AddStatistics(frames, time.Now())
	}
	return frames, err
}

// limit is when a query that begins now has waited for long enough: before its caller
// gives up, if it is known when that is, and with time left for the history if Flink takes
// all of its own.
func (e *Engine) limit(ctx context.Context, req *Request) {
	patience, grace := e.patience, e.patience/8
	if deadline, is := ctx.Deadline(); is {
		left := time.Until(deadline)
		patience, grace = min(patience, left*8/10), min(grace, left/10)
	}
	now := time.Now()
	req.until, req.grace, req.latest = now.Add(patience), grace, now.Add(patience+grace)
}

// Names are the names that the request's variable lists.
func (e *Engine) Names(ctx context.Context, req Request) (frame.Result, error) {
	of := variables[req.Variable]
	e.limit(ctx, &req)
	ctx, cancel := req.toItsEnd(ctx)
	defer cancel()
	clusters, err := e.choose(req)
	if err != nil {
		return frame.Result{}, err
	}
	isLive, requests := true, 0
	if of.at != nil {
		isLive, requests = live(ctx, clusters, req)
	}
	var result frame.Result
	if isLive {
		result, err = of.now(ctx, e, req, clusters)
	} else {
		var past loaded
		past, err = e.at(ctx, req, clusters)
		result = past.Result
		for _, shown := range result.Jobs {
			result.Names = append(result.Names, of.at(shown)...)
		}
	}
	result.Names = withoutRepeats(result.Names)
	result.Requests += requests
	return result, firstError(err, ctx.Err())
}

// load is how the jobs that the query chose spend their time: at present, or,
// where the range has ended, at its end. It fails only if nothing can be answered;
// what is partial is in the notices.
func (e *Engine) load(ctx context.Context, req Request) (loaded, error) {
	clusters, err := e.choose(req)
	if err != nil {
		return loaded{}, err
	}
	isLive, requests := live(ctx, clusters, req)
	answer := e.at
	if isLive {
		answer = e.now
	}
	result, err := answer(ctx, req, clusters)
	result.Requests += requests
	result.Result = req.narrowed(result.Result)
	return result, firstError(err, ctx.Err())
}

// now answers with the present: polls of at most the age limit.
func (e *Engine) now(ctx context.Context, req Request, clusters []*Cluster) (loaded, error) {
	inTime, cancel := req.inTime(ctx)
	defer cancel()
	results := eachCluster(clusters, func(r *clusterResult) {
		r.list(ctx, req)
		r.addEnded(ctx, req)
		if _, known := r.cluster.Collector.Interval(); len(r.jobs) == 0 && r.err == nil && !known {
			// Nothing will be polled: what lists jobs may be a history server.
			var requests int
			_, requests, r.err = r.cluster.Collector.Cluster(inTime)
			r.requests += requests
		}
		// At once: another cluster may not answer.
		r.eachPromptJob(func(j *jobResult) {
			if j.err == nil && j.verdict == nil {
				j.err = inTime.Err()
			}
			if j.err == nil && j.verdict == nil {
				verdict := r.cluster.Collector.Verdict
				if types[req.Type].lags {
					r.cluster.Collector.WantLags(j.info)
				}
				if req.Measure.Lags {
					verdict = r.cluster.Collector.VerdictWithLags
				}
				j.verdict, j.requests, j.err = verdict(inTime, j.info)
			}
		})
	})
	if err := ctx.Err(); err != nil {
		return loaded{}, err
	}
	return assemble(ctx, req, results)
}

// at answers with the state at the end of the range. It needs no Flink. If a
// history fails, a panel gets a notice, and an alert rule an error unless something
// else answered.
func (e *Engine) at(ctx context.Context, req Request, clusters []*Cluster) (loaded, error) {
	results, err := e.past(ctx, req, clusters, true)
	if err != nil {
		return loaded{}, err
	}
	inTime, cancel := req.pastInTime(ctx)
	defer cancel()
	eachJob(results, func(_ *Cluster, j *jobResult) {
		var warnings history.Warnings
		j.verdict, warnings, j.err = j.source.At(inTime, j.past, req.moment())
		j.warnings = j.warnings.Add(warnings...)
		if j.verdict != nil {
			j.info = j.verdict.Snapshot.Job
		}
	})
	leaveOutEnded(req, results)
	if err := ctx.Err(); err != nil {
		return loaded{}, err
	}
	return assemblePast(ctx, req, results)
}

// over answers with a measure over the range, one series for each job, task,
// subtask or TaskManager, by req.By. A range that reaches to the present begins
// with a poll, which starts the sampling of its jobs.
func (e *Engine) over(ctx context.Context, req Request) (result frame.Result, err error) {
	result.End = req.Range.To
	if why := req.senseless(); why != "" {
		result.Notices, err = nothing(req, why)
		return result, err
	}
	clusters, err := e.choose(req)
	if err != nil {
		return result, err
	}
	isLive, requests := live(ctx, clusters, req)
	var failed error // why the present is not known
	if isLive {
		result, failed = e.poll(ctx, req, clusters)
		req.Range.To = result.End
	}
	result.Requests += requests
	var results []clusterResult
	if req.Measure.Origin == diagnosis.FromAnswers {
		result.Series = upSeries(req, clusters)
	} else if results, err = e.past(ctx, req, clusters, false); err != nil {
		return result, err
	}
	choice := &seriesChoice{measure: req.Measure}
	inTime, cancel := req.pastInTime(ctx)
	defer cancel()
	eachJob(results, func(c *Cluster, j *jobResult) { jobRange{req, c, j, choice}.read(inTime) })
	if choice.tooMany() {
		choice.choose(results)
		eachJob(results, func(c *Cluster, j *jobResult) { jobRange{req, c, j, choice}.read(inTime) })
		result.LeftOut = choice.leftOut
	}
	result.Add(choice.notices()...)
	if err := ctx.Err(); err != nil {
		return result, err
	}
	return assembleRange(ctx, req, result, results, e.clusters, failed)
}

// poll polls what the query is about, so that it is kept and sampled from now on;
// End is when that has finished. For a measure that needs no snapshot Values are
// filled.
func (e *Engine) poll(ctx context.Context, req Request, clusters []*Cluster) (result frame.Result, err error) {
	defer func() { result.End = time.Now() }()
	if !req.Measure.OfLoad() { // before the poll, which keeps the figures
		result, err = e.state(ctx, req)
	}
	if err != nil || req.Measure.Origin == diagnosis.FromAnswers {
		return result, err
	}
	polled, err := e.now(ctx, req, clusters)
	result.Requests += polled.Requests
	if !req.Measure.OfLoad() {
		return result, nil // why a poll failed is in the notices of the state
	}
	if result.Notices = polled.Notices; req.FromAlert {
		result.Series = endedSeries(req, polled.Jobs, time.Now())
	}
	return result, err
}

// past lists the jobs that the clusters' histories have in the range, or at its end
// where that is the moment asked for, of which the query chose some, and gets ready
// what is read of each.
func (e *Engine) past(ctx context.Context, req Request, clusters []*Cluster, atMoment bool) ([]clusterResult, error) {
	over := func(c *Cluster) history.Range {
		if atMoment {
			return c.momentBefore(req)
		}
		return req.Range
	}
	inTime, cancel := req.pastInTime(ctx)
	defer cancel()
	results := eachCluster(clusters, func(r *clusterResult) {
		source := r.cluster.history()
		source.Enough = func(jobs []history.Job) bool {
			return req.Jobs.matchAll(ctx, jobs) && r.cluster.Memory.Complete(over(r.cluster), func(info job.Info) bool {
				return req.Jobs.Choose(info.Name, info.ID) && req.Types.Choose(info.Type) &&
					!slices.ContainsFunc(jobs, func(of history.Job) bool { return of.ID == info.ID })
			})
		}
		r.ofPast = true
		r.past, r.warnings, r.incomplete = source.Jobs(inTime, over(r.cluster))
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	attribution := attribute(ctx, req, e.clusters, results, over)
	for n := range results {
		results[n].listPast(ctx, req, attribution, atMoment)
	}
	eachJob(results, func(c *Cluster, j *jobResult) {
		if j.past.Graph == nil && attribution.failed[c] == nil { // else the tasks are as Prometheus names them
			j.past.Graph, j.requests, _ = c.Collector.Graph(inTime, j.info)
		}
	})
	return results, ctx.Err()
}

// state is a measure that needs no snapshot: whether jobs run, a figure of each,
// whether clusters answer. At present, or where the range has ended at
// its end.
func (e *Engine) state(ctx context.Context, req Request) (frame.Result, error) {
	clusters, err := e.choose(req)
	if err != nil {
		return frame.Result{}, err
	}
	isLive, requests := live(ctx, clusters, req)
	answer := e.stateNow
	switch up := req.Measure.Origin == diagnosis.FromAnswers; {
	case up && isLive:
		answer = upNow
	case up:
		answer = upAt
	case !isLive:
		answer = e.stateAt
	}
	result, err := answer(ctx, req, clusters)
	result.Requests += requests
	return result, err
}

// stateNow reads the measure from Flink's list of jobs, or as a figure of each.
func (e *Engine) stateNow(ctx context.Context, req Request, clusters []*Cluster) (frame.Result, error) {
	inTime, cancel := req.inTime(ctx)
	defer cancel()
	results := eachCluster(clusters, func(r *clusterResult) {
		r.list(ctx, req)
		r.addEnded(ctx, req)
	})
	if err := ctx.Err(); err != nil {
		return frame.Result{}, err
	}
	if err := allFailed(results); err != nil {
		return frame.Result{}, err
	}
	eachJob(results, func(c *Cluster, j *jobResult) {
		switch {
		case j.ended:
			j.value = c.ended(inTime, req, j.info)
		case req.Measure.Origin == diagnosis.FromFigure && j.verdict != nil:
			j.value = math.NaN()
		case req.Measure.Origin == diagnosis.FromJobState && j.info.AllRun():
			j.value = 1
		case req.Measure.Origin == diagnosis.FromFigure && j.err != nil:
			j.value = math.NaN()
		case req.Measure.Origin == diagnosis.FromFigure:
			j.value, j.requests, j.err = c.Collector.Figure(inTime, j.info, req.Measure.Figure)
		}
		if j.err != nil {
			j.value = math.NaN()
		}
	})
	gone := math.NaN()
	if known := !slices.ContainsFunc(results, func(r clusterResult) bool { return r.err != nil && !r.away }); known && req.Measure.Origin == diagnosis.FromJobState {
		gone = 0 // a job that is named exactly and is nowhere does not run
	}
	return assembleState(ctx, req, results, gone), ctx.Err()
}

// stateAt reads the measure from the summary of each job at the moment.
func (e *Engine) stateAt(ctx context.Context, req Request, clusters []*Cluster) (result frame.Result, err error) {
	results, err := e.past(ctx, req, clusters, true)
	if err != nil {
		return result, err
	}
	inTime, cancel := req.pastInTime(ctx)
	defer cancel()
	eachJob(results, func(c *Cluster, j *jobResult) {
		if c.Memory != nil {
			j.verdict, _, _ = c.Memory.At(ctx, j.past, req.moment()) // which shows whether the job had ended
		}
		query := history.Query{Job: j.past, Range: c.momentBefore(req), Step: time.Minute, Figures: figuresOf(req)}
		if j.verdict == nil { // no sample of the moment is in memory
			query.Range = history.Range{From: req.Range.To, To: req.Range.To}
		}
		summaries, warnings, err := j.source.Summaries(inTime, query)
		j.warnings, j.err, j.value = j.warnings.Add(warnings...), err, math.NaN()
		if last := len(summaries.Jobs) - 1; last >= 0 {
			j.summary, j.err = &summaries.Jobs[last], nil
			j.info.Name, j.value = cmp.Or(j.summary.Name, j.info.Name), req.Measure.FromSummary(*j.summary)
		}
	})
	leaveOutEnded(req, results)
	if err := ctx.Err(); err != nil {
		return result, err
	}
	if result, err, done := unknownPast(req, results); done {
		return result, err
	}
	return assembleState(ctx, req, results, math.NaN()), nil // a job that is not there may have run without being sampled
}

// choose are the clusters that the query names.
func (e *Engine) choose(req Request) (chosen []*Cluster, err error) {
	var names []string
	for _, cluster := range e.clusters {
		names = append(names, cluster.Name)
		if req.Clusters.Choose(cluster.Name, "") {
			chosen = append(chosen, cluster)
		}
	}
	for _, selector := range req.Clusters.all {
		if selector.exact() && !slices.Contains(names, selector.text) {
			return nil, noCluster(selector.text, names)
		}
	}
	return chosen, nil
}

// cluster is that of a name.
func (e *Engine) cluster(name string) *Cluster {
	at := slices.IndexFunc(e.clusters, func(c *Cluster) bool { return c.Name == name })
	if at < 0 {
		return nil
	}
	return e.clusters[at]
}

// maxFetch is the longest metric interval that anybody configures.
const maxFetch = 5 * time.Minute

// live reports whether the query is answered with the present of any of the
// clusters, and how many requests it took to find out: none, but for a range that
// has ended lately and a cluster whose metric interval is not known yet.
func live(ctx context.Context, clusters []*Cluster, req Request) (isLive bool, requests int) {
	if len(clusters) == 0 {
		return true, 0
	}
	inTime, cancel := req.inTime(ctx)
	defer cancel()
	results := eachCluster(clusters, func(r *clusterResult) {
		if _, known := r.cluster.Collector.Interval(); !known && !req.live(0) && req.live(maxFetch) {
			_, r.requests, _ = r.cluster.Collector.Cluster(inTime) // if that fails the interval is Flink's default
		}
	})
	isLive = slices.ContainsFunc(clusters, func(c *Cluster) bool { return req.live(c.interval().Fetch) })
	return isLive, requestsOf(results)
}

// figuresOf are the figures that a request's measure is read from.
func figuresOf(req Request) []diagnosis.Figure {
	if req.Measure.Origin != diagnosis.FromFigure {
		return nil
	}
	return []diagnosis.Figure{req.Measure.Figure}
}

func labelsOf(cluster *Cluster, job string) data.Labels {
	return data.Labels{"cluster": cluster.Name, "job": job}
}

// point is a series of one value, after which nothing is known.
func point(labels data.Labels, at time.Time, value float64) frame.Series {
	return frame.Series{Labels: labels, Times: []time.Time{at}, Values: []float64{value}, MaxGaps: make([]time.Duration, 1)}
}
