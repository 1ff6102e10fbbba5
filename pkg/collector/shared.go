package collector

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend/log"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// shared is a value that costs requests: every caller within its age
// limit, mostly [Options.MaxAge], gets the same, and every caller while it is being
// fetched waits for that one fetch, which ends when its last waiter goes away.
type shared[T any] struct {
	mu    sync.Mutex
	value T
	at    time.Time
	under *fetch[T] // nil while none is under way
}

// fetch is one under way.
type fetch[T any] struct {
	waiters int
	cancel  context.CancelFunc
	done    chan struct{}
	value   T
	err     error
}

// get returns the value if it is at most maxAge old, else what a fetch returns.
// started reports whether this call began the fetch, and so caused its requests.
func (s *shared[T]) get(ctx context.Context, reads remote.CacheReads, maxAge time.Duration, do func(context.Context) (T, error)) (value T, started bool, err error) {
	s.mu.Lock()
	if !s.at.IsZero() && time.Since(s.at) <= maxAge {
		defer s.mu.Unlock()
		reads.Hit.Inc()
		return s.value, false, nil
	}
	if s.under == nil {
		s.under, started = s.begin(ctx, do), true
		reads.Missed.Inc()
	} else {
		reads.Shared.Inc()
	}
	joined := s.under
	joined.waiters++
	s.mu.Unlock()
	value, err = s.wait(ctx, joined)
	return value, started, err
}

// last is what the last fetch that succeeded returned, however old, and when.
func (s *shared[T]) last() (value T, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.value, s.at
}

// begin starts a fetch that outlives the caller as long as others wait.
func (s *shared[T]) begin(ctx context.Context, do func(context.Context) (T, error)) *fetch[T] {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	begun := &fetch[T]{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer cancel()
		value, err := recovered(ctx, do)
		s.finish(begun, value, err)
	}()
	return begun
}

// recovered turns a panic into an error: it would end the process, as no caller
// is on this goroutine's stack to recover from it. The log has the stack.
func recovered[T any](ctx context.Context, do func(context.Context) (T, error)) (value T, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			caught := Caught(fault)
			log.DefaultLogger.FromContext(ctx).Error("Reading Flink's answer made the plugin panic", "fault", caught, "stack", string(caught.Stack))
			err = fmt.Errorf("reading Flink's answer failed: %w", caught)
		}
	}()
	return do(ctx)
}

func (s *shared[T]) finish(ended *fetch[T], value T, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ended.value, ended.err = value, err
	if s.under == ended {
		s.under = nil
		if err == nil {
			s.value, s.at = value, time.Now()
		}
	}
	close(ended.done)
}

// wait returns when the fetch has ended or the caller goes away.
func (s *shared[T]) wait(ctx context.Context, joined *fetch[T]) (value T, err error) {
	select {
	case <-joined.done:
		return joined.value, joined.err
	case <-ctx.Done():
		s.leave(joined)
		return value, ctx.Err()
	}
}

// leave ends a fetch that nobody waits for any more; the next caller begins a
// new one.
func (s *shared[T]) leave(left *fetch[T]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if left.waiters--; left.waiters == 0 {
		left.cancel()
		if s.under == left {
			s.under = nil
		}
	}
}

// used is a value and when it was last asked for.
type used[T any] struct {
	value T
	at    time.Time
}

// usedOf finds or begins what is kept for the key, and drops what nobody has asked for
// within the age.
func usedOf[K comparable, T any](all map[K]*used[T], key K, age time.Duration) *T {
	now := time.Now()
	for other, kept := range all {
		if now.Sub(kept.at) > age {
			delete(all, other)
		}
	}
	if all[key] == nil {
		all[key] = &used[T]{}
	}
	all[key].at = now
	return &all[key].value
}

// maxKept is how many values a [cached] keeps.
const maxKept = 100

// cached are shared values by key, the last ones that were asked for first.
type cached[K comparable, T any] struct {
	mu    sync.Mutex
	all   map[K]*shared[T]
	order []K
}

// of finds or begins the value of a key, in the place of the oldest if there are too
// many.
func (c *cached[K, T]) of(key K) *shared[T] {
	c.mu.Lock()
	defer c.mu.Unlock()
	if found := c.all[key]; found != nil {
		return found
	}
	if c.all == nil {
		c.all = map[K]*shared[T]{}
	}
	if len(c.order) == maxKept {
		delete(c.all, c.order[0])
		c.order = append(c.order[:0], c.order[1:]...)
	}
	c.all[key], c.order = new(shared[T]), append(c.order, key)
	return c.all[key]
}

// Panic is a panic that was recovered from and the stack where it happened, which
// is for the log and no part of its text.
type Panic struct {
	Value any
	Stack []byte
}

func (p *Panic) Error() string { return fmt.Sprint(p.Value) }

// Caught is what recover returned, which is not nil, with the stack of the
// goroutine that panicked: another's where [Parallel] passed it on.
func Caught(fault any) *Panic {
	if caught, ok := fault.(*Panic); ok {
		return caught
	}
	return &Panic{fault, debug.Stack()}
}

// Parallel calls the function for 0 to n − 1, at most so many at a time, and
// returns when all have returned. The functions keep their own errors. A panic
// in one goes on in the caller as a [Panic]: the caller can recover from it, and
// else the process would end.
func Parallel(n, most int, do func(i int)) {
	var workers sync.WaitGroup
	var next atomic.Int64
	var caught atomic.Pointer[Panic]
	each := func(i int) {
		defer func() {
			if fault := recover(); fault != nil {
				caught.CompareAndSwap(nil, Caught(fault))
			}
		}()
		do(i)
	}
	// A goroutine for each i would grow its stack, deep in the HTTP client, each time.
	for range min(n, most) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				each(i)
			}
		})
	}
	workers.Wait()
	if caught := caught.Load(); caught != nil {
		panic(caught)
	}
}
