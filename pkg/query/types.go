package query

import (
	"context"
	"maps"
	"slices"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// queryType is how a query type is answered.
type queryType struct {
	answer func(ctx context.Context, e *Engine, req Request) (data.Frames, error)
	// numeric answers may be alerted on.
	numeric bool
	// measure is set where the query names a measure.
	measure bool
	// ofJobs is set where the answer is of whole jobs, whatever tasks they have.
	ofJobs bool
	// hosts and kinds are set where the query may choose by them.
	hosts, kinds bool
	// lags is set where polls are to request how far behind tasks are, from then on.
	lags bool
}

// types is the registry of query types: one line each.
var types map[string]queryType

func init() { // the answers refer to the registry
	types = map[string]queryType{
		"subtasks":     {answer: answerSubtasks, hosts: true},
		"tasks":        {answer: load(frame.Tasks, blame)},
		"nodeGraph":    {answer: load(frame.NodeGraph)},
		"bottlenecks":  {answer: load(frame.Bottlenecks, since, addEvidence), hosts: true, kinds: true},
		"jobs":         {answer: answerJobs, kinds: true},
		"measure":      {answer: answerMeasure, numeric: true, measure: true},
		"history":      {answer: answerHistory, numeric: true, measure: true},
		"timeline":     {answer: answerTimeline},
		"taskmanagers": {answer: answerTaskManagers, hosts: true},
		"scaling":      {answer: answerScaling, lags: true},
		"variable":     {answer: answerVariable},
		"flameGraph":   {answer: answerFlameGraph},
		"checkpoints":  {answer: answerCheckpoints, ofJobs: true},
		"exceptions":   {answer: answerExceptions, ofJobs: true},
		"events":       {answer: answerEvents},
	}
}

// IsType reports whether there is a query type of that name.
func IsType(name string) bool {
	_, is := types[name]
	return is
}

func typeNames() []string { return slices.Sorted(maps.Keys(types)) }

// load is a view of how subtasks spend their time, with what else is added to it.
func load(frames func(frame.Result) data.Frames, additions ...func(context.Context, Request, *loaded) error) func(context.Context, *Engine, Request) (data.Frames, error) {
	return func(ctx context.Context, e *Engine, req Request) (data.Frames, error) {
		result, err := e.load(ctx, req)
		for _, add := range additions {
			if err == nil {
				err = add(ctx, req, &result)
			}
		}
		if err != nil {
			return nil, err
		}
		return frames(result.Result), nil
	}
}

// answerSubtasks answers with the table of subtasks; its details cost requests of
// their own.
func answerSubtasks(ctx context.Context, e *Engine, req Request) (data.Frames, error) {
	result, err := e.load(ctx, req)
	if err != nil {
		return nil, err
	}
	if req.Detail {
		addDetails(ctx, req, &result)
	}
	if err := req.room(ctx, result.Jobs, rowBytes); err != nil {
		return nil, err
	}
	return frame.Subtasks(result.Result, req.Detail), nil
}

// answerJobs answers with the table of jobs; how each did over the range is a detail.
func answerJobs(ctx context.Context, e *Engine, req Request) (data.Frames, error) {
	additions := []func(context.Context, Request, *loaded) error{since}
	if req.Detail {
		additions = append(additions, addTrends)
	}
	return load(func(result frame.Result) data.Frames { return frame.Jobs(result, req.Detail) }, additions...)(ctx, e, req)
}

// answerMeasure answers with a measure for alert rules and stat panels.
func answerMeasure(ctx context.Context, e *Engine, req Request) (data.Frames, error) {
	if !req.Measure.OfLoad() {
		result, err := e.state(ctx, req)
		result.Legend = req.legend()
		return frame.Measure(result, req.Measure, req.By), err
	}
	result, err := e.load(ctx, req)
	if err == nil && req.Measure.Origin == diagnosis.FromRange {
		err = blame(ctx, req, &result)
	}
	if err == nil && req.By == diagnosis.BySubtask {
		err = req.room(ctx, result.Jobs, valueBytes)
	}
	result.Legend = req.legend()
	return frame.Measure(result.Result, req.Measure, req.By), err
}

// answerHistory answers with a measure over the query's range.
func answerHistory(ctx context.Context, e *Engine, req Request) (data.Frames, error) {
	result, err := e.over(ctx, req)
	if err == nil {
		err = req.roomOverTime(ctx, result.Series)
	}
	result.Legend = req.legend()
	return frame.History(result, req.Measure, req.MaxPoints), err
}

// answerTimeline answers with the status of tasks, or of jobs, over the query's range.
func answerTimeline(ctx context.Context, e *Engine, req Request) (data.Frames, error) {
	result, err := e.over(ctx, req)
	if err == nil {
		err = req.roomOverTime(ctx, result.Series)
	}
	result.Legend = frame.Legend{Format: req.Legend}
	if req.By == diagnosis.ByJob {
		return frame.Timeline(result, req.MaxPoints), err
	}
	for _, tasks := range frame.ByJob(result.Series) {
		result.Add(flappingTimeline(e.cluster(tasks[0].Labels["cluster"]), frame.Aligned(tasks))...)
	}
	return frame.Timeline(result, req.MaxPoints), err
}
