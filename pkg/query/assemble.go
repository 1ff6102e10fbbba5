package query

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// loaded is a result, and for each of its jobs the place its past is read from.
type loaded struct {
	frame.Result
	pasts []pastOf
	// missing is what of its jobs is not known.
	missing []missing
}

// pastOf is where a job's past is read from.
type pastOf struct {
	cluster *Cluster
	present bool // the job is shown as it is at present
	job     history.Job
	source  history.Source
}

// assemble puts the clusters' results together. It fails if nothing was answered.
func assemble(ctx context.Context, req Request, results []clusterResult) (result loaded, err error) {
	result.Requests = requestsOf(results)
	result.Add(noticesOf(results)...)
	answered, failed := 0, error(nil)
	for n := range results {
		if results[n].err != nil && !results[n].away {
			failed = results[n].err
		}
		for i := range results[n].jobs {
			j := &results[n].jobs[i]
			if j.err == nil {
				answered++
			} else {
				failed = j.err
			}
			show(ctx, &result, req, results[n].cluster, j)
		}
	}
	result.Add(missingNotices(result.missing)...)
	if answered == 0 && failed != nil {
		return result, failed
	}
	resolution := resolve(ctx, req, results)
	switch {
	case req.Measure.OfLoad() && req.By == diagnosis.ByJob && types[req.Type].measure:
		// A series without a value, so that an alert rule keeps its state.
		for _, name := range resolution.absent {
			show(ctx, &result, req, results[0].cluster, &jobResult{info: job.Info{Name: name}, err: noJob(name, nil)})
		}
	case resolution.err != nil && !(types[req.Type].measure && len(result.Jobs) > 0):
		return result, resolution.err
	}
	result.Add(resolution.notices...)
	tasks := resolveTasks(req, matchingTasks(ctx, req, result.Jobs), failed)
	if tasks.err != nil {
		return result, tasks.err
	}
	result.Add(tasks.notices...)
	return result, nil
}

// matchingTasks are the names and expressions that match a task of the jobs shown: all
// of them, where the tasks of one are not known.
func matchingTasks(ctx context.Context, req Request, shown []frame.Job) map[string]bool {
	if slices.ContainsFunc(shown, func(each frame.Job) bool { return len(each.Snapshot.Tasks) == 0 }) {
		matching := map[string]bool{}
		for _, selector := range req.Tasks.all {
			matching[selector.text] = true
		}
		return matching
	}
	return req.Tasks.matching(ctx, func(yield func(name, id string) bool) {
		for _, each := range shown {
			for _, task := range each.Snapshot.Graph.Tasks {
				if !yield(task.Name, task.ID) {
					return
				}
			}
		}
	})
}

// show adds a job to the result. One that did not answer has no rows, but for a
// measure, where a series that vanishes would resolve an alert by mistake.
func show(ctx context.Context, result *loaded, req Request, cluster *Cluster, j *jobResult) {
	verdict := j.verdict
	if j.err != nil || verdict == nil {
		if !types[req.Type].measure {
			return
		}
		verdict = cluster.Collector.Unknown(j.info, j.err)
	}
	if !req.Types.Choose(verdict.Snapshot.Job.Type) {
		return
	}
	shown := frame.Job{Cluster: cluster.Name, Ended: j.ended, Pages: cluster.pages(), Verdict: verdict, Tasks: req.tasksOf(ctx, verdict.Snapshot.Graph)}
	if len(shown.Tasks) == 0 && req.Tasks.some() && j.err == nil {
		return
	}
	result.Jobs = append(result.Jobs, shown)
	past := pastOf{cluster: cluster, present: j.source == nil, job: j.past, source: j.source}
	if past.present {
		info := verdict.Snapshot.Job
		past.source = cluster.history()
		past.job = history.Job{ID: info.ID, Name: info.Name, Type: info.Type, Graph: verdict.Snapshot.Graph, TaskManagers: shown.TaskManagers()}
	}
	result.pasts = append(result.pasts, past)
	if j.err == nil {
		result.missing = append(result.missing, partial(shown)...)
	}
}

// rangeEnded is the notice that the history has nothing of a moment.
const rangeEnded = "The time range has ended, and the history has nothing of its end: choose a range that ends later."

// unknownPast is the answer if nothing of a moment is known; done reports whether
// that is so. A history that failed is an error only for an alert rule.
func unknownPast(req Request, results []clusterResult) (result frame.Result, err error, done bool) {
	known, answered, missing := answeredOf(results)
	switch {
	case !known && missing == nil:
		result.Requests = requestsOf(results)
		result.Notices, err = nothing(req, rangeEnded)
		return result, err, true
	case !answered && missing != nil && req.FromAlert:
		return result, missing, true
	}
	return result, nil, false
}

