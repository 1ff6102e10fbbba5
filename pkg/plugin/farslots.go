package plugin

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

// mostQueries is how many queries a data source has a Prometheus work on at
// once: by default one works on 20, for all who ask it.
const mostQueries = 8

// bounded sends a bounded number of requests at once, until their answers are
// read. That others are waited for is not part of the time-out.
type bounded struct {
	next    http.RoundTripper
	slots   chan struct{}
	timeout time.Duration
}

// RoundTrip implements [http.RoundTripper].
func (b bounded) RoundTrip(request *http.Request) (*http.Response, error) {
	select {
	case b.slots <- struct{}{}:
	case <-request.Context().Done():
		if request.Body != nil {
			_ = request.Body.Close() // as a RoundTripper must
		}
		return nil, request.Context().Err()
	}
	ctx, cancel := context.WithTimeout(request.Context(), b.timeout)
	end := sync.OnceFunc(func() {
		cancel()
		<-b.slots
	})
	answer, err := b.next.RoundTrip(request.WithContext(ctx))
	if err != nil {
		end()
		return nil, err
	}
	answer.Body = ending{answer.Body, end}
	return answer, nil
}

// ending is a body that tells when nobody reads it any more.
type ending struct {
	io.ReadCloser
	end func()
}

// Close implements [io.Closer].
func (e ending) Close() error {
	defer e.end()
	return e.ReadCloser.Close()
}
