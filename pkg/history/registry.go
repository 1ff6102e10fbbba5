package history

import (
	"sync"
	"time"
)

// unused is the least time that a store is kept after its last use. One that
// remembers for longer is kept for as long as that.
const unused = time.Hour

// Registry keeps the stores of data sources, so that what is remembered does
// not end with the instance that Grafana makes anew whenever settings are
// saved. It is safe for concurrent use.
type Registry struct {
	mu     sync.Mutex
	stores map[source]*Store
}

// source is a data source and the address that it has: at another address are
// other jobs.
type source struct{ uid, address string }

var process Registry

// For is the store of a data source of this process: see [Registry.For].
func For(uid, address string, limits Limits, now time.Time) *Store {
	return process.For(uid, address, limits, now)
}

// For finds or makes the store of a data source, by its uid and address, and
// gives it the limits. Stores that were not used for an hour, nor for their
// retention, are let go: those of data sources that were deleted or that have
// another address.
func (r *Registry) For(uid, address string, limits Limits, now time.Time) *Store {
	r.mu.Lock()
	defer r.mu.Unlock()
	of := source{uid, address}
	store := r.stores[of]
	if store == nil {
		store = NewStore(limits)
		if r.stores == nil {
			r.stores = map[source]*Store{}
		}
		r.stores[of] = store
	}
	store.Limit(limits)
	store.use(now)
	for each, other := range r.stores {
		if other.idle(now) {
			delete(r.stores, each)
		}
	}
	return store
}

// use notes that the store is in use; a look that is added is use, too.
func (s *Store) use(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used = now
}

// idle tells whether the store was not used of late.
func (s *Store) idle(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return now.Sub(s.used) > max(unused, s.limits.Retention)
}
