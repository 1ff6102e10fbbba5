package diagnosis_test

import (
	"testing"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
)

// Backpressure ends at tasks whose own work takes their time, or that wait for what
// Flink does not measure.
func TestRootOfOneRegion(t *testing.T) {
	for name, c := range map[string]struct {
		nodes []node
		want  root
		also  []root
	}{
		"a bottleneck in the middle: backpressure runs upstream from it": {
			chain(task("in", at(0.1, 0.8), at(0.1, 0.9)), task("parse", at(0.2, 0.7), at(0.2, 0.7)),
				task("enrich", at(1, 0), at(0.9, 0)), task("out", at(0.2, 0), at(0.2, 0))),
			root{"enrich", diagnosis.Capacity, 0.85, "in", []int{0, 1}, nil}, nil,
		},
		"a slow sink": {
			chain(task("in", at(0.1, 0.6)), task("map", at(0.1, 0.8)), task("sink", at(0.95, 0))),
			root{"sink", diagnosis.Capacity, 0.8, "map", []int{0}, nil}, nil,
		},
		"one hot subtask of four, and where it runs": {
			chain(task("in", at(0.1, 0.8)), task("window", at(0.1, 0).on("host-a"), at(0.2, 0).on("host-b"), at(1, 0).on("host-c"), at(0, 0).on("host-a"))),
			root{"window", diagnosis.Skewed, 0.8, "in", []int{2}, []string{"host-c"}}, nil,
		},
		"two hot subtasks of four are few, hottest first": {
			chain(task("in", at(0, 0.9)), task("window", at(0.8, 0).on("host-a"), at(0, 0).on("host-a"), at(0.9, 0).on("host-b"), at(0, 0).on("host-b"))),
			root{"window", diagnosis.Skewed, 0.9, "in", []int{2, 0}, []string{"host-b", "host-a"}}, nil,
		},
		"three hot subtasks of four are most": {
			chain(task("in", at(0, 0.9)), task("window", at(0.8, 0), at(0.7, 0), at(0.9, 0), at(0, 0))),
			root{"window", diagnosis.Capacity, 0.9, "in", []int{2, 0, 1}, nil}, nil,
		},
		"one subtask at its limit is clearly above seven others": {
			chain(task("in", at(0.1, 0.9)), task("window", at(0.76, 0), at(0.76, 0), at(0.76, 0), at(1, 0), at(0.76, 0), at(0.76, 0), at(0.76, 0), at(0.76, 0))),
			root{"window", diagnosis.Skewed, 0.9, "in", []int{3}, nil}, nil,
		},
		"two are, though not alike": {
			chain(task("in", at(0.1, 0.9)), task("window", at(0.78, 0), at(0.76, 0), at(0.76, 0), at(1, 0), at(0.76, 0), at(0.95, 0))),
			root{"window", diagnosis.Skewed, 0.9, "in", []int{3, 5}, nil}, nil,
		},
		"one of two": {
			chain(task("in", at(0.1, 0.9)), task("window", at(0.8, 0), at(1, 0))),
			root{"window", diagnosis.Skewed, 0.9, "in", []int{1}, nil}, nil,
		},
		"subtasks that differ by as much as keys do by chance": {
			chain(task("in", at(0.1, 0.9)), task("window", at(1, 0), at(0.88, 0), at(0.9, 0), at(0.93, 0))),
			root{"window", diagnosis.Capacity, 0.9, "in", []int{0, 3, 2, 1}, nil}, nil,
		},
		"subtasks that differ little by little": {
			chain(task("in", at(0.1, 0.9)), task("window", at(1, 0), at(0.9, 0), at(0.85, 0), at(0.8, 0))),
			root{"window", diagnosis.Capacity, 0.9, "in", []int{0, 1, 2, 3}, nil}, nil,
		},
		"most are clearly above the rest": {
			chain(task("in", at(0.1, 0.9)), task("window", at(1, 0), at(0.98, 0), at(0.97, 0), at(0.78, 0))),
			root{"window", diagnosis.Capacity, 0.9, "in", []int{0, 1, 2, 3}, nil}, nil,
		},
		"near ties by less than 3 points each: what is much busier than the first": {
			chain(task("in", at(0.02, 0.98)), task("b", at(0.88, 0.12)), task("c", at(0.905, 0.09)), task("d", at(0.93, 0))),
			root{"d", diagnosis.Capacity, 0.98, "in", []int{0}, nil}, nil,
		},
		"near ties by little each, and by little all together": {
			chain(task("in", at(0.02, 0.98)), task("b", at(0.9, 0.1)), task("c", at(0.91, 0.09)), task("d", at(0.92, 0))),
			root{"b", diagnosis.Capacity, 0.98, "in", []int{0}, nil}, nil,
		},
		"three near ties at their limit": {
			chain(task("in", at(0, 1)), task("a", at(0.96, 0.04)), task("b", at(0.97, 0.03)), task("c", at(0.99, 0))),
			root{"c", diagnosis.Capacity, 1, "in", []int{0}, nil},
			[]root{{"b", diagnosis.Capacity, 1, "in", []int{0}, nil}, {"a", diagnosis.Capacity, 1, "in", []int{0}, nil}},
		},
		"three near ties, of which the second hardly waits": {
			chain(task("in", at(0, 1)), task("a", at(0.97, 0.03)), task("b", at(0.99, 0.01)), task("c", at(1, 0))),
			root{"c", diagnosis.Capacity, 1, "in", []int{0}, nil},
			[]root{{"b", diagnosis.Capacity, 1, "in", []int{0}, nil}, {"a", diagnosis.Capacity, 1, "in", []int{0}, nil}},
		},
		"one hot subtask beside others that wait does not take turns": {
			chain(task("in", at(0.05, 0.95)), task("map", at(0.945, 0), at(0.5, 0.5), at(0.5, 0.45), at(0.5, 0.45)), task("sink", at(0.85, 0))),
			root{"map", diagnosis.Skewed, 0.95, "in", []int{0}, nil}, []root{{"sink", diagnosis.Capacity, 0.95, "in", []int{0}, nil}},
		},
		"of two at their limit that which one subtask of the other waits for is first": {
			chain(task("in", at(0.05, 0.95), at(0.05, 0.95)), task("a", at(1, 0), at(0.96, 0.04)), task("b", at(0.7, 0), at(1, 0))),
			root{"b", diagnosis.Skewed, 0.95, "in", []int{1}, nil}, []root{{"a", diagnosis.Capacity, 0.95, "in", []int{0, 1}, nil}},
		},
		"one of two measured subtasks is hot: what is not measured does not wait": {
			chain(task("in", at(0, 0.9)), task("window", at(0.9, 0), noMetrics, noMetrics, at(0.8, 0))),
			root{"window", diagnosis.Capacity, 0.9, "in", []int{0, 3}, nil}, nil,
		},
		"the busiest of several tasks below": {
			[]node{task("in", at(0.1, 0.8)), task("a", at(0.6, 0)).after("in"), task("b", at(0.9, 0)).after("in"), task("c", at(0.7, 0)).after("in")},
			root{"b", diagnosis.Capacity, 0.8, "in", []int{0}, nil}, nil,
		},
		"a task below that is itself a little backpressured": {
			chain(task("in", at(0, 0.9)), task("map", at(0.6, 0.35)), task("out", at(0.3, 0))),
			root{"map", diagnosis.Capacity, 0.9, "in", []int{0}, nil}, nil,
		},
		"a task that is backpressured exactly half may be one": {
			chain(task("in", at(0, 0.9)), task("map", at(0.9, 0), at(0.3, 0.5)), task("out", at(0.1, 0))),
			root{"map", diagnosis.Skewed, 0.9, "in", []int{0}, nil}, nil,
		},
		"a task that is backpressured more than half is none": {
			chain(task("in", at(0, 0.9)), task("map", at(0.4, 0.6)), task("out", at(0.35, 0))),
			root{"out", diagnosis.Capacity, 0.9, "in", []int{0}, nil}, nil,
		},
		"of the subtasks of a task one is at its limit, and one waits": {
			chain(task("in", at(0, 0.9)), task("map", at(1, 0), at(0, 0.6)), task("out", at(0.7, 0))),
			root{"map", diagnosis.Skewed, 0.9, "in", []int{0}, nil}, []root{{"out", diagnosis.Capacity, 0.3, "map", []int{0}, nil}},
		},
		"one of many subtasks that waits does not hide what the others do": {
			chain(task("in", at(0.04, 0.95), at(0.04, 0.95), at(0.04, 0.95), at(0.04, 0.95)), task("enrich", at(0.99, 0), at(0.99, 0), at(0.99, 0), at(0.38, 0.6)),
				task("sink", at(0.3, 0), at(0.3, 0), at(0.3, 0), at(0.99, 0))),
			root{"enrich", diagnosis.Capacity, 0.95, "in", []int{0, 1, 2}, nil}, []root{{"sink", diagnosis.Skewed, 0.15, "enrich", []int{3}, nil}},
		},
		"work of which Flink measures a third": {
			chain(task("in", at(0, 0.9)), task("map", at(0.3, 0), at(0.31, 0))),
			root{"map", diagnosis.UnmeasuredWork, 0.9, "in", nil, nil}, nil,
		},
		"no task is busy: work that Flink does not measure": {
			chain(task("in", at(0, 0.9)), task("async", at(0.05, 0)), task("out", at(0.01, 0))),
			root{"async", diagnosis.UnmeasuredWork, 0.9, "in", nil, nil}, nil,
		},
		"a sink at its limit beside one that waits itself": {
			[]node{
				task("in", at(0.05, 0.95), at(0.05, 0.95)), task("slow", at(1, 0), at(1, 0)).after("in"),
				task("async", at(0.1, 0.9), at(0.1, 0.9), at(0, 0), at(0, 0)).after("in"),
			},
			root{"slow", diagnosis.Capacity, 0.95, "in", []int{0, 1}, nil}, []root{{"async", diagnosis.UnmeasuredWork, 0.95, "in", nil, nil}},
		},
		"all of a task's subtasks that have anything to do wait": {
			chain(task("in", at(0.02, 0.95), at(0.02, 0.95), at(0, 0), at(0, 0), at(0, 0), at(0, 0)), task("map", at(0.25, 0.75), at(0.25, 0.75), at(0, 0), at(0, 0), at(0, 0), at(0, 0)),
				task("enrich", at(0.08, 0), at(0.08, 0))),
			root{"enrich", diagnosis.UnmeasuredWork, 0.95, "in", nil, nil}, nil,
		},
		"backpressure of a task below which nothing is, is its own": {
			chain(task("in", at(0, 0.9)), task("map", at(0.2, 0.8))),
			root{"map", diagnosis.UnmeasuredWork, 0.9, "in", nil, nil}, nil,
		},
		"one subtask of many that waits for something of its own": {
			chain(task("in", at(0, 0.95), at(0, 0.95)), task("agg", at(0.05, 0.95), at(0.2, 0), at(0.2, 0), at(0.2, 0))),
			root{"agg", diagnosis.UnmeasuredWork, 0.95, "in", nil, nil}, nil,
		},
		"two in series of which the lower is busier, and the upper waits a little": {
			chain(task("in", at(0, 1)), task("a", at(0.97, 0.03)), task("b", at(1, 0))),
			root{"b", diagnosis.Capacity, 1, "in", []int{0}, nil}, []root{{"a", diagnosis.Capacity, 1, "in", []int{0}, nil}},
		},
		"backpressure of a third counts if a task below is busy": {
			chain(task("in", at(0.3, 0.3)), task("map", at(0.8, 0))),
			root{"map", diagnosis.Capacity, 0.3, "in", []int{0}, nil}, nil,
		},
		"an unmeasured task beside one at its limit does not hide it": {
			[]node{task("in", at(0.1, 0.8)), task("a", at(0.95, 0)).after("in"), task("b", noMetrics).after("in")},
			root{"a", diagnosis.Capacity, 0.8, "in", []int{0}, nil}, nil,
		},
		"checkpoints above the task below do not move the blame to it": {
			chain(task("in", at(0.05, 0.95)), task("x", at(0.85, 0.12)), task("y", at(0.87, 0))),
			root{"x", diagnosis.Capacity, 0.95, "in", []int{0}, nil}, nil,
		},
		"two that take turns within the time measured": {
			chain(task("in", at(0.05, 0.95)), task("x", at(0.68, 0.3)), task("y", at(0.7, 0))),
			root{"y", diagnosis.Alternating, 0.95, "in", []int{0}, nil}, []root{{"x", diagnosis.Alternating, 0.95, "in", []int{0}, nil}},
		},
		"an ended task beside one that works in bursts does not hide it": {
			[]node{task("in", at(0.1, 0.8)), task("a", at(0.6, 0)).after("in"), ended("b").after("in")},
			root{"a", diagnosis.Capacity, 0.8, "in", []int{0}, nil}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) { wantRoots(t, c.nodes, append([]root{c.want}, c.also...)...) })
	}
}

