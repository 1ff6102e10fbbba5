package frame

import (
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Job is what every view of a job is made from: the verdict, with its snapshot,
// on how its tasks spent their time.
type Job struct {
	// Cluster is the name of the cluster, the label that users chose.
	Cluster string
	*diagnosis.Verdict
	// Ended is set where a measure's values are those of a job that has ended: the
	// verdict is what was measured last, or nothing.
	Ended bool
	// Pages are those of the cluster's own UI.
	Pages Pages
	// Tasks are the tasks chosen, as indexes into the graph, in its order.
	Tasks []int
	// Details split the backpressure of each task's subtasks, if a query asked
	// for it.
	Details [][]job.Detail
	// Past has for each task of the graph what only history shows; nil where
	// there is none.
	Past []TaskPast
	// Evidence has for each of the verdict's root causes what further requests showed
	// of it; nil where none were made.
	Evidence []Evidence
	// Trend is how the job did over the query's range; nil where that was not asked for,
	// or there is no history.
	Trend *Trend
	// Scaled is what its tasks could process; nil where that was not asked for, or
	// nothing was measured.
	Scaled *Scaled
	// Alternation is set where the bottleneck takes turns between tasks.
	Alternation *diagnosis.Alternation
}

// Evidence is what further requests showed of a root cause, in sentences.
type Evidence struct {
	// Reasons are why it is one: the code that takes its time, what its machines lack.
	Reasons []string
	// Effects are what follows from it: checkpoints that take long, tasks that are stuck.
	Effects []string
}

// Trend is how a job did over a range.
type Trend struct {
	// At is when each of several parts of the range begins, which are equally long, oldest
	// first, and Severity the worst in it; unknown where nothing was measured.
	At       []time.Time
	Severity []job.Share
	// Restarts is how often it restarted; NaN if not known.
	Restarts float64
}

// turn is when a task was the root cause, if it takes turns.
func (j Job) turn(task int) (turn diagnosis.Turn, takes bool) {
	return j.Alternation.Turn(j.task(task).ID)
}

// TaskPast is what only history shows of a task.
type TaskPast struct {
	// Since is when it became the root cause that it is, zero if it is none.
	Since time.Time
	// AtLeast is set if it was one already where the history begins.
	AtLeast bool
	// Blame is the share of the query's range in which it was a root cause; NaN
	// if not known.
	Blame float64
}

// task is one of the job's tasks.
func (j Job) task(task int) job.Task { return j.Snapshot.Graph.Tasks[task] }

// load is how a task spent its time.
func (j Job) load(task int) *job.TaskLoad { return &j.Snapshot.Tasks[task] }

// whole reports whether all tasks are chosen.
func (j Job) whole() bool { return len(j.Tasks) == len(j.Snapshot.Tasks) }

// shared returns what make returns, which depends on nothing but the key, the
// verdict and the tasks: where all are chosen it is made once for the verdict.
func shared[T any](j Job, key any, make func() T) T {
	if !j.whole() {
		return make()
	}
	return j.Once(key, func() any { return make() }).(T)
}

// viewKey is the key of what a view shows of one job, but for what only history shows.
type viewKey struct {
	view, cluster string
	pages         Pages
}

func (j Job) keyOf(view string) viewKey { return viewKey{view, j.Cluster, j.Pages} }

// taskManagersKey is the key of [Job.TaskManagers].
type taskManagersKey struct{}

// TaskManagers are those that subtasks of the tasks chosen run on, in the order
// of their names.
func (j Job) TaskManagers() []string { return shared(j, taskManagersKey{}, j.listTaskManagers) }

func (j Job) listTaskManagers() (names []string) {
	seen := map[string]bool{}
	for _, task := range j.Tasks {
		subtasks := j.load(task).Subtasks
		for i := range subtasks {
			if name := subtasks[i].TaskManager; name != "" && !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// worstStatus is the highest status among the tasks chosen.
func (j Job) worstStatus() diagnosis.Status {
	worst := diagnosis.Unknown
	for _, task := range j.Tasks {
		worst = max(worst, j.TaskStatus(task))
	}
	return worst
}

// Labels name the values of a job's measure: of the job, of each task chosen, of
// each of their subtasks, or of each TaskManager that these run on.
func (j Job) Labels(by diagnosis.By) (all []data.Labels) {
	ofJob := data.Labels{"cluster": j.Cluster, "job": j.Snapshot.Job.Name}
	switch by {
	case diagnosis.ByJob:
		return []data.Labels{ofJob}
	case diagnosis.ByTaskManager:
		for _, name := range j.TaskManagers() {
			all = append(all, with(ofJob, "taskmanager", name))
		}
		return all
	}
	for _, task := range j.Tasks {
		ofTask := with(ofJob, "task", j.task(task).Name)
		if by == diagnosis.ByTask {
			all = append(all, ofTask)
			continue
		}
		for _, load := range j.load(task).Subtasks {
			all = append(all, with(ofTask, "subtask", strconv.Itoa(load.Subtask)))
		}
	}
	return all
}

// Hosts are where each of the job's subtasks or TaskManagers is, in the order of its
// labels; nil for what is of neither.
func (j Job) Hosts(by diagnosis.By) (all []string) {
	switch by {
	case diagnosis.BySubtask:
		for _, task := range j.Tasks {
			for i := range j.load(task).Subtasks {
				all = append(all, j.load(task).Subtasks[i].Host)
			}
		}
	case diagnosis.ByTaskManager:
		names := j.TaskManagers()
		all = make([]string, len(names))
		for _, task := range j.Tasks {
			subtasks := j.load(task).Subtasks
			for i := range subtasks {
				if at, found := slices.BinarySearch(names, subtasks[i].TaskManager); found {
					all[at] = subtasks[i].Host
				}
			}
		}
	}
	return all
}

// Values are the measure's, in the order of the job's labels; NaN is not known.
func (j Job) Values(measure diagnosis.Measure, by diagnosis.By) (all []float64) {
	if j.Ended {
		return slices.Repeat([]float64{measure.Ended()}, len(j.Labels(by)))
	}
	switch by {
	case diagnosis.ByJob:
		return []float64{j.value(measure)}
	case diagnosis.ByTaskManager:
		return j.taskManagerValues(measure)
	}
	for _, task := range j.Tasks {
		if by == diagnosis.ByTask {
			all = append(all, j.taskValue(measure, task))
			continue
		}
		subtasks := j.load(task).Subtasks
		for i := range subtasks {
			if measure.Origin == diagnosis.FromRange {
				all = append(all, j.blame(task))
			} else {
				all = append(all, measure.Subtask(j.Verdict, task, &subtasks[i]))
			}
		}
	}
	return all
}

// value is that of the job.
func (j Job) value(measure diagnosis.Measure) float64 {
	if measure.Origin != diagnosis.FromRange {
		return measure.Job(j.Verdict, j.Tasks)
	}
	worst := math.NaN()
	for _, task := range j.Tasks {
		worst = measure.Worse(worst, j.blame(task))
	}
	return worst
}

func (j Job) taskValue(measure diagnosis.Measure, task int) float64 {
	if measure.Origin == diagnosis.FromRange {
		return j.blame(task)
	}
	return measure.Task(j.Verdict, task)
}

// blame is for how much of the query's range the task was a root cause.
func (j Job) blame(task int) float64 {
	if j.Past == nil {
		return math.NaN()
	}
	return j.Past[task].Blame
}

// taskManagerValues are those of the worst subtask on each TaskManager, or their sum.
func (j Job) taskManagerValues(measure diagnosis.Measure) []float64 {
	names := j.TaskManagers()
	values, doubtful, summed := make([]float64, len(names)), make([]bool, len(names)), make([]bool, len(names))
	anywhere := false // a subtask that was not measured may run on any of them
	for i := range values {
		values[i] = math.NaN()
	}
	for _, task := range j.Tasks {
		subtasks := j.load(task).Subtasks
		for i := range subtasks {
			at, found := slices.BinarySearch(names, subtasks[i].TaskManager)
			anywhere = anywhere || !found && subtasks[i].Missing() && subtasks[i].Why != job.Missing && !j.task(task).NotBegun(j.Snapshot.Job)
			switch {
			case !found:
			case measure.Origin == diagnosis.FromRange:
				values[at] = measure.Worse(values[at], j.blame(task))
			case measure.Sum && subtasks[i].State == job.Finished: // it sends no more
			case measure.Sum: // one that is not known makes it unknown
				value := measure.Subtask(j.Verdict, task, &subtasks[i])
				if summed[at] {
					value += values[at]
				}
				values[at], summed[at] = value, true
			default:
				values[at] = measure.Worse(values[at], measure.Subtask(j.Verdict, task, &subtasks[i]))
				doubtful[at] = doubtful[at] || subtasks[i].Missing()
			}
		}
	}
	if !measure.Sum {
		for i := range values {
			values[i] = measure.OrUnknown(values[i], doubtful[i] || anywhere)
		}
	}
	return values
}

func with(labels data.Labels, name, value string) data.Labels {
	more := labels.Copy()
	more[name] = value
	return more
}
