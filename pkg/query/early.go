package query

import (
	"context"
	"sync"
)

// Early is a context that ends with its parent, or when ending is done: then its error is
// that its deadline has passed, so that what waits for it answers with what there is by then. ending
// may be nil.
func Early(parent, ending context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	if ending == nil {
		return ctx, cancel
	}
	done := make(chan struct{})
	end := sync.OnceFunc(func() { close(done) })
	stopParent, stopEnding := context.AfterFunc(ctx, end), context.AfterFunc(ending, end)
	return early{ctx, done}, func() {
		stopEnding()
		stopParent()
		cancel()
		end()
	}
}

// early has a channel of its own: contexts that are made from it would else have the error
// of its parent.
type early struct {
	context.Context
	done <-chan struct{}
}

// Done implements [context.Context].
func (e early) Done() <-chan struct{} { return e.done }

// Err implements [context.Context].
func (e early) Err() error {
	if err := e.Context.Err(); err != nil {
		return err
	}
	select {
	case <-e.done:
		return context.DeadlineExceeded
	default:
		return nil
	}
}
