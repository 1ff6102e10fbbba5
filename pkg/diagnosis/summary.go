package diagnosis

import (
	"math"
	"slices"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Column is a value of a task that is kept over time.
type Column int

// The columns. Shares are 0 to 1; what is not known is NaN.
const (
	// RootSeverity is the severity of a root cause, 0 where the task was
	// measured and is none.
	RootSeverity Column = iota
	// StatusCode is the task's [Status], without Unknown.
	StatusCode
	MaxBusy
	MaxBackpressured
	MinIdle
	RecordSkew
	// KindCode is the number of the kind of the root cause that the task is, 0 where the
	// task was measured and is none.
	KindCode
	// RecordsIn and RecordsOut are records a second. From here on the built-in history
	// keeps the columns elsewhere than those before: these are what the subtasks add up to.
	RecordsIn
	RecordsOut
	// WatermarkLag is in seconds. Both are there only while somebody asks for them.
	WatermarkLag
	PendingRecords
	// RootSince is when the task became the root cause that it is, in Unix
	// seconds. One snapshot does not show it: [Streak] follows it.
	RootSince
	// Columns is how many there are.
	Columns int = iota
)

// TaskSummary is what is kept of a task, by [Column].
type TaskSummary [Columns]float64

// UnknownTaskSummary is that of a task of which nothing is known.
var UnknownTaskSummary = func() (unknown TaskSummary) {
	for column := range unknown {
		unknown[column] = math.NaN()
	}
	return unknown
}()

// JobSummary is what is kept of a job.
type JobSummary struct {
	// Name is the job's at the time; empty where it is not known.
	Name string
	// Running is 1 while the job and all its tasks run, else 0; NaN if not
	// known.
	Running float64
	// Figures are those that somebody asked for.
	Figures JobFigures
	// RecordsIn and RecordsOut are the records a second that enter and leave the job;
	// NaN if not known.
	RecordsIn, RecordsOut float64
	// Ended is set where the job had ended.
	Ended bool
	// Clear is set where nothing held the job back.
	Clear bool
	// Complete is set where every subtask that ran or was about to was measured.
	Complete bool
	// EdgesUnknown is set where it is not known how the tasks are connected,
	// and so whether any holds the job back.
	EdgesUnknown bool
	// From and To bound the time that the shares are measured over; zero where
	// nothing was measured.
	From, To time.Time
	// Source is where the shares come from; empty where nothing was measured.
	Source job.Source
}

// Severity is the severity of the job among some of its tasks, as [Measure.Job] has it
// for a verdict: worst is the highest among theirs, blamed is set where any task of the
// job has one above 0, and doubtful where one of theirs is not known.
func (j JobSummary) Severity(worst float64, blamed, doubtful bool) float64 {
	switch {
	case worst > 0:
		return worst
	case isClear(j.Clear, blamed, doubtful):
		return 0
	default:
		return math.NaN()
	}
}

// Summary is what is kept of a snapshot over time.
type Summary struct {
	Job JobSummary
	// Tasks is in the order of the snapshot's graph.
	Tasks []TaskSummary
}

// running is 1 while the job and all its tasks run, else 0; NaN where it runs
// without subtasks that may have finished, or whose metrics may be missing.
func running(snapshot *job.Snapshot) float64 {
	switch {
	case snapshot.AllRun():
		return 1
	case snapshot.Job.State == job.Running && slices.ContainsFunc(snapshot.Tasks, hasMissing):
		return math.NaN()
	default:
		return 0
	}
}

func hasMissing(load job.TaskLoad) bool {
	return slices.ContainsFunc(load.Subtasks, func(s job.SubtaskLoad) bool { return s.Why == job.Missing })
}
