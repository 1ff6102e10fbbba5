package flink

import (
	"cmp"
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
	*n = parseNumber(string(text))
	return nil
}

func parseNumber(text string) Number {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(value, 0) {
		return unknown
	}
	return Number(value)
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
	// most is how many subtasks are read at most, 0 for [MaxParallelism].
	most int
}

// MaxParallelism is the highest that Flink allows
// (KeyGroupRangeAssignment.UPPER_BOUND_MAX_PARALLELISM).
const MaxParallelism = 1 << 15

var taskFields = fields[Task]{
	"id":  func(d *decoder, t *Task) { t.ID = d.repeated() },
	"now": func(d *decoder, t *Task) { t.Now = d.integer() },
	"subtasks": func(d *decoder, t *Task) {
		t.Subtasks = listInto(d, &d.subtask, t.Subtasks, cmp.Or(t.most, MaxParallelism), "subtasks")
	},
}

// Subtask is one subtask's current attempt in a [Task].
type Subtask struct {
	Subtask        int             `json:"subtask"`
	Status         string          `json:"status"`
	Attempt        int             `json:"attempt"`
	HostName       string          `json:"host"`     // up to 1.20
	Endpoint       string          `json:"endpoint"` // from 1.19, host:port
	TaskManagerID  string          `json:"taskmanager-id"`
	Start          int64           `json:"start-time"`
	Duration       int64           `json:"duration"`
	Metrics        Metrics         `json:"metrics"`
	StatusDuration StatusDurations `json:"status-duration"`
}

var subtaskFields = fields[Subtask]{
	"subtask":         func(d *decoder, s *Subtask) { s.Subtask = int(d.integer()) },
	"status":          func(d *decoder, s *Subtask) { s.Status = d.repeated() },
	"attempt":         func(d *decoder, s *Subtask) { s.Attempt = int(d.integer()) },
	"host":            func(d *decoder, s *Subtask) { s.HostName = d.repeated() },
	"endpoint":        func(d *decoder, s *Subtask) { s.Endpoint = d.repeated() },
	"taskmanager-id":  func(d *decoder, s *Subtask) { s.TaskManagerID = d.repeated() },
	"start-time":      func(d *decoder, s *Subtask) { s.Start = d.integer() },
	"duration":        func(d *decoder, s *Subtask) { s.Duration = d.integer() },
	"metrics":         func(d *decoder, s *Subtask) { d.metrics.read(d, &s.Metrics) },
	"status-duration": func(d *decoder, s *Subtask) { d.durations.read(d, &s.StatusDuration) },
}

// StatusDurations are how long an attempt was in each state, in milliseconds,
// reported from 1.16 on; of those the one that is needed.
type StatusDurations struct {
	Running Optional `json:"RUNNING"`
}

var statusDurationsFields = fields[StatusDurations]{
	"RUNNING": func(d *decoder, s *StatusDurations) { s.Running = d.optional() },
}

// Metrics are a subtask's counters since its attempt began. The accumulated
// times, in milliseconds, are reported from 1.16 on.
type Metrics struct {
	ReadRecords          int64    `json:"read-records"`
	WriteRecords         int64    `json:"write-records"`
	ReadRecordsComplete  bool     `json:"read-records-complete"`
	WriteRecordsComplete bool     `json:"write-records-complete"`
	Idle                 Optional `json:"accumulated-idle-time"`
	Busy                 Optional `json:"accumulated-busy-time"`
	Backpressured        Optional `json:"accumulated-backpressured-time"`
}

var metricsFields = fields[Metrics]{
	"read-records":                   func(d *decoder, m *Metrics) { m.ReadRecords = d.integer() },
	"write-records":                  func(d *decoder, m *Metrics) { m.WriteRecords = d.integer() },
	"read-records-complete":          func(d *decoder, m *Metrics) { m.ReadRecordsComplete = d.boolean() },
	"write-records-complete":         func(d *decoder, m *Metrics) { m.WriteRecordsComplete = d.boolean() },
	"accumulated-idle-time":          func(d *decoder, m *Metrics) { m.Idle = d.optional() },
	"accumulated-busy-time":          func(d *decoder, m *Metrics) { m.Busy = d.optional() },
	"accumulated-backpressured-time": func(d *decoder, m *Metrics) { m.Backpressured = d.optional() },
}

// Optional is a number that not every version of Flink reports.
type Optional struct {
	Number
	// Reported is set where the answer has it, be it NaN.
	Reported bool
}

// UnmarshalJSON reads null as not reported, anything else as [Number.UnmarshalJSON]
// does.
func (o *Optional) UnmarshalJSON(text []byte) error {
	if o.Reported = string(text) != "null"; !o.Reported {
		return nil
	}
	return o.Number.UnmarshalJSON(text)
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

// Task requests the subtasks of a task and their counters, and reads them into the
// array of the buffer, which may be nil, as far as that suffices. An answer with more
// than so many of them, or than [MaxParallelism] if most is 0, is an error. It triggers
// a metric fetch.
func (c *Client) Task(ctx context.Context, jobID, taskID string, buffer []Subtask, most int) (task Task, err error) {
	path, err := c.path(jobID, taskID)
	if err != nil {
		return task, err
	}
	task.Subtasks, task.most = buffer[:0], most
	return task, c.get(ctx, taskPath, path, func(d *decoder) { d.task.read(d, &task) })
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

var backpressureFields = fields[Backpressure]{
	"status": func(d *decoder, b *Backpressure) { b.Status = d.repeated() },
	"subtasks": func(d *decoder, b *Backpressure) {
		b.Subtasks = listInto(d, &d.ratio, []Ratio{}, MaxParallelism, "subtasks")
	},
}

var ratioFields = fields[Ratio]{
	"subtask":   func(d *decoder, r *Ratio) { r.Subtask = int(d.integer()) },
	"ratio":     func(d *decoder, r *Ratio) { r.Backpressured = d.float() },
	"idleRatio": func(d *decoder, r *Ratio) { r.Idle = d.float() },
	"busyRatio": func(d *decoder, r *Ratio) { r.Busy = d.float() },
}

// Backpressure requests the gauges of a task. It triggers a metric fetch.
func (c *Client) Backpressure(ctx context.Context, jobID, taskID string) (pressure Backpressure, err error) {
	path, err := c.path(jobID, taskID)
	if err != nil {
		return pressure, err
	}
	return pressure, c.get(ctx, backpressurePath, path+"/backpressure", func(d *decoder) { d.backpressure.read(d, &pressure) })
}
