package memory

import (
	"fmt"
	"time"

	"github.com/jellydator/ttlcache/v3"
	"golang.org/x/sync/singleflight"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
)

const (
	// verdictsFor and maxVerdictBytes bound the verdicts that are kept.
	verdictsFor     = time.Minute
	maxVerdictBytes = 16 << 20
)

// moment identifies a sample, and the wall time that it was read with.
type moment struct {
	series *series
	at     time.Duration
	wall   int64
}

// verdicts are those of moments that were asked for of late: a moment is restored
// and diagnosed once for all panels of a dashboard.
type verdicts struct {
	cache  *ttlcache.Cache[moment, *diagnosis.Verdict]
	flight singleflight.Group
}

func newVerdicts() *verdicts {
	return &verdicts{cache: ttlcache.New(
		ttlcache.WithTTL[moment, *diagnosis.Verdict](verdictsFor),
		ttlcache.WithDisableTouchOnHit[moment, *diagnosis.Verdict](),
		ttlcache.WithMaxCost(maxVerdictBytes, verdictBytes),
	)}
}

// at is the verdict on a row.
func (v *verdicts) at(r rows, row int) *diagnosis.Verdict {
	key := moment{r.of, r.heads[row].at, r.clock.wall.UnixNano()}
	verdict, _, _ := v.flight.Do(fmt.Sprint(key), func() (any, error) {
		v.cache.DeleteExpired()
		if found := v.cache.Get(key); found != nil {
			return found.Value(), nil
		}
		return v.cache.Set(key, diagnosis.Diagnose(r.snapshot(row)), ttlcache.DefaultTTL).Value(), nil
	})
	return verdict.(*diagnosis.Verdict) // there is no error
}

// verdictBytes is about how much of the heap a verdict takes.
func verdictBytes(item ttlcache.CostItem[moment, *diagnosis.Verdict]) uint64 {
	bytes := 1024
	for _, task := range item.Value.Snapshot.Tasks {
		bytes += 256 + 200*len(task.Subtasks)
	}
	return uint64(bytes)
}
