package frame

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// drawn is how many nodes Grafana's Node graph panel draws by default.
const drawn = 200

// NodeGraph is the nodes and edges of all jobs in one pair of frames, as the
// panel reads the first of each alone. A node's ring has the colour that the
// task has in Flink's own UI, and its subtitle says the status in a word: the
// panel ignores the colour where there are arcs, and three thin arcs say less
// at a glance than one colour and two numbers.
func NodeGraph(answer Answer) data.Frames {
	rows, notices := drawable(answer.taskRows())
	nodes := data.NewFrame("nodes", nodeFields(rows)...)
	nodes.Meta = answer.meta(notices...)
	nodes.Meta.PreferredVisualization = data.VisTypeNodeGraph
	edges := data.NewFrame("edges", edgeFields(rows)...)
	edges.Meta = &data.FrameMeta{Custom: answer.custom(), PreferredVisualization: data.VisTypeNodeGraph}
	return data.Frames{nodes, edges}
}

// drawable keeps as many tasks as the panel draws, the worst of them, in
// their order, and says how many were left out.
func drawable(rows []taskRow) ([]taskRow, []data.Notice) {
	if len(rows) <= drawn {
		return rows, nil
	}
	order := make([]int, len(rows))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(rows[b].urgency(), rows[a].urgency())
	})
	kept := order[:drawn]
	slices.Sort(kept)
	shown := make([]taskRow, drawn)
	for i, row := range kept {
		shown[i] = rows[row]
	}
	return shown, []data.Notice{{
		Severity: data.NoticeSeverityInfo,
		Text:     fmt.Sprintf("The graph shows the worst %d of %d tasks. Choose jobs or tasks in the query to see the others.", drawn, len(rows)),
	}}
}

// urgency orders tasks worst first: by status, then by what fills their time.
func (r taskRow) urgency() float64 {
	load := r.Snapshot.Tasks[r.task]
	urgency := float64(r.taskStatus(r.task))
	for _, share := range []job.Share{load.Busy.Max, load.Backpressured.Max} {
		if share.Known() {
			urgency += float64(share) / 4
		}
	}
	return urgency
}

// id is unique among the nodes: in application mode with high availability
// the jobs of all clusters may have the same id.
func (r taskRow) id() string {
	return r.scope + r.Snapshot.Job.ID + "/" + r.Snapshot.Graph.Tasks[r.task].ID
}

// nodeTexts are the text fields of a node, in order.
var nodeTexts = []struct {
	name  string
	value func(r taskRow) string
}{
	{"id", taskRow.id},
	{"title", func(r taskRow) string { return r.Snapshot.Graph.Tasks[r.task].Name }},
	{"subtitle", func(r taskRow) string {
		return fmt.Sprintf("%s · %d×", r.taskStatus(r.task), r.Snapshot.Graph.Tasks[r.task].Parallelism)
	}},
	{"mainstat", func(r taskRow) string { return stat(r.Snapshot.Tasks[r.task].Busy.Max, "busy") }},
	{"secondarystat", func(r taskRow) string { return stat(r.Snapshot.Tasks[r.task].Backpressured.Max, "backpr.") }},
	{"color", func(r taskRow) string { return r.colour(r.task) }},
	{"status", func(r taskRow) string { return r.taskStatus(r.task).String() }},
	{"detail__cluster", func(r taskRow) string { return r.Cluster }},
	{"detail__job", func(r taskRow) string { return r.Snapshot.Job.Name }},
	{"detail__status", func(r taskRow) string { return r.taskStatus(r.task).String() }},
	{"detail__busy", func(r taskRow) string { return spread(r.Snapshot.Tasks[r.task].Busy) }},
	{"detail__backpressured", func(r taskRow) string { return spread(r.Snapshot.Tasks[r.task].Backpressured) }},
	{"detail__idle", func(r taskRow) string { return spread(r.Snapshot.Tasks[r.task].Idle) }},
}

// nodeRadius makes a root cause larger, so that it stands out without colour.
const (
	usualRadius = 40
	rootRadius  = 56
)

func nodeFields(rows []taskRow) []*data.Field {
	fields := make([]*data.Field, 0, len(nodeTexts)+1)
	for _, column := range nodeTexts {
		values := make([]string, len(rows))
		for i, row := range rows {
			values[i] = column.value(row)
		}
		fields = append(fields, text(column.name, values))
	}
	radius := make([]int64, len(rows))
	for i, row := range rows {
		radius[i] = usualRadius
		if row.taskStatus(row.task) == diagnosis.Bottleneck {
			radius[i] = rootRadius
		}
	}
	return append(fields, data.NewField("nodeRadius", nil, radius))
}

// edgeFields are the edges both of whose ends are shown: the panel breaks on
// any other.
func edgeFields(rows []taskRow) []*data.Field {
	shown := make(map[string]bool, len(rows))
	for _, row := range rows {
		shown[row.id()] = true
	}
	ids, sources, targets := []string{}, []string{}, []string{}
	for _, row := range rows {
		for _, input := range row.Snapshot.Graph.Tasks[row.task].Inputs {
			source := taskRow{row.Job, input, row.scope}.id()
			if shown[source] {
				ids = append(ids, source+">"+row.Snapshot.Graph.Tasks[row.task].ID)
				sources, targets = append(sources, source), append(targets, row.id())
			}
		}
	}
	return []*data.Field{text("id", ids), text("source", sources), text("target", targets)}
}

// stat is a share as text: the panel prints numbers with their raw unit.
func stat(share job.Share, what string) string {
	if !share.Known() {
		return "– " + what
	}
	return fmt.Sprintf("%d %% %s", share.Percent(), what)
}

// spread is a share's least and most over the subtasks.
func spread(over job.Range) string {
	if !over.Max.Known() {
		return "not known"
	}
	return fmt.Sprintf("%d to %d %%, %d %% on average", over.Min.Percent(), over.Max.Percent(), over.Avg.Percent())
}
