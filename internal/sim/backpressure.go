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

// backpressureOf is Flink's answer for a task's backpressure: empty before
// metrics have arrived, and for a task that the job does not have (-1). Its
// timestamp is when the last fetch began, though its values may still be older.
func backpressureOf(m moment, t int) pressure {
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
		answer.Subtasks[s] = ratioOf(m, task, s, load)
		highest = max(highest, answer.Subtasks[s].Backpressured)
	}
	answer.Level, answer.Level2 = levels(m.release, highest)
	return answer
}

func ratioOf(m moment, task Task, s int, load Load) ratio {
	shown := ratio{Subtask: s, Backpressured: decimal(load.Backpressured), Idle: decimal(load.Idle), Busy: decimal(load.Busy)}
	if task.Legacy {
		shown.Idle, shown.Busy = 0, decimal(math.NaN())
	}
	shown.Level, shown.Level2 = levels(m.release, shown.Backpressured)
	if slices.Contains(task.Speculative, s) {
		first, number := shown, m.attempt.number
		first.Attempt = &number
		second := number + 1
		shown.Attempt, shown.Others = &second, []ratio{first}
	}
	return shown
}

// levels is Flink's word for the backpressure, under the two names that it
// goes by.
func levels(r release, share decimal) (level, again string) {
	switch {
	case share <= 0.10:
		level = "ok"
	case share <= 0.50:
		level = "low"
	default:
		level = "high"
	}
	if r.hasLevelTwice() {
		again = level
	}
	return level, again
}