// Severity is the highest, over the tasks that wait for the root cause, of the mean
// over the task's subtasks: not of the maximum, which one subtask can make.
func TestSeverity(t *testing.T) {
	join := func(inputs ...node) []node {
		var from []string
		for _, input := range inputs {
			from = append(from, input.name)
		}
		return append(inputs, task("join", at(0.9, 0)).after(from...))
	}
	for name, c := range map[string]struct {
		nodes    []node
		severity float64
		upstream string
	}{
		"the mean over the input's subtasks":    {join(task("a", at(0, 0.9), at(0, 0.7), at(0.7, 0.2))), 0.6, "a"},
		"the highest of the inputs' means":      {join(task("a", at(0, 0.9), at(0.8, 0.1)), task("b", at(0, 0.7), at(0, 0.7))), 0.7, "b"},
		"subtasks with little to do":            {join(task("a", at(0.05, 0.95), at(0.05, 0.1), at(0.1, 0.05), at(0.05, 0.1))), 0.95, "a"},
		"subtasks with nothing to do, too":      {join(task("a", at(0.1, 0.9), at(0, 0), at(0.02, 0), at(0, 0))), 0.9, "a"},
		"unmeasured subtasks are left out":      {join(task("a", at(0, 0.6), noMetrics)), 0.6, "a"},
		"an unmeasured input is left out":       {join(task("a", noMetrics), task("b", at(0, 0.8))), 0.8, "b"},
		"a free input takes nothing from it":    {join(task("a", at(0, 0)), task("b", at(0, 0.8))), 0.8, "b"},
		"a source that waits for it further up": {append(chain(task("in", at(0, 1)), task("a", at(0.3, 0.6))), task("join", at(0.9, 0)).after("a")), 1, "in"},
		"backpressured all the time is the top": {join(task("a", at(0, 1), at(0, 1))), 1, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			wantRoots(t, c.nodes, root{"join", diagnosis.Capacity, c.severity, c.upstream, []int{0}, nil})
		})
	}
}

