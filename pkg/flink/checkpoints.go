package flink

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// Checkpoints is the answer of /jobs/:jid/checkpoints. Times are milliseconds since
// 1970 by Flink's clock.
type Checkpoints struct {
	Counts CheckpointCounts `json:"counts"`
	Latest LatestCheckpoint `json:"latest"`
	// History are the last ones, newest first: 10, unless web.checkpoints.history is
	// another, of which the newest [MaxCheckpoints] are read.
	History []Checkpoint `json:"history"`
}

// MaxCheckpoints is how many checkpoints of an answer are read.
const MaxCheckpoints = 1000

var checkpointsFields = fields[Checkpoints]{
	"counts":  func(d *decoder, c *Checkpoints) { d.checkpointCounts.read(d, &c.Counts) },
	"latest":  func(d *decoder, c *Checkpoints) { d.latestCheckpoint.read(d, &c.Latest) },
	"history": func(d *decoder, c *Checkpoints) { c.History = first(d, &d.checkpoint, MaxCheckpoints) },
}

// CheckpointCounts count a job's checkpoints and savepoints since it started.
type CheckpointCounts struct {
	Total      int64 `json:"total"`
	InProgress int64 `json:"in_progress"`
	Completed  int64 `json:"completed"`
	Failed     int64 `json:"failed"`
}

var checkpointCountsFields = fields[CheckpointCounts]{
	"total":       func(d *decoder, c *CheckpointCounts) { c.Total = d.integer() },
	"in_progress": func(d *decoder, c *CheckpointCounts) { c.InProgress = d.integer() },
	"completed":   func(d *decoder, c *CheckpointCounts) { c.Completed = d.integer() },
	"failed":      func(d *decoder, c *CheckpointCounts) { c.Failed = d.integer() },
}

// LatestCheckpoint are the last ones of each kind, which may be older than the
// history; an id of 0 is none.
type LatestCheckpoint struct {
	Completed Checkpoint `json:"completed"`
	Savepoint Checkpoint `json:"savepoint"`
	Failed    Checkpoint `json:"failed"`
}

var latestCheckpointFields = fields[LatestCheckpoint]{
	"completed": func(d *decoder, l *LatestCheckpoint) { d.checkpoint.read(d, &l.Completed) },
	"savepoint": func(d *decoder, l *LatestCheckpoint) { d.checkpoint.read(d, &l.Savepoint) },
	"failed":    func(d *decoder, l *LatestCheckpoint) { d.checkpoint.read(d, &l.Failed) },
}

// Checkpoint is a checkpoint in the list of a job's, or the answer of
// /jobs/:jid/checkpoints/details/:cid, which alone has Tasks. Durations are
// milliseconds, sizes bytes; -1 is not known.
type Checkpoint struct {
	ID        int64  `json:"id"`
	Status    string `json:"status"`
	Savepoint bool   `json:"is_savepoint"`
	Type      string `json:"checkpoint_type"`
	Trigger   int64  `json:"trigger_timestamp"`
	LatestAck int64  `json:"latest_ack_timestamp"`
	Duration  int64  `json:"end_to_end_duration"`
	StateSize int64  `json:"state_size"`
	// CheckpointedSize is what it wrote; reported from 1.15 on.
	CheckpointedSize Optional `json:"checkpointed_size"`
	Subtasks         int      `json:"num_subtasks"`
	Acknowledged     int      `json:"num_acknowledged_subtasks"`
	Failed           int64    `json:"failure_timestamp"`
	// Failure is why it failed, its first [maxFailure] bytes.
	Failure string           `json:"failure_message"`
	Tasks   []TaskCheckpoint `json:"tasks"`
}

// maxFailure is how much of a checkpoint's failure is read: up to 1.20 it may be a
// stack trace.
const maxFailure = 1 << 10

