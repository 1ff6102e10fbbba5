package flink

import (
	"context"
	"math"
	"net"
	"strconv"
)

// Number is a number that Flink may write as the string "NaN".
type Number float64

// UnmarshalJSON reads 1.5, "1.5", "NaN" and null; anything else is NaN too,
// as an unknown number is.
func (n *Number) UnmarshalJSON(text []byte) error {
	if len(text) > 1 && text[0] == '"' {
		text = text[1 : len(text)-1]
	}
	value, err := strconv.ParseFloat(string(text), 64)
	if err != nil || math.IsInf(value, 0) {
		value = math.NaN()
	}
	*n = Number(value)
	return nil
}

// unknown is a number that Flink did not report.
var unknown = Number(math.NaN())

// Known reports whether the number is one.
func (n Number) Known() bool { return !math.IsNaN(float64(n)) }

// Task is the answer of /jobs/:jid/vertices/:vid.
type Task struct {
	ID       string    `json:"id"`
	Now      int64     `json:"now"`
	Subtasks []Subtask `json:"subtasks"`
}

// Subtask is one subtask's current attempt in a [Task].
type Subtask struct {
	Subtask       int     `json:"subtask"`
	Status        string  `json:"status"`
	Attempt       int     `json:"attempt"`
	HostName      string  `json:"host"`     // up to 1.20
	Endpoint      string  `json:"endpoint"` // from 1.19, host:port
	TaskManagerID string  `json:"taskmanager-id"`
	Start         int64   `json:"start-time"`
	Duration      int64   `json:"duration"`
	Metrics       Metrics `json:"metrics"`
	// StatusDuration is how long the attempt was in each state, from 1.16.
	StatusDuration map[string]int64 `json:"status-duration"`
}

// Metrics are a subtask's counters since its attempt began. The accumulated
// times, in milliseconds, are there from 1.16 on: nil before.
type Metrics struct {
	ReadRecords          int64   `json:"read-records"`
	WriteRecords         int64   `json:"write-records"`
	ReadRecordsComplete  bool    `json:"read-records-complete"`
	WriteRecordsComplete bool    `json:"write-records-complete"`
	Idle                 *Number `json:"accumulated-idle-time"`
	Busy                 *Number `json:"accumulated-busy-time"`
	Backpressured        *Number `json:"accumulated-backpressured-time"`
}

// unassigned is the machine and the TaskManager of an attempt without a slot.
const unassigned = "(unassigned)"

// Host is the machine that the attempt runs on; empty if Flink does not
// report it, or it runs on none.
func (s Subtask) Host() string {
	host := s.HostName
	if host == "" {
		host = s.Endpoint
		if name, _, err := net.SplitHostPort(s.Endpoint); err == nil {
			host = name
		}
	}
	if host == unassigned {
		return ""
	}
	return host
}

// TaskManager is the id of the TaskManager that the attempt runs on; empty if
// it runs on none.
func (s Subtask) TaskManager() string {
	if s.TaskManagerID == unassigned {
		return ""
	}
	return s.TaskManagerID
}

// Task requests the subtasks of a task and their counters. It triggers a
// metric fetch.
func (c *Client) Task(ctx context.Context, jobID, taskID string) (task Task, err error) {
	path, err := c.path(jobID, taskID)
	if err != nil {
		return task, err
	}
	return task, c.get(ctx, path, &task)
}

// Backpressure is the answer of /jobs/:jid/vertices/:vid/backpressure: Flink's
// own averages, over 5 s up to 1.16 and 60 s from 1.17 on.
type Backpressure struct {
	// Status is "ok", or "deprecated" while no metrics have been fetched.
	Status   string  `json:"status"`
	Subtasks []Ratio `json:"subtasks"`
}

// Ratio is how a subtask spent its time, 0 to 1; a legacy source's busy share
// is NaN, and its idle share always 0.
type Ratio struct {
	Subtask       int    `json:"subtask"`
	Backpressured Number `json:"ratio"`
	Idle          Number `json:"idleRatio"`
	Busy          Number `json:"busyRatio"`
}

// Backpressure requests the gauges of a task. It triggers a metric fetch.
func (c *Client) Backpressure(ctx context.Context, jobID, taskID string) (pressure Backpressure, err error) {
	path, err := c.path(jobID, taskID)
	if err != nil {
		return pressure, err
	}
	return pressure, c.get(ctx, path+"/backpressure", &pressure)
}
