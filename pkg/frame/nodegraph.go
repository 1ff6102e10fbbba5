package frame

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// maxNodes is how many nodes Grafana's Node graph panel draws by default.
const maxNodes = 200

// NodeGraph is the nodes and edges of all jobs in one pair of frames, as the
// panel reads the first of each alone. A node's ring has the colour that the
// task has in Flink's own UI, and its subtitle has the status in a word: the
// panel ignores the colour where there are arcs, and three thin arcs show less
// at a glance than one colour and two numbers.
func NodeGraph(result Result) data.Frames {
	rows := taskRowsOf(result)
	draw := func() graphFields { return drawn(rows) }
	var made graphFields
	if len(result.Jobs) == 1 {
		made = shared(result.Jobs[0], result.Jobs[0].keyOf("nodeGraph"), draw)
	} else {
		made = draw()
	}
	nodes := data.NewFrame("nodes", made.nodes...)
	nodes.Meta = result.meta(made.notices...)
	nodes.Meta.PreferredVisualization = data.VisTypeNodeGraph
	edges := data.NewFrame("edges", made.edges...)
	edges.Meta = &data.FrameMeta{Custom: result.custom(), PreferredVisualization: data.VisTypeNodeGraph}
	return data.Frames{nodes, edges}
}

// graphFields are those of the nodes and of the edges.
type graphFields struct {
	nodes, edges []*data.Field
	notices      []data.Notice
}

func drawn(rows []taskRow) (made graphFields) {
	rows, made.notices = worstTasks(rows)
	made.nodes = append(fields(rows, nodeColumns...), fields(placedOf(rows),
		of("fixedX", func(p *place) float64 { return p.x }),
		of("fixedY", func(p *place) float64 { return p.y }),
	)...)
	made.edges = fields(edgesOf(rows), edgeColumns...)
	return made
}

// worstTasks keeps as many tasks as the panel draws, the worst of them, in
// their order, with a notice of how many were left out.
func worstTasks(rows []taskRow) ([]taskRow, []data.Notice) {
	if len(rows) <= maxNodes {
		return rows, nil
	}
	order := make([]int, len(rows))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(rows[b].urgency(), rows[a].urgency())
	})
	kept := order[:maxNodes]
	slices.Sort(kept)
	shown := make([]taskRow, maxNodes)
	for i, row := range kept {
		shown[i] = rows[row]
	}
	return shown, []data.Notice{{
		Severity: data.NoticeSeverityInfo,
		Text:     fmt.Sprintf("The graph shows the worst %d of %d tasks. Choose jobs or tasks in the query to see the others.", maxNodes, len(rows)),
	}}
}

// urgency orders tasks worst first: by status, then by what fills their time.
func (r *taskRow) urgency() float64 {
	urgency := float64(r.status())
	for _, share := range []job.Share{r.load.Busy.Max, r.load.Backpressured.Max} {
		if share.Known() {
			urgency += float64(share) / 4
		}
	}
	return urgency
}

// id is unique among the nodes: in application mode with high availability
// the jobs of all clusters may have the same id.
func (r *taskRow) id() string { return r.nodeID(r.index) }

// nodeID is that of another task of the same job.
func (r *taskRow) nodeID(task int) string {
	return r.scope + r.Snapshot.Job.ID + "/" + r.Job.task(task).ID
}

// A root cause is larger, so that it stands out without colour.
const (
	usualRadius = 40
	rootRadius  = 56
)

var nodeColumns = []column[taskRow]{
	of("id", (*taskRow).id),
	linked(titled("Task", of("title", func(r *taskRow) string { return r.task.Name })), taskLink, jobLink),
	titled("Status and subtasks", of("subtitle", (*taskRow).subtitle)),
	titled("Busy", of("mainstat", func(r *taskRow) string { return stat(r.load.Busy.Max, "busy") })),
	titled("Backpressured", of("secondarystat", func(r *taskRow) string { return stat(r.load.Backpressured.Max, "held") })),
	titled("Colour: blue idle, red busy, grey backpressured", of("color", func(r *taskRow) string { return diagnosis.TaskFill(*r.load) })),
	of("status", func(r *taskRow) string { return r.status().String() }),
	titled("Cluster", of("detail__cluster", func(r *taskRow) string { return r.Cluster })),
	titled("Job", of("detail__job", func(r *taskRow) string { return r.Snapshot.Job.Name })),
	titled("Status", of("detail__status", func(r *taskRow) string { return r.status().String() })),
	titled("Busy", of("detail__busy", func(r *taskRow) string { return spread(r.load.Busy) })),
	titled("Backpressured", of("detail__backpressured", func(r *taskRow) string { return spread(r.load.Backpressured) })),
	titled("Idle", of("detail__idle", func(r *taskRow) string { return spread(r.load.Idle) })),
	of("nodeRadius", func(r *taskRow) int64 {
		if r.status() == diagnosis.Bottleneck {
			return rootRadius
		}
		return usualRadius
	}),
	page("task_url", func(r *taskRow) string { return r.Pages.Task(r.Snapshot.Job, r.task.ID) }),
	page("job_url", func(r *taskRow) string { return r.Pages.Job(r.Snapshot.Job) }),
}

