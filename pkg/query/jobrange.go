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

// jobRange reads a measure of one job over a range.
type jobRange struct {
	req     Request
	cluster *Cluster
	job     *jobResult
	choice  *seriesChoice
}

// read fills in the job's series. If only a part of the range could not be read
// there are series beside the error.
func (r jobRange) read(ctx context.Context) {
	key, keeps := r.key()
	if kept, found := keptRanges.get(key); keeps && found {
		kept.fill(r)
	} else {
		r.readAnew(ctx)
		if after, _ := r.key(); keeps && after == key {
			keptRanges.keep(key, r)
		}
	}
	r.choice.reduce(r.job.series)
}

func (r jobRange) readAnew(ctx context.Context) {
	if r.req.By == diagnosis.ByJob || r.req.By == diagnosis.ByTask {
		r.fromSummaries(ctx)
	} else {
		r.fromSnapshots(ctx)
	}
}

func (r jobRange) query() history.Query {
	return history.Query{Job: r.job.past, Range: r.req.Range, Step: r.req.Step, Records: r.req.Measure.Records}
}

// fromSummaries fills in the series of the job, or of each of its tasks.
func (r jobRange) fromSummaries(ctx context.Context) {
	query := r.query()
	query.Figures = figuresOf(r.req)
	if r.req.Measure.OfLoad() {
		query.Columns = []diagnosis.Column{r.req.Measure.Column}
	}
	summaries, warnings, err := r.job.source.Summaries(ctx, query)
	r.job.warnings, r.job.err = r.job.warnings.Add(warnings...), err
	if len(summaries.At) == 0 {
		return
	}
	r.job.edgesUnknown = slices.ContainsFunc(summaries.Jobs, func(each diagnosis.JobSummary) bool { return each.EdgesUnknown })
	chosen := r.tasksOf(ctx, summaries)
	if r.job.err = firstError(r.job.err, ctx.Err()); len(chosen) == 0 && r.req.Tasks.some() && r.req.Measure.OfLoad() {
		return // the job has none of the tasks chosen
	}
	times, gaps := make([]time.Time, len(summaries.At)), make([]time.Duration, len(summaries.At))
	for i, at := range summaries.At {
		times[i], gaps[i] = at.At, at.MaxGap
	}
	named := func(labels data.Labels, page string, values []float64) {
		for _, part := range r.parts(summaries) {
			of := labels.Copy()
			of["job"] = part.name
			if !r.choice.has(of) {
				continue
			}
			r.choice.begun.Add(1)
			r.job.series = append(r.job.series, frame.Series{
				Labels: of, Page: page, Source: part.source, Times: times[part.from:part.to],
				Values: values[part.from:part.to], MaxGaps: gaps[part.from:part.to],
			})
		}
	}
	labels := data.Labels{"cluster": r.cluster.Name}
	if r.req.By == diagnosis.ByJob {
		named(labels, r.cluster.pages().Job(r.job.info), r.jobValues(summaries, chosen))
		return
	}
	taskValues := r.taskValues(summaries)
	for _, task := range chosen {
		labels["task"] = task.Name
		named(labels, r.cluster.pages().Task(r.job.info, task.ID), taskValues(task))
	}
}

// part is a part of the range in which the job had one name.
type part struct {
	name     string
	from, to int
	source   job.Source
}

// parts are those in which the job had a name that the query chose. A name
// changes when the job is the second of it and the first ends: the time before is
// the first's.
func (r jobRange) parts(summaries history.Summaries) (parts []part) {
	names := naming{jobRange: r}
	for i, each := range summaries.Jobs {
		name, chosen := names.next(cmp.Or(each.Name, r.job.info.Name), each.Ended)
		if !chosen {
			continue
		}
		if last := len(parts) - 1; last < 0 || parts[last].to < i || parts[last].name != name {
			parts = append(parts, part{name: name, from: i})
		}
		r.job.ran(name, summaries.At[i].At, summaries.At[i].From)
		of := &parts[len(parts)-1]
		of.to, of.source = i+1, max(of.source, each.Source)
	}
	return parts
}

// naming follows the names that a job had over the range.
type naming struct {
	jobRange
	name  string
	ended bool
}