var checkpointFields = fields[Checkpoint]{
	"id":                        func(d *decoder, c *Checkpoint) { c.ID = d.integer() },
	"status":                    func(d *decoder, c *Checkpoint) { c.Status = d.repeated() },
	"is_savepoint":              func(d *decoder, c *Checkpoint) { c.Savepoint = d.boolean() },
	"checkpoint_type":           func(d *decoder, c *Checkpoint) { c.Type = d.repeated() },
	"trigger_timestamp":         func(d *decoder, c *Checkpoint) { c.Trigger = d.integer() },
	"latest_ack_timestamp":      func(d *decoder, c *Checkpoint) { c.LatestAck = d.integer() },
	"end_to_end_duration":       func(d *decoder, c *Checkpoint) { c.Duration = d.integer() },
	"state_size":                func(d *decoder, c *Checkpoint) { c.StateSize = d.integer() },
	"checkpointed_size":         func(d *decoder, c *Checkpoint) { c.CheckpointedSize = d.optional() },
	"num_subtasks":              func(d *decoder, c *Checkpoint) { c.Subtasks = int(d.integer()) },
	"num_acknowledged_subtasks": func(d *decoder, c *Checkpoint) { c.Acknowledged = int(d.integer()) },
	"failure_timestamp":         func(d *decoder, c *Checkpoint) { c.Failed = d.integer() },
	"failure_message":           func(d *decoder, c *Checkpoint) { c.Failure = d.cut(maxFailure) },
	"tasks":                     func(d *decoder, c *Checkpoint) { c.Tasks = tasksOfCheckpoint(d) },
}

// TaskCheckpoint is a task's part in a checkpoint. Durations are milliseconds from the
// checkpoint's trigger; -1 is not known.
type TaskCheckpoint struct {
	ID           string
	Duration     int64 `json:"end_to_end_duration"`
	Subtasks     int   `json:"num_subtasks"`
	Acknowledged int   `json:"num_acknowledged_subtasks"`
}

var taskCheckpointFields = fields[TaskCheckpoint]{
	"end_to_end_duration":       func(d *decoder, t *TaskCheckpoint) { t.Duration = d.integer() },
	"num_subtasks":              func(d *decoder, t *TaskCheckpoint) { t.Subtasks = int(d.integer()) },
	"num_acknowledged_subtasks": func(d *decoder, t *TaskCheckpoint) { t.Acknowledged = int(d.integer()) },
}

// tasksOfCheckpoint reads an object whose members are tasks, by their ids.
func tasksOfCheckpoint(d *decoder) (tasks []TaskCheckpoint) {
	for more := d.begin('{', '}'); more; more = d.again('}') {
		if len(tasks) == maxTasks {
			d.tooMany(maxTasks, "tasks")
			break
		}
		task := TaskCheckpoint{ID: d.name()}
		d.taskCheckpoint.read(d, &task)
		tasks = append(tasks, task)
	}
	return tasks
}

// SubtaskCheckpoints is the answer of
// /jobs/:jid/checkpoints/details/:cid/subtasks/:vid.
type SubtaskCheckpoints struct {
	Subtasks []SubtaskCheckpoint `json:"subtasks"`
}

var subtaskCheckpointsFields = fields[SubtaskCheckpoints]{
	"subtasks": func(d *decoder, s *SubtaskCheckpoints) { s.Subtasks = list(d, &d.subtaskCheckpoint) },
}

// SubtaskCheckpoint is a subtask's part in a checkpoint, in milliseconds. One that has
// not acknowledged it, Status "pending_or_failed", has nothing but its index.
type SubtaskCheckpoint struct {
	Index      int             `json:"index"`
	Status     string          `json:"status"`
	Duration   int64           `json:"end_to_end_duration"`
	StartDelay int64           `json:"start_delay"`
	Unaligned  bool            `json:"unaligned_checkpoint"`
	Parts      checkpointParts `json:"checkpoint"`
	Alignment  alignmentPart   `json:"alignment"`
}

// Acknowledged reports whether the subtask has finished its part.
func (s SubtaskCheckpoint) Acknowledged() bool { return s.Status == "completed" }

var subtaskCheckpointFields = fields[SubtaskCheckpoint]{
	"index":                func(d *decoder, s *SubtaskCheckpoint) { s.Index = int(d.integer()) },
	"status":               func(d *decoder, s *SubtaskCheckpoint) { s.Status = d.repeated() },
	"end_to_end_duration":  func(d *decoder, s *SubtaskCheckpoint) { s.Duration = d.integer() },
	"start_delay":          func(d *decoder, s *SubtaskCheckpoint) { s.StartDelay = d.integer() },
	"unaligned_checkpoint": func(d *decoder, s *SubtaskCheckpoint) { s.Unaligned = d.boolean() },
	"checkpoint":           func(d *decoder, s *SubtaskCheckpoint) { d.checkpointParts.read(d, &s.Parts) },
	"alignment":            func(d *decoder, s *SubtaskCheckpoint) { d.alignmentPart.read(d, &s.Alignment) },
}

