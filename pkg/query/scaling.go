package query

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

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
	inTime, cancel := req.pastInTime(ctx)
	defer cancel()
	notices := make([][]data.Notice, len(result.Jobs))
	collector.Parallel(len(result.Jobs), parallelism, func(n int) {
		notices[n] = scale(inTime, req, &result.Jobs[n], result.pasts[n])
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
	if !found.measured || !sameTasks(average.Snapshot.Graph, shown.Snapshot.Graph) {
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

// sameTasks reports whether two graphs have the same tasks: those of a job that is
// submitted again under its id, or of an adaptive batch job, change.
func sameTasks(a, b *job.Graph) bool {
	return slices.EqualFunc(a.Tasks, b.Tasks, func(a, b job.Task) bool { return a.ID == b.ID })
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
