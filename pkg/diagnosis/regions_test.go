package diagnosis_test

import (
	"testing"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
)

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
				{"all", diagnosis.AtSource, 0.95, "", []int{0}, nil},
				{"map", diagnosis.Skewed, 0.6, "in", []int{0}, nil},
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

// Where nothing is backpressured a source that is busy all the time is as
// fast as the job gets.
func TestSourceAtItsLimit(t *testing.T) {
	for name, c := range map[string]struct {
		nodes []node
		want  []root
	}{
		"a source": {
			chain(task("in", at(0.95, 0).on("host-a"), at(0.2, 0).on("host-b")), task("out", at(0.3, 0))),
			[]root{{"in", diagnosis.AtSource, 0.95, "", []int{0}, []string{"host-a"}}},
		},
		"a job that is one chained task": {
			[]node{task("all", at(1, 0), at(0.97, 0))},
			[]root{{"all", diagnosis.AtSource, 1, "", []int{0, 1}, nil}},
		},
		"backpressure that Flink calls ok hinders nothing": {
			chain(task("in", at(0.95, 0)), task("map", at(0.3, 0.1)), task("out", at(0.3, 0))),
			[]root{{"in", diagnosis.AtSource, 0.95, "", []int{0}, nil}},
		},
		"the other source holds its own part back": {
			append(chain(task("in", at(0.95, 0)), task("out", at(0.3, 0))), chain(task("in 2", at(0.1, 0.8)), task("out 2", at(0.9, 0)))...),
			[]root{
				{"in", diagnosis.AtSource, 0.95, "", []int{0}, nil},
				{"out 2", diagnosis.Capacity, 0.8, "in 2", []int{0}, nil},
			},
		},
	} {
		t.Run(name, func(t *testing.T) { wantRoots(t, c.nodes, c.want...) })
	}
}

// The hot subtasks of several tasks on one host of several point at the host.
func TestMachine(t *testing.T) {
	spread := func(name string, busy float64, hosts ...string) node {
		n := task(name)
		for i, host := range hosts {
			s := at(0.1, 0).on(host)
			if i == 0 {
				s = at(busy, 0).on(host)
			}
			n.subtasks = append(n.subtasks, s)
		}
		return n
	}
	held := func(name string) node { return task(name, at(0, 0.8)) }
	for name, c := range map[string]struct {
		nodes []node
		kind  diagnosis.Kind
	}{
		"two tasks are hot on one host of three": {
			chain(held("in"), spread("map", 1, "host-a", "host-b", "host-c"), spread("sum", 0.9, "host-a", "host-b", "host-c")), diagnosis.Machine,
		},
		"the other task is hot elsewhere": {
			chain(held("in"), spread("map", 1, "host-a", "host-b", "host-c"), spread("sum", 0.9, "host-b", "host-a", "host-c")), diagnosis.Skewed,
		},
		"the other task is not busy": {
			chain(held("in"), spread("map", 1, "host-a", "host-b", "host-c"), spread("sum", 0.4, "host-a", "host-b", "host-c")), diagnosis.Skewed,
		},
		"all runs on one host": {
			chain(held("in"), spread("map", 1, "host-a", "host-a", "host-a"), spread("sum", 0.9, "host-a", "host-a", "host-a")), diagnosis.Skewed,
		},
		"the hosts are not told": {
			chain(held("in"), spread("map", 1, "", "", ""), spread("sum", 0.9, "", "", "")), diagnosis.Skewed,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var hosts []string
			if host := c.nodes[1].subtasks[0].host; host != "" {
				hosts = []string{host}
			}
			wantRoots(t, c.nodes, root{"map", c.kind, 0.8, "in", []int{0}, hosts})
		})
	}
}
