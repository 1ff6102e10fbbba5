package look

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// shared is a value that costs requests: everyone who asks within its age
// limit gets the same, and everyone who asks while it is being fetched waits
// for that one round. The round ends when its last waiter goes away.
type shared[T any] struct {
	mu    sync.Mutex
	value T
	at    time.Time
	round *round[T]
}

// round is one fetch under way.
type round[T any] struct {
	waiters int
	cancel  context.CancelFunc
	done    chan struct{}
	value   T
	err     error
}

// get returns the value if it is at most maxAge old, else what a round brings.
// started tells whether this call began the round, and so caused its requests.
func (s *shared[T]) get(ctx context.Context, maxAge time.Duration, fetch func(context.Context) (T, error)) (value T, started bool, err error) {
	s.mu.Lock()
	if !s.at.IsZero() && time.Since(s.at) <= maxAge {
		defer s.mu.Unlock()
		return s.value, false, nil
	}
	if s.round == nil {
		s.round, started = s.begin(ctx, fetch), true
	}
	joined := s.round
	joined.waiters++
	s.mu.Unlock()
	value, err = s.wait(ctx, joined)
	return value, started, err
}

// last is what the last round that succeeded brought, however old.
func (s *shared[T]) last() T {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.value
}

// fresh is the same if it is at most maxAge old.
func (s *shared[T]) fresh(maxAge time.Duration) (value T, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at.IsZero() || time.Since(s.at) > maxAge {
		return value, false
	}
	return s.value, true
}

// when is the time of the last round that succeeded.
func (s *shared[T]) when() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

// begin starts a round that outlives the caller as long as others wait.
func (s *shared[T]) begin(ctx context.Context, fetch func(context.Context) (T, error)) *round[T] {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	begun := &round[T]{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer cancel()
		value, err := sound(ctx, fetch)
		s.finish(begun, value, err)
	}()
	return begun
}

// sound turns a panic into an error: it would end the process, as no caller is
// on this goroutine's stack to recover from it.
func sound[T any](ctx context.Context, fetch func(context.Context) (T, error)) (value T, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("a look failed: %v", fault)
		}
	}()
	return fetch(ctx)
}

func (s *shared[T]) finish(ended *round[T], value T, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ended.value, ended.err = value, err
	if s.round == ended {
		s.round = nil
		if err == nil {
			s.value, s.at = value, time.Now()
		}
	}
	close(ended.done)
}

// wait returns when the round has ended or the caller goes away.
func (s *shared[T]) wait(ctx context.Context, joined *round[T]) (value T, err error) {
	select {
	case <-joined.done:
		return joined.value, joined.err
	case <-ctx.Done():
		s.leave(joined)
		return value, ctx.Err()
	}
}

// leave ends a round that nobody waits for any more; the next to ask begins
// a new one.
func (s *shared[T]) leave(left *round[T]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if left.waiters--; left.waiters == 0 {
		left.cancel()
		if s.round == left {
			s.round = nil
		}
	}
}