// assemblePast puts the results of a moment together.
func assemblePast(ctx context.Context, req Request, results []clusterResult) (result loaded, err error) {
	if result, err, done := unknownPast(req, results); done {
		return loaded{Result: result}, err
	}
	result, err = assemble(ctx, req, results)
	if _, answered, missing := answeredOf(results); !answered && missing != nil {
		err = nil // the notices say so
	}
	return result, err
}

// assembleState puts the values of a measure that needs no snapshot together. A job
// that is named exactly and is not there gets valueIfAbsent.
func assembleState(ctx context.Context, req Request, results []clusterResult, valueIfAbsent float64) (result frame.Result) {
	for _, each := range results {
		for _, j := range each.jobs {
			if j.source == nil || j.summary != nil {
				value := frame.Value{Labels: labelsOf(each.cluster, j.info.Name), Value: j.value, Page: each.cluster.pages().Job(j.info)}
				if j.summary != nil {
					value.Source = j.summary.Source
				}
				result.Values = append(result.Values, value)
			}
		}
	}
	resolution := resolve(ctx, req, results)
	for _, name := range resolution.absent {
		result.Values = append(result.Values, frame.Value{Labels: labelsOf(results[0].cluster, name), Value: valueIfAbsent})
	}
	result.Requests = requestsOf(results)
	result.Add(noticesOf(results)...)
	result.Add(resolution.notices...)
	return result
}

