package demo

import (
	"slices"
	"strings"
)

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
