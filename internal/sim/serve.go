package sim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Serve serves a cluster, or a wrapped one, on a free port of 127.0.0.1 until
// it is stopped or the context ends. stop returns when the port is free again.
func Serve(ctx context.Context, cluster http.Handler) (url string, stop func(), err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("no port for the simulated cluster: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	server := &http.Server{
		Handler: cluster, ReadHeaderTimeout: 10 * time.Second,
		// Requests end with the server, even those that hang.
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			cancel()
		}
	}()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return "http://" + listener.Addr().String(), func() {
		cancel()
		_ = server.Close() // the listener is given up either way
		<-done
	}, nil
}
