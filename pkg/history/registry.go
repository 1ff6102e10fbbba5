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
	stores map[Source]*Store
}

// Source names a data source. Uids are an organisation's own, and another data
// source may be given the uid of one that was deleted.
type Source struct {
	// Namespace is the organisation's; older Grafanas tell none.
	Namespace string
	// ID is another for each data source of a Grafana.
	ID  int64
	UID string
}

var process Registry

// For is the store of a data source of this process: see [Registry.For].
func For(of Source, limits Limits, now time.Time) *Store {
	return process.For(of, limits, now)
}

// For finds or makes the store of a data source, and gives it the limits. Stores
// that were not used for an hour, nor for their retention, are let go: those of
// data sources that were deleted.
func (r *Registry) For(of Source, limits Limits, now time.Time) *Store {
	r.mu.Lock()
	defer r.mu.Unlock()
	store := r.stores[of]
	if store == nil {
		store = NewStore(limits)
		if r.stores == nil {
			r.stores = map[Source]*Store{}
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
