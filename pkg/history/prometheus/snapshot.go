package prometheus

import (
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// snapshot is what the job's subtasks did in the window before a point. Where
// none was there, the state of the job is not known.
func (r *reading) snapshot(of *layout, point int, at time.Time) (*job.Snapshot, error) {
	loads, all := make([][]job.SubtaskLoad, len(of.tasks)), make([]job.SubtaskLoad, 0, of.subtasks)
	there, any, deployed := make([]int, len(of.tasks)), false, r.deployed(point)
	for task := range of.tasks {
		begin := len(all)
		for subtask, attempts := range of.during(task, deployed) {
			load, err := r.load(subtask, attempts, point)
			if err != nil {
				return nil, err
			}
			if all = append(all, load); load.Why != job.Missing {
				there[task], any = there[task]+1, true
			}
		}
		loads[task] = all[begin:len(all):len(all)]
	}
	return r.measured(of, loads, there, any, at), nil
}

// blank is the snapshot of a time at which nothing was there.
func (r *reading) blank(of *layout, at time.Time) *job.Snapshot {
	loads := make([][]job.SubtaskLoad, len(of.tasks))
	for task, subtasks := range of.tasks {
		loads[task] = make([]job.SubtaskLoad, len(subtasks))
		for subtask := range subtasks {
			loads[task][subtask] = job.UnknownLoad(subtask, job.Running, job.Missing)
		}
	}
	return r.measured(of, loads, make([]int, len(of.tasks)), false, at)
}

// measured makes the snapshot. The subtasks of a task of which none was there
// are in the state of the task.
func (r *reading) measured(of *layout, loads [][]job.SubtaskLoad, there []int, any bool, at time.Time) *job.Snapshot {
	graph := of.at(loads, there)
	for task, subtasks := range loads {
		if there[task] == 0 {
			for i := range subtasks {
				subtasks[i].State = graph.Tasks[task].State
			}
		}
	}
	info := job.Info{ID: r.key.JobID, Name: r.name}
	if any {
		info.State = job.Running
	}
	return job.FromLoads(job.Snapshot{
		Job: info, Graph: graph, At: at, From: at.Add(-r.window), To: at, Source: job.FromPrometheus,
	}, loads)
}
