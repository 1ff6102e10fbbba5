package frame_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// graph is a node graph's two frames, checked for what breaks the panel: more
// frames, a repeated id, an edge whose end is missing, an arc that overrides
// the colour, a number where it prints raw units.
func graph(t *testing.T, result frame.Result) (nodes, edges *data.Frame) {
	t.Helper()
	frames := frame.NodeGraph(result)
	if len(frames) != 2 || frames[0].Name != "nodes" || frames[1].Name != "edges" {
		t.Fatalf("the frames are %v, want nodes and edges", frames)
	}
	nodes, edges = frames[0], frames[1]
	for _, f := range frames {
		if f.Meta.PreferredVisualization != data.VisTypeNodeGraph {
			t.Errorf("frame %s is for %q", f.Name, f.Meta.PreferredVisualization)
		}
		seen := map[string]bool{}
		for _, id := range texts(t, f, "id") {
			if seen[id] || strings.HasPrefix(id, "/") || strings.HasSuffix(id, "/") {
				t.Errorf("%s: id %q is not unique or not whole", f.Name, id)
			}
			seen[id] = true
		}
		for _, column := range f.Fields {
			if strings.HasPrefix(column.Name, "arc__") {
				t.Errorf("%s would override the colour", column.Name)
			}
		}
	}
	there := map[string]bool{}
	for _, id := range texts(t, nodes, "id") {
		there[id] = true
	}
	for _, end := range []string{"source", "target"} {
		for _, id := range texts(t, edges, end) {
			if !there[id] {
				t.Errorf("the %s %s of an edge is not among the nodes", end, id)
			}
		}
	}
	return nodes, edges
}

// texts are a column's words: it fails where the column holds numbers.
func texts(t *testing.T, of *data.Frame, name string) (values []string) {
	t.Helper()
	column := field(t, of, name)
	if column.Type() != data.FieldTypeString {
		t.Fatalf("%s is of type %v, want text", name, column.Type())
	}
	for row := range column.Len() {
		values = append(values, column.At(row).(string))
	}
	return values
}

// Each node has the colour of its task in Flink's own UI, and its status in words.
func TestNodes(t *testing.T) {
	result := threeJobs()
	nodes, edges := graph(t, result)
	row := 0
	for _, j := range result.Jobs {
		for i, task := range j.Snapshot.Graph.Tasks {
			load := j.Snapshot.Tasks[i]
			status := j.TaskStatus(i).String()
			for column, want := range map[string]string{
				"id": j.Snapshot.Job.ID + "/" + task.ID, "title": task.Name,
				"color":  diagnosis.Fill(load.Busy.Max, load.Backpressured.Max),
				"status": status, "detail__status": status, "detail__job": j.Snapshot.Job.Name, "detail__cluster": j.Cluster,
			} {
				if got := texts(t, nodes, column)[row]; got != want {
					t.Errorf("%s of %s/%s is %q, want %q", column, j.Snapshot.Job.Name, task.Name, got, want)
				}
			}
			if subtitle := texts(t, nodes, "subtitle")[row]; !strings.Contains(subtitle, status) {
				t.Errorf("the subtitle %q of %s leaves its status %s to the colour", subtitle, task.Name, status)
			}
			row++
		}
	}
	if nodes.Rows() != row || edges.Rows() != 6 {
		t.Errorf("there are %d nodes and %d edges, want %d and 6", nodes.Rows(), edges.Rows(), row)
	}
}

// The two numbers beneath a node are text in whole per cents; what is not
// known is a dash, not 0.
func TestNodeStats(t *testing.T) {
	nodes, _ := graph(t, threeJobs())
	main, second := texts(t, nodes, "mainstat"), texts(t, nodes, "secondarystat")
	for row, want := range map[int][2]string{
		0: {"10 % busy", "90 % held"}, 1: {"100 % busy", "0 % held"}, 5: {"– busy", "– held"},
	} {
		if main[row] != want[0] || second[row] != want[1] {
			t.Errorf("row %d reads %q and %q, want %q", row, main[row], second[row], want)
		}
	}
}

// What the panel shows of a node has a name that a person reads: it shows no other.
func TestNodesNameWhatTheyShow(t *testing.T) {
	nodes, _ := graph(t, threeJobs())
	for _, f := range nodes.Fields {
		shown := strings.HasPrefix(f.Name, "detail__") || slices.Contains([]string{"title", "subtitle", "mainstat", "secondarystat", "color"}, f.Name)
		if named := f.Config != nil && f.Config.DisplayName != ""; named != shown {
			t.Errorf("%s is shown: %t, and has the name %+v", f.Name, shown, f.Config)
		}
	}
}

