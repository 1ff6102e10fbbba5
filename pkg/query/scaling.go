package query

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
	"golang.org/x/sync/singleflight"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// averagedOver is over how much of the range rates are averaged at most: its end.
const averagedOver = time.Hour

// maxScaled is how many tasks a query scales at most.
const maxScaled = 100

// Parallelisms are numbers of subtasks by the name or id of their task: what if it had
// so many.
type Parallelisms map[string]int

// UnmarshalJSON reads an object of whole numbers, which may be texts, as a dashboard's
// variables are. Errors are [Error].
func (p *Parallelisms) UnmarshalJSON(source []byte) error {
	var values map[string]any
	if err := json.Unmarshal(source, &values); err != nil {
		return badQuery("parallelism is no object: write it as {\"task\": 8}.")
	}
	if len(values) > maxScaled {
		return badQuery("parallelism has %d tasks: at most %d can be scaled at a time.", len(values), maxScaled)
	}
	*p = nil
	for _, task := range slices.Sorted(maps.Keys(values)) {
		n, err := 0, error(nil)
		switch value := values[task].(type) {
		case float64:
			if n = int(value); float64(n) != value {
				n = 0
			}
		case string:
			n, err = strconv.Atoi(value)
		}
		if err != nil || n < 1 || n > diagnosis.MostParallelism {
			return badQuery("The parallelism of task %q is no whole number from 1 to %d.", shortened(task), diagnosis.MostParallelism)
		}
		if *p == nil {
			*p = Parallelisms{}
		}
		(*p)[task] = n
	}
	return nil
}

// of are the parallelisms by the index of the task.
func (p Parallelisms) of(graph *job.Graph) map[int]int {
	scaled := map[int]int{}
	for i, task := range graph.Tasks {
		if n, found := p[task.ID]; found {
			scaled[i] = n
		}
		if n, found := p[task.Name]; found {
			scaled[i] = n
		}
	}
	return scaled
}

// answerScaling answers with what tasks could process and have to, on average over the
// query's range, as far as the history reaches back.
func answerScaling(ctx context.Context, e *Engine, req Request) (data.Frames, error) {
	result, err := e.load(ctx, req)
	if err != nil {
		return nil, err
	}
	if err := result.find(req.Parallelism); err != nil {
		return nil, err
	}
	notices := make([][]data.Notice, len(result.Jobs))
	collector.Parallel(len(result.Jobs), parallelism, func(n int) {
		notices[n] = scale(ctx, req, &result.Jobs[n], result.pasts[n])
	})
	for _, each := range notices {
		result.Add(each...)
	}
	return frame.Scaling(result.Result, req.Parallelism != nil), ctx.Err()
}

// find is an error if one of the tasks that are to be scaled is in none of the jobs
// whose tasks are known.
func (l *loaded) find(scaled Parallelisms) error {
	for _, name := range slices.Sorted(maps.Keys(scaled)) {
		found := slices.ContainsFunc(l.Jobs, func(shown frame.Job) bool {
			return len(shown.Snapshot.Tasks) == 0 || slices.ContainsFunc(shown.Snapshot.Graph.Tasks, func(task job.Task) bool { return name == task.Name || name == task.ID })
		})
		if !found && len(l.Jobs) > 0 {
			return noTask(name)
		}
	}
	return nil
}

// scale adds to a job what its tasks could process.
func scale(ctx context.Context, req Request, shown *frame.Job, past pastOf) (notices []data.Notice) {
	if len(shown.Snapshot.Tasks) == 0 {
		return nil
	}
	averages := shown.Once(averagesKey{}, func() any { return &averages{} }).(*averages)
	found, err := averages.over(ctx, shown.Verdict, req, past)
	for _, text := range found.warnings {
		notices = append(notices, warning("%s", text))
	}
	if err != nil {
		notices = append(notices, pastIncomplete(err))
	}
	average := found.Average
	if !found.measured {
		return notices
	}
	average.Snapshot = average.Snapshot.Renamed(shown.Snapshot.Job.Name)
	scaling := diagnosis.Scale(average)
	shown.Verdict, shown.Scaled = scaling.Verdict, &frame.Scaled{Scaling: scaling}
	if req.Parallelism != nil {
		notices = append(notices, predict(shown.Scaled, req.Parallelism)...)
	}
	return append(notices, scalingNotices(scaling)...)
}

// averagesKey is the key of a verdict's averages.
type averagesKey struct{}

// averages are those of a job up to the moment of a verdict, over ranges of different
// length: all samples of the range are read and diagnosed for one, which is done once for
// all who look at it.
type averages struct {
	flight singleflight.Group
	mu     sync.Mutex
	kept   map[averageKey]averaged
}

