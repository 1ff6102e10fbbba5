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
// has the latter two. Where that does not reach back to the beginning of a root cause,
// Prometheus is searched for it.
func since(ctx context.Context, _ Request, result *loaded) error {
	var searches []*search
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
		if len(of.open) == 0 || cluster.Streaks == nil {
			continue
		}
		known, complete, err := cluster.Streaks.Known(of.moment(), of.open)
		if of.show(known); err != nil {
			result.Add(pastIncomplete(err))
		}
		if !complete {
			searches = append(searches, of)
		}
	}
	if len(searches) > maxSearches {
		result.Add(info("Prometheus is searched for since when of %d of %d jobs at a time: the next refreshes have more.", maxSearches, len(searches)))
		searches = searches[:maxSearches]
	}
	errs := make([]error, len(searches))
	collector.Parallel(len(searches), parallelism, func(n int) { errs[n] = searches[n].find(ctx) })
	for _, err := range errs {
		if err != nil {
			result.Add(pastIncomplete(err))
		}
	}
	return ctx.Err()
}

// search finds since when the root causes of a job have been there.
type search struct {
	shown *frame.Job
	past  pastOf
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
	if cluster.Memory == nil || snapshot.Source == job.FromPrometheus { // it has nothing of this moment
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
	s.findOpen(roots.since, roots.unbroken)
	return roots.flapping
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
			of.Since, of.Pause = turn.Since, diagnosis.FlappingWindow(fetch)
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
	notices := make([][]data.Notice, len(result.Jobs))
	collector.Parallel(len(result.Jobs), parallelism, func(n int) {
		notices[n] = blameTasks(ctx, req, &result.Jobs[n], result.pasts[n])
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
	return flapping(name, diagnosis.RootSets(summaries.At[first:], columns, func(severity float64) bool { return severity > 0 }), fetch)
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
	sets := diagnosis.RootSets(at, columns, func(status float64) bool { return status == float64(diagnosis.Bottleneck) })
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
