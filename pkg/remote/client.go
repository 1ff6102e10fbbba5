package remote

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"
	"go.opentelemetry.io/otel/trace"
)

// Config is what an HTTP client is made from.
type Config struct {
	// System is which of the two the client is for.
	System System
	// Options are the SDK's: authentication, headers, TLS, proxy, and which of
	// Grafana's headers it forwards.
	Options httpclient.Options
	// BearerToken is sent as Authorization, without the line break in which a
	// token from a file ends; none if empty.
	BearerToken string
	// Timeout is the limit of one request; time in the queue for a free slot does
	// not count.
	Timeout time.Duration
	// Concurrency is how many requests may be under way at once, until their
	// answers are read.
	Concurrency int
	// Middlewares come last, next to the network.
	Middlewares []httpclient.Middleware
	// Forwarded are the names of the headers of a user's request to Grafana that
	// are sent on. Others that the SDK would forward are dropped.
	Forwarded []string
}

// Client is an HTTP client that follows no redirect to elsewhere, explains
// failures of TLS, and has a bounded number of requests under way.
type Client struct {
	*http.Client
	// Concurrency is how many requests may be under way at once.
	Concurrency int
	close       func()
}

// NewClient makes a client. It fails where the TLS or proxy settings cannot be
// used.
func NewClient(config Config) (*Client, error) {
	made := &Client{Concurrency: config.Concurrency}
	options := config.Options
	timeouts := httpclient.DefaultTimeoutOptions
	if options.Timeouts != nil {
		timeouts = *options.Timeouts
	}
	timeouts.Timeout = config.Timeout
	// The connections of one poll are kept for the next.
	timeouts.MaxIdleConnsPerHost = max(timeouts.MaxIdleConnsPerHost, config.Concurrency)
	options.Timeouts = &timeouts
	options.Header = options.Header.Clone()
	if options.Header == nil {
		options.Header = http.Header{}
	}
	if token := strings.TrimSpace(config.BearerToken); token != "" {
		options.Header.Set("Authorization", "Bearer "+token)
	}
	options.Middlewares = append(defaultMiddlewares(config.Forwarded), counted(config.System), explainTLS(config.System))
	options.Middlewares = append(options.Middlewares, config.Middlewares...)
	var own *http.Transport
	made.close = func() { own.CloseIdleConnections() }
	if key, shared := process.key(options); shared {
		options.Middlewares = append(options.Middlewares, httpclient.MiddlewareFunc(func(_ httpclient.Options, next http.RoundTripper) http.RoundTripper {
			of := process.join(key, next, own)
			made.close = sync.OnceFunc(func() { process.leave(key, of) })
			return of.trip
		}))
	}
	options.ConfigureClient = func(_ httpclient.Options, client *http.Client) { client.CheckRedirect = samePlace }
	// The client wraps its transport, so that its own CloseIdleConnections
	// reaches none.
	options.ConfigureTransport = func(_ httpclient.Options, transport *http.Transport) {
		own = transport
		transport.MaxResponseHeaderBytes = maxHeaderBytes
	}
	client, err := httpclient.New(options)
	if err != nil {
		return nil, err
	}
	client.Transport = limiter{client.Transport, make(chan struct{}, config.Concurrency), config.Timeout}
	client.Timeout = 0 // the limiter's, which begins once it is the request's turn
	made.Client = client
	return made, nil
}

// Apart is a client of the same connections with slots of its own: of several systems
// that are called, one that hangs takes none of the others'.
func (c *Client) Apart() *Client {
	apart := *c
	of := *c.Client
	own := of.Transport.(limiter)
	own.slots = make(chan struct{}, c.Concurrency)
	of.Transport = own
	apart.Client = &of
	return &apart
}

// Close closes the idle connections, unless other clients have them, too.
func (c *Client) Close() { c.close() }

