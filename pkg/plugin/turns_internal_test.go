package plugin

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// stream is that of a request over gRPC.
type stream struct{}

func (stream) Method() string               { return "QueryData" }
func (stream) SetHeader(metadata.MD) error  { return nil }
func (stream) SendHeader(metadata.MD) error { return nil }
func (stream) SetTrailer(metadata.MD) error { return nil }

// requestOverGRPC is the context of one, and what ends it.
func requestOverGRPC(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithCancel(grpc.NewContextWithServerTransportStream(t.Context(), stream{}))
}

// As many large answers are made and sent at a time as there is room for: one more waits
// until another was sent, or its query goes away. One that is longer than the room has all
// of it, and small ones never wait.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := func(bytes int) (sent context.CancelFunc, taken func() bool) {
			ctx, cancel := requestOverGRPC(t)
			has := false
			go func() {
				var own turn
				has = own.take(ctx, bytes) == nil
				own.endWhenSent(ctx)
			}()
			synctest.Wait()
			return cancel, func() bool {
				synctest.Wait()
				return has
			}
		}
		sendFirst, first := begun(maxUnderWay / 2)
		sendSecond, second := begun(maxUnderWay / 2)
		sendThird, third := begun(largeAnswer)
		sendSmall, small := begun(largeAnswer - 1)
		if !first() || !second() || third() || !small() {
			t.Errorf("turns are %t %t %t, and of a small answer %t", first(), second(), third(), small())
		}
		leave, gone := begun(largeAnswer)
		leave()
		if gone() {
			t.Error("a query that went away has a turn")
		}
		sendFirst()
		if !third() {
			t.Error("there is room, and no turn")
		}
		sendHuge, huge := begun(10 * maxUnderWay)
		sendSecond()
		if huge() {
			t.Error("there are two turns of more than there is room for")
		}
		if sendThird(); !huge() {
			t.Error("an answer longer than the room has no turn")
		}
		sendHuge()
		sendSmall()
		if synctest.Wait(); !turns.TryAcquire(maxUnderWay) {
			t.Error("a turn did not end")
		}
		turns.Release(maxUnderWay)
	})
}

// An answer that was given a turn to be made has no other to be sent; one that was not over
// gRPC has none.
func TestOneTurnForAnAnswer(t *testing.T) {
	ctx, cancel := requestOverGRPC(t)
	var own turn
	if err := errors.Join(own.take(ctx, largeAnswer), own.take(ctx, maxUnderWay)); err != nil || own.weight != largeAnswer {
		t.Errorf("a turn of %d bytes, %v", own.weight, err)
	}
	own.end()
	cancel()
	if err := own.take(t.Context(), maxUnderWay); err != nil || own.weight != 0 {
		t.Errorf("without gRPC a turn of %d bytes, %v", own.weight, err)
	}
}
