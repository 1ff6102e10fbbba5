// Package memory keeps what was sampled of jobs in memory, within bounds of time
// and of bytes: for each sample a row of fixed width, so that any moment is read
// by itself. It does no I/O, has no goroutines and reads no clock: times come with
// the samples.
//
// A [Pool] has a [Store] for each data source. A store has a series of segments
// for each job, a segment some dozens of rows. What rarely changes from one sample
// to the next, as names and graphs, is shared by rows until it does. What is too
// much or too old is dropped by the segment, the oldest first.
package memory

import (
	"math"
	"sync"
	"time"
)

// DefaultPoolBytes bounds all histories of the process together.
const DefaultPoolBytes = 128 << 20

// Process is the pool of this process.
var Process = NewPool(DefaultPoolBytes)

const (
	// minUnused is the least time that a store is kept after its last use.
	minUnused = time.Hour
	// expireEvery is how often what is too old is looked for.
	expireEvery = 10 * time.Second
)

// Pool keeps the stores of data sources, so that history does not end with the
// instance that Grafana makes anew whenever settings are saved, and bounds them
// together. It is safe for concurrent use.
type Pool struct {
	maxBytes int
	verdicts *verdicts

	mu        sync.Mutex // guards the rest, and the stores
	clock     clock
	stores    map[DataSource]*Store
	expiredAt time.Duration // when what is too old was last dropped, by the clock
}

// DataSource identifies a data source of Grafana. Uids are an organisation's own,
// and another data source may be given the uid of one that was deleted.
type DataSource struct {
	// Namespace is the organisation's; older Grafanas have none.
	Namespace string
	// ID is another for each data source of a Grafana.
	ID  int64
	UID string
}

// NewPool returns an empty pool.
func NewPool(maxBytes int) *Pool {
	return &Pool{maxBytes: maxBytes, verdicts: newVerdicts(), stores: map[DataSource]*Store{}}
}

// Open finds or makes the store of a data source, and applies the limits to it.
// Stores that were neither opened nor added to for an hour, nor for their
// retention, are dropped: they may be those of data sources that were deleted.
func (p *Pool) Open(of DataSource, limits Limits, now time.Time) *Store {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.clock.observe(now)
	store := p.stores[of]
	if store == nil {
		store = newStore(p, of)
		p.stores[of] = store
	}
	store.limits, store.used = limits, at
	store.dropBefore(at - limits.Retention)
	store.bound()
	p.expire(at)
	return store
}

// Bytes is about how much of the heap all stores take.
func (p *Pool) Bytes() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bytes()
}

func (p *Pool) bytes() (sum int) {
	for _, store := range p.stores {
		sum += store.bytes
	}
	return sum
}

// expire drops what is older than its store's retention, and stores that are no
// longer used.
func (p *Pool) expire(at time.Duration) {
	if (at - p.expiredAt).Abs() < expireEvery {
		return
	}
	p.expiredAt = at
	p.verdicts.cache.DeleteExpired()
	for of, store := range p.stores {
		oldest := at - store.limits.Retention
		if at-store.used > max(minUnused, store.limits.Retention) {
			delete(p.stores, of)
			oldest = math.MaxInt64
		}
		store.dropBefore(oldest)
	}
}

// bound drops what is oldest in all stores while there is too much.
func (p *Pool) bound() {
	for p.bytes() > p.maxBytes {
		var oldest *Store
		var first time.Duration
		for _, store := range p.stores {
			if position, some := store.first(); some && (oldest == nil || position < first) {
				oldest, first = store, position
			}
		}
		if oldest == nil {
			return
		}
		oldest.dropFirst()
	}
}
