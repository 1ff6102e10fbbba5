package remote_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/inmemory"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// slow takes a while for each answer.
type slow struct{ takes time.Duration }

func (s *slow) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	select {
	case <-time.After(s.takes):
	case <-r.Context().Done():
	}
}

const address = "http://flink:8081/overview"

// get asks for the address and reads the answer.
func get(ctx context.Context, client *remote.Client, address string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	_, err = io.Copy(io.Discard, answer.Body)
	return answer, err
}

// No more requests are under way at once than allowed, and as many as that. Those
// that wait for others do not run out of time meanwhile.
func TestConcurrency(t *testing.T) {
	for _, concurrency := range []int{1, 2, 8} {
		t.Run(fmt.Sprint(concurrency), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &inmemory.Crowd{Handler: &slow{takes: time.Second}}
				client := over(t, &network{Handler: server}, remote.Config{Timeout: 1500 * time.Millisecond, Concurrency: concurrency})
				begun := time.Now()
				var group sync.WaitGroup
				for range 16 {
					group.Go(func() {
						if _, err := get(t.Context(), client, address); err != nil {
							t.Error(err)
						}
					})
				}
				group.Wait()
				if most := server.Most(); most != concurrency || client.Concurrency != concurrency {
					t.Errorf("%d requests at once, of %d", most, client.Concurrency)
				}
				if took, want := time.Since(begun), 16*time.Second/time.Duration(concurrency); took != want {
					t.Errorf("16 requests took %s, want %s", took, want)
				}
			})
		})
	}
}

// A request is under way until its answer is read: the next begins when the body
// is closed, however often.
func TestRequestIsUnderWayUntilItsBodyIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &slow{}
		server := &inmemory.Crowd{Handler: slow}
		network := &network{Handler: server}
		client := over(t, network, remote.Config{Timeout: time.Hour, Concurrency: 1})
		answer, err := client.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		network.sent()
		begun := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := get(ctx, client, address); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != time.Second {
			t.Errorf("while a body is open: %v after %s", err, time.Since(begun))
		}
		if sent := network.sent(); len(sent) != 0 {
			t.Errorf("%d requests were sent", len(sent))
		}
		for range 2 {
			if err := answer.Body.Close(); err != nil {
				t.Error(err)
			}
		}
		slow.takes = time.Second
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() {
				if _, err := get(t.Context(), client, address); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if most := server.Most(); most != 1 {
			t.Errorf("a body closed twice lets %d requests pass at once", most)
		}
	})
}

// A request that is cancelled while it waits ends then, without having been sent,
// and takes nobody's turn.
func TestCancelledBeforeItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := &network{Handler: &slow{takes: time.Minute}}
		client := over(t, network, remote.Config{Timeout: time.Hour, Concurrency: 1})
		var first sync.WaitGroup
		first.Go(func() {
			if _, err := get(t.Context(), client, address); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		for range 3 {
			ctx, cancel := context.WithCancel(t.Context())
			body := &closing{Reader: strings.NewReader("query=up")}
			request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, body)
			if err != nil {
				t.Fatal(err)
			}
			time.AfterFunc(time.Second, cancel)
			begun := time.Now()
			_, err = client.Do(request)
			if !errors.Is(err, context.Canceled) || time.Since(begun) != time.Second || !body.closed.Load() {
				t.Errorf("%v after %s, its body closed %t", err, time.Since(begun), body.closed.Load())
			}
		}
		first.Wait()
		begun := time.Now()
		if _, err := get(t.Context(), client, address); err != nil || time.Since(begun) != time.Minute {
			t.Errorf("the next takes %s, %v", time.Since(begun), err)
		}
		if sent := network.sent(); len(sent) != 2 {
			t.Errorf("%d requests were sent, want 2", len(sent))
		}
	})
}

// closing notes that it was closed.
type closing struct {
	io.Reader
	closed atomic.Bool
}

func (c *closing) Close() error {
	c.closed.Store(true)
	return nil
}

// stalling is a body that never ends.
type stalling struct{ ctx context.Context }

