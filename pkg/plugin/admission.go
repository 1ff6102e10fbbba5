package plugin

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc"
)

// Requests pass two limits: so many of a data source are under way at once, and of those
// so many of the process are worked on. Turns limit the bytes of their answers besides.
const (
	// maxRequests is how many requests of a data source are under way at once; the others
	// wait, in their order. Where more come than the machine can answer, each takes longer,
	// and memory does not grow with them.
	maxRequests = 128
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
// answer was encoded, or after longestWork, unless it has called keep before: what waits
// with its answers made takes memory. Only requests over gRPC need a place.
func takePlace(ctx context.Context) (keep func(), err error) {
	if grpc.ServerTransportStreamFromContext(ctx) == nil {
		return func() {}, nil
	}
	if err := places.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	giveBack := sync.OnceFunc(func() { places.Release(1) })
	timer := time.AfterFunc(longestWork, giveBack)
	context.AfterFunc(ctx, func() {
		timer.Stop()
		giveBack()
	})
	return func() { timer.Stop() }, nil
}
