package look

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// slow is a fetch of one second that counts its rounds and returns their
// number.
func slow(rounds *atomic.Int64) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		n := rounds.Add(1)
		select {
		case <-time.After(time.Second):
			return int(n), nil
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

func TestOneRoundForAllWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var value shared[int]
		var rounds, began atomic.Int64
		var group sync.WaitGroup
		for asker := range 20 {
			group.Go(func() {
				time.Sleep(time.Duration(asker) * 10 * time.Millisecond) // all within the round's second
				got, started, err := value.get(t.Context(), 0, slow(&rounds))
				if got != 1 || err != nil {
					t.Errorf("asker %d got %d, %v", asker, got, err)
				}
				began.Add(int64(btoi(started)))
			})
		}
		group.Wait()
		if rounds.Load() != 1 || began.Load() != 1 {
			t.Errorf("%d rounds, begun by %d askers; want 1 and 1", rounds.Load(), began.Load())
		}
	})
}

func TestValueWithinItsAgeCostsNothing(t *testing.T) {
	for name, c := range map[string]struct {
		after  time.Duration
		rounds int64
	}{
		"at once":     {0, 1},
		"just in age": {2 * time.Second, 1},
		"too old":     {2*time.Second + 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var value shared[int]
				var rounds atomic.Int64
				first, _, _ := value.get(t.Context(), 2*time.Second, slow(&rounds))
				time.Sleep(c.after)
				second, started, err := value.get(t.Context(), 2*time.Second, slow(&rounds))
				if rounds.Load() != c.rounds || int64(second) != c.rounds || started != (c.rounds == 2) {
					t.Errorf("%d rounds, then %d after %d, started %t, %v; want %d rounds", rounds.Load(), second, first, started, err, c.rounds)
				}
			})
		})
	}
}

// leaving is an asker who waits for the value until he is told to leave.
type leaving struct {
	leave context.CancelFunc
	left  chan error
}

func ask(t *testing.T, value *shared[int], fetch func(context.Context) (int, error)) leaving {
	ctx, cancel := context.WithCancel(t.Context())
	asker := leaving{cancel, make(chan error, 1)}
	go func() {
		_, _, err := value.get(ctx, 0, fetch)
		asker.left <- err
	}()
	synctest.Wait() // he waits for the round now
	return asker
}

func TestRoundEndsWithItsLastWaiterAndNotBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var value shared[int]
		var round context.Context
		fetch := func(ctx context.Context) (int, error) {
			round = ctx
			<-ctx.Done()
			return 0, ctx.Err()
		}
		starter, second, third := ask(t, &value, fetch), ask(t, &value, fetch), ask(t, &value, fetch)
		for _, asker := range []leaving{starter, third} {
			asker.leave()
			if err := <-asker.left; !errors.Is(err, context.Canceled) {
				t.Errorf("who left got %v", err)
			}
			synctest.Wait()
			if round.Err() != nil {
				t.Error("the round has ended though somebody waits for it")
			}
		}
		second.leave()
		<-second.left
		synctest.Wait()
		if round.Err() == nil {
			t.Error("the round goes on though nobody waits for it")
		}
	})
}

// A round that all have left may take a while to end, and even succeed: who
// asks in the meantime gets a round of his own, and the old one's value is
// not kept.
func TestNewAskerBeginsANewRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var value shared[string]
		stubborn := func(context.Context) (string, error) {
			time.Sleep(time.Second)
			return "abandoned", nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, _, err := value.get(ctx, 0, stubborn); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("who ran out of time got %v", err)
		}
		got, started, err := value.get(t.Context(), 0, func(context.Context) (string, error) { return "new", nil })
		if got != "new" || !started || err != nil {
			t.Errorf("the next asker got %q, started %t, %v", got, started, err)
		}
		time.Sleep(2 * time.Second)
		kept, started, _ := value.get(t.Context(), time.Minute, nil)
		if kept != "new" || started {
			t.Errorf("kept %q, started %t; want the new round's", kept, started)
		}
	})
}

func TestErrorIsSharedAndNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var value shared[int]
		failure := errors.New("no answer")
		failing := func(context.Context) (int, error) {
			time.Sleep(time.Second)
			return 7, failure
		}
		first, second := ask(t, &value, failing), ask(t, &value, failing)
		for _, asker := range []leaving{first, second} {
			if err := <-asker.left; err != failure {
				t.Errorf("a waiter got %v, want the round's error", err)
			}
		}
		var rounds atomic.Int64
		got, started, err := value.get(t.Context(), time.Hour, slow(&rounds))
		if got != 1 || !started || err != nil {
			t.Errorf("after an error: %d, started %t, %v; want a new round", got, started, err)
		}
	})
}
