package plugin

import (
	"context"

	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc"
)

const (
	// largeAnswer is from how many bytes on an answer waits for its turn to be made and
	// encoded, and maxUnderWay how many bytes of such answers are made and encoded at a
	// time: an answer takes several times its length meanwhile.
	largeAnswer = 1 << 20
	maxUnderWay = 8 << 20
)

// turns has room for the large answers that are made and encoded, over all data sources.
var turns = semaphore.NewWeighted(maxUnderWay)

// turn is that of one query's answer. The zero value has none yet. It is not safe for
// concurrent use.
type turn struct{ weight int64 }

// take returns when an answer of about so many bytes may be made. An answer has one turn.
func (t *turn) take(ctx context.Context, bytes int) error {
	if bytes < largeAnswer || t.weight > 0 || grpc.ServerTransportStreamFromContext(ctx) == nil {
		return nil
	}
	weight := min(int64(bytes), maxUnderWay)
	if err := turns.Acquire(ctx, weight); err != nil {
		return err
	}
	t.weight = weight
	return nil
}

// settle gives back what the turn has more than the answer turned out to need, and takes
// what is missing, if there is room for it: who has a turn does not wait for another.
func (t *turn) settle(bytes int) {
	need := min(int64(bytes), maxUnderWay)
	switch {
	case t.weight == 0:
	case need < t.weight:
		turns.Release(t.weight - need)
		t.weight = need
	case turns.TryAcquire(need - t.weight):
		t.weight = need
	}
}

// end ends the turn, if there is one.
func (t *turn) end() {
	turns.Release(t.weight)
	t.weight = 0
}

// endWhenEncoded ends the turn with the request's context. Over gRPC that ends when the
// answer, which the SDK encodes once the handler has returned, is handed to the transport.
// Many who want the same large table at once would otherwise take all memory. Any other
// request has no turns.
func (t *turn) endWhenEncoded(ctx context.Context) {
	if t.weight > 0 {
		context.AfterFunc(ctx, t.end)
	}
}
