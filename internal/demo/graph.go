package demo

import (
	"slices"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// task is a node of a job's graph. Inputs and outputs are positions in it.
type task struct {
	id, title, colour, status string
	busy, backpressured       string
	inputs, outputs           []int
}

// graphOf reads a job's part of the node graph, in topological order: every
// task comes after its inputs, and chains stay together.
func graphOf(frames data.Frames, jobID string) ([]task, error) {
	nodes, err := rowsOf(frames, "nodes", "id", "title", "mainstat", "secondarystat", "color", "status")
	if err != nil {
		return nil, err
	}
	edges, err := rowsOf(frames, "edges", "source", "target")
	if err != nil {
		return nil, err
	}
	var tasks []task
	at := map[string]int{}
	for row := range nodes.len() {
		id := nodes.text("id", row)
		if !strings.HasPrefix(id, jobID+"/") {
			continue
		}
		at[id] = len(tasks)
		tasks = append(tasks, task{
			id: id, title: nodes.text("title", row),
			colour: nodes.text("color", row), status: nodes.text("status", row),
			busy: nodes.text("mainstat", row), backpressured: nodes.text("secondarystat", row),
		})
	}
	for row := range edges.len() {
		from, known := at[edges.text("source", row)]
		to, alsoKnown := at[edges.text("target", row)]
		if known && alsoKnown && !slices.Contains(tasks[to].inputs, from) {
			tasks[to].inputs = append(tasks[to].inputs, from)
			tasks[from].outputs = append(tasks[from].outputs, to)
		}
	}
	return reordered(tasks, topological(tasks)), nil
}

// topological lists positions so that inputs come first, following a chain to
// its end before the next begins. What is in a cycle comes last.
func topological(tasks []task) (order []int) {
	placed := make([]bool, len(tasks))
	missing := make([]int, len(tasks))
	var ready []int // a stack: the last is next
	for i := len(tasks) - 1; i >= 0; i-- {
		if missing[i] = len(tasks[i].inputs); missing[i] == 0 {
			ready = append(ready, i)
		}
	}
	for len(ready) > 0 {
		next := ready[len(ready)-1]
		ready, order, placed[next] = ready[:len(ready)-1], append(order, next), true
		for _, output := range slices.Backward(tasks[next].outputs) {
			if missing[output]--; missing[output] == 0 {
				ready = append(ready, output)
			}
		}
	}
	for i := range tasks {
		if !placed[i] {
			order = append(order, i)
		}
	}
	return order
}

// reordered puts the tasks in that order, with edges that go backward left out.
func reordered(tasks []task, order []int) []task {
	position := make([]int, len(tasks))
	for to, from := range order {
		position[from] = to
	}
	sorted := make([]task, len(tasks))
	for to, from := range order {
		sorted[to] = tasks[from]
		sorted[to].inputs, sorted[to].outputs = nil, nil
	}
	for from, task := range tasks {
		for _, output := range task.outputs {
			if from, to := position[from], position[output]; from < to {
				sorted[from].outputs = append(sorted[from].outputs, to)
				sorted[to].inputs = append(sorted[to].inputs, from)
			}
		}
	}
	return sorted
}

const free = -1

// lanes draws a graph a line a task: each edge runs down a lane of its own
// from the line of its input to the line of the task that reads it. A source
// is a circle, any other task a disc.
type lanes []int // the task that the edge in this lane leads to, or free

// draw returns a line for each of the tasks, which are in topological order.
func draw(tasks []task) []string {
	lines := make([]string, len(tasks))
	var l lanes
	for i, task := range tasks {
		lines[i] = l.step(i, task.outputs)
	}
	return lines
}

// step draws one task and moves on to what is below it.
func (l *lanes) step(task int, outputs []int) string {
	var ending, starting []int
	for lane, target := range *l {
		if target == task {
			ending = append(ending, lane)
		}
	}
	symbol := "●"
	if len(ending) == 0 {
		symbol, ending = "○", []int{l.take(0)}
	}
	node := ending[0]
	for i, output := range outputs {
		lane := node
		if i > 0 {
			lane = l.take(node + 1)
			starting = append(starting, lane)
		}
		(*l)[lane] = output
	}
	if len(outputs) == 0 {
		(*l)[node] = free
	}
	line := l.line(symbol, node, ending[1:], starting)
	for _, lane := range ending[1:] {
		(*l)[lane] = free
	}
	return line
}

// take finds a free lane from the given one on, or adds one.
func (l *lanes) take(from int) int {
	for lane := from; lane < len(*l); lane++ {
		if (*l)[lane] == free {
			return lane
		}
	}
	*l = append(*l, free)
	return len(*l) - 1
}

// line draws the node, the edges that end at it and start from it to its
// right, and those that pass by.
func (l *lanes) line(symbol string, node int, ending, starting []int) string {
	last := slices.Max(append(append([]int{node}, ending...), starting...))
	var line strings.Builder
	for lane, target := range *l {
		across := lane > node && lane <= last
		if lane > 0 {
			line.WriteString(choose(across, "─", " "))
		}
		switch {
		case lane == node:
			line.WriteString(symbol)
		case slices.Contains(ending, lane):
			line.WriteString(choose(lane == last, "┘", "┴"))
		case slices.Contains(starting, lane):
			line.WriteString(choose(lane == last, "┐", "┬"))
		case target == free:
			line.WriteString(choose(across, "─", " "))
		default:
			line.WriteString(choose(across, "┼", "│"))
		}
	}
	return line.String()
}

func choose(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}
