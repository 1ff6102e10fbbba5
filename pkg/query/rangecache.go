package query

import (
	"maps"
	"slices"
	"time"

	"github.com/jellydator/ttlcache/v3"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

const (
	// rangesFor and maxRangeBytes bound the series that are kept, over all data sources.
	rangesFor     = time.Minute
	maxRangeBytes = 16 << 20
)

// rangeKey is what a job's series over a range depend on.
type rangeKey struct {
	window                   memory.Window
	cluster, job, page, name string
	measure                  string
	by                       diagnosis.By
	// jobs and tasks are the query's names and expressions.
	jobs, tasks string
}

// keptRange is what was read of a job. Nobody may change it.
type keptRange struct {
	series       []frame.Series
	runs         map[string]run
	matched      map[string]bool
	edgesUnknown bool
}

// keptRanges are those that were read lately: a series over a range is read once for all
// who look at it until there is another sample, though each looks at a range of its own.
var keptRanges = newRangeCache()

// rangeCache is safe for concurrent use.
type rangeCache struct {
	cache *ttlcache.Cache[rangeKey, keptRange]
	reads remote.CacheReads
}

func newRangeCache() *rangeCache {
	return &rangeCache{
		ttlcache.New(
			ttlcache.WithTTL[rangeKey, keptRange](rangesFor),
			ttlcache.WithDisableTouchOnHit[rangeKey, keptRange](),
			ttlcache.WithMaxCost(maxRangeBytes, func(item ttlcache.CostItem[rangeKey, keptRange]) uint64 { return uint64(item.Value.bytes()) }),
		),
		remote.NewCacheReads("range"),
	}
}

func (c *rangeCache) get(key rangeKey) (kept keptRange, found bool) {
	item := c.cache.Get(key)
	if item == nil {
		return kept, false
	}
	c.reads.Hit.Inc()
	return item.Value(), true
}

// keep keeps what was read of a job, unless something is missing, or there are more
// series than an answer has, of which not all points are read.
func (c *rangeCache) keep(key rangeKey, read jobRange) {
	c.reads.Missed.Inc()
	if read.job.err != nil || len(read.job.warnings) > 0 || read.choice.tooMany() || read.choice.full.Load() {
		return
	}
	kept := keptRange{slices.Clone(read.job.series), maps.Clone(read.job.runs), maps.Clone(read.job.matched), read.job.edgesUnknown}
	if kept.bytes() > maxRangeBytes/4 {
		return
	}
	c.cache.DeleteExpired()
	c.cache.Set(key, kept, ttlcache.DefaultTTL)
}

// fill fills in what is kept.
func (k keptRange) fill(r jobRange) {
	r.job.series, r.job.runs, r.job.matched, r.job.edgesUnknown = slices.Clone(k.series), maps.Clone(k.runs), maps.Clone(k.matched), k.edgesUnknown
	r.choice.begun.Add(int64(len(k.series)))
}

// bytes is about how much of the heap it takes. Series of a job mostly share their times.
func (k keptRange) bytes() int {
	bytes := 512
	for i, series := range k.series {
		bytes += 512 + 8*cap(series.Values)
		if i == 0 || len(series.Times) == 0 || len(k.series[i-1].Times) == 0 || &series.Times[0] != &k.series[i-1].Times[0] {
			bytes += 32 * cap(series.Times)
		}
	}
	return bytes
}
