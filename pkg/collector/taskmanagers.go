package collector

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// TaskManagers lists the cluster's TaskManagers, without their usage, which costs
// requests of its own. Errors are [remote.Error] or the context's.
func (c *Collector) TaskManagers(ctx context.Context) (managers []job.TaskManager, requests int, err error) {
	managers, started, err := c.taskManagers.get(ctx, c.options.MaxAge, func(ctx context.Context) ([]job.TaskManager, error) {
		listed, err := c.client.TaskManagers(ctx)
		managers := make([]job.TaskManager, len(listed))
		for i, each := range listed {
			managers[i] = taskManager(each)
		}
		return managers, err
	})
	return managers, count(started), err
}

// KnownTaskManagers are those of the list that was requested last and of their usage
// what is at most that old, by id. It costs no request.
func (c *Collector) KnownTaskManagers(maxAge time.Duration) map[string]job.TaskManager {
	listed, _ := c.taskManagers.last()
	known := make(map[string]job.TaskManager, len(listed))
	for _, manager := range listed {
		known[manager.ID] = manager
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, kept := range c.usages {
		usage, at := kept.read.last()
		if at.IsZero() || time.Since(at) > maxAge || usage.Err != nil {
			continue
		}
		manager, found := known[id]
		if !found {
			manager = job.UnknownTaskManager(id)
		}
		manager.Usage = usage.Usage
		known[id] = manager
	}
	return known
}

// taskManager is one of Flink's list.
func taskManager(listed flink.TaskManager) job.TaskManager {
	manager := job.UnknownTaskManager(listed.ID)
	manager.Host = listed.Host()
	if listed.Heartbeat > 0 {
		manager.Heartbeat = time.UnixMilli(listed.Heartbeat)
	}
	for _, each := range []struct {
		to   *float64
		from flink.Optional
	}{{&manager.Slots, listed.Slots}, {&manager.FreeSlots, listed.FreeSlots}, {&manager.Cores, listed.Hardware.Cores}} {
		if each.from.Reported && each.from.Number >= 0 {
			*each.to = float64(each.from.Number)
		}
	}
	return manager
}

// RecentUsage is how old the usage is at most that explains a verdict: one request a
// minute a TaskManager.
const RecentUsage = time.Minute

// UsageResult is a TaskManager's usage, or why it is not known.
type UsageResult struct {
	job.Usage
	Err error
}

// The reasons why Flink has no usage of a TaskManager.
var (
	// ErrFetchingOff is that of a cluster that fetches no metrics.
	ErrFetchingOff = errors.New("the cluster fetches no metrics (metrics.fetcher.update-interval is 0)")
	// ErrNoUsage is that of a TaskManager of which Flink has no metrics.
	ErrNoUsage = errors.New("no metrics of it are there, as it has left the cluster or has just come")
	// errOtherTimedOut is that of one that was not requested.
	errOtherTimedOut = errors.New("it was not requested, because the request for another had timed out")
)

// Usages reads how much of their resources TaskManagers use, of ids that Flink listed,
// at most maxAge old, or than the collector's own age limit if maxAge is 0: one request
// each, and one more if Flink has not fetched metrics lately, as the request that makes
// it fetch them gets the old ones. It fails only if nothing is known.
func (c *Collector) Usages(ctx context.Context, ids []string, maxAge time.Duration) (usages []UsageResult, requests int, err error) {
	maxAge = cmp.Or(maxAge, c.options.MaxAge)
	cluster, requests, err := c.Cluster(ctx)
	if err != nil {
		return nil, requests, err
	}
	usages = make([]UsageResult, len(ids))
	if cluster.Fetch == 0 {
		for i := range usages {
			usages[i] = UsageResult{job.UnknownUsage, ErrFetchingOff}
		}
		return usages, requests, nil
	}
	kept, due := make([]*keptUsage, len(ids)), ""
	for i, id := range ids {
		kept[i] = c.keptUsage(id)
		if _, at := kept[i].read.last(); due == "" && (at.IsZero() || time.Since(at) > maxAge) {
			due = id
		}
	}
	var asked atomic.Int64
	if due != "" {
		if time.Now().After(c.fetch.next(cluster.Fetch)) {
			asked.Add(1)
			_, _, _ = c.client.TaskManagerMetrics(ctx, due) // it makes Flink fetch them, no more
			c.fetch.triggered(time.Now(), cluster.Fetch)
		}
		if err := until(ctx, c.fetch.arrived()); err != nil {
			return nil, requests + int(asked.Load()), err
		}
	}
	var slow atomic.Bool // one has timed out: the others would in turn
	Parallel(len(ids), c.client.Concurrency(), func(i int) {
		if slow.Load() {
			usages[i] = UsageResult{job.UnknownUsage, errOtherTimedOut}
			return
		}
		usage, started, err := kept[i].read.get(ctx, maxAge, func(ctx context.Context) (UsageResult, error) {
			usage, err := c.readUsage(ctx, ids[i], kept[i])
			return UsageResult{usage, err}, ctx.Err() // a failure is shared, too
		})
		asked.Add(int64(count(started)))
		if err != nil {
			usage = UsageResult{job.UnknownUsage, err}
		}
		if usages[i] = usage; remote.IsKind(usage.Err, remote.TimedOut) {
			slow.Store(true)
		}
	})
	return usages, requests + int(asked.Load()), ctx.Err()
}

// usageTimeout is how long a TaskManager's usage is waited for: what it adds holds up no
// verdict for as long as a request may take.
const usageTimeout = 5 * time.Second

// readUsage requests the usage of one TaskManager.
func (c *Collector) readUsage(ctx context.Context, id string, kept *keptUsage) (job.Usage, error) {
	ctx, cancel := context.WithTimeout(ctx, usageTimeout)
	defer cancel()
	fetched := c.fetch.arrived()
	metrics, reported, err := c.client.TaskManagerMetrics(ctx, id)
	switch {
	case err != nil:
		return job.UnknownUsage, err
	case !reported:
		return job.UnknownUsage, ErrNoUsage
	}
	usage := job.Usage{
		CPU: share(metrics.CPU), GC: kept.gc(metrics, fetched),
		HeapUsed: float64(metrics.HeapUsed), HeapMax: math.NaN(), Network: job.Unknown,
	}
	if metrics.HeapMax > 0 {
		usage.HeapMax = float64(metrics.HeapMax)
	}
	if metrics.Segments > 0 {
		usage.Network = share(metrics.SegmentsUsed / metrics.Segments)
	}
	return usage, nil
}

// keptUsage is what is kept of one TaskManager.
type keptUsage struct {
	asked time.Time // when it was last asked for; Collector.mu guards it
	read  shared[UsageResult]

	mu      sync.Mutex
	stopped []stopped
}

// stopped is for how long, in milliseconds, a TaskManager had stood still for garbage
// collection by the metrics of one fetch.
type stopped struct {
	at    time.Time
	total float64
}

const (
	// gcWindow is the time over which the share of garbage collection is taken where
	// Flink reports the total alone, as before 1.19, if there are readings so far
	// apart: as long as Flink's own mean from then on.
	gcWindow = time.Minute
	// minGCWindow is how far apart they are at least, and maxGCWindow at most.
	minGCWindow = 5 * time.Second
	maxGCWindow = 3 * time.Minute
)

// gc is the share of time that the TaskManager stood still for garbage collection:
// Flink's own mean of a minute, or the difference between two readings, unknown until
// there are two. fetched is when Flink got the metrics from the TaskManager: it is the
// age of the reading, however late that was made.
func (k *keptUsage) gc(metrics flink.TaskManagerMetrics, fetched time.Time) job.Share {
	if metrics.GCRate.Known() {
		return share(metrics.GCRate / 1000)
	}
	if !metrics.GCTime.Known() {
		return job.Unknown
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	now := stopped{fetched, float64(metrics.GCTime)}
	k.stopped = slices.DeleteFunc(k.stopped, func(before stopped) bool {
		return now.at.Sub(before.at) > maxGCWindow || before.total > now.total // it has started anew
	})
	base := -1
	for i, before := range k.stopped {
		if since := now.at.Sub(before.at); since >= minGCWindow && (base < 0 || since >= gcWindow) {
			base = i // the newest that is a minute old, or else the oldest
		}
	}
	gc := job.Unknown
	if base >= 0 {
		before := k.stopped[base]
		gc = share(flink.Number((now.total - before.total) / float64(now.at.Sub(before.at).Milliseconds())))
		k.stopped = k.stopped[base:]
	}
	if last := len(k.stopped) - 1; last < 0 || now.at.Sub(k.stopped[last].at) >= minGCWindow {
		k.stopped = append(k.stopped, now)
	}
	return gc
}

// usageKept is how long a TaskManager's usage is kept that nobody asks for.
const usageKept = 5 * time.Minute

// keptUsage finds or begins what is kept of a TaskManager.
func (c *Collector) keptUsage(id string) *keptUsage {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if now.Sub(c.usagesForgotten) >= forgetEvery {
		c.usagesForgotten = now
		for id, kept := range c.usages {
			if now.Sub(kept.asked) > usageKept {
				delete(c.usages, id)
			}
		}
	}
	kept := c.usages[id]
	if kept == nil {
		kept = &keptUsage{}
		c.usages[id] = kept
	}
	kept.asked = now
	return kept
}
