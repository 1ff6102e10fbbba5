package plugin

import (
	"context"
	"sync"
	"time"
)

// Times of an orderly end, together less than a second.
const (
	// endWithin is how long requests may take to answer with what there is.
	endWithin = 700 * time.Millisecond
	// sendWithin is how long answers may take to be sent.
	sendWithin = 100 * time.Millisecond
)

// Ending is the end of a process: requests that are under way answer with what there is.
// nil is of a process whose end is not announced.
type Ending struct {
	begun context.Context
	end   context.CancelFunc

	mu    sync.Mutex
	under int           // requests under way
	none  chan struct{} // closed when there are none any more, once the end has begun
}

// NewEnding is of a process that goes on until [Ending.End].
func NewEnding() *Ending {
	e := &Ending{none: make(chan struct{})}
	e.begun, e.end = context.WithCancel(context.Background())
	return e
}

// End has the requests that are under way answer, and returns when they have, within a
// second. What comes after that it does not wait for.
func (e *Ending) End() {
	e.mu.Lock()
	waits := e.under > 0 && e.begun.Err() == nil
	e.end()
	e.mu.Unlock()
	if !waits {
		return
	}
	select {
	case <-e.none:
		time.Sleep(sendWithin) // gRPC sends what was answered after the handler has returned
	case <-time.After(endWithin):
	}
}

// begin counts a request until it is over.
func (e *Ending) begin() (over func()) {
	if e == nil {
		return func() {}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.under++
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.under--; e.under == 0 && e.begun.Err() != nil {
			select {
			case <-e.none:
			default:
				close(e.none)
			}
		}
	}
}

// context is done when the end has begun; nil if it never is.
func (e *Ending) context() context.Context {
	if e == nil {
		return nil
	}
	return e.begun
}
