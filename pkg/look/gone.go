package look

import (
	"context"
	"slices"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// missing is how often a job is tried that the cluster has told not to have: a
// JobManager that fails over lists it again after a while.
const missing = time.Minute

// listing is the list of jobs as it was when looks had failed, or why there was
// none.
type listing struct {
	jobs []job.Info
	err  error
}

// failed finds out whether a look failed because the job is gone, which only
// the cluster's list of jobs tells: a proxy without a Flink behind it has none
// of its paths either.
func (k *Keeper) failed(ctx context.Context, watched *watch, err error) {
	k.mu.Lock()
	id, tried := watched.info.ID, watched.tried
	k.mu.Unlock()
	// One list is for all looks that began before it.
	now, _, left := k.roll.get(ctx, time.Since(tried), func(ctx context.Context) (listing, error) {
		jobs, _, err := k.list(ctx, 0)
		return listing{jobs, err}, ctx.Err()
	})
	if left != nil {
		return
	}
	at := slices.IndexFunc(now.jobs, func(info job.Info) bool { return info.ID == id })
	if at >= 0 && now.jobs[at].State.Terminal() {
		k.finished(watched)
		return
	}
	var missed time.Time
	if flink.IsNotFound(err) && now.err == nil && at < 0 {
		missed = time.Now()
	}
	k.locked(func() { watched.missed = missed })
}

// finished ends the sampling of a job that has ended.
func (k *Keeper) finished(watched *watch) {
	k.locked(func() { watched.wanted = time.Time{} })
}
