package look

import (
	"container/list"
	"context"
	"math"
	"sync"
	"time"
)

// Kept are values that cost requests, by what was asked: everyone who asks the
// same while it is being fetched waits for that one round, as for a look, and
// what it brought is kept for a while. It is safe for concurrent use.
type Kept[K comparable, V any] struct {
	bounds Bounds
	weigh  func(V) (bytes int, age time.Duration)

	mu     sync.Mutex
	values map[K]*kept[K, V]
	order  list.List // of those that are there, the oldest first
	bytes  int
}

// Bounds are how much is kept at most; the oldest makes room.
type Bounds struct{ Values, Bytes int }

// kept is one value, or a round for it.
type kept[K comparable, V any] struct {
	shared[V]
	key   K
	bytes int
	until time.Time
	place *list.Element // nil while it is being fetched
}

// NewKept returns an empty one. A value is weighed when it has come: how many
// bytes it takes, and for how long it may answer; of no time it is not kept.
func NewKept[K comparable, V any](bounds Bounds, weigh func(V) (bytes int, age time.Duration)) *Kept[K, V] {
	return &Kept[K, V]{bounds: bounds, weigh: weigh, values: map[K]*kept[K, V]{}}
}

// Get returns what is kept, or what a round brings; others get the same, so it
// must not be changed. An error is not kept. started tells whether this call
// began the round, which ends when its last waiter goes away.
func (k *Kept[K, V]) Get(ctx context.Context, key K, fetch func(context.Context) (V, error)) (value V, started bool, err error) {
	found := k.find(key)
	return found.get(ctx, math.MaxInt64, func(ctx context.Context) (V, error) {
		value, err := fetch(ctx)
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.drop(found); err == nil {
			k.keep(found, value)
		}
		return value, err
	})
}

// find finds what is kept or being fetched, or begins anew.
func (k *Kept[K, V]) find(key K) *kept[K, V] {
	k.mu.Lock()
	defer k.mu.Unlock()
	found := k.values[key]
	if found != nil && found.place != nil && time.Now().After(found.until) {
		k.drop(found)
		found = nil
	}
	if found == nil {
		found = &kept[K, V]{key: key}
		k.values[key] = found
	}
	return found
}

// keep keeps what has come, and forgets what is too much. The caller holds
// Kept.mu.
func (k *Kept[K, V]) keep(come *kept[K, V], value V) {
	bytes, age := k.weigh(value)
	if age <= 0 {
		return
	}
	if other := k.values[come.key]; other != nil {
		k.drop(other)
	}
	come.bytes, come.until, come.place = bytes, time.Now().Add(age), k.order.PushBack(come)
	k.values[come.key], k.bytes = come, k.bytes+bytes
	for k.order.Len() > k.bounds.Values || k.bytes > k.bounds.Bytes {
		k.drop(k.order.Front().Value.(*kept[K, V]))
	}
}

// drop forgets a value. The caller holds Kept.mu.
func (k *Kept[K, V]) drop(gone *kept[K, V]) {
	if k.values[gone.key] == gone {
		delete(k.values, gone.key)
	}
	if gone.place != nil {
		k.order.Remove(gone.place)
		k.bytes, gone.bytes, gone.place = k.bytes-gone.bytes, 0, nil
	}
}