// answeredOf reports whether there were any jobs, whether any of those chosen was
// answered for, and why the history did not have more.
func answeredOf(results []clusterResult) (known, answered bool, missing error) {
	for _, result := range results {
		known = known || len(result.candidates) > 0
		missing = firstError(missing, result.incomplete)
		for _, j := range result.jobs {
			answered = answered || j.err == nil && (j.verdict != nil || j.summary != nil)
			missing = firstError(missing, j.err)
		}
	}
	return known, answered, missing
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// assembleRange puts the results of a range together with those of the present,
// if it reaches to that; failed is why the present is not known. It adds which
// names match nothing, and why there are no series.
func assembleRange(ctx context.Context, req Request, result frame.Result, results []clusterResult, clusters []*Cluster, failed error) (frame.Result, error) {
	var set frame.SeriesSet
	for _, value := range result.Values {
		last := point(value.Labels, req.Range.To, value.Value)
		last.Page = value.Page
		set.Add(last)
	}
	result.Values = nil
	set.Add(result.Series...)
	var unconnected []string
	for _, each := range results {
		distinguishOverTime(each.jobs)
		for _, j := range each.jobs {
			set.Add(j.series...)
			if j.edgesUnknown {
				unconnected = append(unconnected, j.info.Name)
			}
		}
	}
	result.Series = set.All()
	result.Requests += requestsOf(results)
	var absent *Error // a name that the present has not, of which the range may have more
	if failed != nil && !errors.As(failed, &absent) {
		result.Add(warning("Nothing newer is known: %s", Sentence(failed)))
	}
	result.Add(noticesOf(results)...)
	known, _, missing := answeredOf(results)
	resolution := resolve(ctx, req, results)
	if missing == nil && known && req.By == diagnosis.ByJob {
		// A series without a value, so that an alert rule keeps its state.
		for _, name := range resolution.absent {
			labels := labelsOf(results[0].cluster, name)
			if !slices.ContainsFunc(result.Series, func(s frame.Series) bool { return maps.Equal(s.Labels, labels) }) {
				result.Series = append(result.Series, point(labels, req.Range.To, math.NaN()))
			}
		}
	}
	if missing == nil && known && (req.By == diagnosis.ByJob || len(result.Series) > 0) {
		result.Add(resolution.notices...)
	}
	if missing == nil && req.Measure.OfLoad() && len(result.Series) > 0 {
		result.Add(resolveTasksOver(req, results).notices...)
	}
	if len(unconnected) > 0 {
		slices.Sort(unconnected)
		result.Add(edgesUnknown(slices.Compact(unconnected)...))
	}
	if len(result.Series) > 0 {
		return result, nil
	}
	why, err := noSeries(ctx, req, results, clusters, resolution, firstError(missing, failed), len(result.Notices) > 0)
	result.Add(why...)
	return result, err
}

// noSeries is why a range has no series: what the query names is not there, the
// history or the present could not be read (failed), or has nothing. explained is
// set where notices give the reason already.
func noSeries(ctx context.Context, req Request, results []clusterResult, clusters []*Cluster, resolution resolution, failed error, explained bool) (notices []data.Notice, err error) {
	known, _, missing := answeredOf(results)
	switch {
	case missing != nil && !req.FromAlert:
		return nil, nil // the notices say so
	case failed != nil:
		return nil, failed
	case known && resolution.err != nil:
		return nil, resolution.err
	case known:
		notices = resolution.notices
	}
	if slices.ContainsFunc(results, func(r clusterResult) bool { return len(r.jobs) > 0 }) {
		tasks := resolveTasksOver(req, results)
		if tasks.err != nil {
			return nil, tasks.err
		}
		notices = append(notices, tasks.notices...)
	}
	if explained || len(notices) > 0 {
		return notices, nil
	}
	return nothing(req, whyNothing(clusters))
}

// nothingOfThisTime is that there is a history, and it does not reach there.
const nothingOfThisTime = "The history has nothing of this time: choose a longer range, or one that ends later."

// whyNothing is why the history has nothing.
func whyNothing(clusters []*Cluster) string {
	if slices.ContainsFunc(clusters, (*Cluster).hasHistory) {
		return nothingOfThisTime
	}
	return "There is no history: it is off in the data source's settings, or every user has samples of their own, because Grafana forwards each user's login to Flink."
}

// nothing is why there is no answer: in a notice, or in an error for an alert
// rule, which must not take it for all being well.
func nothing(req Request, text string) ([]data.Notice, error) {
	if req.FromAlert {
		return nil, badQuery("%s", text)
	}
	return []data.Notice{info("%s", text)}, nil
}

// leaveOutEnded leaves out the jobs that had ended by the moment, as far as the
// history shows, unless they are named exactly, and makes the names of the others
// distinct.
func leaveOutEnded(req Request, results []clusterResult) {
	for n := range results {
		result := &results[n]
		ended := map[string]bool{}
		for _, j := range result.jobs {
			gone := j.verdict == nil && j.summary == nil ||
				j.verdict != nil && j.verdict.Snapshot.Job.State.Terminal() && !req.Jobs.Exactly(j.info.Name, j.info.ID)
			ended[j.info.ID] = gone && j.err == nil
		}
		result.jobs = slices.DeleteFunc(result.jobs, func(j jobResult) bool { return ended[j.info.ID] })
		result.candidates = slices.DeleteFunc(result.candidates, func(info job.Info) bool { return ended[info.ID] })
		distinguish(result.jobs)
	}
}

// byPrecedence are the jobs in the order in which those of one name get a number, the
// first none: the newest first, but those that neither Flink nor the built-in history
// has after the others.
func byPrecedence(jobs []jobResult) (order []*jobResult) {
	for _, known := range []bool{true, false} {
		for i := range slices.Backward(jobs) {
			if j := &jobs[i]; (j.past.Graph != nil && len(j.past.Graph.Tasks) > 0) == known {
				order = append(order, j)
			}
		}
	}
	return order
}

// distinguish numbers the names of jobs that had the same name in turn.
func distinguish(jobs []jobResult) {
	order := byPrecedence(jobs)
	names := make([]string, len(order))
	for i, j := range order {
		names[i] = j.info.Name
	}
	for i, name := range job.Distinct(names) {
		j := order[i]
		j.info.Name = name
		if j.verdict != nil && j.verdict.Snapshot.Job.Name != name {
			j.verdict = j.verdict.Renamed(name)
		}
	}
}

// distinguishOverTime does so for jobs that ran side by side under one name. One that
// was deployed anew goes on under the name of the run before.
func distinguishOverTime(jobs []jobResult) {
	order := byPrecedence(jobs)
	var names []string
	for _, j := range order {
		names = slices.AppendSeq(names, maps.Keys(j.runs))
	}
	slices.Sort(names)
	for _, name := range slices.Compact(slices.Clone(names)) {
		var lanes [][]run // of each number
		places := map[*jobResult]int{}
		for _, j := range order {
			of, has := j.runs[name]
			if !has {
				continue
			}
			place := slices.IndexFunc(lanes, func(lane []run) bool { return !slices.ContainsFunc(lane, of.beside) })
			if place < 0 {
				place, lanes = len(lanes), append(lanes, nil)
			}
			places[j], lanes[place] = place, append(lanes[place], of)
		}
		if len(lanes) < 2 {
			continue
		}
		numbered := job.Distinct(append(slices.Repeat([]string{name}, len(lanes)), names...))
		for j, place := range places {
			j.rename(name, numbered[place])
		}
	}
}

// rename gives the series of a name another.
func (j *jobResult) rename(name, to string) {
	for i := range j.series {
		if labels := j.series[i].Labels; labels["job"] == name {
			j.series[i].Labels = labels.Copy()
			j.series[i].Labels["job"] = to
		}
	}
}

// allFailed is the error if no cluster answered, and none counts as gone.
func allFailed(results []clusterResult) (err error) {
	for _, result := range results {
		if result.err == nil || result.away {
			return nil
		}
		err = result.err
	}
	return err
}

// requestsOf counts the requests to Flink.
func requestsOf(results []clusterResult) (requests int) {
	for _, result := range results {
		requests += result.requests
		for _, j := range result.jobs {
			requests += j.requests
		}
	}
	return requests
}
