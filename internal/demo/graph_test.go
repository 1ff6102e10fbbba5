package demo

import (
	"strings"
	"testing"
)

func TestDraw(t *testing.T) {
	for name, test := range map[string]struct {
		edges [][2]int
		tasks int
		want  string
	}{
		"chain": {[][2]int{{0, 1}, {1, 2}}, 3, `
○
●
●`},
		"two branches": {[][2]int{{0, 3}, {1, 2}, {2, 3}}, 4, `
○
│ ○
│ ●
●─┘`},
		"diamond of three": {[][2]int{{0, 1}, {0, 2}, {0, 3}, {1, 4}, {2, 4}, {3, 4}}, 5, `
○─┬─┐
● │ │
│ ● │
│ │ ●
●─┴─┘`},
		"crossing": {[][2]int{{0, 2}, {0, 3}, {1, 2}}, 4, `
○─┐
│ │ ○
●─┼─┘
  ●`},
		"two graphs": {[][2]int{{0, 1}, {2, 3}}, 4, `
○
●
○
●`},
		"freed lanes": {[][2]int{{0, 1}, {0, 2}, {3, 4}, {2, 4}}, 5, `
○─┐
● │
  ●
○ │
●─┘`},
	} {
		t.Run(name, func(t *testing.T) {
			lines := draw(drawn(test.tasks, test.edges))
			for i := range lines {
				lines[i] = strings.TrimRight(lines[i], " ")
			}
			if got := strings.Join(lines, "\n"); got != strings.TrimPrefix(test.want, "\n") {
				t.Errorf("got\n%s\nwant%s", got, test.want)
			}
		})
	}
}

func TestTopologicalLeavesCyclesForTheEnd(t *testing.T) {
	tasks := drawn(4, [][2]int{{1, 2}, {2, 1}, {0, 1}, {0, 3}})
	sorted := reordered(tasks, topological(tasks))
	edges := 0
	for position, task := range sorted {
		for _, output := range task.outputs {
			edges++
			if output <= position {
				t.Errorf("%d leads back to %d", position, output)
			}
		}
	}
	if edges != 3 {
		t.Errorf("%d edges are left, want all but one of 4", edges)
	}
}

func drawn(count int, edges [][2]int) []task {
	tasks := make([]task, count)
	for _, edge := range edges {
		from, to := edge[0], edge[1]
		tasks[from].outputs = append(tasks[from].outputs, to)
		tasks[to].inputs = append(tasks[to].inputs, from)
	}
	return tasks
}
