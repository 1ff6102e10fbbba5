package query

import (
	"context"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// maxSearches is of how many jobs at most one query searches Prometheus for since when
// their root causes have been there.
const maxSearches = 20

// since adds to each job since when each of its root causes has been one, whether they
// take turns, and whether they move too fast to be followed. Only the built-in history
// has the latter. Where that does not reach back far enough for the others, Prometheus is
// searched.
func since(ctx context.Context, req Request, result *loaded) error {
	inTime, cancel := req.pastInTime(ctx)
	defer cancel()
	var all []*search
	for n := range result.Jobs {
		shown, cluster := &result.Jobs[n], result.pasts[n].cluster
		if !cluster.hasHistory() || len(shown.Snapshot.Tasks) == 0 {
			continue
		}
		shown.Past = make([]frame.TaskPast, len(shown.Snapshot.Tasks))
		for i := range shown.Past {
			shown.Past[i].Blame = math.NaN()
		}
		of := &search{shown: shown, past: result.pasts[n]}
		result.Add(of.sampled()...)
		if cluster.Streaks != nil {
			all = append(all, of)
		}
	}
	_, notices := findTurns(inTime, all, history.ShortLookback)
	result.Add(notices...)
	result.Add(findStreaks(inTime, all)...)
	turning, notices := findTurns(inTime, all, history.LongLookback)
	result.Add(notices...)
	result.Add(findStreaks(inTime, turning)...)
	return ctx.Err()
}

// findStreaks finds in Prometheus since when root causes have been there that may have
// been before the built-in history begins.
func findStreaks(ctx context.Context, all []*search) (notices []data.Notice) {
	var searches []*search
	for _, of := range all {
		if of.failed || len(of.open) == 0 {
			continue
		}
		known, complete, err := of.past.cluster.Streaks.Known(of.moment(), of.open)
		if of.show(known); err != nil {
			notices = append(notices, pastIncomplete(err))
		}
		if !complete {
			searches = append(searches, of)
		}
	}
	return append(notices, atOnce(searches, func(of *search) error { return of.find(ctx) })...)
}

// findTurns finds in Prometheus which tasks were root causes before the built-in history
// begins, of the jobs in which only that may show that they take turns, and returns those
// in which they do.
func findTurns(ctx context.Context, all []*search, lookback history.Lookback) (turning []*search, notices []data.Notice) {
	var found, searches []*search
	for _, of := range all {
		if of.failed || !of.mayTakeTurns(lookback) {
			continue
		}
		found = append(found, of)
		sets, fresh, err := of.past.cluster.RootSets.Known(of.moment(), lookback, of.sampledSince)
		if of.earlier = sets; err != nil {
			of.failed, notices = true, append(notices, pastIncomplete(err))
		}
		if !fresh {
			searches = append(searches, of)
		}
	}
	notices = append(notices, atOnce(searches, func(of *search) error {
		sets, err := of.past.cluster.RootSets.Find(ctx, of.past.source, of.moment(), lookback, of.sampledSince, of.past.cluster.interval().Fetch)
		if err == nil {
			of.earlier = sets
		}
		return err
	})...)
	for _, of := range found {
		if of.joinEarlier() {
			turning = append(turning, of)
		}
	}
	return turning, notices
}

// atOnce searches Prometheus for some jobs, and returns what could not be read.
func atOnce(searches []*search, find func(*search) error) (notices []data.Notice) {
	if len(searches) > maxSearches {
		notices = append(notices, info("Prometheus is searched for the root causes of %d of %d jobs at a time: the next refreshes have more.", maxSearches, len(searches)))
		searches = searches[:maxSearches]
	}
	errs := make([]error, len(searches))
	collector.Parallel(len(searches), parallelism, func(n int) { errs[n] = find(searches[n]) })
	for n, err := range errs {
		if err != nil {
			searches[n].failed, notices = true, append(notices, pastIncomplete(err))
		}
	}
	return notices
}

// search finds since when the root causes of a job have been there, and whether they take
// turns.
type search struct {
	shown *frame.Job
	past  pastOf
	// sampledSince is since when samples follow each other in the built-in history. Of a
	// moment of which it has none that is the beginning of the time that the snapshot is of.
	sampledSince time.Time
	// earlier is which tasks were root causes before that.
	earlier []diagnosis.RootSet
	// failed is set where Prometheus could not be read: it is not tried again for the query.
	failed bool
	// open are those that may have been there before the built-in history begins.
	open []history.Root
}

// sampledRoots is what the built-in history has of a job's root causes, up to a snapshot
// of it. It is read once for each verdict, and kept with it under rootsKey.
type (
	rootsKey     struct{}
	sampledRoots struct {
		since       map[string]time.Time
		unbroken    time.Time // since when samples follow each other
		alternation *diagnosis.Alternation
		flapping    []data.Notice
	}
)

// sampled fills in what the built-in history has, and returns what it shows of the
// job's [flapping].
func (s *search) sampled() []data.Notice {
	snapshot, cluster := s.shown.Snapshot, s.past.cluster
	if s.sampledSince = snapshot.From; snapshot.From.IsZero() {
		s.sampledSince = snapshot.At
	}
	if s.unsampled() {
		s.findOpen(nil, time.Time{})
		return nil
	}
	roots := s.shown.Once(rootsKey{}, func() any { return rootsSampled(cluster, snapshot) }).(*sampledRoots)
	for i, task := range snapshot.Graph.Tasks {
		s.shown.Past[i].Since = roots.since[task.ID].Round(time.Millisecond)
	}
	if roots.alternation != nil {
		alternation := *roots.alternation
		alternation.Turns = maps.Clone(alternation.Turns) // show changes them
		s.shown.Alternation = &alternation
	}
	if !roots.unbroken.IsZero() {
		s.sampledSince = roots.unbroken
	}
	s.findOpen(roots.since, roots.unbroken)
	return roots.flapping
}

// unsampled reports whether the built-in history has nothing of the moment.
func (s *search) unsampled() bool {
	return s.past.cluster.Memory == nil || s.shown.Snapshot.Source == job.FromPrometheus
}

// mayTakeTurns reports whether only what was before the built-in history may show that the
// job's root causes take turns. If that takes a long look back, one of them has begun
// within that time, but after the job; since when is known by then.
func (s *search) mayTakeTurns(lookback history.Lookback) bool {
	snapshot, fetch := s.shown.Snapshot, s.past.cluster.interval().Fetch
	back := 2 * diagnosis.FlappingWindow(fetch)
	if lookback == history.LongLookback {
		back = diagnosis.AlternationWindow(fetch)
	}
	earliest := snapshot.At.Add(-back)
	if s.shown.Alternation != nil || fetch == 0 || s.sampledSince.Add(-diagnosis.MaxInterruption(fetch)).Before(earliest) {
		return false
	}
	if lookback == history.ShortLookback {
		return len(s.shown.Roots) > 0
	}
	return slices.ContainsFunc(s.shown.Roots, func(root diagnosis.Root) bool {
		past := s.shown.Past[root.Task]
		return !past.AtLeast && past.Since.After(earliest) && s.mayBeLonger(past.Since)
	})
}

// joinEarlier judges what was before the built-in history together with that, and reports
// whether the root causes take turns. Then they are open again, as they have a pause.
func (s *search) joinEarlier() (alternates bool) {
	snapshot, cluster := s.shown.Snapshot, s.past.cluster
	sets := s.earlier
	var since map[string]time.Time
	var unbroken time.Time
	if !s.unsampled() {
		var sampled []diagnosis.RootSet
		sampled, since = cluster.Memory.Roots(snapshot.Job.ID, history.Range{From: s.sampledSince, To: snapshot.At})
		sets, unbroken = slices.Concat(sets, sampled), s.sampledSince
	}
	alternation, alternates := diagnosis.FindAlternation(sets, diagnosis.FlappingWindow(cluster.interval().Fetch))
	if alternates {
		s.shown.Alternation, s.open = &alternation, nil
		for i := range s.shown.Past {
			s.shown.Past[i].AtLeast = false
		}
		s.findOpen(since, unbroken)
	}
	return alternates
}

// rootsSampled reads them from the built-in history.
func rootsSampled(cluster *Cluster, snapshot *job.Snapshot) *sampledRoots {
	fetch := cluster.interval().Fetch
	sets, since := cluster.Memory.Roots(snapshot.Job.ID, history.Range{To: snapshot.At})
	found := &sampledRoots{since: since, unbroken: cluster.Memory.Unbroken(snapshot.Job.ID, snapshot.At)}
	window := diagnosis.FlappingWindow(fetch)
	if alternation, alternates := diagnosis.FindAlternation(sets, window); alternates {
		found.alternation = &alternation
	}
	last := slices.IndexFunc(sets, func(set diagnosis.RootSet) bool { return !set.At.At.Before(snapshot.At.Add(-window)) })
	found.flapping = flapping(snapshot.Job.Name, sets[max(last, 0):], fetch)
	return found
}

// findOpen finds the root causes among the tasks chosen that may have been there before
// unbroken, since when samples follow each other: so that they last at least so long.
func (s *search) findOpen(since map[string]time.Time, unbroken time.Time) {
	snapshot, fetch := s.shown.Snapshot, s.past.cluster.interval().Fetch
	for _, root := range s.shown.Roots {
		if !slices.Contains(s.shown.Tasks, root.Task) {
			continue
		}
		of := history.Root{Task: snapshot.Graph.Tasks[root.Task].ID, Since: snapshot.At}
		if !snapshot.From.IsZero() {
			of.Since = snapshot.From
		}
		sampled, is := since[of.Task]
		if is {
			of.Since = sampled
		}
		if turn, takes := s.shown.Alternation.Turn(of.Task); takes {
			of.Since, of.Pause = turn.Since, s.shown.Alternation.Pause
		}
		if !is || of.Since.Sub(unbroken) <= max(of.Pause, diagnosis.MaxInterruption(fetch)) {
			s.open = append(s.open, of)
			s.shown.Past[root.Task].AtLeast = s.mayBeLonger(of.Since)
		}
	}
}

// mayBeLonger reports whether an open root cause may have been there before: not where
// that is about when the job began. A source may begin with it: about is a twentieth of
// the time since then, as it is read.
func (s *search) mayBeLonger(since time.Time) bool {
	start := s.shown.Snapshot.Job.Start
	about := max(diagnosis.MaxInterruption(s.past.cluster.interval().Fetch), s.shown.Snapshot.At.Sub(since)/20)
	return start.IsZero() || since.Sub(start) > about
}

// moment is the one that is shown.
func (s *search) moment() history.Moment {
	info := s.shown.Snapshot.Job
	return history.Moment{Job: s.past.job, Began: info.Start, At: s.shown.Snapshot.At, MaxGap: s.past.cluster.interval().MaxGap()}
}

// find reads from Prometheus.
func (s *search) find(ctx context.Context) error {
	since, err := s.past.cluster.Streaks.Find(ctx, s.past.source, s.moment(), s.open)
	s.show(since)
	return err
}

// show sets since when the open root causes have been there.
func (s *search) show(since map[string]history.Beginning) {
	for i, task := range s.shown.Snapshot.Graph.Tasks {
		begun, found := since[task.ID]
		if !found {
			continue
		}
		at := begun.At.Round(time.Millisecond)
		s.shown.Past[i].AtLeast = !begun.Seen && s.mayBeLonger(at)
		if turn, takes := s.shown.Alternation.Turn(task.ID); takes {
			turn.Since = at
			s.shown.Alternation.Turns[task.ID] = turn
		} else {
			s.shown.Past[i].Since = at
		}
	}
}

// blame adds to each job for how much of the query's range each of its tasks was
// a root cause, and whether they move too fast to be followed.
func blame(ctx context.Context, req Request, result *loaded) error {
	inTime, cancel := req.pastInTime(ctx)
	defer cancel()
	notices := make([][]data.Notice, len(result.Jobs))
	collector.Parallel(len(result.Jobs), parallelism, func(n int) {
		notices[n] = blameTasks(inTime, req, &result.Jobs[n], result.pasts[n])
	})
	for _, each := range notices {
		result.Add(each...)
	}
	return ctx.Err()
}

// blameTasks does so for one job.
func blameTasks(ctx context.Context, req Request, shown *frame.Job, past pastOf) (notices []data.Notice) {
	if !past.cluster.hasHistory() || len(shown.Snapshot.Tasks) == 0 {
		return nil
	}
	query := history.Query{
		Job: past.job, Range: req.Range, Step: req.Step, Columns: []diagnosis.Column{diagnosis.RootSeverity},
	}
	if past.present {
		query.Range.To = shown.Snapshot.At
	}
	summaries, warnings, err := past.source.Summaries(ctx, query)
	for _, text := range warnings {
		notices = append(notices, warning("%s", text))
	}
	if err != nil {
		notices = append(notices, pastIncomplete(err))
	}
	shown.Past = make([]frame.TaskPast, len(shown.Snapshot.Tasks))
	roots := rootCounts(summaries)
	for i, task := range shown.Snapshot.Graph.Tasks {
		shown.Past[i].Blame = math.NaN()
		if of := summaries.Task(task.ID); of != nil && len(of.Columns[0]) > 0 {
			soFar := diagnosis.BlameOverTime(summaries.At, of.Columns[0], roots, req.Range.From)
			shown.Past[i].Blame = soFar[len(soFar)-1]
		}
	}
	return append(notices, flappingPresent(past.cluster, shown.Snapshot.Job.Name, summaries)...)
}

// flappingPresent is the notice on a job's [flapping] by the severities of its tasks
// up to the present.
func flappingPresent(cluster *Cluster, name string, summaries history.Summaries) []data.Notice {
	fetch := cluster.interval().Fetch
	first, end := 0, len(summaries.At)
	if end == 0 {
		return nil
	}
	from := summaries.At[end-1].At.Add(-diagnosis.FlappingWindow(fetch))
	for summaries.At[first].At.Before(from) {
		first++
	}
	columns := make([][]float64, len(summaries.Tasks))
	for i, task := range summaries.Tasks {
		columns[i] = task.Columns[0][first:]
	}
	return flapping(name, diagnosis.RootSets(summaries.At[first:], nil, columns, func(severity float64) bool { return severity > 0 }), fetch)
}

// flappingTimeline is the notice by the statuses of a job's tasks over the range.
func flappingTimeline(cluster *Cluster, tasks []frame.Series) []data.Notice {
	if cluster == nil {
		return nil
	}
	at := make([]diagnosis.Instant, len(tasks[0].Times))
	for i, each := range tasks[0].Times {
		at[i] = diagnosis.Instant{At: each, MaxGap: tasks[0].MaxGaps[i]}
	}
	columns := make([][]float64, len(tasks))
	for i, task := range tasks {
		columns[i] = task.Values
	}
	sets := diagnosis.RootSets(at, nil, columns, func(status float64) bool { return status == float64(diagnosis.Bottleneck) })
	return flapping(tasks[0].Labels["job"], sets, cluster.interval().Fetch)
}

// flapping is the notice that a job's bottleneck moves about as often as metrics are
// fetched, if it does.
func flapping(name string, sets []diagnosis.RootSet, fetch time.Duration) []data.Notice {
	found, flaps := diagnosis.FindFlapping(sets, fetch)
	if !flaps {
		return nil
	}
	return []data.Notice{warning("The bottleneck of job %s moved at %d of %d samples: it moves faster than Flink reports, which fetches metrics every %g s. What is shown of single moments is chance; metrics.fetcher.update-interval sets how often Flink fetches.",
		name, found.Moves, found.Fetches, fetch.Seconds())}
}
