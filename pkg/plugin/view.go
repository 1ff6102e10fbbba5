package plugin

import (
	"maps"
	"slices"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// view is how a query type is answered.
type view struct {
	frames func(q query, answer frame.Answer) data.Frames
	// numeric answers may be alerted on.
	numeric bool
}

// table is a view that needs nothing of the query beyond its targets.
func table(frames func(frame.Answer) data.Frames) view {
	return view{frames: func(_ query, answer frame.Answer) data.Frames { return frames(answer) }}
}

// views are the query types.
var views = map[string]view{
	"subtasks":    table(frame.Subtasks),
	"tasks":       table(frame.Tasks),
	"nodeGraph":   table(frame.NodeGraph),
	"bottlenecks": table(frame.Bottlenecks),
	"jobs":        table(frame.Jobs),
	"measure": {numeric: true, frames: func(q query, answer frame.Answer) data.Frames {
		return frame.NumericWide(answer, q.measure, q.By)
	}},
}

func viewNames() []string { return slices.Sorted(maps.Keys(views)) }
