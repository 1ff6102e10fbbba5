package collector

import (
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

// taskManagers are those of a cluster, and how much of their resources they use.
type taskManagers struct {
	client *flink.Client
	fetch  *fetchClock
	listed shared[[]job.TaskManager]

	mu     sync.Mutex
	usages map[string]*used[keptUsage] // by the TaskManager's id
}

// list is that of Flink: see [Collector.TaskManagers].
func (t *taskManagers) list(ctx context.Context, maxAge time.Duration) (managers []job.TaskManager, requests int, err error) {
	managers, started, err := t.listed.get(ctx, managersReads, maxAge, func(ctx context.Context) ([]job.TaskManager, error) {
		listed, err := t.client.TaskManagers(ctx)
		managers := make([]job.TaskManager, len(listed))
		for i, each := range listed {
			managers[i] = taskManager(each)
		}
		return managers, err
	})
	return managers, count(started), err
}

// cores are those of a TaskManager by the list that was requested last; NaN if it is not
// in that.
func (t *taskManagers) cores(id string) float64 {
	listed, _ := t.listed.last()
	at := slices.IndexFunc(listed, func(manager job.TaskManager) bool { return manager.ID == id })
	if at < 0 {
		return math.NaN()
	}
	return listed[at].Cores
}

// known is what is at most that old: see [Collector.KnownTaskManagers].
func (t *taskManagers) known(maxAge time.Duration) map[string]job.TaskManager {
	listed, _ := t.listed.last()
	known := make(map[string]job.TaskManager, len(listed))
	for _, manager := range listed {
		known[manager.ID] = manager
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, kept := range t.usages {
		usage, at := kept.value.read.last()
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

// usagesOf reads how much of their resources TaskManagers use: see [Collector.Usages].
func (t *taskManagers) usagesOf(ctx context.Context, cluster Cluster, ids []string, maxAge time.Duration) (usages []UsageResult, requests int, err error) {
	usages = make([]UsageResult, len(ids))
	if cluster.Fetch == 0 {
		for i := range usages {
			usages[i] = UsageResult{job.UnknownUsage, ErrFetchingOff}
		}
		return usages, 0, nil
	}
	var asked atomic.Int64
	if slices.ContainsFunc(ids, func(id string) bool { return math.IsNaN(t.cores(id)) }) {
		_, listing, _ := t.list(ctx, clusterAge) // without it the CPU is not known
		asked.Add(int64(listing))
	}
	kept, due := make([]*keptUsage, len(ids)), ""
	for i, id := range ids {
		kept[i] = t.kept(id)
		if _, at := kept[i].read.last(); due == "" && (at.IsZero() || time.Since(at) > maxAge) {
			due = id
		}
	}
	if due != "" {
		if time.Now().After(t.fetch.next(cluster.Fetch)) {
			asked.Add(1)
			_, _, _ = t.client.TaskManagerMetrics(ctx, due) // it makes Flink fetch them, no more
			t.fetch.triggered(time.Now(), cluster.Fetch)
		}
		if err := until(ctx, t.fetch.arrived()); err != nil {
			return nil, int(asked.Load()), err
		}
	}
	var slow atomic.Bool // one has timed out: the others would in turn
	Parallel(len(ids), t.client.Concurrency(), func(i int) {
		if slow.Load() {
			usages[i] = UsageResult{job.UnknownUsage, errOtherTimedOut}
			return
		}
		usage, started, err := kept[i].read.get(ctx, managersReads, maxAge, func(ctx context.Context) (UsageResult, error) {
			usage, err := t.read(ctx, ids[i], kept[i])
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
	return usages, int(asked.Load()), ctx.Err()
}

// usageTimeout is how long a TaskManager's usage is waited for: what it adds holds up no
// verdict for as long as a request may take.
const usageTimeout = 5 * time.Second

// read requests the usage of one TaskManager.
func (t *taskManagers) read(ctx context.Context, id string, kept *keptUsage) (job.Usage, error) {
	ctx, cancel := context.WithTimeout(ctx, usageTimeout)
	defer cancel()
	fetched := t.fetch.arrived()
	metrics, reported, err := t.client.TaskManagerMetrics(ctx, id)
	switch {
	case err != nil:
		return job.UnknownUsage, err
	case !reported:
		return job.UnknownUsage, ErrNoUsage
	}
	cpu, gc := kept.means(metrics, t.cores(id), fetched)
	usage := job.Usage{CPU: cpu, GC: gc, HeapUsed: float64(metrics.HeapUsed), HeapMax: math.NaN(), Network: job.Unknown}
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
	read shared[UsageResult]

	mu       sync.Mutex
	readings []reading
}

// reading is for how long, in milliseconds, a TaskManager's cores had run its process, and
// its threads had stood still for garbage collection, by the metrics of one fetch; NaN if
// that is not known.
type reading struct {
	at           time.Time
	run, stopped float64
}

const (
	// usageWindow is the time over which shares are taken of what Flink reports as a
	// total, if there are readings so far apart: as long as Flink's own means.
	usageWindow = time.Minute
	// minUsageWindow is how far apart they are at least, and maxUsageWindow at most.
	minUsageWindow = 5 * time.Second
	maxUsageWindow = 3 * time.Minute
)

// means are how busy the process keeps its cores, and the share of time that it stood
// still for garbage collection, which is Flink's own mean where it has one: differences
// between two readings, unknown until there are two. fetched is when Flink got the metrics
// from the TaskManager: it is the age of the reading, however late that was made.
func (k *keptUsage) means(metrics flink.TaskManagerMetrics, cores float64, fetched time.Time) (cpu, gc job.Share) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := reading{fetched, float64(metrics.CPUTime) / 1e6, float64(metrics.GCTime)}
	k.readings = slices.DeleteFunc(k.readings, func(before reading) bool {
		return now.at.Sub(before.at) > maxUsageWindow || before.run > now.run || before.stopped > now.stopped // it has started anew
	})
	base := -1
	for i, before := range k.readings {
		if since := now.at.Sub(before.at); since >= minUsageWindow && (base < 0 || since >= usageWindow) {
			base = i // the newest that is a minute old, or else the oldest
		}
	}
	cpu, gc = job.Unknown, job.Unknown
	if base >= 0 {
		before := k.readings[base]
		lasted := float64(now.at.Sub(before.at).Milliseconds())
		cpu, gc = share(flink.Number((now.run-before.run)/(lasted*cores))), share(flink.Number((now.stopped-before.stopped)/lasted))
		k.readings = k.readings[base:]
	}
	if last := len(k.readings) - 1; last < 0 || now.at.Sub(k.readings[last].at) >= minUsageWindow {
		k.readings = append(k.readings, now)
	}
	if metrics.GCRate.Known() {
		gc = share(metrics.GCRate / 1000)
	}
	return cpu, gc
}

// usageKept is how long a TaskManager's usage is kept that nobody asks for.
const usageKept = 5 * time.Minute

// kept is what is kept of a TaskManager.
func (t *taskManagers) kept(id string) *keptUsage {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.usages == nil {
		t.usages = map[string]*used[keptUsage]{}
	}
	return usedOf(t.usages, id, usageKept)
}
