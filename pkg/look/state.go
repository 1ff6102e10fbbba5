package look

import (
	"context"
	"math"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// heard remembers whether the cluster answered a request; that one was given up
// tells nothing.
func (k *Keeper) heard(ctx context.Context, err error) {
	if k.memory != nil && ctx.Err() == nil {
		k.memory.Store.Answered(k.memory.Cluster, time.Now(), err == nil)
	}
}

// Restarts is how often the job has restarted; NaN where Flink does not tell.
// While the job is sampled so are its restarts from then on, for a request more
// a look.
func (k *Keeper) Restarts(ctx context.Context, info job.Info) (restarts float64, requests int, err error) {
	watched := k.watch(info.ID)
	k.mu.Lock()
	watched.counted = time.Now()
	k.mu.Unlock()
	return k.restarts(ctx, info, watched, k.maxAge)
}

func (k *Keeper) restarts(ctx context.Context, info job.Info, watched *watch, age time.Duration) (restarts float64, requests int, err error) {
	number, started, err := watched.restarts.get(ctx, age, func(ctx context.Context) (flink.Number, error) {
		return k.client.Restarts(ctx, info.ID)
	})
	return float64(number), btoi(started), err
}

// restarted is how often the job had restarted of late; NaN if nobody asked.
func (w *watch) restarted(age time.Duration) float64 {
	restarts, known := w.restarts.fresh(age)
	if !known {
		return math.NaN()
	}
	return float64(restarts)
}
