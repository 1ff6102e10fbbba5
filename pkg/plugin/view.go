package plugin

import (
	"context"
	"maps"
	"slices"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// view is how a query type is answered.
type view struct {
	frames func(ctx context.Context, a asking) (data.Frames, error)
	// numeric answers may be alerted on.
	numeric bool
}

// load is a view of how subtasks spend their time.
func load(frames func(frame.Answer) data.Frames) view {
	return view{frames: func(ctx context.Context, a asking) (data.Frames, error) {
		answer, err := a.look(ctx)
		if err != nil {
			return nil, err
		}
		return frames(answer), nil
	}}
}

// recalled is a view of load that the past has a part in.
func recalled(frames func(frame.Answer) data.Frames) view {
	return view{frames: func(ctx context.Context, a asking) (data.Frames, error) {
		answer, err := a.look(ctx)
		if err != nil {
			return nil, err
		}
		if err := a.recall(ctx, &answer); err != nil {
			return nil, err
		}
		return frames(answer), nil
	}}
}

// views are the query types.
var views = map[string]view{
	"subtasks":    {frames: subtasks},
	"tasks":       recalled(frame.Tasks),
	"nodeGraph":   load(frame.NodeGraph),
	"bottlenecks": recalled(frame.Bottlenecks),
	"jobs":        load(frame.Jobs),
	"measure":     {frames: measured, numeric: true},
	"history":     {frames: historical, numeric: true},
	"timeline":    {frames: timeline},
	"variable":    {frames: variable},
}

func viewNames() []string { return slices.Sorted(maps.Keys(views)) }
