package plugin

import (
	"context"
	"math"

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
