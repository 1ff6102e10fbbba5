package plugin

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

// up is 1 for a cluster whose REST API answers, else 0.
func (a asking) up(ctx context.Context) (answer frame.Answer, series []frame.Series, err error) {
	chosen, err := a.chosen()
	if err != nil {
		return answer, nil, err
	}
	results := make([]found, len(chosen))
	together(len(chosen), func(n int) {
		results[n].cluster = chosen[n]
		_, results[n].requests, results[n].err = chosen[n].keeper.Jobs(ctx)
	})
	for _, result := range results {
		answer.Requests += result.requests
		if result.err != nil {
			answer.Notices = append(answer.Notices, warning("Cluster %s is not up: %s", result.cluster.name, sentence(result.err)))
		}
		series = append(series, frame.Series{Labels: data.Labels{"cluster": result.cluster.name}, Value: float64(btoi(result.err == nil))})
	}
	return answer, series, ctx.Err()
}

// upTraces tell when the cluster answered.
func (a asking) upTraces(c cluster) []frame.Trace {
	apart := c.apart()
	times, up := c.up(a.span(), min(a.step(), apart))
	if len(times) == 0 {
		return nil
	}
	return []frame.Trace{{Labels: data.Labels{"cluster": c.name}, Times: times, Values: up, Apart: slices.Repeat([]time.Duration{apart}, len(times))}}
}

// upThen tells whether each cluster answered at the end of the query's range.
func (a asking) upThen(begun []found) (data.Frames, error) {
	var answer frame.Answer
	var series []frame.Series
	remembered := false
	for _, result := range begun {
		answer.Requests += result.requests
		value := math.NaN()
		times, up := result.cluster.up(history.Span{From: a.over.To.Add(-result.cluster.apart()), To: a.over.To}, interrupted)
		if len(times) > 0 {
			value, remembered = float64(up[len(up)-1]), true
		}
		series = append(series, frame.Series{Labels: data.Labels{"cluster": result.cluster.name}, Value: value})
	}
	if remembered {
		return frame.Wide(answer, a.number.state.shown, series), nil
	}
	var err error
	answer.Notices, err = a.ended()
	return frame.Wide(answer, a.number.state.shown, nil), err
}

// up tells whether the cluster answered, as far as that is remembered.
func (c cluster) up(over history.Span, step time.Duration) (times []time.Time, up []float32) {
	if c.store == nil {
		return nil, nil
	}
	return c.store.Up(c.place(), over, step)
}
