package plugin

import (
	"context"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// namesThen are what a variable lists of a job as it was.
var namesThen = map[string]func(shown frame.Job) []string{
	"jobs":         func(shown frame.Job) []string { return []string{shown.Snapshot.Job.Name} },
	"tasks":        taskNamesThen,
	"subtasks":     subtaskNamesThen,
	"taskmanagers": taskManagerNamesThen,
}

// variableThen lists the names that there were at the end of the query's range:
// of TaskManagers those that the jobs ran on.
func (a asking) variableThen(ctx context.Context, begun []found) (data.Frames, error) {
	answer, err := a.then(ctx, begun)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, shown := range answer.Jobs {
		names = append(names, namesThen[a.Variable](shown)...)
	}
	return frame.Variable(answer, distinct(names)), nil
}

func taskNamesThen(shown frame.Job) (names []string) {
	for _, i := range shown.Tasks {
		names = append(names, shown.Snapshot.Graph.Tasks[i].Name)
	}
	return names
}

func subtaskNamesThen(shown frame.Job) []string {
	most := 0
	for _, i := range shown.Tasks {
		most = max(most, shown.Snapshot.Graph.Tasks[i].Parallelism)
	}
	return indexes(most)
}

func taskManagerNamesThen(shown frame.Job) (names []string) {
	for _, i := range shown.Tasks {
		for _, load := range shown.Snapshot.Tasks[i].Subtasks {
			if load.TaskManager != "" {
				names = append(names, load.TaskManager)
			}
		}
	}
	return names
}
