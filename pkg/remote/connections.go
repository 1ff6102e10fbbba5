package remote

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"sync"

	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"
)

// connections are those that clients of equal settings have in common: of 50 data
// sources to one Flink each would keep its own open. It is safe for concurrent use.
type connections struct {
	secret [sha256.Size]byte
	mu     sync.Mutex
	of     map[connectionsKey]*sharedConnections
}

// connectionsKey is a keyed hash of the settings, which hold secrets.
type connectionsKey [sha256.Size]byte

// sharedConnections are those of clients with equal settings.
type sharedConnections struct {
	clients   int
	trip      http.RoundTripper
	transport *http.Transport
}

// process has the connections of this process.
var process = func() *connections {
	made := &connections{of: map[connectionsKey]*sharedConnections{}}
	_, _ = rand.Read(made.secret[:]) // never fails, by its contract
	return made
}()

// key is the same for settings by which a server cannot distinguish clients. shared is
// false where it is not known whether they are.
func (c *connections) key(options httpclient.Options) (key connectionsKey, shared bool) {
	if options.ProxyOptions != nil || options.SigV4 != nil {
		return key, false
	}
	settings, err := json.Marshal(struct {
		Timeouts  *httpclient.TimeoutOptions
		TLS       *httpclient.TLSOptions
		BasicAuth *httpclient.BasicAuthOptions
		Header    http.Header
		Forwards  bool
	}{options.Timeouts, options.TLS, options.BasicAuth, options.Header, options.ForwardHTTPHeaders})
	if err != nil {
		return key, false
	}
	mac := hmac.New(sha256.New, c.secret[:])
	mac.Write(settings)
	copy(key[:], mac.Sum(nil))
	return key, true
}

// join returns the connections of the key: those that are there, or else the client's
// own, which others then share. They are to be left.
func (c *connections) join(key connectionsKey, trip http.RoundTripper, transport *http.Transport) *sharedConnections {
	c.mu.Lock()
	defer c.mu.Unlock()
	of := c.of[key]
	if of == nil {
		of = &sharedConnections{trip: trip, transport: transport}
		c.of[key] = of
	}
	of.clients++
	return of
}

// leave closes the idle connections if no client has them any more.
func (c *connections) leave(key connectionsKey, of *sharedConnections) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if of.clients--; of.clients == 0 {
		delete(c.of, key)
		of.transport.CloseIdleConnections()
	}
}