func (s stalling) Read([]byte) (int, error) {
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

func (s stalling) Close() error { return nil }

// The time-out is for the whole answer, from the request's turn on: a request
// that fails by it leaves its place to others.
func TestTimeout(t *testing.T) {
	for name, transport := range map[string]http.RoundTripper{
		"no answer": &network{Handler: &slow{takes: time.Hour}},
		"half an answer": httpclient.RoundTripperFunc(func(request *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: stalling{request.Context()}, Request: request}, nil
		}),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := over(t, transport, remote.Config{Timeout: 5 * time.Second, Concurrency: 1})
				for range 3 {
					begun := time.Now()
					_, err := get(t.Context(), client, address)
					if failed := remote.Unanswered(remote.Flink, address, err); failed.Kind != remote.TimedOut || time.Since(begun) != 5*time.Second {
						t.Errorf("%v after %s", failed, time.Since(begun))
					}
				}
			})
		})
	}
}

// Credentials are those of the settings; a token is sent before a login, and
// without the line break that a file ends in.
func TestCredentials(t *testing.T) {
	const basic = "Basic Z3JhZmFuYTpzZWNyZXQ=" // grafana:secret
	login := httpclient.Options{BasicAuth: &httpclient.BasicAuthOptions{User: "grafana", Password: "secret"}}
	header := httpclient.Options{Header: http.Header{"Authorization": {"raw secret"}}}
	for name, c := range map[string]struct {
		config remote.Config
		want   string
	}{
		"none":                   {remote.Config{}, ""},
		"a login":                {remote.Config{Options: login}, basic},
		"a token":                {remote.Config{BearerToken: "secret"}, "Bearer secret"},
		"a token from a file":    {remote.Config{BearerToken: " secret\n"}, "Bearer secret"},
		"a blank token":          {remote.Config{BearerToken: "\n", Options: login}, basic},
		"a token beats a login":  {remote.Config{BearerToken: "secret", Options: login}, "Bearer secret"},
		"a token beats a header": {remote.Config{BearerToken: "secret", Options: header}, "Bearer secret"},
		"a header":               {remote.Config{Options: header}, "raw secret"},
	} {
		t.Run(name, func(t *testing.T) {
			network := &network{Handler: &slow{}}
			c.config.Timeout, c.config.Concurrency = time.Minute, 1
			before := maps.Clone(c.config.Options.Header)
			if _, err := get(t.Context(), over(t, network, c.config), address); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(network.sent()[0].Header.Values("Authorization"), ", "); got != c.want {
				t.Errorf("sent %q, want %q", got, c.want)
			}
			if !maps.EqualFunc(c.config.Options.Header, before, slices.Equal) {
				t.Errorf("the headers of the settings became %v", c.config.Options.Header)
			}
		})
	}
}

