package job

import (
	"math"
	"slices"
	"time"
)

// Source is where shares come from.
type Source string

// From the most exact to the most averaged. A gauge of Flink is the mean of the
// last 5 s up to 1.16 and a moving mean of the last 60 s from 1.17 on.
const (
	FromCounters Source = "counters"
	FromGauge5s  Source = "gauge5s"
	FromGauge60s Source = "gauge60s"
	// FromPrometheus are shares that are averaged over what Prometheus has
	// scraped: as exact as counters, over a longer time.
	FromPrometheus Source = "prometheus"
)

// window is the time that a gauge averages over.
func (s Source) window() time.Duration {
	if s == FromGauge5s {
		return 5 * time.Second
	}
	return time.Minute
}

// Reason is in words why a share is unknown; empty where it is known.
type Reason string

// Why a subtask is unknown.
const (
	NotRunning Reason = "not running"
	WarmingUp  Reason = "running for less than 10 s"
	NoMetrics  Reason = "no metrics yet"
	Stale      Reason = "its metrics have not moved for three fetches"
	NoAnswer   Reason = "did not answer"
	Unmeasured Reason = "a legacy source, whose busy time Flink does not measure"
	Missing    Reason = "its metrics are missing"
	Restarted  Reason = "restarted within the time looked at"
	// WaitsForSlot is the reason of a batch job's subtask whose turn has not come: it
	// holds nothing back.
	WaitsForSlot Reason = "waits for a slot"
)

// Snapshot is how a job's subtasks spent their time between two samples. It is
// a value that nothing changes: every view is a pure function of it.
type Snapshot struct {
	Job   Info
	Graph *Graph
	// At is when the newer sample was taken.
	At time.Time
	// From and To bound the time that the shares are measured over; zero
	// where nothing was measured.
	From, To time.Time
	// Source is the most averaged among those of the known subtasks; empty
	// where nothing was measured.
	Source Source
	// Tasks follows the order of Graph.Tasks.
	Tasks []TaskLoad
	// Answers are, by task, what was looked at further, as the loads alone left it in
	// question; nil where nothing was.
	Answers []Answer
	// Lags are, by task, how far behind it is; nil where that was not requested.
	Lags []Lag
}

// Lag is how far behind a task is; what is not known is NaN.
type Lag struct {
	// Watermark is by how many seconds the lowest watermark of its subtasks is behind the
	// time of the sample: of a source the one that it sends, else the one that has
	// arrived (Flink's currentOutputWatermark and currentInputWatermark).
	Watermark float64
	// Pending counts the records that a source has not read yet (Flink's
	// pendingRecords), of the connectors that report it.
	Pending float64
}

// UnknownLag is that of a task of which nothing was requested.
var UnknownLag = Lag{Watermark: math.NaN(), Pending: math.NaN()}

// Lag is that of a task.
func (s *Snapshot) Lag(task int) Lag {
	if task >= len(s.Lags) {
		return UnknownLag
	}
	return s.Lags[task]
}

// Answer is what was looked at further of a task. What was not, or what Flink does not
// report, is Unknown.
type Answer struct {
	// Out is how full the pools of output buffers of its subtasks are on average, In how
	// full the fullest pool of input buffers is.
	Out, In Share
	// Pending counts the records that a source has not read yet; NaN for not known.
	Pending float64
}

// UnknownAnswer is that of a task that was not looked at.
var UnknownAnswer = Answer{Out: Unknown, In: Unknown, Pending: math.NaN()}

// TaskLoad is how a task's subtasks spent their time.
type TaskLoad struct {
	// Subtasks has one entry a subtask, in order of their index.
	Subtasks []SubtaskLoad
	// Busy, Backpressured and Idle sum up the known subtasks.
	Busy, Backpressured, Idle Range
	// RecordsIn and RecordsOut are records per second of the whole task, NaN
	// unless every running subtask is known.
	RecordsIn, RecordsOut float64
	// Err is why the task did not answer.
	Err error
}

// SubtaskLoad is how one subtask spent its time.
type SubtaskLoad struct {
	Subtask, Attempt  int
	State             State
	Host, TaskManager string
	Shares
	// Why is the reason why the shares, or the busy share alone, are unknown.
	Why Reason
	// RecordsIn and RecordsOut are records per second; NaN if unknown.
	RecordsIn, RecordsOut float64
	source                Source
	from, to              time.Time
}

