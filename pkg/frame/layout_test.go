package frame_test

import (
	"fmt"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// position is where a node of the graph is drawn.
type position struct{ x, y float64 }

// positionsOf are where the nodes are drawn, by title.
func positionsOf(t *testing.T, nodes *data.Frame) map[string]position {
	t.Helper()
	x, y, titles := field(t, nodes, "fixedX"), field(t, nodes, "fixedY"), texts(t, nodes, "title")
	at := map[string]position{}
	for i, title := range titles {
		at[title] = position{x.At(i).(float64), y.At(i).(float64)}
	}
	return at
}

// A task is drawn to the right of all its inputs, and no two lie over one another.
func TestNodesLieInLayers(t *testing.T) {
	wide := []node{task("in")}
	var fed []string
	for i := range 30 {
		name := fmt.Sprint("branch ", i)
		wide = append(wide, node{name: name, from: []string{"in"}})
		fed = append(fed, name)
	}
	wide = append(wide, node{name: "out", from: fed})
	for name, nodes := range map[string][]node{
		"chain":       chain(task("a"), task("b"), task("c")),
		"join":        {task("left"), task("right"), {name: "parsed", from: []string{"left"}}, {name: "join", from: []string{"parsed", "right"}}},
		"diamond":     {task("in"), {name: "short", from: []string{"in"}}, {name: "long", from: []string{"in"}}, {name: "longer", from: []string{"long"}}, {name: "out", from: []string{"short", "longer"}}},
		"two parts":   {task("a"), {name: "b", from: []string{"a"}}, task("c"), {name: "d", from: []string{"c"}}},
		"no edges":    {task("a"), task("b"), task("c")},
		"a cycle":     {task("in"), {name: "a", from: []string{"in", "b"}}, {name: "b", from: []string{"a"}}},
		"wide":        wide,
		"from itself": {{name: "a", from: []string{"a"}}},
	} {
		result := frame.Result{Jobs: []frame.Job{jobOf("default", "orders", nodes...), jobOf("eu", "clicks", task("other job"))}}
		shown, _ := graph(t, result)
		at := positionsOf(t, shown)
		taken := map[position]string{}
		for title, here := range at {
			if other, is := taken[here]; is {
				t.Errorf("%s: %s lies over %s", name, title, other)
			}
			taken[here] = title
		}
		for _, of := range nodes {
			for _, input := range of.from {
				if at[input].x >= at[of.name].x && name != "a cycle" && name != "from itself" {
					t.Errorf("%s: %s at %v is not to the right of its input %s at %v", name, of.name, at[of.name], input, at[input])
				}
			}
		}
		for title, here := range at {
			if title != "other job" && here.y >= at["other job"].y {
				t.Errorf("%s: %s of the first job lies beside the second job", name, title)
			}
		}
	}
}

// The more records take an edge the thicker it is, and its colour is that of its sender's
// backpressure. Of a task with several outputs and inputs Flink counts the sum alone.
func TestEdges(t *testing.T) {
	busy, heldBack := at(0.5, 0), at(0.05, 0.95)
	result := frame.Result{Jobs: []frame.Job{jobOf("default", "orders",
		task("in", heldBack.flow(0, 400)),
		task("other", busy.flow(0, 4)),
		node{"parse", []string{"in"}, []sub{busy.flow(400, 300)}},
		node{"join", []string{"parse", "other"}, []sub{busy.flow(104, 25)}},
		node{"sink", []string{"parse", "join"}, []sub{busy.flow(225, 0)}},
		node{"unmeasured", []string{"join"}, []sub{noMetrics}},
	)}}
	nodes, edges := graph(t, result)
	titles := map[string]string{}
	for i, id := range texts(t, nodes, "id") {
		titles[id] = texts(t, nodes, "title")[i]
	}
	type shown struct {
		records   string
		thickness float64
		colour    string
	}
	got := map[string]shown{}
	for i := range edges.Rows() {
		records, _ := field(t, edges, "mainstat").ConcreteAt(i)
		got[titles[texts(t, edges, "source")[i]]+" to "+titles[texts(t, edges, "target")[i]]] = shown{
			fmt.Sprint(records), field(t, edges, "thickness").At(i).(float64), texts(t, edges, "color")[i],
		}
	}
	const flows, stuck = "#5db1ff", "#868a8e"
	for name, want := range map[string]shown{
		"in to parse":        {"400 rec/s", 6, stuck},
		"other to join":      {"4.0 rec/s", 1.5, flows},
		"parse to join":      {"", 1, flows},
		"parse to sink":      {"", 1, flows},
		"join to sink":       {"", 1, flows},
		"join to unmeasured": {"", 1, flows},
	} {
		if got[name] != want {
			t.Errorf("%s is drawn as %+v, want %+v", name, got[name], want)
		}
	}
}
