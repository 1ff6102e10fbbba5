package collector

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// ofTest count the reads of a value of these tests.
var ofTest = remote.NewCacheReads("test")

// slow is a fetch of one second that counts the fetches and returns their
// number.
func slow(fetches *atomic.Int64) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		n := fetches.Add(1)
		select {
		case <-time.After(time.Second):
			return int(n), nil
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// All who ask while a fetch is under way get its value; one of them caused it.
func TestOneFetchForAllWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var value shared[int]
		var fetches, started atomic.Int64
		var group sync.WaitGroup
		for caller := range 20 {
			group.Go(func() {
				time.Sleep(time.Duration(caller) * 10 * time.Millisecond) // all within the fetch's second
				got, began, err := value.get(t.Context(), ofTest, 0, slow(&fetches))
				if got != 1 || err != nil {
					t.Errorf("caller %d got %d, %v", caller, got, err)
				}
				started.Add(int64(count(began)))
			})
		}
		group.Wait()
		if fetches.Load() != 1 || started.Load() != 1 {
			t.Errorf("%d fetches, started by %d callers; want 1 and 1", fetches.Load(), started.Load())
		}
	})
}

// A value answers until it is older than the caller's limit.
func TestValueWithinItsAgeCostsNothing(t *testing.T) {
	for name, c := range map[string]struct {
		after   time.Duration
		fetches int64
	}{
		"at once":     {0, 1},
		"just in age": {2 * time.Second, 1},
		"too old":     {2*time.Second + 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var value shared[int]
				var fetches atomic.Int64
				first, _, _ := value.get(t.Context(), ofTest, 2*time.Second, slow(&fetches))
				time.Sleep(c.after)
				second, started, err := value.get(t.Context(), ofTest, 2*time.Second, slow(&fetches))
				if fetches.Load() != c.fetches || int64(second) != c.fetches || started != (c.fetches == 2) {
					t.Errorf("%d fetches, then %d after %d, started %t, %v; want %d fetches", fetches.Load(), second, first, started, err, c.fetches)
				}
			})
		})
	}
}

// waiter is a caller that waits for the value until it is cancelled.
type waiter struct {
	cancel context.CancelFunc
	ended  chan error
}

func wait(t *testing.T, value *shared[int], fetch func(context.Context) (int, error)) waiter {
	ctx, cancel := context.WithCancel(t.Context())
	begun := waiter{cancel, make(chan error, 1)}
	go func() {
		_, _, err := value.get(ctx, ofTest, 0, fetch)
		begun.ended <- err
	}()
	synctest.Wait() // it waits for the fetch now
	return begun
}

// A fetch goes on while somebody waits for it, also when another began it, and ends with the
// last waiter.
func TestFetchEndsWithItsLastWaiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var value shared[int]
		var under context.Context
		fetch := func(ctx context.Context) (int, error) {
			under = ctx
			<-ctx.Done()
			return 0, ctx.Err()
		}
		first, second, third := wait(t, &value, fetch), wait(t, &value, fetch), wait(t, &value, fetch)
		for _, waiter := range []waiter{first, third} {
			waiter.cancel()
			if err := <-waiter.ended; !errors.Is(err, context.Canceled) {
				t.Errorf("a cancelled waiter got %v", err)
			}
			synctest.Wait()
			if under.Err() != nil {
				t.Error("the fetch has ended though somebody waits for it")
			}
		}
		second.cancel()
		<-second.ended
		synctest.Wait()
		if under.Err() == nil {
			t.Error("the fetch goes on though nobody waits for it")
		}
	})
}