// Range sums up a share over the known subtasks of a task: Unknown where
// none is known.
type Range struct{ Min, Max, Avg Share }

// UnknownRange is that of a task of which no subtask is known.
var UnknownRange = Range{Min: Unknown, Max: Unknown, Avg: Unknown}

// Detail splits a subtask's backpressure into soft and hard, with how full
// its buffers are. All are shares, Unknown where Flink does not report them:
// before 1.15 it has no soft and hard. A source's input is always empty.
type Detail struct {
	// Soft is the share of time that the subtask was backpressured but could
	// still take a little; Hard that it could not.
	Soft, Hard Share
	// InPool and OutPool are how full the input and output buffer pools are.
	InPool, OutPool Share
}

// UnknownDetail is that of a subtask without such metrics.
var UnknownDetail = Detail{Soft: Unknown, Hard: Unknown, InPool: Unknown, OutPool: Unknown}

// UnknownSnapshot is a snapshot of which nothing is known, because of err.
func UnknownSnapshot(info Info, graph *Graph, at time.Time, err error) *Snapshot {
	snapshot := &Snapshot{Job: info, Graph: graph, At: at, Tasks: make([]TaskLoad, len(graph.Tasks))}
	for i, task := range graph.Tasks {
		snapshot.Tasks[i] = unaskedTask(task, err).summedUp()
	}
	return snapshot
}

// FromLoads is the snapshot of a job whose subtasks were measured elsewhere, as
// by Prometheus, rather than by two samples. Of the snapshot given it takes the
// job, the graph, the time and the source, which is that of all subtasks known;
// where none is, the window is empty, and so is the source. The loads are in
// the order of the graph's tasks, and of each task in the order of its subtasks.
func FromLoads(of Snapshot, loads [][]SubtaskLoad) *Snapshot {
	snapshot := &Snapshot{Job: of.Job, Graph: of.Graph, At: of.At, Tasks: make([]TaskLoad, len(loads))}
	for i, subtasks := range loads {
		for n := range subtasks {
			subtasks[n].source, subtasks[n].from, subtasks[n].to = of.Source, of.From, of.To
		}
		snapshot.Tasks[i] = TaskLoad{Subtasks: subtasks}.summedUp()
	}
	return snapshot.bounded()
}

// UnknownLoad is the load of a subtask of which nothing is known, and why.
func UnknownLoad(subtask int, state State, why Reason) SubtaskLoad {
	return unknownLoad(&SubtaskSample{Subtask: subtask, State: state}, why)
}

// AllRun reports whether the job runs and each of its tasks does with all its
// subtasks, but for those that have finished.
func (s *Snapshot) AllRun() bool {
	for _, task := range s.Graph.Tasks {
		if task.Running+task.Finished < task.Parallelism && task.State != Finished {
			return false
		}
	}
	return s.Job.State == Running && len(s.Graph.Tasks) > 0
}

// Complete reports whether every subtask that runs or is about to was measured. A task whose
// turn has not come is not about to run. What Prometheus lacks may have finished.
func (s *Snapshot) Complete() bool {
	for i := range s.Tasks {
		if s.Graph.Tasks[i].NotBegun(s.Job) {
			continue
		}
		missing := func(load SubtaskLoad) bool { return load.Missing() && load.Why != Missing }
		if slices.ContainsFunc(s.Tasks[i].Subtasks, missing) {
			return false
		}
	}
	return true
}

// MeasuredTasks counts the tasks whose backpressure is known.
func (s *Snapshot) MeasuredTasks() (measured int) {
	for _, task := range s.Tasks {
		if task.Known() {
			measured++
		}
	}
	return measured
}

// Window is how long the measured time lasted.
func (s *Snapshot) Window() time.Duration { return s.To.Sub(s.From) }

// Renamed is the snapshot under another name of its job, as a name with a
// number depends on the jobs beside it.
func (s *Snapshot) Renamed(name string) *Snapshot {
	if s.Job.Name == name {
		return s
	}
	renamed := *s
	renamed.Job.Name = name
	return &renamed
}

// bounded fills in the snapshot's window and source from its subtasks.
func (s *Snapshot) bounded() *Snapshot {
	for _, task := range s.Tasks {
		for i := range task.Subtasks {
			subtask := &task.Subtasks[i]
			if !subtask.Known() {
				continue
			}
			if s.From.IsZero() || subtask.from.Before(s.From) {
				s.From = subtask.from
			}
			if subtask.to.After(s.To) {
				s.To = subtask.to
			}
			s.Source = max(s.Source, subtask.source)
		}
	}
	return s
}

