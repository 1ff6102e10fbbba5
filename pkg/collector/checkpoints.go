package collector

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// forever is the age limit of what never changes.
const forever = time.Duration(math.MaxInt64)

// Figure is a figure of a job, NaN where it is not known. From then on the sampler
// reads it too: one more request per poll.
func (c *Collector) Figure(ctx context.Context, info job.Info, figure diagnosis.Figure) (value float64, requests int, err error) {
	if figure == diagnosis.RestartCount {
		return c.Restarts(ctx, info)
	}
	checkpoints, requests, err := c.Checkpoints(ctx, info)
	if figure == diagnosis.CheckpointIntervals && err == nil && checkpoints.On && checkpoints.Interval == 0 {
		var more int
		checkpoints, more, err = c.withInterval(ctx, info, checkpoints)
		requests += more
	}
	figures := diagnosis.UnknownFigures
	if err == nil {
		figures.SetCheckpoints(checkpoints.CheckpointState, info.Start, time.Now())
	}
	return figures[figure], requests, err
}

// Checkpoints are those of a job that Flink remembers. From then on the sampler reads
// them too: one more request per poll. As long as none was completed it takes another
// request, once, to find out whether the job makes any.
func (c *Collector) Checkpoints(ctx context.Context, info job.Info) (checkpoints job.Checkpoints, requests int, err error) {
	tracked := c.track(info.ID)
	c.sampler.wantMore(tracked, ofCheckpoints)
	checkpoints, requests, err = c.checkpointsOfAge(ctx, info, tracked, c.options.MaxAge)
	if err != nil || checkpoints.On {
		return checkpoints, requests, err
	}
	checkpoints, more, err := c.withInterval(ctx, info, checkpoints)
	return checkpoints, requests + more, err
}

// withInterval adds how often the job makes checkpoints, and whether it makes any. It
// takes a request, once.
func (c *Collector) withInterval(ctx context.Context, info job.Info, checkpoints job.Checkpoints) (_ job.Checkpoints, requests int, err error) {
	interval, started, err := c.track(info.ID).checkpointInterval.get(ctx, checkpointsReads, forever, func(ctx context.Context) (time.Duration, error) {
		return c.client.CheckpointInterval(ctx, info.ID)
	})
	checkpoints.Interval, checkpoints.On = interval, checkpoints.On || interval > 0
	if started && err == nil {
		checkpoints.At = time.Now()
		c.keepCheckpoints(info, checkpoints)
	}
	return checkpoints, count(started), err
}

// RecentCheckpoints are the same of at most that age, in one request; whether the job
// makes any is known only if somebody has asked. It does not make the sampler read
// them.
func (c *Collector) RecentCheckpoints(ctx context.Context, info job.Info, maxAge time.Duration) (checkpoints job.Checkpoints, requests int, err error) {
	return c.checkpointsOfAge(ctx, info, c.track(info.ID), maxAge)
}

func (c *Collector) checkpointsOfAge(ctx context.Context, info job.Info, tracked *trackedJob, maxAge time.Duration) (checkpoints job.Checkpoints, requests int, err error) {
	checkpoints, started, err := tracked.checkpoints.get(ctx, checkpointsReads, maxAge, func(ctx context.Context) (read job.Checkpoints, err error) {
		answer, err := c.client.Checkpoints(ctx, info.ID)
		if remote.IsKind(err, remote.NotFound) { // a batch job makes none
			answer, err = flink.Checkpoints{}, nil
		}
		if err != nil {
			return read, err
		}
		read = checkpointsOf(answer, time.Now())
		read.Interval, _ = tracked.checkpointInterval.last()
		read.On = read.On || read.Interval > 0
		c.keepCheckpoints(info, read)
		return read, nil
	})
	return checkpoints, count(started), err
}

// keepCheckpoints keeps in the history what was read.
func (c *Collector) keepCheckpoints(info job.Info, read job.Checkpoints) {
	if c.options.History != nil {
		interval, _ := c.Interval()
		c.options.History.AddCheckpoints(info, read, interval.MaxGap())
	}
}