// next is the name of the job's next sample, and whether the query chose it. The
// sample that shows the end of a job has the name that the job ran with: its own may
// have the number by which Flink's list is distinct. Later ones are there only if
// some query named the job, so they are for such queries alone.
func (n *naming) next(name string, ended bool) (of string, chosen bool) {
	ends := ended && !n.ended && n.name != ""
	if ends {
		name = n.name
	}
	n.name, n.ended = name, ended
	if ended && !ends {
		return name, n.req.Jobs.Exactly(name, n.job.info.ID)
	}
	return name, n.req.Jobs.Choose(name, n.job.info.ID)
}

// tasksOf are the tasks that the query chose; those found so far if the context ends. It
// notes what of the query they match.
func (r jobRange) tasksOf(ctx context.Context, summaries history.Summaries) (chosen []history.TaskSummaries) {
	for _, task := range summaries.Tasks {
		if ctx.Err() != nil {
			break
		}
		r.match(task.Name, task.ID)
		if r.req.Tasks.Choose(task.Name, task.ID) {
			chosen = append(chosen, task)
		}
	}
	return chosen
}

// match notes which of the query's names and expressions a task of the job has.
func (r jobRange) match(name, id string) {
	for text := range r.req.Tasks.matchingOne(name, id) {
		if r.job.matched == nil {
			r.job.matched = map[string]bool{}
		}
		r.job.matched[text] = true
	}
}

// taskValues returns what the measure of a task is over time.
func (r jobRange) taskValues(summaries history.Summaries) func(task history.TaskSummaries) []float64 {
	if r.req.Measure.Origin != diagnosis.FromRange {
		return func(task history.TaskSummaries) []float64 { return task.Columns[0] }
	}
	roots := rootCounts(summaries)
	return func(task history.TaskSummaries) []float64 {
		return diagnosis.BlameOverTime(summaries.At, task.Columns[0], roots, r.req.Range.From)
	}
}

// rootCounts are how many of the job's tasks are root causes at each time, by the column
// of severities, which is the first.
func rootCounts(summaries history.Summaries) []int {
	columns := make([][]float64, len(summaries.Tasks))
	for i, task := range summaries.Tasks {
		columns[i] = task.Columns[0]
	}
	return diagnosis.RootCounts(columns, len(summaries.At))
}

// jobValues are the measure of the job over time, as [diagnosis.Measure.Job] has it: that
// of its worst task. The severity and the kind of its bottleneck depend on the verdict,
// too, which is of all its tasks.
func (r jobRange) jobValues(summaries history.Summaries, chosen []history.TaskSummaries) []float64 {
	values, doubts := make([]float64, len(summaries.At)), make([]bool, len(summaries.At))
	for i, each := range summaries.Jobs {
		values[i] = r.req.Measure.FromSummary(each)
	}
	if !r.req.Measure.OfLoad() || r.req.Measure.HasSummary() {
		return values
	}
	taskValues := r.taskValues(summaries)
	for _, task := range chosen {
		for i, value := range taskValues(task) {
			values[i] = r.req.Measure.Worse(values[i], value)
			doubts[i] = doubts[i] || math.IsNaN(value)
		}
	}
	switch column := r.req.Measure.Column; {
	case r.req.Measure.Origin != diagnosis.FromLoad:
	case column != diagnosis.RootSeverity && column != diagnosis.KindCode:
		for i, each := range summaries.Jobs {
			values[i] = r.req.Measure.OrUnknown(values[i], doubts[i] && !each.Complete)
		}
	default:
		for i, each := range summaries.Jobs {
			blamed := slices.ContainsFunc(summaries.Tasks, func(task history.TaskSummaries) bool { return task.Columns[0][i] > 0 })
			values[i] = each.Severity(values[i], blamed, doubts[i])
		}
	}
	return values
}

