package look

import (
	"context"
	"time"

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
		if len(due) == 0 && until(ctx, next) != nil {
			return
		}
		k.sampleAll(ctx, due)
	}
}

// sampleAll looks at the jobs that are due, unless the cluster does not answer:
// then nor would they, and one request a time tells that.
func (k *Keeper) sampleAll(ctx context.Context, due []*watch) {
	if len(due) == 0 {
		return
	}
	if _, _, err := k.Cluster(ctx); err != nil {
		k.mu.Lock()
		defer k.mu.Unlock()
		for _, watched := range due {
			watched.missed = time.Time{}
		}
		return
	}
	AtOnce(len(due), k.client.MostAtOnce(), func(n int) { k.sampleJob(ctx, due[n]) })
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
	case err != nil:
		k.failed(ctx, watched, err)
	case snapshot.Job.State.Terminal():
		k.finished(watched)
	}
}