// checkpointsOf turns Flink's answer about a job's checkpoints into the domain's. The
// last ones of each kind may be older than the list.
func checkpointsOf(answer flink.Checkpoints, now time.Time) job.Checkpoints {
	read := job.Checkpoints{At: now, Completed: answer.Counts.Completed}
	read.Failures = answer.Counts.Failed
	listed := map[int64]bool{}
	for _, each := range answer.History {
		listed[each.ID] = true
		read.Recent = append(read.Recent, checkpointOf(each))
	}
	for _, each := range []flink.Checkpoint{answer.Latest.Completed, answer.Latest.Failed, answer.Latest.Savepoint} {
		if each.ID > 0 && !listed[each.ID] {
			listed[each.ID] = true
			read.Recent = append(read.Recent, checkpointOf(each))
		}
	}
	if last := answer.Latest.Completed; last.ID > 0 {
		of := checkpointOf(last)
		read.On, read.Last, read.Took = true, of.Ended, of.Duration
	}
	return read
}

func checkpointOf(c flink.Checkpoint) job.Checkpoint {
	of := job.Checkpoint{
		ID: c.ID, Type: c.Type, Savepoint: c.Savepoint, Status: job.CheckpointStatus(c.Status), Triggered: time.UnixMilli(c.Trigger),
		Duration: millis(c.Duration), Size: c.StateSize, FullSize: -1, Subtasks: c.Subtasks, Acknowledged: c.Acknowledged, Failure: oneLine(c.Failure),
	}
	if c.CheckpointedSize.Reported && c.CheckpointedSize.Known() {
		of.Size, of.FullSize = int64(c.CheckpointedSize.Number), c.StateSize
	}
	switch of.Status {
	case job.CheckpointCompleted:
		of.Ended = time.UnixMilli(c.LatestAck)
	case job.CheckpointFailed:
		of.Ended = time.UnixMilli(c.Failed)
	}
	return of
}

// CheckpointDetails are those of a checkpoint that has ended: two requests, once for
// each checkpoint, as what has ended does not change. Of one that Flink no longer has
// they are not known.
func (c *Collector) CheckpointDetails(ctx context.Context, info job.Info, of job.Checkpoint) (details job.CheckpointDetails, requests int, err error) {
	tracked := c.track(info.ID)
	var asked atomic.Int64
	details, started, err := tracked.checkpointDetails.of(keyOfCheckpoint(of)).get(ctx, checkpointsReads, forever, func(ctx context.Context) (job.CheckpointDetails, error) {
		graph, requests, err := c.lastGraph(ctx, info, tracked)
		asked.Add(int64(requests) + 1)
		if err != nil {
			return job.UnknownCheckpointDetails, err
		}
		answer, err := c.client.Checkpoint(ctx, info.ID, of.ID)
		task := slowestTask(answer.Tasks, graph)
		if remote.IsKind(err, remote.NotFound) || err == nil && task == "" {
			return job.UnknownCheckpointDetails, nil
		}
		if err != nil {
			return job.UnknownCheckpointDetails, err
		}
		details, requests, err := c.taskCheckpoint(ctx, info, tracked, of, task)
		asked.Add(int64(requests))
		details.Task = task // of a task that was rescaled away, or replaced, but its id is known
		for _, each := range graph.Tasks {
			if each.ID == task {
				details.Task = each.Name
			}
		}
		return details, err
	})
	if started {
		requests = int(asked.Load())
	}
	if err == nil && c.options.History != nil {
		of.Details = &details
		c.options.History.AddDetails(info, time.Now(), of)
	}
	return details, requests, err
}

// TaskCheckpoint are the details of a checkpoint that has ended at one of the job's
// tasks: one request, once.
func (c *Collector) TaskCheckpoint(ctx context.Context, info job.Info, of job.Checkpoint, taskID string) (details job.CheckpointDetails, requests int, err error) {
	return c.taskCheckpoint(ctx, info, c.track(info.ID), of, taskID)
}

