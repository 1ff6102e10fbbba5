package look

import (
	"context"
	"errors"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Memory is where a keeper's looks are remembered, and how long it goes on
// looking after the last interest.
type Memory struct {
	// Cluster is the name under which the looks are remembered.
	Cluster string
	Store   *history.Store
	// IdleAfter is how long after the last query a job is still sampled; 0
	// for not at all.
	IdleAfter time.Duration
}

// Remember has the keeper remember its looks, and sample each job that
// somebody asks for: a look a fetch, whoever takes it. It is called before the
// keeper is used. [Keeper.Close] ends the sampling.
func (k *Keeper) Remember(memory Memory) { k.memory = &memory }

// Close ends the sampling, and returns when it has ended.
func (k *Keeper) Close() {
	k.mu.Lock()
	k.closed = true
	stop, ended := k.stop, k.ended
	k.mu.Unlock()
	if stop != nil {
		stop()
		<-ended
	}
}

// want notes that somebody is interested in the job, and begins to sample, in
// the surroundings of who asks but for as long as it takes.
func (k *Keeper) want(ctx context.Context, watched *watch, info job.Info) {
	k.mu.Lock()
	defer k.mu.Unlock()
	watched.info, watched.wanted = info, time.Now()
	if k.memory == nil || k.memory.IdleAfter <= 0 || k.closed || k.stop != nil {
		return
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	k.stop, k.ended = stop, ended
	go func() {
		defer close(ended)
		defer stop()
		k.sample(ctx)
	}()
}

// sample takes a look at each job that is wanted once a fetch, unless somebody
// else does: what failed is tried again, and told to whoever asks then.
func (k *Keeper) sample(ctx context.Context) {
	for {
		next, due, wanted := k.due(time.Now())
		if !wanted {
			return
		}
		AtOnce(len(due), k.client.MostAtOnce(), func(n int) { k.sampleJob(ctx, due[n]) })
		if len(due) == 0 && until(ctx, next) != nil {
			return
		}
	}
}

// due lists the jobs that are to be looked at, else tells when the next one
// will be. Where no job is wanted the sampling ends.
func (k *Keeper) due(now time.Time) (next time.Time, due []*watch, wanted bool) {
	every := k.pace()
	next = now.Add(every)
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, watched := range k.watched {
		if !k.sampled(watched, now) {
			continue
		}
		wanted = true
		if at := k.dueAt(watched, every); !at.After(now) {
			watched.tried = now
			due = append(due, watched)
		} else if at.Before(next) {
			next = at
		}
	}
	if !wanted {
		k.stop, k.ended = nil, nil
	}
	return next, due, wanted
}

// dueAt is when a job is to be looked at: as soon as the metrics can be fetched
// anew, or have been since the last look; a look before that brings nothing.
func (k *Keeper) dueAt(watched *watch, every time.Duration) time.Time {
	looked := watched.load.when()
	if looked.IsZero() {
		looked = watched.wanted // whoever asked takes the first look
		return later(looked, watched.tried).Add(every)
	}
	at := k.fetch.next(every)
	if arrived := k.fetch.arrived(); looked.Before(arrived) {
		at = arrived
	}
	return later(at, watched.tried.Add(every*9/10))
}

// sampleJob takes a look, or shares one that is under way. A job that has ended,
// or that Flink has forgotten, is not wanted any more.
func (k *Keeper) sampleJob(ctx context.Context, watched *watch) {
	k.mu.Lock()
	info, counted := watched.info, time.Since(watched.counted) <= k.memory.IdleAfter
	k.mu.Unlock()
	if counted { // if that fails the look is remembered without
		_, _, _ = k.restarts(ctx, info, watched, 0)
	}
	snapshot, _, err := k.snapshot(ctx, info, watched, 0)
	var failed *flink.Error
	gone := errors.As(err, &failed) && failed.Kind == flink.NotFound
	switch {
	case gone, err == nil && snapshot.Job.State.Terminal():
		k.mu.Lock()
		defer k.mu.Unlock()
		watched.wanted = time.Time{}
	case err != nil: // is it the job or the cluster?
		_, _, _ = k.Jobs(ctx)
	}
}

const (
	// unknownPace is Flink's default, until the cluster has told its own.
	unknownPace = 10 * time.Second
	// leastPace bounds what a cluster that fetches all the time costs.
	leastPace = time.Second
)

// pace is how often jobs are sampled: as often as metrics are fetched; where
// that is off, often enough to see what runs.
func (k *Keeper) pace() time.Duration {
	switch cluster := k.cluster.last(); {
	case cluster.Version == "":
		return unknownPace
	case cluster.Fetch == 0:
		return clusterAge
	default:
		return max(cluster.Fetch, leastPace)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