// A join is not as severe as a source waits for another branch than that of the join.
func TestSeverityOfAJoinBesideAnotherBranch(t *testing.T) {
	wantRoots(t, []node{
		task("orders", at(0.05, 0.95)), task("payments", at(0.6, 0.3)),
		task("slow", at(1, 0)).after("orders"), task("join", at(0.9, 0)).after("orders", "payments"),
	},
		root{"slow", diagnosis.Capacity, 0.95, "orders", []int{0}, nil},
		root{"join", diagnosis.Capacity, 0.3, "payments", []int{0}, nil})
}

// Each region of backpressure has its own root; what flows freely has none.
func TestRootsOfRegions(t *testing.T) {
	for name, c := range map[string]struct {
		nodes []node
		want  []root
	}{
		"two sources, one slow branch: only that branch": {
			[]node{
				task("orders", at(0.1, 0.9)), task("clicks", at(0.6, 0)),
				task("score", at(1, 0)).after("orders"), task("count", at(0.7, 0)).after("clicks"),
				task("out", at(0.2, 0)).after("score", "count"),
			},
			[]root{{"score", diagnosis.Capacity, 0.9, "orders", []int{0}, nil}},
		},
		"a diamond with one slow side": {
			[]node{
				task("in", at(0.1, 0.8)), task("fast", at(0.3, 0)).after("in"), task("slow", at(0.9, 0)).after("in"),
				task("out", at(0.4, 0)).after("fast", "slow"),
			},
			[]root{{"slow", diagnosis.Capacity, 0.8, "in", []int{0}, nil}},
		},
		"a diamond that its end holds back: both sides wait": {
			[]node{
				task("in", at(0.1, 0.6)), task("left", at(0.1, 0.7)).after("in"), task("right", at(0.1, 0.9)).after("in"),
				task("out", at(0.95, 0)).after("left", "right"),
			},
			[]root{{"out", diagnosis.Capacity, 0.9, "right", []int{0}, nil}},
		},
		"two branches held back apart: two roots, worst first": {
			[]node{
				task("orders", at(0.1, 0.6)), task("clicks", at(0.1, 0.9)),
				task("score", at(1, 0)).after("orders"), task("count", at(0.8, 0)).after("clicks"),
				task("out", at(0.2, 0)).after("score", "count"),
			},
			[]root{
				{"count", diagnosis.Capacity, 0.9, "clicks", []int{0}, nil},
				{"score", diagnosis.Capacity, 0.6, "orders", []int{0}, nil},
			},
		},
		"two bottlenecks along one chain, the lower one hides nothing": {
			chain(task("in", at(0.1, 0.9)), task("parse", at(1, 0)), task("group", at(0.3, 0.7)), task("sink", at(0.9, 0))),
			[]root{
				{"parse", diagnosis.Capacity, 0.9, "in", []int{0}, nil},
				{"sink", diagnosis.Capacity, 0.7, "group", []int{0}, nil},
			},
		},
		"two jobs in one graph, of different kinds": {
			append(chain(task("in", at(0.1, 0.6)), task("map", at(1, 0), at(0, 0), at(0, 0))), task("all", at(0.95, 0))),
			[]root{
				{"map", diagnosis.Skewed, 0.6, "in", []int{0}, nil},
				{"all", diagnosis.AtSource, 0.475, "", []int{0}, nil},
			},
		},
		"a union of a held-back and a free source is held back by one": {
			[]node{
				task("a", at(0, 0.9)), task("b", at(0.2, 0)),
				task("join", at(1, 0)).after("a", "b"),
			},
			[]root{{"join", diagnosis.Capacity, 0.9, "a", []int{0}, nil}},
		},
	} {
		t.Run(name, func(t *testing.T) { wantRoots(t, c.nodes, c.want...) })
	}
}
