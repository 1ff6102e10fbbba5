// Package job is the domain of load: a job's graph, the samples that polls of
// Flink return, and the snapshots that are derived from two of them. It does no
// I/O and depends neither on Flink's wire format nor on Grafana.
package job

import (
	"strconv"
	"time"
)

// State is a state of a job or of a task, in Flink's own words
// (org.apache.flink.api.common.JobStatus and
// org.apache.flink.runtime.execution.ExecutionState).
type State string

// The states that decide whether a measurement means anything.
const (
	Running  State = "RUNNING"
	Finished State = "FINISHED"
	Canceled State = "CANCELED"
	Failed   State = "FAILED"
)

// Terminal reports whether nothing more will happen in this state.
func (s State) Terminal() bool { return s == Finished || s == Canceled || s == Failed }

// Ending reports whether a job has ended or is on its way out: one that takes its
// place has its name.
func (s State) Ending() bool { return s.Terminal() || s == "CANCELLING" }

// Type is whether a job streams or processes a batch; empty where Flink
// does not report it (before 1.14).
type Type string

// Flink's job types.
const (
	Streaming Type = "STREAMING"
	Batch     Type = "BATCH"
)

// Info is what identifies a job, and its state.
type Info struct {
	// ID is Flink's job id: 32 hexadecimal digits.
	ID string
	// Name is unique among the jobs of its cluster: a later job of the same
	// name carries " #2".
	Name string
	// Plain is the name as Flink has it, which several jobs may have.
	Plain string
	State State
	Type  Type
	Start time.Time
	// Subtasks counts the subtasks of all its tasks, and Active those that run
	// or have finished, by Flink's list of jobs.
	Subtasks, Active int
	// Duration is how long the job has run, by Flink's clock.
	Duration time.Duration
}

// AllRun reports whether the job runs with all its subtasks, or what has not
// finished of them.
func (i Info) AllRun() bool { return i.State == Running && i.Active == i.Subtasks }

// Distinct makes equal names distinct: the second of a name becomes "name #2",
// and so on, in the order given.
func Distinct(names []string) []string {
	taken := make(map[string]bool, len(names))
	for _, name := range names {
		taken[name] = true
	}
	last := make(map[string]int, len(names)) // the number of each name's last
	distinct := make([]string, len(names))
	for i, name := range names {
		distinct[i], last[name] = numbered(name, last[name]+1, taken)
	}
	return distinct
}

// numbered skips numbers that a name already bears as written. It goes on from the one
// before, so that many equal names take no longer than others.
func numbered(name string, n int, taken map[string]bool) (string, int) {
	if n == 1 {
		return name, n
	}
	for ; ; n++ {
		if label := name + " #" + strconv.Itoa(n); !taken[label] {
			taken[label] = true
			return label, n
		}
	}
}