// fromSnapshots fills in the series of subtasks or TaskManagers, which only
// snapshots have.
func (r jobRange) fromSnapshots(ctx context.Context) {
	var set frame.SeriesSet
	var labels []data.Labels
	var points []*frame.Series // nil for one that is not chosen
	var times []time.Time      // of all series, and how long after them the next may be
	var gaps []time.Duration
	var graph *job.Graph
	var tasks []int // of the graph, those chosen
	var ofTasks *job.Graph
	var name string
	names, blame := naming{jobRange: r}, newBlameSoFar(r.req.Range.From)
	warnings, err := r.job.source.Snapshots(ctx, r.query(), func(of history.Snapshot) bool {
		current, chosen := names.next(of.Snapshot.Job.Name, of.Snapshot.Job.State.Terminal())
		snapshot := of.Renamed(current)
		if ofTasks != snapshot.Graph {
			ofTasks, tasks = snapshot.Graph, r.req.tasksOf(ctx, snapshot.Graph)
		}
		shown := frame.Job{Cluster: r.cluster.Name, Pages: r.cluster.pages(), Verdict: diagnosis.Diagnose(snapshot), Tasks: tasks}
		r.job.edgesUnknown = r.job.edgesUnknown || snapshot.Graph.EdgesUnknown
		if r.req.Measure.Origin == diagnosis.FromRange {
			shown.Past = blame.add(shown.Verdict, of.MaxGap)
		}
		if !chosen {
			return ctx.Err() == nil // it was another's name that was chosen
		}
		if graph != snapshot.Graph {
			for _, task := range snapshot.Graph.Tasks {
				if ctx.Err() != nil {
					return false
				}
				r.match(task.Name, task.ID)
			}
		}
		r.job.ran(current, snapshot.At, snapshot.From)
		values := shown.Values(r.req.Measure, r.req.By)
		if name != snapshot.Job.Name || graph != snapshot.Graph || r.req.By == diagnosis.ByTaskManager || len(labels) != len(values) {
			name, graph, labels, points = snapshot.Job.Name, snapshot.Graph, shown.Labels(r.req.By), nil
			known, hosts, pages := set.Len(), shown.Hosts(r.req.By), shown.URLs(r.req.By)
			for i, each := range labels {
				if !r.choice.has(each) || !set.Has(each) && !r.choice.begins(set.Len()-known) {
					points = append(points, nil)
					continue
				}
				points = append(points, set.Of(each))
				points[i].Page = pages[i]
				if hosts != nil {
					points[i].Host = hosts[i]
				}
			}
			r.choice.begun.Add(int64(set.Len() - known))
		}
		times, gaps = append(times, snapshot.At), append(gaps, of.MaxGap)
		tooMany := r.choice.tooMany()
		for i, value := range values {
			switch {
			case points[i] == nil:
			case tooMany:
				points[i].AddWorst(r.choice.measure, value)
			default:
				points[i].AddNewest(times, gaps, value)
				points[i].Source = max(points[i].Source, snapshot.Source)
			}
		}
		return ctx.Err() == nil
	})
	r.job.warnings, r.job.err, r.job.series = r.job.warnings.Add(warnings...), firstError(err, ctx.Err()), set.All()
}

// blameSoFar is the blame of a job's tasks, by id, while one goes through its
// snapshots.
type blameSoFar struct {
	turns diagnosis.Turns
	tasks map[string]*diagnosis.Blame
}

func newBlameSoFar(from time.Time) blameSoFar {
	return blameSoFar{diagnosis.Turns{From: from}, map[string]*diagnosis.Blame{}}
}

// add takes the next verdict, and returns what the snapshots so far show of the
// job's tasks.
func (b *blameSoFar) add(verdict *diagnosis.Verdict, maxGap time.Duration) (past []frame.TaskPast) {
	snapshot := verdict.Snapshot
	before, own := b.turns.Add(diagnosis.Instant{At: snapshot.At, From: snapshot.From, MaxGap: maxGap})
	severity, _ := diagnosis.MeasureNamed("bottleneck")
	columns := make([][]float64, len(snapshot.Graph.Tasks))
	for i := range columns {
		columns[i] = []float64{severity.Task(verdict, i)}
	}
	roots := diagnosis.RootCounts(columns, 1)[0]
	for i, task := range snapshot.Graph.Tasks {
		if b.tasks[task.ID] == nil {
			b.tasks[task.ID] = &diagnosis.Blame{}
		}
		b.tasks[task.ID].Add(before, own, columns[i][0], roots)
		past = append(past, frame.TaskPast{Blame: b.tasks[task.ID].Share()})
	}
	return past
}

// key is what the job's series depend on; keeps is false where that is more than samples
// of the built-in history.
func (r jobRange) key() (key rangeKey, keeps bool) {
	if r.cluster.Memory == nil || r.cluster.Prometheus != nil || r.req.Measure.Origin != diagnosis.FromLoad || r.choice.chosen != nil {
		return key, false
	}
	window, some := r.cluster.Memory.Window(r.query())
	return rangeKey{
		window: window, cluster: r.cluster.Name, job: r.job.info.ID, page: r.cluster.pages().Job(r.job.info), name: r.job.info.Name,
		measure: r.req.Measure.Name, by: r.req.By, jobs: r.req.Jobs.text(), tasks: r.req.Tasks.text(),
	}, some
}
