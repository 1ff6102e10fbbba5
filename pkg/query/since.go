package query

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

// since adds to each job since when each of its root causes has been one, whether they
// take turns, and whether they move too fast to be followed. Only the built-in history has both.
func since(ctx context.Context, _ Request, result *loaded) error {
	for n := range result.Jobs {
		shown := &result.Jobs[n]
		cluster := result.pasts[n].cluster
		if cluster.Memory == nil || len(shown.Snapshot.Tasks) == 0 {
			continue
		}
		fetch := cluster.interval().Fetch
		sets, since := cluster.Memory.Roots(shown.Snapshot.Job.ID, history.Range{To: shown.Snapshot.At})
		shown.Past = make([]frame.TaskPast, len(shown.Snapshot.Tasks))
		for i, task := range shown.Snapshot.Graph.Tasks {
			shown.Past[i] = frame.TaskPast{Since: since[task.ID].Round(time.Millisecond), Blame: math.NaN()}
		}
		window := diagnosis.FlappingWindow(fetch)
		if alternation, found := diagnosis.FindAlternation(sets, window); found {
			shown.Alternation = &alternation
		}
		last := slices.IndexFunc(sets, func(set diagnosis.RootSet) bool { return !set.At.At.Before(shown.Snapshot.At.Add(-window)) })
		result.Add(flapping(shown.Snapshot.Job.Name, sets[max(last, 0):], fetch)...)
	}
	return ctx.Err()
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