// Of what the SDK forwards from a browser's request only what was allowed is sent,
// beside the headers of the settings and what is the clients' own, as they are.
func TestForwardedHeaders(t *testing.T) {
	forwarded := http.Header{
		"Authorization": {"Bearer user"}, "Cookie": {"session=user"}, "X-Id-Token": {"user"}, "X-Grafana-User": {"user"},
		"X-Http-Method-Override": {"DELETE"}, "Accept-Encoding": {"br, zstd"}, "If-None-Match": {"*"}, "Range": {"bytes=0-1"},
		"X-Api-Key": {"browser"}, "X-Forwarded-For": {"192.0.2.1"}, "Traceparent": {"00-1-2-01"}, "Content-Length": {"7"},
		"X-Scope-Orgid": {"browser"}, "Accept": {"text/html"}, "Tracestate": {"browser"}, "Baggage": {"browser"}, "Uber-Trace-Id": {"browser"}, "B3": {"browser"},
	}
	browser := httpclient.MiddlewareFunc(func(_ httpclient.Options, next http.RoundTripper) http.RoundTripper {
		return httpclient.RoundTripperFunc(func(request *http.Request) (*http.Response, error) {
			maps.Copy(request.Header, forwarded)
			return next.RoundTrip(request)
		})
	})
	for name, c := range map[string]struct {
		config remote.Config
		want   []string
	}{
		"none":                        {remote.Config{}, []string{"Accept: application/json"}},
		"some":                        {remote.Config{Forwarded: []string{"cookie", "X-ID-Token"}}, []string{"Accept: application/json", "Cookie: session=user", "X-Id-Token: user"}},
		"a header of the settings":    {remote.Config{Options: httpclient.Options{Header: http.Header{"X-Api-Key": {"ours"}}}}, []string{"Accept: application/json", "X-Api-Key: ours"}},
		"the tenants of a Prometheus": {remote.Config{Options: httpclient.Options{Header: http.Header{"X-Scope-Orgid": {"a"}}}}, []string{"Accept: application/json", "X-Scope-Orgid: a"}},
		"a configured token":          {remote.Config{BearerToken: "ours"}, []string{"Accept: application/json", "Authorization: Bearer ours"}},
	} {
		t.Run(name, func(t *testing.T) {
			network := &network{Handler: &slow{}}
			c.config.Timeout, c.config.Concurrency = time.Minute, 1
			request, err := http.NewRequestWithContext(httpclient.WithContextualMiddleware(t.Context(), browser), http.MethodGet, address, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Accept", "application/json")
			answer, err := over(t, network, c.config).Do(request)
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
			var got []string
			for name, values := range network.sent()[0].Header {
				got = append(got, name+": "+strings.Join(values, ", "))
			}
			if slices.Sort(got); !slices.Equal(got, c.want) {
				t.Errorf("sent %v, want %v", got, c.want)
			}
		})
	}
}

// A redirect is followed to the same path of the same server, or from there to
// TLS; nothing at all is sent to any other, as the credentials would go there too.
func TestRedirects(t *testing.T) {
	const there, path = "http://flink:8081", "/jobs/overview"
	for name, c := range map[string]struct {
		from, to string
		status   int
		followed bool
	}{
		"the same address":                 {there + path, there + path + "?followed", http.StatusFound, true},
		"the same path":                    {there + path, path + "?followed", http.StatusFound, true},
		"the same path, 301":               {there + path, path + "?followed", http.StatusMovedPermanently, true},
		"the same path, 307":               {there + path, path + "?followed", http.StatusTemporaryRedirect, true},
		"the same path, 308":               {there + path, path + "?followed", http.StatusPermanentRedirect, true},
		"the same path, over TLS":          {"https://flink:8081" + path, path + "?followed", http.StatusFound, true},
		"the port that is implied":         {"http://flink" + path, "http://flink:80" + path + "?followed", http.StatusFound, true},
		"to TLS on the same port":          {there + path, "https://flink:8081" + path, http.StatusFound, true},
		"to TLS on the default port":       {there + path, "https://flink" + path, http.StatusFound, true},
		"to TLS on the port 443":           {there + path, "https://flink:443" + path, http.StatusMovedPermanently, true},
		"to TLS, without any port":         {"http://flink" + path, "https://flink" + path, http.StatusFound, true},
		"a path prefix":                    {there + path, "/flink" + path, http.StatusFound, false},
		"another path":                     {there + path, "/jobs/1/yarn-cancel", http.StatusFound, false},
		"a login page":                     {there + path, there + "/login", http.StatusFound, false},
		"another host":                     {there + path, "http://kafka:8081" + path, http.StatusFound, false},
		"another host, 307":                {there + path, "http://kafka:8081" + path, http.StatusTemporaryRedirect, false},
		"another host without a scheme":    {there + path, "//kafka:8081" + path, http.StatusFound, false},
		"a host below":                     {there + path, "http://a.flink:8081" + path, http.StatusFound, false},
		"another port":                     {there + path, "http://flink:8082" + path, http.StatusFound, false},
		"the default port":                 {there + path, "http://flink" + path, http.StatusFound, false},
		"to TLS on another port":           {there + path, "https://flink:8443" + path, http.StatusFound, false},
		"to TLS on another host":           {there + path, "https://kafka" + path, http.StatusFound, false},
		"from TLS to plain HTTP":           {"https://flink" + path, "http://flink" + path, http.StatusFound, false},
		"from TLS to plain HTTP on a port": {"https://flink:8081" + path, "http://flink:8081" + path, http.StatusFound, false},
		"with credentials for another":     {there + path, "http://user:secret@kafka:8081/secret?secret", http.StatusFound, false},
	} {
		t.Run(name, func(t *testing.T) {
			network := &network{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.String() == c.from {
					w.Header().Set("Location", c.to)
					w.WriteHeader(c.status)
				}
			})}
			client := over(t, network, remote.Config{BearerToken: "secret", Timeout: time.Minute, Concurrency: 1})
			answer, err := get(t.Context(), client, c.from)
			if err != nil {
				t.Fatal(err)
			}
			redirect := remote.Redirect(remote.Flink, c.from, answer)
			sent := network.sent()
			if c.followed {
				if redirect != nil || answer.StatusCode != http.StatusOK || len(sent) != 2 || sent[1].Header.Get("Authorization") != "Bearer secret" {
					t.Errorf("%v, status %d, %d requests", redirect, answer.StatusCode, len(sent))
				}
				return
			}
			if redirect == nil || answer.StatusCode != c.status || strings.Contains(redirect.Error(), "secret") {
				t.Errorf("status %d, %v", answer.StatusCode, redirect)
			}
			if len(sent) != 1 {
				t.Errorf("sent on to %s", sent[1].URL)
			}
		})
	}
}

