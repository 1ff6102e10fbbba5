package plugin

import (
	"context"

	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc"
)

const (
	// largeAnswer is from how many bytes on an answer waits for its turn to be encoded,
	// and maxUnderWay how many bytes of such answers are encoded and sent at a time: an
	// answer takes several times its length meanwhile.
	largeAnswer = 1 << 20
	maxUnderWay = 8 << 20
)

// turns has room for the large answers that are encoded and sent, over all data sources.
var turns = semaphore.NewWeighted(maxUnderWay)

// takeTurn returns when an answer of so many bytes may be encoded, which the SDK does when
// the handler has returned. Many who want the same large table at once would otherwise
// take all memory. The turn ends with the request's context, as it does over gRPC when
// the answer was sent; any other request has no turns. The error is the context's.
func takeTurn(ctx context.Context, bytes int) error {
	if bytes < largeAnswer || grpc.ServerTransportStreamFromContext(ctx) == nil {
		return nil
	}
	weight := min(int64(bytes), maxUnderWay)
	if err := turns.Acquire(ctx, weight); err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { turns.Release(weight) })
	return nil
}
