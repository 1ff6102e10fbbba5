package frame

import (
	"math"
	"slices"
	"strconv"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// Labels name the values of a job's measure: of the job, of each task asked
// for, of each of their subtasks, or of each TaskManager that these run on.
func (j Job) Labels(by By) (all []data.Labels) {
	ofJob := data.Labels{"cluster": j.Cluster, "job": j.Snapshot.Job.Name}
	switch by {
	case ByJob:
		return []data.Labels{ofJob}
	case ByTaskManager:
		for _, name := range j.taskManagers() {
			all = append(all, with(ofJob, "taskmanager", name))
		}
		return all
	}
	for _, task := range j.Tasks {
		ofTask := with(ofJob, "task", j.Snapshot.Graph.Tasks[task].Name)
		if by == ByTask {
			all = append(all, ofTask)
			continue
		}
		for _, load := range j.Snapshot.Tasks[task].Subtasks {
			all = append(all, with(ofTask, "subtask", strconv.Itoa(load.Subtask)))
		}
	}
	return all
}

// Values are the measure's, in the order of the job's labels; NaN is not known.
func (m Measure) Values(j Job, by By) (all []float64) {
	switch by {
	case ByJob:
		return []float64{m.ofJob(j)}
	case ByTaskManager:
		return m.ofTaskManagers(j)
	}
	for _, task := range j.Tasks {
		if by == ByTask {
			all = append(all, m.ofTask(j, task))
			continue
		}
		for _, load := range j.Snapshot.Tasks[task].Subtasks {
			all = append(all, m.ofSubtask(j, task, load))
		}
	}
	return all
}

// taskManagers are those that subtasks asked for run on, in the order of their
// names.
func (j Job) taskManagers() (names []string) {
	for _, task := range j.Tasks {
		for _, load := range j.Snapshot.Tasks[task].Subtasks {
			if load.TaskManager != "" && !slices.Contains(names, load.TaskManager) {
				names = append(names, load.TaskManager)
			}
		}
	}
	slices.Sort(names)
	return names
}

// ofTaskManagers are the values of the worst subtask on each TaskManager.
func (m Measure) ofTaskManagers(j Job) []float64 {
	names := j.taskManagers()
	values := make([]float64, len(names))
	for i := range values {
		values[i] = math.NaN()
	}
	for _, task := range j.Tasks {
		for _, load := range j.Snapshot.Tasks[task].Subtasks {
			if at, found := slices.BinarySearch(names, load.TaskManager); found {
				values[at] = m.Worse(values[at], m.ofSubtask(j, task, load))
			}
		}
	}
	return values
}

// Worse is the worse of two values; what is known is worse than what is not.
func (m Measure) Worse(a, b float64) float64 {
	if math.IsNaN(a) || !m.lowIsWorse && b > a || m.lowIsWorse && b < a {
		return b
	}
	return a
}

// ofJob is the value of the job's worst task.
func (m Measure) ofJob(j Job) float64 {
	if m.job != nil {
		return m.job(j)
	}
	worst := math.NaN()
	for _, task := range j.Tasks {
		worst = m.Worse(worst, m.ofTask(j, task))
	}
	return worst
}

func with(labels data.Labels, name, value string) data.Labels {
	more := labels.Copy()
	more[name] = value
	return more
}
