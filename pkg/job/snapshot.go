package job

import "time"

// Source is where shares come from.
type Source string

// From the truest to the most averaged. A gauge of Flink is the mean of the
// last 5 s up to 1.16 and a moving mean of the last 60 s from 1.17 on.
const (
	FromCounters Source = "counters"
	FromGauge5s  Source = "gauge5s"
	FromGauge60s Source = "gauge60s"
	// FromPrometheus are shares that are averaged over what Prometheus has
	// scraped: as true as counters, over a longer time.
	FromPrometheus Source = "prometheus"
)

// Reason says in words why a share is unknown; empty where it is known.
type Reason string

// Why a subtask is unknown.
const (
	NotRunning  Reason = "not running"
	WarmingUp   Reason = "running for less than 10 s"
	NoMetrics   Reason = "no metrics yet"
	StandsStill Reason = "its metrics have not moved for three fetches"
	NoAnswer    Reason = "did not answer"
	Unmeasured  Reason = "a legacy source, whose busy time Flink does not measure"
	Missing     Reason = "its metrics are missing"
	Restarted   Reason = "restarted within the time looked at"
)

// Snapshot is how a job's subtasks spent their time between two looks. It is
// a value that nothing changes: every view is a pure function of it.
type Snapshot struct {
	Job   Info
	Graph *Graph
	// At is when the newer look was taken.
	At time.Time
	// From and To bound the time that the shares are measured over; zero
	// where nothing was measured.
	From, To time.Time
	// Source is the most averaged among those of the known subtasks; empty
	// where nothing was measured.
	Source Source
	// Tasks follows the order of Graph.Tasks.
	Tasks []TaskLoad
}

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
	// Why tells why the shares, or the busy share alone, are unknown.
	Why Reason
	// RecordsIn and RecordsOut are records per second; NaN if unknown.
	RecordsIn, RecordsOut float64
	source                Source
	from, to              time.Time
}

// Range sums up a share over the known subtasks of a task: Unknown where
// none is known.
type Range struct{ Min, Max, Avg Share }

// Known tells whether the task's backpressure was measured.
func (t TaskLoad) Known() bool { return t.Backpressured.Max.Known() }

// Whole tells whether it was measured of every running subtask: if not, the
// hottest may be among those that are missing.
func (t TaskLoad) Whole() bool {
	for _, subtask := range t.Subtasks {
		if subtask.State == Running && !subtask.Known() {
			return false
		}
	}
	return t.Known()
}

// Blank is a snapshot of which nothing is known, because of err.
func Blank(info Info, graph *Graph, at time.Time, err error) *Snapshot {
	blank := &Snapshot{Job: info, Graph: graph, At: at, Tasks: make([]TaskLoad, len(graph.Tasks))}
	for i, task := range graph.Tasks {
		blank.Tasks[i] = summed(unasked(task, err))
	}
	return blank
}

// AllRun tells whether the job runs and each of its tasks does with all its
// subtasks, or has finished.
func (s *Snapshot) AllRun() bool {
	for _, task := range s.Graph.Tasks {
		if task.Running < task.Parallelism && task.State != Finished {
			return false
		}
	}
	return s.Job.State == Running && len(s.Graph.Tasks) > 0
}

// Measured counts the tasks whose backpressure is known.
func (s *Snapshot) Measured() (measured int) {
	for _, task := range s.Tasks {
		if task.Known() {
			measured++
		}
	}
	return measured
}

// Window is how long the measured time lasted.
func (s *Snapshot) Window() time.Duration { return s.To.Sub(s.From) }
