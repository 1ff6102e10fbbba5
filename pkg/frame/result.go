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
	// Series are over time, and LeftOut is how many others there were, which are
	// better than these.
	Series  []Series
	LeftOut int
	// Values are those of a measure that needs no snapshot.
	Values []Value
	// TaskManagers are those of the clusters, in the order to show them.
	TaskManagers []TaskManager
	// Checkpoints and Incidents are those of a time range, newest first.
	Checkpoints []Checkpoint
	Incidents   []Incident
	Events      []Event
	// OnHost and OfKind narrow rows down to what is on a host, and to root causes of a
	// kind; nil for all.
	OnHost func(host string) bool
	OfKind func(kind diagnosis.Kind) bool
	// Names are what a variable offers.
	Names []string
	// Legend is how series are named.
	Legend Legend
	// End is that of the time range: what was since a series' last point may
	// not be known until then.
	End time.Time
	// Requests counts the Flink requests that this query caused.
	Requests int
	// Notices name what is partial.
	Notices []data.Notice
}

// maxNotices is how many notices an answer has.
const maxNotices = 100

// Add adds notices that are not there yet, as many as an answer has.
func (r *Result) Add(notices ...data.Notice) {
	for _, notice := range notices {
		switch {
		case len(r.Notices) > maxNotices:
			return
		case slices.Contains(r.Notices, notice):
		case len(r.Notices) == maxNotices:
			r.Notices = append(r.Notices, data.Notice{Severity: data.NoticeSeverityWarning, Text: "There are more notices than are shown: choose clusters, jobs or tasks in the query."})
		default:
			r.Notices = append(r.Notices, notice)
		}
	}
}

// Custom is meta.custom of every frame. From and To bound the time that its
// shares are measured over; null, like Source, where none is.
type Custom struct {
	From     *time.Time  `json:"from"`
	To       *time.Time  `json:"to"`
	Source   *job.Source `json:"source"`
	Requests int         `json:"requests"`
	// FlameGraph is what a flame graph is of; nil in all other frames.
	FlameGraph *FlameGraphCustom `json:"flameGraph,omitempty"`
}

// custom sums up the windows and sources of the jobs, and the sources of single
// values: the widest window, the most averaged source.
func (r Result) custom() Custom {
	custom := Custom{Requests: r.Requests}
	for _, j := range r.Jobs {
		s := j.Snapshot
		if s.To.IsZero() || j.Ended {
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
	for i := range r.Values {
		if source := &r.Values[i].Source; *source != "" && (custom.Source == nil || *source > *custom.Source) {
			custom.Source = source
		}
	}
	return custom
}

// meta is the metadata of a frame of this result.
func (r Result) meta(notices ...data.Notice) *data.FrameMeta {
	return &data.FrameMeta{Custom: r.custom(), Notices: append(slices.Clone(r.Notices), notices...)}
}
