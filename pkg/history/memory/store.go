package memory

import (
	"slices"
	"strings"
	"time"
)

// Limits bound what a store keeps, whichever is met first. Where one is 0 nothing
// is kept.
type Limits struct {
	// Retention is how long before the latest sample what is kept reaches back.
	Retention time.Duration
	// MaxBytes is how much of the heap the store takes.
	MaxBytes int
}

// Store keeps the history of a data source's clusters. It is safe for concurrent
// use, and made by [Pool.Open].
type Store struct {
	pool *Pool
	of   DataSource

	// The rest is guarded by the pool's mutex.
	limits Limits
	used   time.Duration // when it was last opened or added to, by the pool's clock
	bytes  int
	jobs   map[jobKey]*series
	up     map[string]uptime // by cluster
	// listings are of the jobs that were not sampled, by cluster.
	listings map[string]*listing
	journals map[jobKey]*journal
	// segments are those of all jobs, in the order in which they were begun. The
	// first is always the next to be dropped.
	segments []*segment
}

// jobKey identifies a job: ids repeat in other clusters.
type jobKey struct{ cluster, id string }

// seriesBytes is about how much of the heap a series takes beside its segments,
// with its place in the map.
const seriesBytes = 352

func newStore(pool *Pool, of DataSource) *Store {
	return &Store{pool: pool, of: of, jobs: map[jobKey]*series{}, up: map[string]uptime{}, listings: map[string]*listing{}, journals: map[jobKey]*journal{}}
}

// Cluster is the view of one cluster; place names it and its address, where
// other jobs would be if it were another.
func (s *Store) Cluster(place string) *Cluster { return &Cluster{store: s, place: place} }

// Bytes is about how much of the heap the store takes.
func (s *Store) Bytes() int {
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	return s.current().bytes
}

// current is the store that the pool keeps of the data source: this one, even if
// it was dropped, unless another was opened since.
func (s *Store) current() *Store {
	if s.pool.stores[s.of] == nil {
		s.pool.stores[s.of] = s
	}
	return s.pool.stores[s.of]
}

// add adds a sample to its job's series, and reports whether it is kept.
func (s *Store) add(key jobKey, sample *sample, at time.Duration) (kept bool) {
	of := s.jobs[key]
	if of == nil {
		key.id = strings.Clone(key.id)
		of = &series{store: s, key: key}
		s.jobs[key] = of
		s.bytes += seriesBytes
	}
	if !of.add(sample, at) {
		return false
	}
	s.bound()
	s.pool.bound()
	return len(of.segments) > 0
}

// setUp replaces what is kept of when a cluster answered.
func (s *Store) setUp(cluster string, up uptime) {
	s.bytes += stretchBytes * (len(up) - len(s.up[cluster]))
	if s.up[cluster] = up; len(up) == 0 {
		delete(s.up, cluster)
	}
}

// changeListing changes what is kept of a cluster's jobs that were not sampled.
func (s *Store) changeListing(cluster string, change func(*listing)) {
	of := s.listings[cluster]
	if of == nil {
		of = &listing{others: map[string]other{}}
		s.listings[cluster] = of
	}
	s.bytes -= of.bytes()
	change(of)
	s.bytes += of.bytes()
	if len(of.known) == 0 {
		s.bytes -= of.bytes()
		delete(s.listings, cluster)
	}
}

// dropBefore drops what ended before a position. One segment that began earlier and
// ended later keeps those after it for as long.
func (s *Store) dropBefore(position time.Duration) {
	for len(s.segments) > 0 && s.segments[0].last().at < position {
		s.dropOldest()
	}
	for cluster, up := range s.up {
		s.setUp(cluster, up.since(position))
	}
	for cluster := range s.listings {
		s.changeListing(cluster, func(of *listing) { of.dropBefore(position) })
	}
	for key := range s.journals {
		s.changeJournal(key, func(of *journal) { of.dropBefore(position, s.pool.clock) })
	}
}

// bound drops what is oldest while there is too much.
func (s *Store) bound() {
	for s.bytes > s.limits.MaxBytes && s.dropFirst() {
	}
}

// first is the position of what is dropped next; some is false where there is nothing.
func (s *Store) first() (position time.Duration, some bool) {
	_, position, some = s.oldestJournal()
	if len(s.segments) > 0 && (!some || s.segments[0].first() < position) {
		return s.segments[0].first(), true
	}
	return position, some
}

// dropFirst drops the oldest segment, or the oldest entries of a journal if those are
// older, and reports whether there was anything.
func (s *Store) dropFirst() bool {
	key, at, some := s.oldestJournal()
	switch {
	case len(s.segments) > 0 && (!some || s.segments[0].first() <= at):
		s.dropOldest()
	case some:
		s.changeJournal(key, (*journal).dropOldest)
	default:
		return false
	}
	return true
}

// dropOldest drops the oldest segment, and with the last of a job its series.
func (s *Store) dropOldest() {
	segment := s.segments[0]
	s.segments[0] = nil // the slice is cut, and its array holds on to it
	s.segments = s.segments[1:]
	s.bytes -= segment.bytes
	of := segment.of
	if of.segments = slices.Delete(of.segments, 0, 1); len(of.segments) == 0 {
		delete(s.jobs, of.key)
		s.bytes -= seriesBytes
	}
}
