package history

import (
	"strings"
	"sync"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Limits bound what a store keeps, whichever is met first.
type Limits struct {
	// Retention is how long before the latest look.
	Retention time.Duration
	// Bytes is the heap that the store takes.
	Bytes int
}

// Store remembers the looks at all jobs of a data source, in memory: a [Past]
// where the pace is known ([Paced]). It is safe for concurrent use.
type Store struct {
	adding sync.Mutex // one look at a time; taken before mu

	mu        sync.Mutex
	limits    Limits
	clock     clock
	jobs      map[Key]*remembered
	stretches map[string][]stretch // by cluster, ascending
	bytes     int                  // of what is in both
	used      time.Time
	trimmed   time.Time // when all was, by the clock
}

// NewStore returns an empty store.
func NewStore(limits Limits) *Store {
	return &Store{limits: limits, jobs: map[Key]*remembered{}, stretches: map[string][]stretch{}}
}

const (
	// repeated is how long a look that says the same as the one before it is
	// left out: after that it tells that the job was still looked at.
	repeated = 30 * time.Second
	// leastBlock is the shortest time that a block is closed after, for its
	// age alone; one is a partsth of the limits otherwise.
	leastBlock = 5 * time.Minute
	parts      = 8
	// mostLooks closes a block: readers go through it from its beginning.
	mostLooks  = 240
	leastLooks = 8
	// pause is how long without a look that the next one begins a block.
	pause = 10 * time.Minute
)

// Add remembers a look at a job of the cluster named, and what is told beside
// it, and tells whether it was kept. One that says the same as the last is
// not, for half a minute, nor is one older than the job's last or of a time
// that is not to be believed: if the looks' clock leaps forward by more than
// the retention, or back by more than a minute, what it says is believed once
// it has said so for a minute. Until then nothing is forgotten for its sake,
// and after that what it took for later times is. The look is not changed,
// and nothing of it is held.
func (s *Store) Add(cluster string, look *job.Sample, row Row) (kept bool) {
	if !tellable(look.At) || look.Graph == nil || len(look.Tasks) != len(look.Graph.Tasks) {
		return false
	}
	s.adding.Lock()
	defer s.adding.Unlock()
	key := Key{cluster, look.Job.ID}
	s.close(key, look)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used = look.At
	if !s.believe(look.At) {
		return false
	}
	if s.jobs[key] == nil {
		key = Key{strings.Clone(cluster), strings.Clone(look.Job.ID)}
		s.jobs[key] = &remembered{}
		s.bytes += s.jobs[key].bytes()
	}
	s.change(key, func(of *remembered) { kept = of.add(look, row) })
	s.tidy(key)
	return kept
}

// close packs a job's open block if the look is to begin another. That takes
// as long as some tens of looks: nobody but who adds has to wait for it.
func (s *Store) close(key Key, look *job.Sample) {
	s.mu.Lock()
	var block *open
	if of := s.jobs[key]; of != nil && of.open != nil && of.open.closes(look, s.blockLimits()) {
		block = of.open
	}
	s.mu.Unlock()
	if block == nil {
		return
	}
	sealed := block.seal()
	s.mu.Lock()
	defer s.mu.Unlock()
	if of := s.jobs[key]; of != nil && of.open == block { // not forgotten meanwhile
		s.change(key, func(of *remembered) { of.close(sealed) })
	}
}

// believe tells whether a look of that time may be kept, and forgets what it
// shows to be of times that never were.
func (s *Store) believe(at time.Time) bool {
	switch s.clock.hear(at, max(s.limits.Retention, pause)) {
	case behind:
		return false
	case right:
		s.forgetAfter(s.clock.now.Add(disorder))
	case turned:
		s.forgetAfter(at)
	}
	return true
}

// blockLimits are when a block is closed, so that forgetting is gradual and
// open blocks, which are larger, are few of all bytes.
func (s *Store) blockLimits() Limits {
	return Limits{
		Retention: max(s.limits.Retention/parts, leastBlock),
		Bytes:     s.limits.Bytes / parts / max(len(s.jobs), 1),
	}
}

// Limit changes the limits, and forgets what is beyond them.
func (s *Store) Limit(limits Limits) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limits = limits
	s.trim()
}

// Bytes is about how much of the heap the store takes.
func (s *Store) Bytes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes
}
