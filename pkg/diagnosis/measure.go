package diagnosis

import (
	"math"
	"slices"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// By is what one series of a measure stands for.
type By string

// What measures have series for.
const (
	ByCluster     By = "cluster"
	ByJob         By = "job"
	ByTask        By = "task"
	BySubtask     By = "subtask"
	ByTaskManager By = "taskmanager"
)

// Unit is the unit of a measure.
type Unit int

// The units.
const (
	Number  Unit = iota // a count, a code or a multiple
	Ratio               // 0 to 1
	Rate                // records a second
	Records             // a count of records, of any size
	Seconds
)

// Origin is what the values of a measure come from.
type Origin int

// The origins.
const (
	FromLoad     Origin = iota // a snapshot and its verdict, or its summary
	FromRange                  // the summaries of a time range
	FromJobState               // Flink's list of jobs, or the job's summary
	FromFigure                 // a request of its own about the job, or the job's summary
	FromAnswers                // whether the cluster's REST API answered
)

// Measure is a number that queries of the types measure and history can name.
// One line in [Measures] is all that a measure needs: queries, frames, history
// and the editor's list follow from it.
type Measure struct {
	// Name is what a query calls it.
	Name   string
	Unit   Unit
	Origin Origin
	// By is what it has series for, the default first.
	By []By
	// LowIsWorse is set where the worst task has the lowest value.
	LowIsWorse bool
	// Column is the one of a task's summary that the measure is read from; every
	// measure of load needs one.
	Column Column
	// Records is set where it needs the rates of records.
	Records bool
	// Figure is the one that it is, of the origin FromFigure.
	Figure Figure
	// Sum is set where the value of a TaskManager is the sum of its subtasks' values
	// rather than the worst of them, and that of a longer time the mean.
	Sum bool
	// Lags is set where it needs [job.Snapshot.Lags].
	Lags bool

	// task and subtask are its values by a verdict; nil unless the origin is
	// FromLoad. job overrides the job's value, which else is its worst task's.
	task    func(v *Verdict, task int) float64
	subtask func(v *Verdict, task int, load *job.SubtaskLoad) float64
	job     func(v *Verdict, tasks []int) float64
	// summary is its value by a job's summary, for an origin that is of jobs; it
	// overrides the worst task's, too.
	summary func(JobSummary) float64
}

// byLoad is what measures of load have series for.
var byLoad = []By{ByJob, ByTask, BySubtask, ByTaskManager}

// Measures is the registry of measures, the default first.
var Measures = []Measure{
	{Name: "bottleneck", Unit: Ratio, By: byLoad, Column: RootSeverity, task: taskSeverity, subtask: subtaskSeverity, job: jobSeverity},
	{Name: "status", By: byLoad, Column: StatusCode, task: taskCode, subtask: subtaskCode},
	{
		Name: "busy", Unit: Ratio, By: byLoad, Column: MaxBusy,
		task:    func(v *Verdict, task int) float64 { return ofComplete(v, task, v.Snapshot.Tasks[task].Busy.Max) },
		subtask: func(_ *Verdict, _ int, load *job.SubtaskLoad) float64 { return float64(load.Busy) },
	},
	{
		Name: "backpressured", Unit: Ratio, By: byLoad, Column: MaxBackpressured,
		task: func(v *Verdict, task int) float64 {
			return ofComplete(v, task, v.Snapshot.Tasks[task].Backpressured.Max)
		},
		subtask: func(_ *Verdict, _ int, load *job.SubtaskLoad) float64 { return float64(load.Backpressured) },
	},
	{
		Name: "idle", Unit: Ratio, By: byLoad, Column: MinIdle, LowIsWorse: true,
		task:    func(v *Verdict, task int) float64 { return ofComplete(v, task, v.Snapshot.Tasks[task].Idle.Min) },
		subtask: func(_ *Verdict, _ int, load *job.SubtaskLoad) float64 { return float64(load.Idle) },
	},
	{
		Name: "skew", Unit: Ratio, By: byLoad, Column: RecordSkew, Records: true, task: taskSkew,
		subtask: func(v *Verdict, task int, _ *job.SubtaskLoad) float64 { return taskSkew(v, task) },
	},
	{
		Name: "records_in", Unit: Rate, By: byLoad, Column: RecordsIn, Records: true, Sum: true,
		task:    func(v *Verdict, task int) float64 { return v.Snapshot.Tasks[task].RecordsIn },
		subtask: func(_ *Verdict, _ int, load *job.SubtaskLoad) float64 { return load.RecordsIn },
		job:     func(v *Verdict, _ []int) float64 { in, _ := throughput(v.Snapshot); return in },
		summary: func(j JobSummary) float64 { return j.RecordsIn },
	},
	{
		Name: "records_out", Unit: Rate, By: byLoad, Column: RecordsOut, Records: true, Sum: true,
		task:    func(v *Verdict, task int) float64 { return v.Snapshot.Tasks[task].RecordsOut },
		subtask: func(_ *Verdict, _ int, load *job.SubtaskLoad) float64 { return load.RecordsOut },
		job:     func(v *Verdict, _ []int) float64 { _, out := throughput(v.Snapshot); return out },
		summary: func(j JobSummary) float64 { return j.RecordsOut },
	},
	{
		Name: "watermark_lag", Unit: Seconds, By: []By{ByJob, ByTask}, Column: WatermarkLag, Lags: true,
		task: func(v *Verdict, task int) float64 { return v.Snapshot.Lag(task).Watermark },
	},
	{
		Name: "pending_records", Unit: Records, By: []By{ByJob, ByTask}, Column: PendingRecords, Lags: true,
		task: func(v *Verdict, task int) float64 { return v.Snapshot.Lag(task).Pending },
	},
	{Name: "blame", Unit: Ratio, By: byLoad, Origin: FromRange, Column: RootSeverity},
	{Name: "kind", By: byLoad, Column: KindCode, task: taskKind, subtask: subtaskKind, job: jobKind},
	{Name: "running", By: []By{ByJob}, Origin: FromJobState, LowIsWorse: true, summary: func(j JobSummary) float64 { return j.Running }},
	{Name: "restarts", By: []By{ByJob}, Origin: FromFigure, Figure: RestartCount},
	{Name: "checkpoint_age", Unit: Seconds, By: []By{ByJob}, Origin: FromFigure, Figure: CheckpointAge},
	{Name: "checkpoint_intervals", By: []By{ByJob}, Origin: FromFigure, Figure: CheckpointIntervals},
	{Name: "checkpoint_duration", Unit: Seconds, By: []By{ByJob}, Origin: FromFigure, Figure: CheckpointDuration},
	{Name: "checkpoint_failures", By: []By{ByJob}, Origin: FromFigure, Figure: CheckpointFailures},
	{Name: "up", By: []By{ByCluster}, Origin: FromAnswers, LowIsWorse: true},
}

// MeasureNamed finds a measure by its name; found is false if there is none.
func MeasureNamed(name string) (measure Measure, found bool) {
	at := slices.IndexFunc(Measures, func(m Measure) bool { return m.Name == name })
	if at < 0 {
		return measure, false
	}
	return Measures[at], true
}

// OfLoad reports whether the measure is of how subtasks spend their time, now or
// over a range, rather than of whether something runs.
func (m Measure) OfLoad() bool { return m.Origin == FromLoad || m.Origin == FromRange }

// ColumnUnit is the unit of a column's values, by the measure that is read from it.
func ColumnUnit(column Column) Unit {
	at := slices.IndexFunc(Measures, func(m Measure) bool { return m.Origin == FromLoad && m.Column == column })
	if at < 0 {
		return Number
	}
	return Measures[at].Unit
}

// Job is the value of a job, of which these tasks were chosen: that of its
// worst task. NaN is not known, as while a subtask restores ([Measure.OrUnknown]).
func (m Measure) Job(v *Verdict, tasks []int) float64 {
	if m.job != nil {
		return m.job(v, tasks)
	}
	worst, doubtful := math.NaN(), false
	for _, task := range tasks {
		value := m.Task(v, task)
		worst, doubtful = m.Worse(worst, value), doubtful || math.IsNaN(value)
	}
	return m.OrUnknown(worst, doubtful && !v.Snapshot.Complete())
}

// OrUnknown is the value of several tasks or subtasks together: the worst of those that
// were measured, or NaN. doubtful is set where some were not measured. Then the worst may
// be among these, and an alert must not resolve: so the value is NaN, unless none can be
// worse. How far behind a task is does not depend on its shares.
func (m Measure) OrUnknown(worst float64, doubtful bool) float64 {
	if !doubtful || m.Lags || m.Origin != FromLoad {
		return worst
	}
	switch m.Column {
	case RootSeverity, KindCode:
		if worst > 0 { // a verdict that stands
			return worst
		}
	case StatusCode:
		if worst == float64(Bottleneck) {
			return worst
		}
	}
	return math.NaN()
}

// Task is the value of a task.
func (m Measure) Task(v *Verdict, task int) float64 {
	switch {
	case m.task == nil:
		return math.NaN()
	case m.endsWithTask(v) && v.Snapshot.Tasks[task].Finished():
		return m.Ended()
	default:
		return m.task(v, task)
	}
}

// Subtask is the value of one of the task's subtasks.
func (m Measure) Subtask(v *Verdict, task int, load *job.SubtaskLoad) float64 {
	switch {
	case m.subtask == nil:
		return math.NaN()
	case m.endsWithTask(v) && load.State == job.Finished:
		return m.Ended()
	default:
		return m.subtask(v, task, load)
	}
}

// endsWithTask reports whether a task that has finished, while its job goes on, has the value
// [Measure.Ended], so that a rule that fired for it resolves. It has no status then, and how
// far behind it is is not known, nor does a rule on too few records fire for it. Of the past
// Prometheus does not show when a task finished.
func (m Measure) endsWithTask(v *Verdict) bool {
	measured := v.Snapshot.Source != "" && v.Snapshot.Source != job.FromPrometheus
	return m.Origin == FromLoad && m.Column != StatusCode && !m.Lags && m.EndsWell() && measured && v.Snapshot.Job.State == job.Running
}

// FromSummary is the value of a measure of jobs by a job's summary.
func (m Measure) FromSummary(j JobSummary) float64 {
	switch {
	case m.Origin == FromFigure:
		return j.Figures[m.Figure]
	case m.summary == nil:
		return math.NaN()
	default:
		return m.summary(j)
	}
}

// Ended is the value of a job that has ended: nothing holds it back, and it waits for
// nothing. It does not run.
func (m Measure) Ended() float64 {
	if m.LowIsWorse && m.Unit == Ratio {
		return 1
	}
	return 0
}

// Counts reports whether the values only rise while a job runs: the fall to 0 at its end
// would look as if they had risen in that time.
func (m Measure) Counts() bool {
	return m.Origin == FromFigure && (m.Figure == RestartCount || m.Figure == CheckpointFailures)
}

// EndsWell reports whether the value of a job that has ended is that of one that does
// well, as of all but whether it runs, and how many records it processes.
func (m Measure) EndsWell() bool { return m.Unit != Rate && (!m.LowIsWorse || m.Ended() > 0) }

// HasSummary reports whether a job's value is kept in its summary, rather than that of
// its worst task.
func (m Measure) HasSummary() bool { return m.summary != nil }

// Worse is the worse of two values; what is known is worse than what is not.
func (m Measure) Worse(a, b float64) float64 {
	if math.IsNaN(a) || !m.LowIsWorse && b > a || m.LowIsWorse && b < a {
		return b
	}
	return a
}

// Badness orders values worst first. What is unknown comes before what is
// well, and after all else: a rule that fired for it must not lose its series.
func (m Measure) Badness(value float64) float64 {
	well := 0.0
	if m.LowIsWorse {
		value, well = -value, -1
	}
	if math.IsNaN(value) {
		return math.Nextafter(well, math.Inf(1))
	}
	return value
}

// ofComplete is a share of a task for an alert rule: not known unless every
// running subtask was measured, as the worst may be among the others.
func ofComplete(v *Verdict, task int, share job.Share) float64 {
	if !v.Snapshot.Tasks[task].Complete() {
		return math.NaN()
	}
	return float64(share)
}

// severity is that of a root cause, 0 where measured and none.
func severity(root *Root, measured bool) float64 {
	switch {
	case root != nil:
		return float64(root.Severity)
	case measured:
		return 0
	default:
		return math.NaN()
	}
}

// jobSeverity is that of the worst root cause among the tasks chosen; 0 only if
// nothing that was not measured could hold the job back.
func jobSeverity(v *Verdict, tasks []int) float64 {
	return severity(v.WorstRoot(tasks), v.Clear(tasks))
}

func taskSeverity(v *Verdict, task int) float64 {
	return severity(v.RootAt(task), v.isKnown(task))
}

func subtaskSeverity(v *Verdict, task int, load *job.SubtaskLoad) float64 {
	root := v.RootAt(task)
	if root != nil && !root.IsHot(load.Subtask) {
		root = nil
	}
	return severity(root, load.Known() && v.inputsKnown(task))
}

// kindCodes number the kinds of root causes from 1 on, in this order: alert rules, which
// get numbers alone, know them by it.
var kindCodes = []Kind{Capacity, Skewed, Machine, AtSource, Network, UnmeasuredWork, Alternating}

// kindCode is the number of a root cause's kind, 0 where measured and none.
func kindCode(root *Root, measured bool) float64 {
	switch {
	case root != nil:
		return float64(1 + slices.Index(kindCodes, root.Kind))
	case measured:
		return 0
	default:
		return math.NaN()
	}
}

// jobKind is the highest among the tasks chosen; 0 only if nothing that was not measured
// could hold the job back.
func jobKind(v *Verdict, tasks []int) float64 {
	kind := kindCode(nil, v.Clear(tasks))
	for i := range v.Roots {
		if slices.Contains(tasks, v.Roots[i].Task) {
			if of := kindCode(&v.Roots[i], true); math.IsNaN(kind) || of > kind {
				kind = of
			}
		}
	}
	return kind
}

func taskKind(v *Verdict, task int) float64 {
	return kindCode(v.RootAt(task), !math.IsNaN(taskSeverity(v, task)))
}

func subtaskKind(v *Verdict, task int, load *job.SubtaskLoad) float64 {
	root := v.RootAt(task)
	if root != nil && !root.IsHot(load.Subtask) {
		root = nil
	}
	return kindCode(root, !math.IsNaN(subtaskSeverity(v, task, load)))
}

// taskCode is the status' code. If some running subtasks were not measured, only
// backpressured or worse is known.
func taskCode(v *Verdict, task int) float64 {
	if status := v.TaskStatus(task); status >= Backpressured || v.Snapshot.Tasks[task].Complete() {
		return code(status)
	}
	return math.NaN()
}

func subtaskCode(v *Verdict, task int, load *job.SubtaskLoad) float64 {
	return code(v.SubtaskStatus(task, load))
}

func taskSkew(v *Verdict, task int) float64 {
	return float64(Skew(v.Snapshot.Graph.Tasks[task], v.Snapshot.Tasks[task]))
}

// Throughput is how many records a second enter a job, which is what its sources send,
// and leave it, which is what reaches its last tasks; NaN where that is not known, and
// where all of them have finished. rates are those of a task, and finished reports whether
// it has, while its job goes on. Flink counts what goes from task to task: of a job that is
// one chain it counts nothing.
func Throughput(graph *job.Graph, rates func(task int) (in, out float64), finished func(task int) bool) (in, out float64) {
	if len(graph.Tasks) == 0 || graph.EdgesUnknown {
		return math.NaN(), math.NaN()
	}
	sending, receiving := false, false
	for i, task := range graph.Tasks {
		first, last := len(task.Inputs) == 0, len(task.Outputs) == 0
		switch read, sent := rates(i); {
		case first && last:
			return math.NaN(), math.NaN()
		case finished(i):
		case first:
			in, sending = in+sent, true
		case last:
			out, receiving = out+read, true
		}
	}
	if !sending {
		in = math.NaN()
	}
	if !receiving {
		out = math.NaN()
	}
	return in, out
}

// throughput is that of the job at the snapshot.
func throughput(snapshot *job.Snapshot) (in, out float64) {
	rates := func(task int) (float64, float64) {
		return snapshot.Tasks[task].RecordsIn, snapshot.Tasks[task].RecordsOut
	}
	return Throughput(snapshot.Graph, rates, func(task int) bool {
		return snapshot.Source != job.FromPrometheus && snapshot.Graph.Tasks[task].State == job.Finished
	})
}

// code turns a status into its number, NaN where unknown.
func code(status Status) float64 {
	if status == Unknown {
		return math.NaN()
	}
	return float64(status)
}