type checkpointParts struct {
	Sync  int64 `json:"sync"`
	Async int64 `json:"async"`
}

var checkpointPartsFields = fields[checkpointParts]{
	"sync":  func(d *decoder, p *checkpointParts) { p.Sync = d.integer() },
	"async": func(d *decoder, p *checkpointParts) { p.Async = d.integer() },
}

type alignmentPart struct {
	Duration int64 `json:"duration"`
}

var alignmentPartFields = fields[alignmentPart]{
	"duration": func(d *decoder, p *alignmentPart) { p.Duration = d.integer() },
}

// Checkpoints requests a job's checkpoints. Of a batch job, which makes none, Flink has
// no statistics: that is [remote.NotFound], as a job that is gone is.
func (c *Client) Checkpoints(ctx context.Context, jobID string) (checkpoints Checkpoints, err error) {
	path, err := c.path(jobID)
	if err != nil {
		return checkpoints, err
	}
	return checkpoints, c.get(ctx, checkpointsPath, path+"/checkpoints", func(d *decoder) { d.checkpoints.read(d, &checkpoints) })
}

// CheckpointInterval requests how often a job makes checkpoints by itself, 0 for never.
// Flink has no configuration of them for a batch job, and an interval of the highest
// number for others without.
func (c *Client) CheckpointInterval(ctx context.Context, jobID string) (time.Duration, error) {
	path, err := c.path(jobID)
	if err != nil {
		return 0, err
	}
	var config checkpointConfig
	err = c.get(ctx, checkpointConfigPath, path+"/checkpoints/config", func(d *decoder) { d.checkpointConfig.read(d, &config) })
	if remote.IsKind(err, remote.NotFound) {
		return 0, nil
	}
	if err != nil || config.interval < 0 || config.interval > math.MaxInt64/int64(time.Millisecond) {
		return 0, err
	}
	return time.Duration(config.interval) * time.Millisecond, nil
}

// checkpointConfig is the answer of /jobs/:jid/checkpoints/config; the interval is in
// milliseconds.
type checkpointConfig struct{ interval int64 }

var checkpointConfigFields = fields[checkpointConfig]{
	"interval": func(d *decoder, c *checkpointConfig) { c.interval = d.integer() },
}

// Checkpoint requests the details of a checkpoint, by task.
func (c *Client) Checkpoint(ctx context.Context, jobID string, id int64) (checkpoint Checkpoint, err error) {
	path, err := c.checkpointPath(jobID, id)
	if err != nil {
		return checkpoint, err
	}
	return checkpoint, c.get(ctx, checkpointPath, path, func(d *decoder) { d.checkpoint.read(d, &checkpoint) })
}

// checkpointPath builds the path of a checkpoint, whose ids are no negative numbers.
func (c *Client) checkpointPath(jobID string, id int64) (string, error) {
	path, err := c.path(jobID)
	if err == nil && id < 0 {
		err = &remote.Error{Kind: remote.BadID, Request: c.base + path + "/checkpoints", Detail: fmt.Sprint(id)}
	}
	return fmt.Sprintf("%s/checkpoints/details/%d", path, id), err
}

// SubtaskCheckpoints requests the details of a checkpoint of the subtasks of a task.
func (c *Client) SubtaskCheckpoints(ctx context.Context, jobID string, id int64, taskID string) (subtasks []SubtaskCheckpoint, err error) {
	path, err := c.checkpointPath(jobID, id)
	if err != nil {
		return nil, err
	}
	if _, err := c.path(jobID, taskID); err != nil {
		return nil, err
	}
	var answer SubtaskCheckpoints
	err = c.get(ctx, taskCheckpointPath, path+"/subtasks/"+taskID, func(d *decoder) { d.subtaskCheckpoints.read(d, &answer) })
	return answer.Subtasks, err
}
