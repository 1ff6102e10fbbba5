package job

import "slices"

// Task is one node of a job's graph: Flink's job vertex, a chain of operators
// that run in the same threads.
type Task struct {
	// ID is Flink's vertex id; it repeats in other jobs of the same program.
	ID string
	// Name is unique within its job: see [Distinct].
	Name           string
	Parallelism    int
	MaxParallelism int
	State          State
	// Running and Finished count the subtasks in these states.
	Running, Finished int
	// Inputs and Outputs are the direct neighbours, as indexes into
	// [Graph.Tasks].
	Inputs, Outputs []int
	// Forward is, for each of Inputs, whether subtask i reads from its subtask i alone.
	Forward []bool
	// Keyed is whether an input reaches it by the hash of a key: its subtasks then get
	// whole key groups, of which there are as many as MaxParallelism.
	Keyed bool
}

// Source reports whether the task reads from outside the job.
func (t Task) Source() bool { return len(t.Inputs) == 0 }

// NotBegun reports whether the task of such a job waits for its turn, as one of a batch job
// does whose inputs have not ended: it holds nothing back, and is CREATED until then, as no
// task of a stream is for long. Before 1.14 Flink does not report the job's type.
func (t Task) NotBegun(of Info) bool { return t.State == "CREATED" && of.Type != Streaming }

// Graph is the shape of a job: its tasks in topological order, sources first.
type Graph struct {
	Tasks []Task
	// EdgesUnknown is set where the tasks are known but not how they are
	// connected: a task without inputs need not be a source then.
	EdgesUnknown bool
	// TooManyEdges is set where that is so because there are too many.
	TooManyEdges bool
}

// Edge is a connection between two tasks, by their ids. It is Forward where subtask i
// sends to subtask i alone (Flink's ship strategy FORWARD), rather than to all, and Keyed
// where the hash of a key decides which subtask gets a record (HASH).
type Edge struct {
	From, To       string
	Forward, Keyed bool
}

// NewGraph orders the tasks topologically, keeping the given order where the
// edges leave a choice, makes equal names distinct and connects them. Edges to
// unknown tasks and repeated edges are left out; tasks on a cycle, which no
// Flink job has, come last.
func NewGraph(tasks []Task, edges []Edge) *Graph {
	inputs, outputs, forward, keyed := neighbours(tasks, edges)
	order := topological(inputs, outputs)
	at := make([]int, len(tasks))
	for position, index := range order {
		at[index] = position
	}
	sorted := make([]Task, len(tasks))
	for position, index := range order {
		task := tasks[index]
		task.Inputs = moved(inputs[index], at)
		task.Outputs = moved(outputs[index], at)
		task.Forward, task.Keyed = forward[index], keyed[index]
		sorted[position] = task
	}
	rename(sorted)
	return &Graph{Tasks: sorted}
}

// neighbours lists each task's inputs and outputs by index, and which inputs are
// forward: of several edges between two tasks, all have to be. A task is keyed if any
// of its edges is.
func neighbours(tasks []Task, edges []Edge) (inputs, outputs [][]int, forward [][]bool, keyed []bool) {
	index := make(map[string]int, len(tasks))
	for i, task := range tasks {
		index[task.ID] = i
	}
	inputs, outputs, forward = make([][]int, len(tasks)), make([][]int, len(tasks)), make([][]bool, len(tasks))
	keyed = make([]bool, len(tasks))
	type ends struct{ from, to int }
	seen := make(map[ends]int, len(edges)) // its place among the inputs
	for _, edge := range edges {
		from, known := index[edge.From]
		to, alsoKnown := index[edge.To]
		if !known || !alsoKnown || from == to {
			continue
		}
		keyed[to] = keyed[to] || edge.Keyed
		if at, again := seen[ends{from, to}]; again {
			forward[to][at] = forward[to][at] && edge.Forward
			continue
		}
		seen[ends{from, to}] = len(inputs[to])
		inputs[to], forward[to] = append(inputs[to], from), append(forward[to], edge.Forward)
		outputs[from] = append(outputs[from], to)
	}
	return inputs, outputs, forward, keyed
}

// topological is Kahn's algorithm, taking the first in the given order of the
// tasks that are ready; what it cannot reach lies on a cycle.
func topological(inputs, outputs [][]int) []int {
	waiting := make([]int, len(inputs))
	var ready, order []int // ready is in ascending order
	for i := range inputs {
		if waiting[i] = len(inputs[i]); waiting[i] == 0 {
			ready = append(ready, i)
		}
	}
	for len(ready) > 0 {
		next := ready[0]
		ready, order = ready[1:], append(order, next)
		for _, to := range outputs[next] {
			if waiting[to]--; waiting[to] == 0 {
				at, _ := slices.BinarySearch(ready, to)
				ready = slices.Insert(ready, at, to)
			}
		}
	}
	for i := range inputs {
		if waiting[i] > 0 {
			order = append(order, i)
		}
	}
	return order
}

func moved(indexes, at []int) []int {
	positions := make([]int, len(indexes))
	for i, index := range indexes {
		positions[i] = at[index]
	}
	return positions
}

func rename(tasks []Task) {
	names := make([]string, len(tasks))
	for i, task := range tasks {
		names[i] = task.Name
	}
	for i, name := range Distinct(names) {
		tasks[i].Name = name
	}
}
