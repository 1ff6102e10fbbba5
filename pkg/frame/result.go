// Package frame turns snapshots, verdicts and series into Grafana's data frames:
// one file a view. A frame depends on nothing but its arguments.
package frame

import (
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Result is what one query is answered from: jobs, series over time, single
// values or names, with the warnings and statistics of getting them.
type Result struct {
	// Jobs are those that were chosen, in the order to show them.
	Jobs []Job
	// Series are over time.
	Series []Series
	// Values are those of a measure that needs no snapshot.
	Values []Value
	// Names are what a variable offers.
	Names []string
	// End is that of the time range: what was since a series' last point may
	// not be known until then.
	End time.Time
	// Requests counts the Flink requests that this query caused.
	Requests int
	// Notices say what is partial.
	Notices []data.Notice
}

// Add adds notices that are not there yet.
func (r *Result) Add(notices ...data.Notice) {
	for _, notice := range notices {
		if !slices.Contains(r.Notices, notice) {
			r.Notices = append(r.Notices, notice)
		}
	}
}

// Job is what every view of a job is made from: the verdict, with its snapshot,
// on how its tasks spent their time.
type Job struct {
	// Cluster is the name of the cluster, the label that users chose.
	Cluster string
	*diagnosis.Verdict
	// Tasks are the tasks chosen, as indexes into the graph, in its order.
	Tasks []int
	// Details split the backpressure of each task's subtasks, if a query asked
	// for it.
	Details [][]job.Detail
	// Past has for each task of the graph what only history shows; nil where
	// there is none.
	Past []TaskPast
}

// TaskPast is what only history shows of a task.
type TaskPast struct {
	// Since is when it became the root cause that it is, zero if it is none.
	Since time.Time
	// Blame is the share of the query's range in which it was a root cause; NaN
	// if not known.
	Blame float64
}

// task is one of the job's tasks.
func (j Job) task(task int) job.Task { return j.Snapshot.Graph.Tasks[task] }

// load is how a task spent its time.
func (j Job) load(task int) *job.TaskLoad { return &j.Snapshot.Tasks[task] }

// TaskManagers are those that subtasks of the tasks chosen run on, in the order
// of their names.
func (j Job) TaskManagers() (names []string) {
	seen := map[string]bool{}
	for _, task := range j.Tasks {
		for _, load := range j.load(task).Subtasks {
			if load.TaskManager != "" && !seen[load.TaskManager] {
				seen[load.TaskManager] = true
				names = append(names, load.TaskManager)
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

// Custom is meta.custom of every frame. From and To bound the time that its
// shares are measured over; null, like Source, where none is.
type Custom struct {
	From     *time.Time  `json:"from"`
	To       *time.Time  `json:"to"`
	Source   *job.Source `json:"source"`
	Requests int         `json:"requests"`
}

// custom sums up the windows and sources of the jobs: the widest window, the
// most averaged source.
func (r Result) custom() Custom {
	custom := Custom{Requests: r.Requests}
	for _, j := range r.Jobs {
		s := j.Snapshot
		if s.To.IsZero() {
			continue
		}
		if custom.From == nil || s.From.Before(*custom.From) {
			custom.From = &s.From
		}
		if custom.To == nil || s.To.After(*custom.To) {
			custom.To = &s.To
		}
		if s.Source != "" && (custom.Source == nil || s.Source > *custom.Source) {
			custom.Source = &s.Source
		}
	}
	return custom
}

// meta is the metadata of a frame of this result.
func (r Result) meta(notices ...data.Notice) *data.FrameMeta {
	return &data.FrameMeta{Custom: r.custom(), Notices: append(slices.Clone(r.Notices), notices...)}
}