// A fetch without waiters may take a while to end, and even succeed: who asks in
// the meantime begins another, and the old one's value is not kept.
func TestNextCallerBeginsAnotherFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var value shared[string]
		stubborn := func(context.Context) (string, error) {
			time.Sleep(time.Second)
			return "abandoned", nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, _, err := value.get(ctx, ofTest, 0, stubborn); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("who ran out of time got %v", err)
		}
		got, started, err := value.get(t.Context(), ofTest, 0, func(context.Context) (string, error) { return "new", nil })
		if got != "new" || !started || err != nil {
			t.Errorf("the next caller got %q, started %t, %v", got, started, err)
		}
		time.Sleep(2 * time.Second)
		kept, started, _ := value.get(t.Context(), ofTest, time.Minute, nil)
		if kept != "new" || started {
			t.Errorf("kept %q, started %t; want that of the new fetch", kept, started)
		}
	})
}

// All who wait get a failure, and what was there before stays; the next to ask
// begins anew.
func TestFailureIsSharedAndNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var value shared[int]
		failure := errors.New("no answer")
		failing := func(context.Context) (int, error) {
			time.Sleep(time.Second)
			return 7, failure
		}
		var fetches atomic.Int64
		if _, _, err := value.get(t.Context(), ofTest, 0, slow(&fetches)); err != nil {
			t.Fatal(err)
		}
		succeeded := time.Now()
		time.Sleep(time.Second)
		first, second := wait(t, &value, failing), wait(t, &value, failing)
		for _, waiter := range []waiter{first, second} {
			if err := <-waiter.ended; err != failure {
				t.Errorf("a waiter got %v, want the fetch's error", err)
			}
		}
		if last, at := value.last(); last != 1 || !at.Equal(succeeded) {
			t.Errorf("the last value is %d, of %s", last, at)
		}
		got, started, err := value.get(t.Context(), ofTest, time.Millisecond, slow(&fetches))
		if got != 2 || !started || err != nil {
			t.Errorf("after a failure: %d, started %t, %v; want a new fetch", got, started, err)
		}
	})
}

// A panic in a fetch would end the process, as no caller is there to recover from
// it: it is an error.
func TestPanicInAFetchIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var value shared[int]
		_, _, err := value.get(t.Context(), ofTest, 0, func(context.Context) (int, error) { panic("no such index") })
		if err == nil || err.Error() != "reading Flink's answer failed: no such index" {
			t.Errorf("got %v", err)
		}
		if got, _, err := value.get(t.Context(), ofTest, 0, func(context.Context) (int, error) { return 1, nil }); got != 1 || err != nil {
			t.Errorf("and then %d, %v", got, err)
		}
	})
}

// A fetch has the values of the caller that began it, such as its trace.
func TestFetchHasTheValuesOfWhoBeganIt(t *testing.T) {
	type key struct{}
	var value shared[any]
	got, _, err := value.get(context.WithValue(t.Context(), key{}, "trace"), ofTest, 0, func(ctx context.Context) (any, error) { return ctx.Value(key{}), nil })
	if got != "trace" || err != nil {
		t.Errorf("the value is %v, %v", got, err)
	}
}

// Parallel calls the function for each number, as many at once as allowed.
func TestParallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most, sum atomic.Int64
		begun := time.Now()
		Parallel(10, 4, func(i int) {
			if under := now.Add(1); under > most.Load() {
				most.Store(under)
			}
			sum.Add(int64(i))
			time.Sleep(time.Second)
			now.Add(-1)
		})
		if sum.Load() != 45 || most.Load() != 4 || time.Since(begun) != 3*time.Second {
			t.Errorf("the sum is %d, %d at once, after %s", sum.Load(), most.Load(), time.Since(begun))
		}
	})
}

// A panic in one goes on in the caller, once all have returned; its text is short,
// as users see it.
func TestParallelPanicsInItsCaller(t *testing.T) {
	var returned atomic.Int64
	defer func() {
		fault, _ := recover().(*Panic)
		if fault == nil || fault.Error() != "no such index" || len(fault.Stack) == 0 || returned.Load() != 3 {
			t.Errorf("%d returned, and the caller recovers %v", returned.Load(), fault)
		}
	}()
	Parallel(4, 2, func(i int) {
		if i == 1 {
			panic("no such index")
		}
		returned.Add(1)
	})
	t.Error("the caller goes on")
}