// samePlace follows a redirect only to the same path of the host and port that
// were configured, or from there to TLS on the same or the default port: the
// client adds the credentials to every request it sends, on another port another
// server may listen, and some paths of Flink's act on a GET. Nor is one followed
// that turns a POST into a GET: Go drops the body, which is the query.
func samePlace(next *http.Request, before []*http.Request) error {
	first := before[0].URL
	same := next.URL.Scheme == first.Scheme && port(next.URL) == port(first)
	upgrade := first.Scheme == "http" && next.URL.Scheme == "https" &&
		(next.URL.Port() == first.Port() || port(next.URL) == "443")
	if next.Method != before[0].Method || next.URL.Hostname() != first.Hostname() || next.URL.Path != first.Path || !same && !upgrade || len(before) >= 5 {
		return http.ErrUseLastResponse
	}
	return nil
}

// port is that of an address, or the one that its scheme implies.
func port(address *url.URL) string {
	implied := map[string]string{"http": "80", "https": "443"}
	return cmp.Or(address.Port(), implied[address.Scheme])
}

// defaultMiddlewares are the SDK's, but for that of data sources' metrics: see [counted].
// Of headers of a user's request these alone are forwarded: see [contextual].
func defaultMiddlewares(forwarded []string) []httpclient.Middleware {
	middlewares := slices.DeleteFunc(httpclient.DefaultMiddlewares(), isDataSourceMetrics)
	for i, each := range middlewares {
		named, ok := each.(httpclient.MiddlewareName)
		switch {
		case !ok:
		case named.MiddlewareName() == httpclient.ContextualMiddlewareName:
			middlewares[i] = contextual(forwarded)
		case named.MiddlewareName() == httpclient.TracingMiddlewareName:
			middlewares[i] = whereTraced(each)
		}
	}
	return middlewares
}

// whereTraced leaves out what a middleware does to requests that are part of no trace:
// of a Grafana that traces nothing, and of the sampler, which no user waits for.
func whereTraced(tracing httpclient.Middleware) httpclient.MiddlewareFunc {
	return func(options httpclient.Options, next http.RoundTripper) http.RoundTripper {
		traced := tracing.CreateMiddleware(options, next)
		return httpclient.RoundTripperFunc(func(request *http.Request) (*http.Response, error) {
			if trace.SpanContextFromContext(request.Context()).IsValid() {
				return traced.RoundTrip(request)
			}
			return next.RoundTrip(request)
		})
	}
}

// contextual is the SDK's middleware of that name, which applies what the request to
// Grafana demands, with two differences. Of headers that it adds these alone are sent:
// with a resource call Grafana forwards all headers of the browser, such as
// X-HTTP-Method-Override, a tenant, a trace, encodings that only a browser reads, and
// conditions on what it has cached. And none of it is shown a header: where Grafana
// captures requests, for a file that people pass on, the SDK leaves out the values of
// few, and of the data source's own it knows none.
func contextual(names []string) httpclient.Middleware {
	forwarded := map[string]bool{}
	for _, name := range names {
		forwarded[http.CanonicalHeaderKey(name)] = true
	}
	return httpclient.MiddlewareFunc(func(options httpclient.Options, next http.RoundTripper) http.RoundTripper {
		return httpclient.RoundTripperFunc(func(request *http.Request) (*http.Response, error) {
			applied := httpclient.ContextualMiddlewareFromContext(request.Context())
			if len(applied) == 0 {
				return next.RoundTrip(request)
			}
			own := request.Header
			trip := http.RoundTripper(httpclient.RoundTripperFunc(func(request *http.Request) (*http.Response, error) {
				maps.DeleteFunc(request.Header, func(name string, _ []string) bool { return !forwarded[http.CanonicalHeaderKey(name)] })
				maps.Copy(request.Header, own)
				return next.RoundTrip(request)
			}))
			// What captures has a name, and comes before what adds headers, to a copy.
			for _, capturing := range []bool{false, true} {
				for _, each := range slices.Backward(applied) {
					if _, named := each.(httpclient.MiddlewareName); named == capturing {
						trip = each.CreateMiddleware(options, trip)
					}
				}
				trip = withoutHeaders(trip)
			}
			return trip.RoundTrip(request)
		})
	})
}

// withoutHeaders sends copies of requests, which have no header.
func withoutHeaders(next http.RoundTripper) http.RoundTripper {
	return httpclient.RoundTripperFunc(func(request *http.Request) (*http.Response, error) {
		bare := request.WithContext(request.Context())
		bare.Header = http.Header{}
		return next.RoundTrip(bare)
	})
}

