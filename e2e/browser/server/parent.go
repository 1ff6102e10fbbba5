package main

import (
	"context"
	"os"
	"time"
)

// cancelWithParent cancels soon after the process that started this one is gone,
// or at once if it is already: a test run that is killed has no time to stop
// its server.
func cancelWithParent(ctx context.Context, cancel context.CancelFunc, parent int) {
	go func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for os.Getppid() == parent {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
		cancel()
	}()
}
