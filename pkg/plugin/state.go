package plugin

import (
	"context"
	"math"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

// state is a measure of whether things run: it needs no look.
type state struct {
	shown frame.Measure
	by    frame.By
	// ask gives its series, one a job or cluster.
	ask func(a asking, ctx context.Context) (frame.Answer, []frame.Series, error)
	// then tells it of a job by what was summed up of it; nil for a cluster's.
	then func(history.JobRow) float64
}

var states = []state{
	{frame.State("running", true), frame.ByJob, asking.running, ran},
	{frame.State("restarts", false), frame.ByJob, asking.restarts, restarted},
	{frame.State("up", true), byCluster, asking.up, nil},
}

func ran(then history.JobRow) float64 { return float64(btoi(then.Running)) }

func restarted(then history.JobRow) float64 { return then.Restarts }

// running is 1 for a job whose tasks all run, or have finished beside others
// that run, else 0: also for a job named exactly that is not there. It is null
// where a cluster did not answer.
func (a asking) running(ctx context.Context) (frame.Answer, []frame.Series, error) {
	results, err := a.list(ctx)
	if err != nil {
		return frame.Answer{}, nil, err
	}
	return a.told(results), a.series(results, 0, func(asked *target) float64 {
		return float64(btoi(asked.info.AllRun()))
	}), nil
}

// restarts is how often each job has restarted; null where Flink does not
// tell, or the job has ended.
func (a asking) restarts(ctx context.Context) (frame.Answer, []frame.Series, error) {
	results, err := a.list(ctx)
	if err != nil {
		return frame.Answer{}, nil, err
	}
	targets := targetsOf(results)
	restarts := make(map[*target]*float64, len(targets))
	for _, asked := range targets {
		restarts[asked] = new(float64)
	}
	together(len(targets), func(n int) {
		asked := targets[n]
		if asked.err == nil && !asked.info.State.Terminal() {
			*restarts[asked], asked.requests, asked.err = asked.cluster.keeper.Restarts(ctx, asked.info)
		} else {
			*restarts[asked] = math.NaN()
		}
	})
	series := a.series(results, math.NaN(), func(asked *target) float64 { return *restarts[asked] })
	return a.told(results), series, ctx.Err()
}

// series are a value for each job, null where it did not answer, and gone for
// each that is named exactly and nowhere; null if a cluster that may have it
// did not answer.
func (a asking) series(results []found, gone float64, value func(*target) float64) (series []frame.Series) {
	for _, asked := range targetsOf(results) {
		one := value(asked)
		if asked.err != nil {
			one = math.NaN()
		}
		series = append(series, of(asked.cluster, asked.info.Name, one))
	}
	for _, result := range results {
		if result.err != nil {
			gone = math.NaN()
		}
	}
	for _, name := range a.absent(results) {
		series = append(series, of(results[0].cluster, name, gone))
	}
	return series
}

// of is a series of a job.
func of(c cluster, name string, value float64) frame.Series {
	return frame.Series{Labels: data.Labels{"cluster": c.name, "job": name}, Value: value}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
