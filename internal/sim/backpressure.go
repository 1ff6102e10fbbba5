package sim

import (
	"math"
	"slices"
)

// pressure is the answer for the backpressure of a task.
type pressure struct {
	Status   string  `json:"status"`
	Level    string  `json:"backpressure-level,omitempty"`
	Level2   string  `json:"backpressureLevel,omitempty"`
	End      int64   `json:"end-timestamp,omitempty"`
	Subtasks []ratio `json:"subtasks,omitempty"`
}

// ratio is one subtask in it: shares, by Flink's own averages.
type ratio struct {
	Subtask       int     `json:"subtask"`
	Attempt       *int    `json:"attempt-number,omitempty"`
	Level         string  `json:"backpressure-level"`
	Level2        string  `json:"backpressureLevel,omitempty"`
	Backpressured decimal `json:"ratio"`
	Idle          decimal `json:"idleRatio"`
	Busy          decimal `json:"busyRatio"`
	Others        []ratio `json:"other-concurrent-attempts,omitempty"`
}

// backpressure is what Flink tells of a task's backpressure: nothing before
// metrics have arrived, nor of a task that the job does not have (-1). When it
// says it is from is when the last fetch began, though its values may still be
// older.
func (m moment) backpressure(t int) pressure {
	if t < 0 {
		return pressure{Status: "deprecated"}
	}
	task, highest := m.phase.tasks[t], decimal(0)
	answer := pressure{Status: "ok", End: m.begun.UnixMilli(), Subtasks: make([]ratio, task.subtasks())}
	for s := range answer.Subtasks {
		load, known := m.gauge(t, s)
		if !known {
			return pressure{Status: "deprecated"}
		}
		answer.Subtasks[s] = m.ratio(task, s, load)
		highest = max(highest, answer.Subtasks[s].Backpressured)
	}
	answer.Level, answer.Level2 = m.release.levels(highest)
	return answer
}

func (m moment) ratio(task Task, s int, load Load) ratio {
	told := ratio{Subtask: s, Backpressured: decimal(load.Backpressured), Idle: decimal(load.Idle), Busy: decimal(load.Busy)}
	if task.Legacy {
		told.Idle, told.Busy = 0, decimal(math.NaN())
	}
	told.Level, told.Level2 = m.release.levels(told.Backpressured)
	if slices.Contains(task.Speculative, s) {
		first, number := told, m.attempt.number
		first.Attempt = &number
		second := number + 1
		told.Attempt, told.Others = &second, []ratio{first}
	}
	return told
}

// levels is Flink's word for the backpressure, under the two names that it
// goes by.
func (r release) levels(share decimal) (level, again string) {
	switch {
	case share <= 0.10:
		level = "ok"
	case share <= 0.50:
		level = "low"
	default:
		level = "high"
	}
	if r.tellsLevelTwice() {
		again = level
	}
	return level, again
}
