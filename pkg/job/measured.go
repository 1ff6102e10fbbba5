package job

// Measured is the snapshot of a job whose subtasks were measured elsewhere, as
// by Prometheus, rather than by two looks. Of the snapshot given it takes the
// job, the graph, the time and the source, which is that of all subtasks known;
// where none is, the window is empty, and so is the source. The loads are in
// the order of the graph's tasks, and of each task in the order of its subtasks.
func Measured(of Snapshot, loads [][]SubtaskLoad) *Snapshot {
	measured := &Snapshot{Job: of.Job, Graph: of.Graph, At: of.At, Tasks: make([]TaskLoad, len(loads))}
	for i, subtasks := range loads {
		for n := range subtasks {
			subtasks[n].source, subtasks[n].from, subtasks[n].to = of.Source, of.From, of.To
		}
		measured.Tasks[i] = summed(TaskLoad{Subtasks: subtasks})
	}
	return bounded(measured)
}

// NotMeasured is the load of a subtask of which nothing is known, and why.
func NotMeasured(subtask int, state State, why Reason) SubtaskLoad {
	return unknown(Reading{Subtask: subtask, State: state}, why)
}
