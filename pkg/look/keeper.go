// Package look takes looks at jobs and keeps them: one round of requests for
// all who ask within the age limit, whichever query, panel, user or alert rule
// they come from.
package look

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// forgotten is how long a job that nobody asks for stays in memory: longer
// than alert rules wait between evaluations, so that they find its graph.
const forgotten = 30 * time.Minute

// Keeper takes and keeps the looks at one cluster. It is safe for concurrent
// use and has no goroutine beyond the rounds that somebody waits for, and those
// that sample where it is told to [Keeper.Remember].
type Keeper struct {
	client *flink.Client
	maxAge time.Duration
	fetch  fetchClock

	cluster      shared[Cluster]
	jobs         shared[[]job.Info]
	roll         shared[listing]
	taskManagers shared[[]string]

	memory *Memory // nil where nothing is remembered

	mu      sync.Mutex
	watched map[string]*watch
	closed  bool
	stop    context.CancelFunc // nil while nothing is sampled
	ended   <-chan struct{}
}

// watch is what is kept of one job.
type watch struct {
	// These are guarded by Keeper.mu. wanted is when somebody last asked for
	// the load, counted for the restarts, tried when it was last sampled, missed
	// when the cluster then told that it had no such job.
	asked, wanted, counted, tried, missed time.Time
	info                                  job.Info
	looking                               bool // the sampler's look is under way

	load     shared[counted]
	graph    shared[*job.Graph]
	restarts shared[flink.Number]
	details  shared[detailed]

	late atomic.Bool // a task did not answer in time at the last look

	trailMu sync.Mutex
	trail   *job.Deriver // nil until the first round
	// places are of Flinks before 1.16, by task id.
	places map[string]placed
}

// counted is a snapshot and the requests that its round took.
type counted struct {
	snapshot *job.Snapshot
	requests int
}

// New returns a keeper that answers from looks at most maxAge old.
func New(client *flink.Client, maxAge time.Duration) *Keeper {
	return &Keeper{client: client, maxAge: maxAge, watched: map[string]*watch{}}
}

// Jobs lists the cluster's jobs, those that have not ended first, by the time
// they started, with names told apart. requests is how many this call caused:
// 0 if it shared another's. Errors are [flink.Error] or the context's.
func (k *Keeper) Jobs(ctx context.Context) (jobs []job.Info, requests int, err error) {
	return k.list(ctx, k.maxAge)
}

func (k *Keeper) list(ctx context.Context, age time.Duration) (jobs []job.Info, requests int, err error) {
	jobs, started, err := k.jobs.get(ctx, age, func(ctx context.Context) ([]job.Info, error) {
		summaries, err := k.client.Jobs(ctx)
		k.heard(ctx, err)
		return infos(summaries), err
	})
	return jobs, btoi(started), err
}

// Snapshot is how a job's subtasks spent their time of late. Tasks that did
// not answer carry their error; the job's own failure is returned. requests
// is how many this call caused.
func (k *Keeper) Snapshot(ctx context.Context, info job.Info) (snapshot *job.Snapshot, requests int, err error) {
	watched := k.watch(info.ID)
	k.want(ctx, watched, info)
	return k.snapshot(ctx, info, watched, k.maxAge)
}

// snapshot answers from a look of at most that age.
func (k *Keeper) snapshot(ctx context.Context, info job.Info, watched *watch, age time.Duration) (snapshot *job.Snapshot, requests int, err error) {
	cluster, requests, err := k.Cluster(ctx)
	if err != nil {
		return nil, requests, err
	}
	result, started, err := watched.load.get(ctx, age, func(ctx context.Context) (counted, error) {
		return k.round(ctx, info, cluster, watched)
	})
	if started {
		requests += result.requests
	}
	return result.snapshot, requests, err
}

// LastJobs are the jobs that the cluster had when it last answered; empty if
// it never has.
func (k *Keeper) LastJobs() []job.Info { return k.jobs.last() }

// Blank is the snapshot of a job that does not answer: the tasks that it last
// had, of which nothing is known, because of err. So an alert rule finds its
// series, without a value, rather than none.
func (k *Keeper) Blank(info job.Info, err error) *job.Snapshot {
	graph := &job.Graph{}
	if last := k.watch(info.ID).load.last().snapshot; last != nil {
		graph = last.Graph
	}
	return job.UnknownSnapshot(info, graph, time.Now(), err)
}

// watch finds or begins what is kept of a job, and forgets jobs that nobody
// has asked for of late.
func (k *Keeper) watch(jobID string) *watch {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	for id, watched := range k.watched {
		if now.Sub(watched.asked) > forgotten && !k.sampled(watched, now) {
			delete(k.watched, id)
		}
	}
	watched := k.watched[jobID]
	if watched == nil {
		watched = &watch{places: map[string]placed{}}
		k.watched[jobID] = watched
	}
	watched.asked = now
	return watched
}

// sampled tells whether the job is still sampled. The caller holds Keeper.mu.
func (k *Keeper) sampled(watched *watch, now time.Time) bool {
	return watched.looking || k.memory != nil && now.Sub(watched.wanted) <= k.memory.IdleAfter
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