// maxHeaderBytes is how long the header of an answer may be: Go's own limit is 10 MiB, of
// which a map takes many times as much.
const maxHeaderBytes = 256 << 10

// limiter sends a bounded number of requests at once, until their answers are
// read. Waiting for others is not part of the time-out.
type limiter struct {
	next    http.RoundTripper
	slots   chan struct{}
	timeout time.Duration
}

// RoundTrip implements [http.RoundTripper].
func (l limiter) RoundTrip(request *http.Request) (*http.Response, error) {
	select {
	case l.slots <- struct{}{}:
	case <-request.Context().Done():
		if request.Body != nil {
			_ = request.Body.Close() // as a RoundTripper must
		}
		return nil, request.Context().Err()
	}
	ctx, cancel := context.WithTimeout(request.Context(), l.timeout)
	end := sync.OnceFunc(func() {
		cancel()
		<-l.slots
	})
	answer, err := l.next.RoundTrip(request.WithContext(ctx))
	if err != nil || answer.Body == nil {
		end()
		return answer, err
	}
	if answer.StatusCode == http.StatusSwitchingProtocols { // the connection itself, which no context ends
		_ = answer.Body.Close()
		answer.Body = http.NoBody
	}
	answer.Body = endingBody{answer.Body, end}
	return answer, nil
}

// endingBody calls end when the body is closed.
type endingBody struct {
	io.ReadCloser
	end func()
}

// Close implements [io.Closer].
func (b endingBody) Close() error {
	defer b.end()
	return b.ReadCloser.Close()
}

// explainTLS replaces the text of a TLS failure by what it is and which setting is
// for it.
func explainTLS(of System) httpclient.MiddlewareFunc {
	return func(_ httpclient.Options, next http.RoundTripper) http.RoundTripper {
		return httpclient.RoundTripperFunc(func(request *http.Request) (*http.Response, error) {
			response, err := next.RoundTrip(request)
			if text := tlsSettings[of].fault(err); text != "" {
				return response, &explained{text, err}
			}
			return response, err
		})
	}
}

// explained is an error in other words.
type explained struct {
	text string
	err  error
}

func (e *explained) Error() string { return e.text }
func (e *explained) Unwrap() error { return e.err }

// tlsKeys are the settings that are for TLS.
type tlsKeys struct{ authority, serverName, client string }

// tlsSettings are those of each system.
var tlsSettings = map[System]tlsKeys{
	Flink:      {"tlsAuthWithCACert and tlsCACert", "serverName", "tlsAuth, tlsClientCert and tlsClientKey"},
	Prometheus: {"prometheus.tlsAuthWithCACert and prometheusTlsCACert", "prometheus.serverName", "prometheus.tlsAuth, prometheusTlsClientCert and prometheusTlsClientKey"},
}

// fault is a failure of TLS in words that fit into the sentence of
// [Error]: short, and without a colon. It is empty for any other.
func (k tlsKeys) fault(err error) string {
	var unknown x509.UnknownAuthorityError
	var named x509.HostnameError
	var invalid x509.CertificateInvalidError
	var server *net.OpError
	switch {
	case errors.As(err, &unknown):
		return "its TLS certificate is signed by an unknown authority, see " + k.authority
	case errors.As(err, &named):
		return "its TLS certificate is not for this host, see " + k.serverName + ", but for " + hosts(named.Certificate)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("its TLS certificate is valid only from %s to %s", invalid.Cert.NotBefore.Format(time.DateOnly), invalid.Cert.NotAfter.Format(time.DateOnly))
	case errors.As(err, &server) && server.Op == "remote error":
		return fmt.Sprintf("it broke off TLS with %q, see %s", strings.TrimPrefix(server.Err.Error(), "tls: "), k.client)
	default:
		return ""
	}
}

// hosts are those that a certificate is for.
func hosts(of *x509.Certificate) string {
	names := slices.Clone(of.DNSNames)
	for _, address := range of.IPAddresses {
		names = append(names, address.String())
	}
	return cmp.Or(strings.Join(names, ", "), "none at all")
}
