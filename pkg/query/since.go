package query

import (
	"context"
	"math"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
)

// since adds to each job since when each of its root causes has been one, and
// whether they move too fast to be followed. Only the built-in history has both.
func since(ctx context.Context, _ Request, result *loaded) error {
	for n := range result.Jobs {
		shown := &result.Jobs[n]
		cluster := result.pasts[n].cluster
		if cluster.Memory == nil || len(shown.Snapshot.Tasks) == 0 {
			continue
		}
		over := history.Range{From: shown.Snapshot.At.Add(-diagnosis.FlappingWindow(cluster.interval().Fetch)), To: shown.Snapshot.At}
		summaries, err := recent(ctx, cluster.Memory, shown, over, diagnosis.RootSeverity, diagnosis.RootSince)
		if err != nil {
			return err
		}
		shown.Past = make([]frame.TaskPast, len(shown.Snapshot.Tasks))
		for i, task := range shown.Snapshot.Graph.Tasks {
			shown.Past[i].Blame = math.NaN()
			if of := summaries.Task(task.ID); of != nil && len(of.Columns[1]) > 0 {
				shown.Past[i].Since = fromUnix(of.Columns[1][len(of.Columns[1])-1])
			}
		}
		result.Add(flapping(cluster, shown.Snapshot.Job.Name, summaries)...)
	}
	return nil
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
	for i, task := range shown.Snapshot.Graph.Tasks {
		shown.Past[i].Blame = math.NaN()
		if of := summaries.Task(task.ID); of != nil && len(of.Columns[0]) > 0 {
			soFar := diagnosis.BlameOverTime(summaries.At, of.Columns[0], req.Range.From)
			shown.Past[i].Blame = soFar[len(soFar)-1]
		}
	}
	return append(notices, flapping(past.cluster, shown.Snapshot.Job.Name, summaries)...)
}

// recent are columns of the built-in history.
func recent(ctx context.Context, from *memory.Cluster, shown *frame.Job, over history.Range, columns ...diagnosis.Column) (history.Summaries, error) {
	summaries, _, err := from.Summaries(ctx, history.Query{Job: history.Job{ID: shown.Snapshot.Job.ID}, Range: over, Columns: columns})
	return summaries, err
}

// fromUnix is a time in Unix seconds, zero if it is not known.
func fromUnix(seconds float64) time.Time {
	if math.IsNaN(seconds) {
		return time.Time{}
	}
	whole, part := math.Modf(seconds)
	return time.Unix(int64(whole), int64(part*float64(time.Second))).Round(time.Millisecond)
}

// flapping is the notice that a job's bottleneck moves about as often as metrics are
// fetched, by the severities of its tasks up to the present.
func flapping(cluster *Cluster, name string, summaries history.Summaries) []data.Notice {
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
	found, flaps := diagnosis.FindFlapping(summaries.At[first:], columns, func(severity float64) bool { return severity > 0 }, fetch)
	if !flaps {
		return nil
	}
	return []data.Notice{flappingNotice(name, found, fetch)}
}

// flappingTimeline is the same notice by the statuses of a job's tasks over the range.
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
	fetch := cluster.interval().Fetch
	found, flaps := diagnosis.FindFlapping(at, columns, func(status float64) bool { return status == float64(diagnosis.Bottleneck) }, fetch)
	if !flaps {
		return nil
	}
	return []data.Notice{flappingNotice(tasks[0].Labels["job"], found, fetch)}
}

func flappingNotice(name string, found diagnosis.Flapping, fetch time.Duration) data.Notice {
	return warning("The bottleneck of job %s moved at %d of %d samples: it moves faster than Flink reports, which fetches metrics every %g s. What is shown of single moments is chance; metrics.fetcher.update-interval sets how often Flink fetches.",
		name, found.Moves, found.Fetches, fetch.Seconds())
}
