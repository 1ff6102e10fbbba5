package plugin

import (
	"context"
	"math"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

// stateThen answers with how things were at the end of the query's range.
func (a asking) stateThen(ctx context.Context, begun []found) (data.Frames, error) {
	if a.number.state.then == nil {
		return a.upThen(begun)
	}
	answer, err := a.then(ctx, begun)
	if err != nil {
		return nil, err
	}
	var series []frame.Series
	for _, shown := range answer.Jobs {
		value, err := a.rowThen(ctx, shown)
		if err != nil {
			return nil, err
		}
		series = append(series, frame.Series{Labels: shown.Labels(frame.ByJob)[0], Value: value})
	}
	for _, name := range a.absent(begun) { // it may have run unseen
		series = append(series, of(begun[0].cluster, name, math.NaN()))
	}
	return frame.Wide(answer, a.number.state.shown, series), nil
}

// rowThen is what was told of a job in the look that it is shown by.
func (a asking) rowThen(ctx context.Context, shown frame.Job) (float64, error) {
	c, at := a.cluster(shown.Cluster), shown.Snapshot.At
	rows, err := c.rows(ctx, shown.Snapshot.Job.ID, history.Span{From: at.Add(-leastStep), To: at}, leastStep)
	if len(rows.Jobs) == 0 {
		return math.NaN(), err
	}
	return a.number.state.then(rows.Jobs[len(rows.Jobs)-1]), nil
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