// subtitle is the task's status and parallelism, which may be undecided.
func (r *taskRow) subtitle() string {
	if r.task.Parallelism == 0 {
		return r.status().String()
	}
	return fmt.Sprintf("%s · %d×", r.status(), r.task.Parallelism)
}

// titled is a column with the name that the panel's legend and menu of a node have for
// it: they read no other.
func titled[R any](name string, column column[R]) column[R] {
	return func(rows []R) *data.Field { return column(rows).SetConfig(&data.FieldConfig{DisplayName: name}) }
}

// edge connects two tasks of a job. Flink counts what a task sends and what it reads,
// over all its edges: where it has several, how they share that is not known.
type edge struct {
	from, to *taskRow
	// rate is how many records a second take it, NaN if that is not known; busiest is the
	// highest rate among the edges shown.
	rate, busiest float64
}

// The thickness of an edge, in pixels: the busiest is the thickest.
const (
	thinnest = 1
	thickest = 6
)

var edgeColumns = []column[edge]{
	of("id", func(e *edge) string { return e.from.id() + ">" + e.to.task.ID }),
	of("source", func(e *edge) string { return e.from.id() }),
	of("target", func(e *edge) string { return e.to.id() }),
	titled("Records a second", word("mainstat", (*edge).records)),
	titled("Sender backpressured", of("secondarystat", func(e *edge) string { return stat(e.from.load.Backpressured.Max, "held") })),
	of("thickness", (*edge).thickness),
	titled("Colour: blue flows, grey backpressured", of("color", func(e *edge) string { return diagnosis.Fill(0, e.from.load.Backpressured.Max) })),
}

// edgesOf are the edges both of whose ends are shown: the panel breaks on any
// other.
func edgesOf(rows []taskRow) (edges []edge) {
	shown := make(map[string]*taskRow, len(rows))
	for i := range rows {
		shown[rows[i].id()] = &rows[i]
	}
	busiest := 0.0
	for i := range rows {
		row := &rows[i]
		for _, input := range row.task.Inputs {
			if source := shown[row.nodeID(input)]; source != nil {
				of := edge{from: source, to: row, rate: rateOf(source, row)}
				busiest = math.Max(busiest, orZero(of.rate))
				edges = append(edges, of)
			}
		}
	}
	for i := range edges {
		edges[i].busiest = busiest
	}
	return edges
}

// rateOf is how many records a second go from one task to another: all that the one
// sends if it has no other output, or all that the other reads if it has no other input.
func rateOf(from, to *taskRow) float64 {
	switch {
	case len(to.task.Inputs) == 1:
		return to.load.RecordsIn
	case len(from.task.Outputs) == 1:
		return from.load.RecordsOut
	default:
		return math.NaN()
	}
}

// orZero is a number, or 0 if it is not known.
func orZero(number float64) float64 {
	if math.IsNaN(number) || math.IsInf(number, 0) {
		return 0
	}
	return number
}

// records is how many take the edge, as text: the panel prints numbers with their raw
// unit.
func (e *edge) records() string {
	if math.IsNaN(e.rate) || math.IsInf(e.rate, 0) {
		return ""
	}
	return fmt.Sprintf("%s rec/s", strconv.FormatFloat(e.rate, 'f', decimals(e.rate), 64))
}

// decimals are those that a rate is written with.
func decimals(rate float64) int {
	if rate > 0 && rate < 10 {
		return 1
	}
	return 0
}

// thickness grows with the root of the rate, so that an edge of a hundredth of the
// busiest one's still differs from the thinnest.
func (e *edge) thickness() float64 {
	if rate := orZero(e.rate); rate > 0 {
		return math.Round(10*(thinnest+(thickest-thinnest)*math.Sqrt(rate/e.busiest))) / 10
	}
	return thinnest
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