// A POST is not sent on as a GET, which has no body: the query would be lost.
func TestRedirectOfAPost(t *testing.T) {
	const from = "http://prometheus/api/v1/query"
	for status, followed := range map[int]bool{301: false, 302: false, 303: false, 307: true, 308: true} {
		network := &network{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Scheme == "http" {
				w.Header().Set("Location", "https://prometheus/api/v1/query")
				w.WriteHeader(status)
			}
		})}
		client := over(t, network, remote.Config{Timeout: time.Minute, Concurrency: 1})
		answer, err := client.Post(from, "text/plain", strings.NewReader("query=up"))
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if sent := network.sent(); len(sent) == 2 != followed || sent[len(sent)-1].Method != http.MethodPost {
			t.Errorf("%d: %d requests, the last a %s", status, len(sent), sent[len(sent)-1].Method)
		}
	}
}

// A server that redirects to itself for ever is asked a few times.
func TestRedirectForEver(t *testing.T) {
	network := &network{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) })}
	answer, err := get(t.Context(), over(t, network, remote.Config{Timeout: time.Minute, Concurrency: 1}), address)
	if err != nil {
		t.Fatal(err)
	}
	if sent := network.sent(); len(sent) != 5 || remote.Redirect(remote.Flink, address, answer) == nil {
		t.Errorf("%d requests, status %d", len(sent), answer.StatusCode)
	}
}

// The connections of one poll are kept for the next, until the client is closed.
func TestConnectionsAreKeptUntilClose(t *testing.T) {
	const concurrency = 12
	var opened, closed atomic.Int64
	var arrived sync.WaitGroup
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		arrived.Done()
		arrived.Wait() // so that all are under way at once
	}))
	gone := make(chan struct{}, concurrency)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			opened.Add(1)
		case http.StateClosed:
			closed.Add(1)
			gone <- struct{}{}
		}
	}
	server.Start()
	defer server.Close()
	client := clientOf(t, remote.Config{Timeout: time.Minute, Concurrency: concurrency})
	for range 2 {
		arrived.Add(concurrency)
		var group sync.WaitGroup
		for range concurrency {
			group.Go(func() {
				if _, err := get(t.Context(), client, server.URL); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
	}
	if opened.Load() != concurrency || closed.Load() != 0 {
		t.Errorf("%d connections opened, %d closed; want %d and none", opened.Load(), closed.Load(), concurrency)
	}
	client.Close()
	for range concurrency {
		<-gone
	}
}

// What captures the requests of a query, as Grafana does where somebody looks for an error,
// is shown no header: neither the data source's own, which may be any, nor the user's.
func TestCapturesHaveNoHeaders(t *testing.T) {
	adding := httpclient.MiddlewareFunc(func(_ httpclient.Options, next http.RoundTripper) http.RoundTripper {
		return httpclient.RoundTripperFunc(func(request *http.Request) (*http.Response, error) {
			request.Header.Set("X-Id-Token", "user")
			return next.RoundTrip(request)
		})
	})
	captured, seen := 0, http.Header{}
	capturing := httpclient.NamedMiddlewareFunc("capture", func(_ httpclient.Options, next http.RoundTripper) http.RoundTripper {
		return httpclient.RoundTripperFunc(func(request *http.Request) (*http.Response, error) {
			captured++
			answer, err := next.RoundTrip(request)
			maps.Copy(seen, request.Header) // afterwards, as the SDK does
			return answer, err
		})
	})
	network := &network{Handler: &slow{}}
	client := over(t, network, remote.Config{
		Timeout: time.Minute, Concurrency: 1, BearerToken: "ours", Forwarded: []string{"X-Id-Token"},
		Options: httpclient.Options{Header: http.Header{"X-Key": {"ours"}}},
	})
	ctx := httpclient.WithContextualMiddleware(t.Context(), adding, capturing)
	if _, err := get(ctx, client, address); err != nil {
		t.Fatal(err)
	}
	if captured != 1 || len(seen) != 0 {
		t.Errorf("captured %d times, with %v", captured, seen)
	}
	if sent := network.sent()[0].Header; sent.Get("X-Key") != "ours" || sent.Get("X-Id-Token") != "user" || sent.Get("Authorization") != "Bearer ours" {
		t.Errorf("sent %v", sent)
	}
}
