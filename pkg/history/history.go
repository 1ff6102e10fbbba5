// Package history is what is known of jobs over time. [Source] is implemented
// by package memory, which keeps what was sampled, and by package prometheus,
// which reads what a Prometheus has scraped; [Merged] puts the two together.
package history

import (
	"context"
	"slices"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Source is the past of one cluster's jobs. A job that it does not have, or a
// range of which it keeps nothing, gives an empty answer, not an error. Warnings
// are sentences for the user about what may be missing; they come beside an
// answer, or beside an error.
type Source interface {
	// Jobs lists the jobs that there were in the range, by when they were first
	// seen in it.
	Jobs(ctx context.Context, over Range) ([]Job, Warnings, error)
	// At is the verdict, with its snapshot, on how the job spent its time up to
	// then; nil if there is none. It is shared: nobody may change it.
	At(ctx context.Context, of Job, at time.Time) (*diagnosis.Verdict, Warnings, error)
	// Summaries are the columns asked for of a job and of each of its tasks.
	// They are the caller's, who may change them.
	Summaries(ctx context.Context, query Query) (Summaries, Warnings, error)
	// Snapshots calls visit for the same points as Summaries, in the order of time,
	// until it returns false. Only they have the subtasks.
	Snapshots(ctx context.Context, query Query, visit func(Snapshot) bool) (Warnings, error)
	// Up reports whether the cluster's REST API answered, 1 or 0: one value per
	// step, and one at each change.
	Up(over Range, step time.Duration) (at []diagnosis.Instant, up []float64)
}

// Range is the time from From to To, both included.
type Range struct{ From, To time.Time }

// Contains reports whether a time is in the range.
func (r Range) Contains(at time.Time) bool { return !at.Before(r.From) && !at.After(r.To) }

// Length is how long the range is.
func (r Range) Length() time.Duration { return r.To.Sub(r.From) }

// Job is a job of the past. Ids repeat in other clusters.
type Job struct {
	// ID is Flink's job id.
	ID string
	// Name is the last one in the range that it ran with; if it had ended by then,
	// the one that Flink has. Prometheus may have mangled it.
	Name string
	// Names are all that it had in the range, in turn; none if it had but Name.
	Names []string
	Type  job.Type
	// First and Last are when it was first and last seen in the range.
	First, Last time.Time
	// Graph is how its tasks were connected when it was last known; nil where
	// that is not known.
	Graph *job.Graph
	// TaskManagers are the ids of those that it is known to have run on.
	TaskManagers []string
}

// Query selects one job over a range.
type Query struct {
	Job Job
	Range
	// Step is the distance between points of a source that computes them, such as
	// Prometheus; memory has a point for each sample.
	Step time.Duration
	// Columns are those wanted of each task; none for the job alone.
	Columns []diagnosis.Column
	// Figures are those wanted of the job: each may cost a request.
	Figures []diagnosis.Figure
	// Records is set where rates of records, or the skew of them, are wanted.
	Records bool
}

// Snapshot is a snapshot of the past and its place in time.
type Snapshot struct {
	*job.Snapshot
	// MaxGap is as in [diagnosis.Instant].
	MaxGap time.Duration
}

// Summaries are what is kept of a job over time, column by column.
type Summaries struct {
	// At ascends; Jobs has an entry for each of the instants.
	At   []diagnosis.Instant
	Jobs []diagnosis.JobSummary
	// Tasks are all that the job had in the range: those of the newest graph first,
	// in topological order, then those that existed only earlier.
	Tasks []TaskSummaries
}

// TaskSummaries are a task's columns.
type TaskSummaries struct {
	ID, Name string
	// Columns has one for each column asked for, in that order, with a value for
	// each of [Summaries.At]; NaN is not known.
	Columns [][]float64
}

// Task finds a task by its id, nil if there is none.
func (s Summaries) Task(id string) *TaskSummaries {
	at := slices.IndexFunc(s.Tasks, func(task TaskSummaries) bool { return task.ID == id })
	if at < 0 {
		return nil
	}
	return &s.Tasks[at]
}

// Warnings are sentences about what may be missing, each once.
type Warnings []string

// maxWarnings is how many an answer has.
const maxWarnings = 20

// Add adds those that are not there yet, as many as an answer has.
func (w Warnings) Add(more ...string) Warnings {
	for _, text := range more {
		switch {
		case len(w) > maxWarnings:
			return w
		case slices.Contains(w, text):
		case len(w) == maxWarnings:
			w = append(w, "There are more warnings than are shown.")
		default:
			w = append(w, text)
		}
	}
	return w
}
