package prometheus

import (
	"cmp"
	"slices"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// layout says whose loads a chunk's snapshots have.
type layout struct {
	graph *job.Graph
	// tasks has for each task of the graph and each of its subtasks the
	// attempts that were there in the chunk.
	tasks [][][]*attempt
	// subtasks is how many there are of all tasks.
	subtasks int
	// last is the graph of the snapshot before.
	last *job.Graph
}

// layouts sort the attempts of a chunk: by the graph and, where the metrics
// name tasks that it lacks, by those, as of a job that had the id before.
func (r *reading) layouts() []*layout {
	if r.graph == nil {
		return []*layout{r.layout(r.named(nil))}
	}
	all := []*layout{r.layout(r.graph)}
	if before := r.named(r.graph); len(before.Tasks) > 0 {
		all = append(all, r.layout(before))
	}
	return all
}

// layout sorts the attempts of a graph's tasks. A subtask that the graph has
// and the metrics lack has a place, as has each of any deployment.
func (r *reading) layout(graph *job.Graph) *layout {
	of := &layout{graph: graph}
	of.tasks = make([][][]*attempt, len(of.graph.Tasks))
	index := make(map[string]int, len(of.graph.Tasks))
	for i, task := range of.graph.Tasks {
		index[task.ID] = i
		places := min(task.Parallelism, mostParallel)
		for _, each := range r.present {
			places = max(places, each.parallelism[task.ID])
		}
		of.tasks[i], of.subtasks = make([][]*attempt, places), of.subtasks+places
	}
	for _, attempt := range r.attempts {
		task, known := index[attempt.task]
		if !known || attempt.values[backpressured] == nil {
			continue
		}
		r.name = attempt.jobName
		of.tasks[task][attempt.subtask] = append(of.tasks[task][attempt.subtask], attempt)
	}
	return of
}

// during are the subtasks that a task has in any of the deployments: all, which
// are missing then, if it was never seen in one.
func (l *layout) during(task int, deployed []*deployment) [][]*attempt {
	parallelism := 0
	for _, each := range deployed {
		parallelism = max(parallelism, each.parallelism[l.graph.Tasks[task].ID])
	}
	if parallelism == 0 {
		return l.tasks[task]
	}
	return l.tasks[task][:parallelism]
}

// named is a graph of the tasks that the metrics have named so far, by name,
// but for those of another graph.
func (r *reading) named(but *job.Graph) *job.Graph {
	known := map[string]bool{}
	if but != nil {
		for _, task := range but.Tasks {
			known[task.ID] = true
		}
	}
	for _, attempt := range r.attempts {
		if known[attempt.task] {
			continue
		}
		task := r.tasks[attempt.task]
		task.ID, task.Name = attempt.task, cmp.Or(attempt.taskName, attempt.task)
		task.Parallelism = max(task.Parallelism, attempt.subtask+1)
		r.tasks[attempt.task] = task
	}
	tasks := make([]job.Task, 0, len(r.tasks))
	for _, task := range r.tasks {
		tasks = append(tasks, task)
	}
	slices.SortFunc(tasks, func(a, b job.Task) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	graph := job.NewGraph(tasks, nil)
	graph.EdgesUnknown = true
	return graph
}

// at is the graph at a time, by the subtasks of each task and how many of them
// were there: that of the snapshot before, if nothing changed.
func (l *layout) at(loads [][]job.SubtaskLoad, there []int) *job.Graph {
	tasks := slices.Clone(l.graph.Tasks)
	same := l.last != nil
	for i := range tasks {
		task := &tasks[i]
		task.Parallelism, task.Running = len(loads[i]), there[i]
		task.State = stateOf(task.State, there[i])
		same = same && task.Running == l.last.Tasks[i].Running && task.Parallelism == l.last.Tasks[i].Parallelism
	}
	if !same {
		l.last = &job.Graph{Tasks: tasks, EdgesUnknown: l.graph.EdgesUnknown}
	}
	return l.last
}

// stateOf is the state of a task at a time at which so many of its subtasks
// were there: one that has ended since had ended then if none was.
func stateOf(now job.State, there int) job.State {
	switch {
	case there > 0:
		return job.Running
	case now.Terminal():
		return now
	default:
		return ""
	}
}
