package query

import (
	"context"
	"sync"
)

// ErrStopped is why work was cut short whose process is stopped. It is an error of a
// deadline, too, so that what waits answers with what there is by then.
var ErrStopped error = stopped{}

type stopped struct{}

// Error implements error.
func (stopped) Error() string { return "the plugin is being stopped" }

// Is implements what [errors.Is] calls.
func (stopped) Is(target error) bool { return target == context.DeadlineExceeded }

// Timeout implements [net.Error], as a deadline's error does.
func (stopped) Timeout() bool { return true }

// Temporary implements [net.Error].
func (stopped) Temporary() bool { return true }

// Early is a context that ends with its parent, or with [ErrStopped] when ending is done.
// ending may be nil.
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
		return ErrStopped
	default:
		return nil
	}
}