func (c *Collector) taskCheckpoint(ctx context.Context, info job.Info, tracked *trackedJob, of job.Checkpoint, taskID string) (details job.CheckpointDetails, requests int, err error) {
	details, started, err := tracked.taskCheckpoints.of(taskCheckpointKey{keyOfCheckpoint(of), taskID}).get(ctx, checkpointsReads, forever, func(ctx context.Context) (job.CheckpointDetails, error) {
		subtasks, err := c.client.SubtaskCheckpoints(ctx, info.ID, of.ID, taskID)
		if remote.IsKind(err, remote.NotFound) {
			return job.UnknownCheckpointDetails, nil
		}
		return detailsOf(subtasks), err
	})
	return details, count(started), err
}

// lastGraph is the job's graph when it was last polled, which costs a request if it
// never was.
func (c *Collector) lastGraph(ctx context.Context, info job.Info, tracked *trackedJob) (*job.Graph, int, error) {
	if last, _ := tracked.polled.last(); last.verdict != nil {
		return last.verdict.Snapshot.Graph, 0, nil
	}
	if graph, at := tracked.graph.last(); !at.IsZero() {
		return graph, 0, nil
	}
	return c.Graph(ctx, info)
}

// slowestTask is the id of the task at which a checkpoint spent most of its time: that
// acknowledged it longest after its inputs had, as barriers pass from task to task. Of
// a checkpoint that was given up it is the first in topological order that had not
// acknowledged it. Without the graph it is the last to acknowledge; empty if there is
// none.
func slowestTask(tasks []flink.TaskCheckpoint, graph *job.Graph) (slowest string) {
	parts := make(map[string]flink.TaskCheckpoint, len(tasks))
	for _, task := range tasks {
		parts[task.ID] = task
	}
	most, found := int64(-1), 0
	for _, task := range graph.Tasks {
		part, known := parts[task.ID]
		if !known {
			continue
		}
		found++
		if part.Acknowledged < part.Subtasks {
			return task.ID
		}
		var before int64
		for _, input := range task.Inputs {
			before = max(before, parts[graph.Tasks[input].ID].Duration)
		}
		if own := part.Duration - before; own > most {
			slowest, most = task.ID, own
		}
	}
	if found == len(tasks) {
		return slowest
	}
	slowest, most = "", -1 // the job's graph has changed since
	for _, task := range tasks {
		if task.Duration > most {
			slowest, most = task.ID, task.Duration
		}
	}
	return slowest
}

// detailsOf are the highest parts of a task's subtasks, and which took longest: the
// only one that has not acknowledged, if there is one.
func detailsOf(subtasks []flink.SubtaskCheckpoint) job.CheckpointDetails {
	details, longest, pending := job.UnknownCheckpointDetails, int64(-1), 0
	for _, each := range subtasks {
		if !each.Acknowledged() {
			pending++
			continue
		}
		if each.Duration > longest {
			details.Subtask, longest = each.Index, each.Duration
		}
		details.Unaligned = details.Unaligned || each.Unaligned
		details.StartDelay = max(details.StartDelay, millis(each.StartDelay))
		details.Alignment = max(details.Alignment, millis(each.Alignment.Duration))
		details.Sync = max(details.Sync, millis(each.Parts.Sync))
		details.Async = max(details.Async, millis(each.Parts.Async))
	}
	if pending > 0 {
		details.Subtask = -1
		for _, each := range subtasks {
			if pending == 1 && !each.Acknowledged() {
				details.Subtask = each.Index
			}
		}
	}
	return details
}

// checkpointKey is one of a job's checkpoints: a job that is started anew under its id, as
// in application mode, counts them from 1 again.
type checkpointKey struct{ id, triggered int64 }

func keyOfCheckpoint(of job.Checkpoint) checkpointKey {
	return checkpointKey{of.ID, of.Triggered.UnixMilli()}
}

// taskCheckpointKey is a checkpoint at a task.
type taskCheckpointKey struct {
	checkpoint checkpointKey
	task       string
}
