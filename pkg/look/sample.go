package look

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

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
// else does: what failed is tried again, and told to whoever asks then. One job
// does not wait for another, unless all slots are taken.
func (k *Keeper) sample(ctx context.Context) {
	var looks errgroup.Group
	looks.SetLimit(k.client.MostAtOnce())
	for ctx.Err() == nil {
		next, due, wanted := k.due(time.Now())
		switch {
		case !wanted:
			return // no look is under way
		case len(due) > 0:
			k.sampleAll(ctx, &looks, due)
		default:
			_ = until(ctx, next)
		}
	}
	_ = looks.Wait() // no look returns an error
}

// sampleAll begins to look at the jobs that are due, unless the cluster does not
// answer: then nor would they, and one request a time tells that.
func (k *Keeper) sampleAll(ctx context.Context, looks *errgroup.Group, due []*watch) {
	_, _, err := k.Cluster(ctx)
	for _, watched := range due {
		if err != nil || ctx.Err() != nil {
			k.locked(func() { watched.missed = time.Time{} })
			continue
		}
		k.locked(func() { watched.looking = true })
		looks.Go(func() error {
			defer k.locked(func() { watched.looking = false })
			k.sampleJob(ctx, watched)
			return nil
		})
	}
}

func (k *Keeper) locked(do func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	do()
}

// sampleJob takes a look, or shares one that is under way.
func (k *Keeper) sampleJob(ctx context.Context, watched *watch) {
	k.mu.Lock()
	info, counted := watched.info, time.Since(watched.counted) <= k.memory.IdleAfter
	k.mu.Unlock()
	if counted { // if that fails the look is remembered without
		_, _, _ = k.restarts(ctx, info, watched, 0)
	}
	snapshot, _, err := k.snapshot(ctx, info, watched, 0)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		k.failed(ctx, watched, err)
	case snapshot.Job.State.Terminal():
		k.finished(watched)
	}
}