// Of a graph far beyond what can be drawn the worst is shown, with both ends of each
// edge.
func TestAGraphOf1500Tasks(t *testing.T) {
	nodes := make([]node, 1500)
	for i := range nodes {
		nodes[i] = task(fmt.Sprintf("task-%04d", i), at(float64(i%125)/250, 0))
	}
	shown, edges := graph(t, frame.Result{Jobs: []frame.Job{jobOf("default", "long", chain(nodes...)...)}})
	ids := map[string]bool{}
	for _, id := range texts(t, shown, "id") {
		ids[id] = true
	}
	for _, end := range append(texts(t, edges, "source"), texts(t, edges, "target")...) {
		if !ids[end] {
			t.Errorf("an edge ends at %s, which is not shown", end)
		}
	}
	if notices := shown.Meta.Notices; len(ids) != 200 || len(notices) != 1 || !strings.Contains(notices[0].Text, "worst 200 of 1500") {
		t.Errorf("%d nodes are shown, with the notices %v", len(ids), notices)
	}
}

// A root cause is larger than the others: it stands out without colour.
func TestARootCauseIsLarger(t *testing.T) {
	nodes, _ := graph(t, threeJobs())
	radius := field(t, nodes, "nodeRadius")
	for row, status := range texts(t, nodes, "status") {
		if larger := radius.At(row).(int64) > 40; larger != (status == "bottleneck") {
			t.Errorf("row %d, %s, has radius %v", row, status, radius.At(row))
		}
	}
}

// No load makes a node that vanishes on dark.
func TestNoNodeIsBlack(t *testing.T) {
	for _, s := range []sub{at(0, 0), at(1, 0), at(0, 1), at(0.5, 0.5), noMetrics} {
		nodes, _ := graph(t, frame.Result{Jobs: []frame.Job{jobOf("default", "orders", task("in", s))}})
		if colour := texts(t, nodes, "color")[0]; dark(t, colour) {
			t.Errorf("%+v is coloured %s", s, colour)
		}
	}
}

// The jobs of one program share their tasks' ids, and no edge joins them.
func TestJobsOfOneProgramStayApart(t *testing.T) {
	nodes := []node{task("a", at(0, 0.8)), task("b", at(0, 0)), task("join", at(0.9, 0))}
	nodes[2].from = []string{"a", "b"}
	_, edges := graph(t, frame.Result{Jobs: []frame.Job{jobOf("default", "etl", nodes...), jobOf("default", "etl2", nodes...)}})
	sources, targets := texts(t, edges, "source"), texts(t, edges, "target")
	for i := range sources {
		if jobID := strings.Split(sources[i], "/")[0]; !strings.HasPrefix(targets[i], jobID+"/") {
			t.Errorf("an edge leads from %s to %s", sources[i], targets[i])
		}
	}
	if len(sources) != 4 {
		t.Errorf("there are %d edges, want 4", len(sources))
	}
}

// In application mode with high availability every cluster's job has the same
// id.
func TestJobsOfOneIDStayApart(t *testing.T) {
	nodes := chain(task("a", at(0, 0.8)), task("b", at(0.9, 0)))
	shown, edges := graph(t, frame.Result{Jobs: []frame.Job{jobOf("eu", "etl", nodes...), jobOf("us", "etl", nodes...)}})
	ids := map[string]bool{}
	for _, id := range texts(t, shown, "id") {
		ids[id] = true
	}
	if len(ids) != 4 || edges.Rows() != 2 {
		t.Errorf("%d distinct nodes and %d edges, want 4 and 2", len(ids), edges.Rows())
	}
	for _, end := range append(texts(t, edges, "source"), texts(t, edges, "target")...) {
		if !ids[end] {
			t.Errorf("an edge ends at %s, which is no node", end)
		}
	}
}

// The panel draws 200 nodes: those are the worst, and a notice counts the
// rest. Edges lose those whose end is not shown.
func TestTheWorst200NodesAreShown(t *testing.T) {
	nodes := make([]node, 250)
	for i := range nodes {
		nodes[i] = task(fmt.Sprintf("task-%03d", i), at(float64(i%125)/250, 0))
	}
	nodes[10].subtasks = []sub{at(0, 0.9)}
	nodes[11].subtasks = []sub{at(1, 0)}
	nodes[12].subtasks = []sub{noMetrics}
	result := frame.Result{Jobs: []frame.Job{jobOf("default", "long", chain(nodes...)...)}}
	shown, edges := graph(t, result)
	titles := strings.Join(texts(t, shown, "title"), " ")
	if shown.Rows() != 200 || edges.Rows() == 0 || edges.Rows() >= 200 {
		t.Errorf("there are %d nodes and %d edges", shown.Rows(), edges.Rows())
	}
	for name, want := range map[string]bool{"task-010": true, "task-011": true, "task-124": true, "task-249": true, "task-000": false, "task-125": false, "task-012": false} {
		if strings.Contains(titles, name) != want {
			t.Errorf("%s is shown: %v, want %v", name, !want, want)
		}
	}
	if notices := shown.Meta.Notices; len(notices) != 1 || !strings.Contains(notices[0].Text, "worst 200 of 250") {
		t.Errorf("the notices are %v", notices)
	}
	result.Jobs[0].Tasks = result.Jobs[0].Tasks[:200]
	if shown, _ := graph(t, result); shown.Rows() != 200 || len(shown.Meta.Notices) > 0 {
		t.Errorf("of 200 tasks %d are shown, with notices %v", shown.Rows(), shown.Meta.Notices)
	}
}
