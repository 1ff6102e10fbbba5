package job_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

func tasks(ids ...string) (list []job.Task) {
	for _, id := range ids {
		list = append(list, job.Task{ID: id, Name: id})
	}
	return list
}

// Sources come first, and neighbours point at each other.
func TestGraphIsTopological(t *testing.T) {
	for name, c := range map[string]struct {
		tasks []job.Task
		edges []job.Edge
		want  []string
	}{
		"empty":             {nil, nil, []string{}},
		"listed backwards":  {tasks("sink", "map", "source"), []job.Edge{{From: "map", To: "sink"}, {From: "source", To: "map"}}, []string{"source", "map", "sink"}},
		"a choice keeps":    {tasks("b", "a", "c"), []job.Edge{{From: "a", To: "c"}, {From: "b", To: "c"}}, []string{"b", "a", "c"}},
		"diamond":           {tasks("s", "x", "y", "j"), []job.Edge{{From: "s", To: "x"}, {From: "s", To: "y"}, {From: "x", To: "j"}, {From: "y", To: "j"}}, []string{"s", "x", "y", "j"}},
		"edge to nowhere":   {tasks("a"), []job.Edge{{From: "a", To: "gone"}, {From: "gone", To: "a"}}, []string{"a"}},
		"edge to itself":    {tasks("a"), []job.Edge{{From: "a", To: "a"}}, []string{"a"}},
		"cycle comes last":  {tasks("a", "b", "s"), []job.Edge{{From: "a", To: "b"}, {From: "b", To: "a"}}, []string{"s", "a", "b"}},
		"below a cycle too": {tasks("a", "b", "c"), []job.Edge{{From: "a", To: "b"}, {From: "b", To: "a"}, {From: "b", To: "c"}}, []string{"a", "b", "c"}},
		"unconnected parts": {tasks("a", "b", "c"), []job.Edge{{From: "b", To: "c"}}, []string{"a", "b", "c"}},
		"a repeated edge":   {tasks("a", "b"), []job.Edge{{From: "a", To: "b"}, {From: "a", To: "b"}}, []string{"a", "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			graph := job.NewGraph(c.tasks, c.edges)
			got := []string{}
			for i, task := range graph.Tasks {
				got = append(got, task.ID)
				for _, input := range task.Inputs {
					if !slices.Contains(graph.Tasks[input].Outputs, i) {
						t.Errorf("%s is an input of %s, which is no output of it", graph.Tasks[input].ID, task.ID)
					}
				}
				if len(task.Inputs) > 2 || len(task.Outputs) > 2 {
					t.Errorf("%s has inputs %v and outputs %v", task.ID, task.Inputs, task.Outputs)
				}
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("order %v, want %v", got, c.want)
			}
		})
	}
}

// The second of a name gets a number that no name bears as written.
func TestEqualNamesBecomeDistinct(t *testing.T) {
	for _, c := range []struct{ names, want []string }{
		{[]string{"a", "b"}, []string{"a", "b"}},
		{[]string{"map", "map", "map"}, []string{"map", "map #2", "map #3"}},
		{[]string{"map", "map #2", "map"}, []string{"map", "map #2", "map #3"}},
		{[]string{"", ""}, []string{"", " #2"}},
	} {
		if got := job.Distinct(c.names); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q became %q, want %q", c.names, got, c.want)
		}
	}
}

// Many equal names take no longer than others, also where others bear the numbers.
func TestManyEqualNames(t *testing.T) {
	work := func(count int) float64 {
		names := make([]string, 2*count)
		for n := range count {
			names[2*n], names[2*n+1] = "x", fmt.Sprintf("x #%d", n)
		}
		return testing.AllocsPerRun(1, func() { job.Distinct(names) })
	}
	if few, many := work(500), work(5000); many > 15*few {
		t.Errorf("ten times as many names take %.0f allocations in place of %.0f", many, few)
	}
}
