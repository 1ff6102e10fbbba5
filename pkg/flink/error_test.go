package flink_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

const (
	page  = "\n <!DOCTYPE html><html><body>Sign in to MegaCorp</body></html>"
	trace = `{"errors":["Internal server error.","<Exception on server side:\norg.apache.flink.util.FlinkException: no\n\tat org.apache.flink.Foo.bar(Foo.java:1)\n"]}`
)

// Whatever goes wrong is one sentence that names what was asked, and quotes
// nothing of what came back.
func TestFailedRequests(t *testing.T) {
	for name, c := range map[string]struct {
		handler http.Handler
		kind    remote.Kind
		status  int
		text    string // URL stands for the address
	}{
		"login page":               {answering(200, page), remote.WrongService, 200, "URL/overview answered 200 OK with something that is not Flink's JSON, such as a proxy's login page: check the address, its path prefix and the authentication."},
		"redirect to a login page": {http.RedirectHandler("/login?next=overview", http.StatusFound), remote.Redirected, 302, "URL/overview redirects to URL, which is not followed, as the credentials would go there too: if that is where Flink is, enter that address in the data source's settings; if it is a login page, check the authentication."},
		"too many requests":        {answering(429, page), remote.TooManyRequests, 429, "URL/overview was refused as too many requests (429): try again later, or ask for fewer jobs."},
		"login refused":            {answering(401, page), remote.Refused, 401, "URL/overview was refused with 401 Unauthorized: check the authentication in the data source's settings."},
		"forbidden":                {answering(403, `{"errors":["no"]}`), remote.Refused, 403, "URL/overview was refused with 403 Forbidden: check the authentication in the data source's settings."},
		"nothing there":            {answering(404, `{"errors":["Unable to load requested file /overview."]}`), remote.NotFound, 404, "Flink has nothing at URL/overview (404): the job may be gone, or the address lacks a path prefix."},
		"a proxy's 404":            {answering(404, page), remote.WrongService, 404, "URL/overview answered 404 Not Found with something that is not Flink's JSON, such as a proxy's login page: check the address, its path prefix and the authentication."},
		"a stack trace":            {answering(500, trace), remote.Failing, 500, "Flink failed to answer URL/overview (500 Internal Server Error): see the JobManager's log for the cause."},
		"a proxy's 502":            {answering(502, page), remote.ProxyFailing, 502, "The proxy before Flink failed to answer URL/overview (502 Bad Gateway): check that the JobManager is up, and the proxy's log."},
		"service unavailable":      {answering(503, `{"errors":["Service temporarily unavailable due to an ongoing leader election. Please refresh."]}`), remote.Failing, 503, "Flink failed to answer URL/overview (503 Service Unavailable): see the JobManager's log for the cause."},
		"other JSON":               {answering(200, `{"hello": "world"}`), remote.WrongService, 200, "URL/overview answered 200 OK with something that is not Flink's JSON, such as a proxy's login page: check the address, its path prefix and the authentication."},
		"half the JSON":            {answering(200, `{"taskmanagers":1,"flink-ver`), remote.Cut, 200, "The answer of URL/overview is not the JSON that Flink sends, or breaks off: check the connection and any proxy in between."},
		"JSON of another type":     {answering(200, `["flink"]`), remote.Cut, 200, "The answer of URL/overview is not the JSON that Flink sends, or breaks off: check the connection and any proxy in between."},
		"an empty body":            {answering(200, ""), remote.Cut, 200, "The answer of URL/overview is not the JSON that Flink sends, or breaks off: check the connection and any proxy in between."},
		"a cut connection": {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte(`{"taskmanagers":1,`))
		}), remote.Cut, 0, "The answer of URL/overview is not the JSON that Flink sends, or breaks off: check the connection and any proxy in between."},
		"a connection closed without an answer": {http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), remote.Unreachable, 0, "Flink could not be reached at URL/overview (the connection was closed without an answer): check the address and port, and that Grafana's server can reach it."},
		"an answer too large": {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"refresh-interval":"`))
			for range 65 {
				_, _ = w.Write(bytes.Repeat([]byte{'x'}, 1<<20))
			}
		}), remote.TooLarge, 0, "The answer of URL/overview is larger than 64 MiB and was not read: check that the address is Flink's REST API."},
	} {
		t.Run(name, func(t *testing.T) {
			client, address := serve(t, c.handler)
			_, err := client.Overview(t.Context())
			fails(t, err, c.kind, c.status, strings.ReplaceAll(c.text, "URL", address))
		})
	}
}

// fails checks all of an error.
func fails(t *testing.T, err error, kind remote.Kind, status int, text string) {
	t.Helper()
	var failed *remote.Error
	if !errors.As(err, &failed) {
		t.Fatalf("got %v, want an remote.Error", err)
	}
	if failed.Kind != kind || failed.Status != status || failed.Error() != text {
		t.Errorf("kind %d, status %d: %s\nwant %d, %d: %s", failed.Kind, failed.Status, failed, kind, status, text)
	}
}

func TestUnreachable(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	_, err := dial(t, server.URL, remote.Config{Timeout: time.Minute, Concurrency: 1}).Overview(t.Context())
	fails(t, err, remote.Unreachable, 0, "Flink could not be reached at "+server.URL+"/overview (connection refused): check the address and port, and that Grafana's server can reach it.")
}

// hanging answers when its caller has gone.
func hanging(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func TestTimedOut(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(hanging))
	defer server.Close()
	_, err := dial(t, server.URL, remote.Config{Timeout: 50 * time.Millisecond, Concurrency: 1}).Overview(t.Context())
	fails(t, err, remote.TimedOut, 0, "Flink did not answer "+server.URL+"/overview in time: check that the JobManager is well, or raise the time-out in the data source's settings.")
}

func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	client, address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cancel()
		hanging(w, r)
	}))
	_, err := client.Overview(ctx)
	fails(t, err, remote.Canceled, 0, "The request for "+address+"/overview was cancelled by its caller.")
	if !errors.Is(err, context.Canceled) {
		t.Error("the error does not wrap its cause")
	}
}

// A list with more elements than any of Flink's is not read, however few bytes it
// takes: each element would take much more memory than its two brackets.
func TestListOfTooMany(t *testing.T) {
	client, address := serve(t, answering(200, `{"jobs":[{}`+strings.Repeat(`,{}`, 1<<17)+`]}`))
	_, err := client.Jobs(t.Context())
	fails(t, err, remote.TooLarge, 200, "The answer of "+address+"/jobs/overview is larger than 131,072 elements and was not read: check that the address is Flink's REST API.")
}
