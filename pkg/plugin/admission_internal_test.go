package plugin

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// So many requests are worked on at a time: one more waits until the answer to another was
// encoded, or another has taken so long that it rather waits itself, or until its caller
// goes away. A place that was given back early is not given back twice.
func TestPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := func() (sent context.CancelFunc, waited func() time.Duration) {
			ctx, cancel := requestOverGRPC(t)
			begin, took := time.Now(), time.Duration(-1)
			go func() {
				if _, err := takePlace(ctx); err == nil {
					took = time.Since(begin)
				}
			}()
			synctest.Wait()
			return cancel, func() time.Duration { synctest.Wait(); return took }
		}
		var sent []context.CancelFunc
		for range maxPlaces {
			end, waited := begun()
			sent = append(sent, end)
			if waited() != 0 {
				t.Errorf("one of the first %d waits", maxPlaces)
			}
		}
		endNext, next := begun()
		time.Sleep(longestWork / 2)
		sent[0]()
		if next() != longestWork/2 {
			t.Errorf("it waited %s for another to end", next())
		}
		endLate, late := begun()
		time.Sleep(longestWork)
		if late() != longestWork/2 {
			t.Errorf("it waited %s for those that take long", late())
		}
		for _, end := range append(sent, endNext, endLate) {
			end()
		}
		if synctest.Wait(); !places.TryAcquire(maxPlaces) {
			t.Fatal("a place was not given back")
		}
		if places.TryAcquire(1) {
			t.Error("a place was given back twice")
		}
		ctx, leave := requestOverGRPC(t)
		gone := make(chan error, 1)
		go func() { _, err := takePlace(ctx); gone <- err }()
		synctest.Wait()
		leave()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("a request whose caller went away: %v", err)
		}
		if _, err := takePlace(t.Context()); err != nil {
			t.Errorf("a request that is not over gRPC: %v", err)
		}
		places.Release(maxPlaces)
	})
}
