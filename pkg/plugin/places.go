package plugin

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc"
)

const (
	// maxPlaces is how many requests are worked on at a time, over all data sources. The
	// more there are, the more of each is in memory, and the longer the garbage collector
	// and the transport wait for the processor: then each request costs more, and a
	// backlog, however it came to be, does not end.
	maxPlaces = 12
	// longestWork is how long a request has its place: one that takes longer mostly waits,
	// for a Flink that hangs, for instance, and others must not wait for that, too.
	longestWork = 250 * time.Millisecond
)

var places = semaphore.NewWeighted(maxPlaces)

// takePlace returns when the request may be worked on, which gives its place back once its
// answer was encoded, or after longestWork. Only requests over gRPC need one.
func takePlace(ctx context.Context) error {
	if grpc.ServerTransportStreamFromContext(ctx) == nil {
		return nil
	}
	if err := places.Acquire(ctx, 1); err != nil {
		return err
	}
	giveBack := sync.OnceFunc(func() { places.Release(1) })
	timer := time.AfterFunc(longestWork, giveBack)
	context.AfterFunc(ctx, func() {
		timer.Stop()
		giveBack()
	})
	return nil
}