// averageKey is how long a time is averaged, and how far apart points are that are
// computed.
type averageKey struct{ long, step time.Duration }

// averaged is an average, with what is missing in it.
type averaged struct {
	diagnosis.Average
	measured bool
	warnings history.Warnings
	// stopped is set where the query ended that it was made for.
	stopped bool
}

// maxAverages is how many are kept for a verdict.
const maxAverages = 4

// over is the average over the request's range, up to the verdict. One that lacks
// something is not kept: it is for those alone who wait for it. The error is the source's,
// or the context's.
func (a *averages) over(ctx context.Context, verdict *diagnosis.Verdict, req Request, past pastOf) (averaged, error) {
	// Everyone's range moves on with the clock: whole fetches make them equal.
	long := min(verdict.Snapshot.At.Sub(req.Range.From), averagedOver).Round(max(past.cluster.interval().Fetch, time.Second))
	key := averageKey{long, req.Step}
	for {
		if found, is := a.get(key); is {
			return found, nil
		}
		shared, err, _ := a.flight.Do(fmt.Sprint(key), func() (any, error) {
			found, err := average(ctx, verdict, key, past)
			found.stopped = ctx.Err() != nil
			if err == nil && len(found.warnings) == 0 && !found.stopped {
				a.keep(key, found)
			}
			return found, err
		})
		if found := shared.(averaged); !found.stopped || ctx.Err() != nil { // else another's query has ended
			return found, err
		}
	}
}

func (a *averages) get(key averageKey) (found averaged, is bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	found, is = a.kept[key]
	return found, is
}

func (a *averages) keep(key averageKey, made averaged) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.kept == nil {
		a.kept = map[averageKey]averaged{}
	}
	for each := range a.kept {
		if len(a.kept) >= maxAverages {
			delete(a.kept, each)
		}
	}
	a.kept[key] = made
}

// average reads and diagnoses what is known of so long a time before a verdict, which it
// includes.
func average(ctx context.Context, verdict *diagnosis.Verdict, of averageKey, past pastOf) (found averaged, err error) {
	averager, newest := diagnosis.Averager{}, verdict.Snapshot.At
	if past.cluster.hasHistory() {
		query := history.Query{Job: past.job, Range: history.Range{From: newest.Add(-of.long), To: newest}, Step: of.step, Records: true}
		found.warnings, err = past.source.Snapshots(ctx, query, func(of history.Snapshot) bool {
			if of.At.Before(newest) {
				averager.Add(diagnosis.Diagnose(of.Snapshot), of.MaxGap)
			}
			return ctx.Err() == nil
		})
	}
	averager.Add(verdict, past.cluster.interval().MaxGap())
	found.Average, found.measured = averager.Average()
	return found, err
}

// predict adds what the job would do.
func predict(scaled *frame.Scaled, parallelisms Parallelisms) (notices []data.Notice) {
	graph, name := scaled.Snapshot.Graph, scaled.Snapshot.Job.Name
	changes := parallelisms.of(graph)
	for i, task := range graph.Tasks {
		if n := changes[i]; task.MaxParallelism > 0 && n > task.MaxParallelism {
			notices = append(notices, warning("Task %s of job %s can have at most %d subtasks, its max parallelism: the prediction is for as many.", task.Name, name, task.MaxParallelism))
		}
	}
	prediction := scaled.Scaling.WhatIf(changes)
	scaled.WhatIf = &prediction
	if prediction.Doubtful {
		notices = append(notices, info("Whether anything would hold job %s back is not known: a source is busy all the time, and may work or only wait for what it reads from.", name))
	}
	return notices
}

// scalingNotices are what the recommendations for a job do not rest on.
func scalingNotices(of *diagnosis.Scaling) (notices []data.Notice) {
	var unknown []string
	for i, task := range of.Snapshot.Graph.Tasks {
		if task.Source() && of.Demands[i] == diagnosis.DemandUnknown && !task.State.Terminal() && of.Snapshot.Tasks[i].Known() {
			unknown = append(unknown, task.Name)
		}
	}
	name := of.Snapshot.Job.Name
	if len(unknown) > 0 && !of.Snapshot.Graph.EdgesUnknown {
		notices = append(notices, info("How much the sources of job %s would emit is not known (%s): they are held back, or busy all the time, and report no pending records. The targets are what the job could process until tasks limit it that have time left now.", name, listed(unknown)))
	}
	if of.Samples == 1 {
		notices = append(notices, info("What is shown of job %s is from one sample: the longer it is sampled, the better the averages.", name))
	}
	return notices
}