// Known reports whether the task's backpressure was measured.
func (t TaskLoad) Known() bool { return t.Backpressured.Max.Known() }

// Complete reports whether it was measured of every subtask that runs or is about
// to: if not, the hottest may be among those that are missing.
func (t TaskLoad) Complete() bool {
	for i := range t.Subtasks {
		if t.Subtasks[i].Missing() {
			return false
		}
	}
	return t.Known()
}

// Finished reports whether all of the task's subtasks have: it has done its work, while
// its job may go on.
func (t TaskLoad) Finished() bool {
	for i := range t.Subtasks {
		if t.Subtasks[i].State != Finished {
			return false
		}
	}
	return len(t.Subtasks) > 0
}

// Starting reports whether some of the task's subtasks are about to run, as after a
// restart: they are deployed, or restore their state. What Prometheus lacks of a task of
// which it has some is taken for that, too.
func (t TaskLoad) Starting() bool {
	runs, lacks := false, false
	for i := range t.Subtasks {
		subtask := &t.Subtasks[i]
		switch {
		case subtask.State == Running:
			runs = true
		case !subtask.Missing():
		case subtask.Why == Missing:
			lacks = true
		default:
			return true
		}
	}
	return runs && lacks
}

// Missing reports whether the subtask, which has not ended and whose turn has come, was
// not measured.
func (s *SubtaskLoad) Missing() bool {
	return !s.Known() && !s.State.Terminal() && s.Why != WaitsForSlot
}

// WithSubtasks is the task's load with the sums of these subtasks, as of one
// that was kept elsewhere.
func (t TaskLoad) WithSubtasks(subtasks []SubtaskLoad) TaskLoad {
	t.Subtasks = subtasks
	return t.summedUp()
}

// summedUp fills in what the subtasks add up to.
func (t TaskLoad) summedUp() TaskLoad {
	t.Busy = t.rangeOf(func(s *SubtaskLoad) Share { return s.Busy })
	t.Backpressured = t.rangeOf(func(s *SubtaskLoad) Share { return s.Backpressured })
	t.Idle = t.rangeOf(func(s *SubtaskLoad) Share { return s.Idle })
	t.RecordsIn = t.total(func(s *SubtaskLoad) float64 { return s.RecordsIn })
	t.RecordsOut = t.total(func(s *SubtaskLoad) float64 { return s.RecordsOut })
	return t
}

// rangeOf is the range of one share over the subtasks of which it is known.
func (t TaskLoad) rangeOf(share func(*SubtaskLoad) Share) Range {
	of := UnknownRange
	var sum Share
	known := 0
	for i := range t.Subtasks {
		value := share(&t.Subtasks[i])
		if !value.Known() {
			continue
		}
		if known++; known == 1 {
			of.Min, of.Max = value, value
		}
		sum, of.Min, of.Max = sum+value, min(of.Min, value), max(of.Max, value)
	}
	if known > 0 {
		of.Avg = sum / Share(known)
	}
	return of
}

// total adds up a rate over the running subtasks; one unknown makes it NaN.
func (t TaskLoad) total(rate func(*SubtaskLoad) float64) float64 {
	sum, running := 0.0, 0
	for i := range t.Subtasks {
		if subtask := &t.Subtasks[i]; subtask.State == Running {
			sum, running = sum+rate(subtask), running+1
		}
	}
	if running == 0 {
		return math.NaN()
	}
	return sum
}

// unaskedTask is the load of a task of which nothing is known.
func unaskedTask(task Task, err error) TaskLoad {
	why := NotRunning
	if err != nil {
		why = NoAnswer
	}
	load := TaskLoad{Subtasks: make([]SubtaskLoad, task.Parallelism), Err: err}
	for i := range load.Subtasks {
		load.Subtasks[i] = UnknownLoad(i, task.State, why)
	}
	return load
}

// unknownLoad is the load of a subtask that was not measured.
func unknownLoad(subtask *SubtaskSample, why Reason) SubtaskLoad {
	return SubtaskLoad{
		Subtask: subtask.Subtask, Attempt: subtask.Attempt, State: subtask.State,
		Host: subtask.Host, TaskManager: subtask.TaskManager,
		Shares: UnknownShares(), Why: why, RecordsIn: math.NaN(), RecordsOut: math.NaN(),
	}
}
