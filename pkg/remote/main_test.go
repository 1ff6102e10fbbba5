package remote_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"
	"github.com/grafana/grafana-plugin-sdk-go/backend/log"
	"go.uber.org/goleak"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/inmemory"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

func TestMain(m *testing.M) {
	log.DefaultLogger = log.NewNullLogger() // the SDK has a line for each client
	goleak.VerifyTestMain(m)
}

// network answers requests to any host with a handler, and keeps them.
type network struct {
	http.Handler
	mu       sync.Mutex
	requests []*http.Request // those that were sent
}

// RoundTrip answers when the handler has returned.
func (n *network) RoundTrip(request *http.Request) (*http.Response, error) {
	n.mu.Lock()
	n.requests = append(n.requests, request)
	n.mu.Unlock()
	return inmemory.Transport{Handler: n.Handler}.RoundTrip(request)
}

// sent are the requests since the last call.
func (n *network) sent() []*http.Request {
	n.mu.Lock()
	defer n.mu.Unlock()
	sent := n.requests
	n.requests = nil
	return sent
}

// clientOf makes a client of that configuration.
func clientOf(t *testing.T, config remote.Config) *remote.Client {
	t.Helper()
	client, err := remote.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// over makes a client whose requests the transport answers.
func over(t *testing.T, transport http.RoundTripper, config remote.Config) *remote.Client {
	t.Helper()
	config.Middlewares = append(config.Middlewares, httpclient.MiddlewareFunc(func(httpclient.Options, http.RoundTripper) http.RoundTripper { return transport }))
	return clientOf(t, config)
}
