// Package frame turns snapshots and verdicts into Grafana's data frames: one
// file a query type. A frame depends on nothing but its arguments.
package frame

import (
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Job is what every view is made from: how a job's tasks spent their time and
// what that means.
type Job struct {
	// Cluster is the name of the cluster, the label that users chose.
	Cluster  string
	Snapshot *job.Snapshot
	Verdict  diagnosis.Verdict
	// Tasks are the tasks asked for, as indexes into the graph, in its order.
	Tasks []int
	// Details say more of each task's subtasks, if a query asked for it.
	Details [][]job.Detail
	// Past says of each task of the graph what only history tells; nil where
	// there is none.
	Past []TaskPast
}

// TaskPast is what only history tells of a task.
type TaskPast struct {
	// Since is when it became the root cause that it is, zero if it is none.
	Since time.Time
	// Blame is the share of the query's range in which it was a root cause.
	Blame job.Share
}

// Answer is what one query is answered from.
type Answer struct {
	// Jobs were looked at, in the order to show them.
	Jobs []Job
	// Requests counts the Flink requests that this query caused.
	Requests int
	// Notices tell what is partial.
	Notices []data.Notice
	// Then is set where the jobs are shown as they were, not as they are.
	Then bool
}

// Custom is what meta.custom says of every frame. From and To bound the time
// that its shares are measured over; null, like Source, where none is.
type Custom struct {
	From     *time.Time  `json:"from"`
	To       *time.Time  `json:"to"`
	Source   *job.Source `json:"source"`
	Requests int         `json:"requests"`
}

// custom sums up the windows and sources of the jobs: the widest window, the
// most averaged source.
func (a Answer) custom() Custom {
	custom := Custom{Requests: a.Requests}
	for _, j := range a.Jobs {
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

// meta is the metadata of a frame of this answer.
func (a Answer) meta(notices ...data.Notice) *data.FrameMeta {
	return &data.FrameMeta{Custom: a.custom(), Notices: append(append([]data.Notice(nil), a.Notices...), notices...)}
}

// table makes a frame of columns for the table panel.
func (a Answer) table(name string, fields ...*data.Field) data.Frames {
	frame := data.NewFrame(name, fields...)
	frame.Meta = a.meta()
	frame.Meta.PreferredVisualization = data.VisTypeTable
	return data.Frames{frame}
}
