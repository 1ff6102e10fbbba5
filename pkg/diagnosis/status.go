// Package diagnosis works out what a snapshot means: status, colour and skew of
// each task, and the verdict on what holds a job back, with its reasons in
// words. All of it is pure functions of snapshots.
package diagnosis

import "github.com/flinkscope/flinkscope-flink-datasource/pkg/job"

// Status is what a task or subtask is found to be. Its value is the code that
// alert rules get.
type Status int

// The statuses, from what is at rest to what holds others back.
const (
	Unknown       Status = -1
	Idle          Status = 0
	Mixed         Status = 1
	Busy          Status = 2
	Backpressured Status = 3
	Bottleneck    Status = 4
)

// String is the status as users read it.
func (s Status) String() string {
	switch s {
	case Idle:
		return "idle"
	case Mixed:
		return "mixed"
	case Busy:
		return "busy"
	case Backpressured:
		return "backpressured"
	case Bottleneck:
		return "bottleneck"
	default:
		return "unknown"
	}
}

// half is the share of time above which a state names the status.
const half job.Share = 0.5

// SubtaskStatus is the status of a subtask by its shares alone: only a task
// can be a bottleneck.
func SubtaskStatus(shares job.Shares) Status {
	return statusOf(shares.Backpressured, shares.Busy, shares.Idle)
}

// TaskStatus is the status of a task by the highest shares of its subtasks,
// before any verdict.
func TaskStatus(load job.TaskLoad) Status {
	return statusOf(load.Backpressured.Max, load.Busy.Max, load.Idle.Max)
}

// statusOf takes the first that holds. Where busy is unknown, as of a legacy
// source that nothing holds back, so is the status.
func statusOf(backpressured, busy, idle job.Share) Status {
	switch {
	case backpressured > half:
		return Backpressured
	case !backpressured.Known() || !busy.Known():
		return Unknown
	case busy > half:
		return Busy
	case idle > half:
		return Idle
	default:
		return Mixed
	}
}

// Level is Flink's own word for the backpressure of a task.
type Level string

// Flink's levels: ok up to 0.10, low up to 0.50, else high
// (JobVertexBackPressureHandler).
const (
	LevelOK   Level = "ok"
	LevelLow  Level = "low"
	LevelHigh Level = "high"
)

// lowest is the share of backpressured time up to which Flink calls it ok.
const lowest job.Share = 0.10

// LevelOf is the level of the highest backpressure over a task's subtasks;
// empty where that is unknown.
func LevelOf(load job.TaskLoad) Level {
	switch highest := load.Backpressured.Max; {
	case !highest.Known():
		return ""
	case highest <= lowest:
		return LevelOK
	case highest <= half:
		return LevelLow
	default:
		return LevelHigh
	}
}
