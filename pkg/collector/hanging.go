package collector

import (
	"context"
	"errors"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

const (
	// hangingAtOnce is how many jobs are polled at once that did not answer in time
	// before, so that the others have the other slots.
	hangingAtOnce = 2
	// minBackOff is for how long at least a job is not polled that has just timed out: as
	// long as it takes until it is the turn of each of them.
	minBackOff = 5 * time.Second
)

// hanging is what is kept of a job whose last poll timed out. Collector.mu guards it.
type hanging struct {
	is    bool
	until time.Time // when it is polled again
	err   error
}

// hangingJobs counts over all jobs of a cluster. Collector.mu guards it.
type hangingJobs struct {
	underWay int // polls of jobs that did not answer before
	// over is set when one of them has answered: the others probably do so, too.
	over bool
}

// errNotItsTurn is why a job is not polled that would be, were not others under way that
// did not answer in time before.
var errNotItsTurn = errors.New("others are tried first that did not answer in time")

// attempt reports why a job is not polled now, nil if it is; then release is to be
// called. One whose last poll timed out is polled again after a while, and apart from
// the others: a Flink that hangs takes a time-out for each request, and a slot.
func (c *Collector) attempt(tracked *trackedJob, id string) (release func(), err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	of := &tracked.hanging
	switch {
	case !of.is || c.hanging.over:
		return func() {}, nil
	case time.Now().Before(of.until):
		return nil, of.err
	case c.hanging.underWay >= hangingAtOnce:
		return nil, &remote.Error{Kind: remote.TimedOut, Request: c.client.Base() + "/jobs/" + id, Err: errNotItsTurn}
	}
	c.hanging.underWay++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.hanging.underWay--
	}, nil
}

// noteHanging keeps whether a poll timed out, which took so long. One that did not shows
// that others may no longer do either.
func (c *Collector) noteHanging(tracked *trackedJob, verdict *diagnosis.Verdict, took time.Duration, err error) {
	timedOut := remote.IsKind(err, remote.TimedOut)
	if err == nil {
		timedOut = allTimedOut(verdict.Snapshot)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case timedOut:
		tracked.hanging.is = true
		hanging := 0
		for _, other := range c.tracked {
			hanging += count(other.hanging.is)
		}
		tracked.hanging.until, tracked.hanging.err = time.Now().Add(max(minBackOff, took*time.Duration(hanging/hangingAtOnce))), err
		c.hanging.over = false
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), remote.IsKind(err, remote.Canceled): // its callers went away
	default:
		if tracked.hanging.is {
			c.hanging.over = true
		}
		tracked.hanging = hanging{}
	}
}

// allTimedOut reports whether none of a job's tasks answered, as they did not in time.
func allTimedOut(snapshot *job.Snapshot) (timedOut bool) {
	for i, task := range snapshot.Tasks {
		switch {
		case task.Err == nil && snapshot.Graph.Tasks[i].Running > 0:
			return false
		case remote.IsKind(task.Err, remote.TimedOut):
			timedOut = true
		}
	}
	return timedOut
}

// Hangs reports whether the last poll of a job timed out.
func (c *Collector) Hangs(jobID string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	tracked := c.tracked[jobID]
	return tracked != nil && tracked.hanging.is
}
