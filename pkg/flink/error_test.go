package flink_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
)

const (
	page  = "\n <!DOCTYPE html><html><body>Sign in to MegaCorp</body></html>"
	trace = `{"errors":["Internal server error.","<Exception on server side:\norg.apache.flink.util.FlinkException: no\n\tat org.apache.flink.Foo.bar(Foo.java:1)\n"]}`
)

// Whatever goes wrong is one sentence that names what was asked, and quotes
// nothing of what came back.
func TestFailedRequests(t *testing.T) {
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		kind    flink.Kind
		status  int
		text    string // URL stands for the address
	}{
		"login page": {says(200, page), flink.NotFlink, 200, "URL/overview answered 200 OK with something that is not Flink's JSON, such as a proxy's login page: check the address, its path prefix and the authentication."},
		"redirect to a login page": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/login" {
				http.Redirect(w, r, "/login", http.StatusFound)
				return
			}
			says(200, page)(w, r)
		}, flink.NotFlink, 200, "URL/overview answered 200 OK with something that is not Flink's JSON, such as a proxy's login page: check the address, its path prefix and the authentication."},
		"login refused":        {says(401, page), flink.Refused, 401, "URL/overview was refused with 401 Unauthorized: check the authentication in the data source's settings."},
		"forbidden":            {says(403, `{"errors":["no"]}`), flink.Refused, 403, "URL/overview was refused with 403 Forbidden: check the authentication in the data source's settings."},
		"nothing there":        {says(404, `{"errors":["Unable to load requested file /overview."]}`), flink.NotFound, 404, "Flink has nothing at URL/overview (404): the job may be gone, or the address lacks a path prefix."},
		"a proxy's 404":        {says(404, page), flink.NotFlink, 404, "URL/overview answered 404 Not Found with something that is not Flink's JSON, such as a proxy's login page: check the address, its path prefix and the authentication."},
		"a stack trace":        {says(500, trace), flink.Failing, 500, "Flink failed to answer URL/overview (500 Internal Server Error): see the JobManager's log for the cause."},
		"a proxy's 502":        {says(502, page), flink.ProxyFailing, 502, "The proxy before Flink failed to answer URL/overview (502 Bad Gateway): check that the JobManager is up, and the proxy's log."},
		"service unavailable":  {says(503, `{"errors":["Service temporarily unavailable due to an ongoing leader election. Please refresh."]}`), flink.Failing, 503, "Flink failed to answer URL/overview (503 Service Unavailable): see the JobManager's log for the cause."},
		"other JSON":           {says(200, `{"hello": "world"}`), flink.NotFlink, 200, "URL/overview answered 200 OK with something that is not Flink's JSON, such as a proxy's login page: check the address, its path prefix and the authentication."},
		"half the JSON":        {says(200, `{"taskmanagers":1,"flink-ver`), flink.Cut, 200, "The answer of URL/overview is not the JSON that Flink sends, or breaks off: check the connection and any proxy in between."},
		"JSON of another type": {says(200, `["flink"]`), flink.Cut, 200, "The answer of URL/overview is not the JSON that Flink sends, or breaks off: check the connection and any proxy in between."},
		"an empty body":        {says(200, ""), flink.Cut, 200, "The answer of URL/overview is not the JSON that Flink sends, or breaks off: check the connection and any proxy in between."},
		"a cut connection": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte(`{"taskmanagers":1,`))
		}, flink.Cut, 0, "The answer of URL/overview is not the JSON that Flink sends, or breaks off: check the connection and any proxy in between."},
		"a connection closed without an answer": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, flink.Unreachable, 0, "Flink could not be reached at URL/overview (EOF): check the address and port, and that Grafana's server can reach it."},
		"an answer too large": {func(w http.ResponseWriter, _ *http.Request) {
			for range 65 {
				_, _ = w.Write(make([]byte, 1<<20))
			}
		}, flink.TooLarge, 0, "The answer of URL/overview is larger than 64 MiB and was not read: check that the address is Flink's REST API."},
	} {
		t.Run(name, func(t *testing.T) {
			client, address := serve(t, c.handler)
			_, err := client.Overview(t.Context())
			fails(t, err, c.kind, c.status, strings.ReplaceAll(c.text, "URL", address))
		})
	}
}

// fails checks all that an error tells.
func fails(t *testing.T, err error, kind flink.Kind, status int, text string) {
	t.Helper()
	var failed *flink.Error
	if !errors.As(err, &failed) {
		t.Fatalf("got %v, want a flink.Error", err)
	}
	if failed.Kind != kind || failed.Status != status || failed.Error() != text {
		t.Errorf("kind %d, status %d: %s\nwant %d, %d: %s", failed.Kind, failed.Status, failed, kind, status, text)
	}
}

func TestNobodyAnswers(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	_, err := dial(t, server.Client(), server.URL).Overview(t.Context())
	fails(t, err, flink.Unreachable, 0, "Flink could not be reached at "+server.URL+"/overview (connection refused): check the address and port, and that Grafana's server can reach it.")
}

func TestHostThatIsUnknown(t *testing.T) {
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "jobmanager.example", Server: "192.0.2.1:53", IsNotFound: true}
	}}
	_, err := dial(t, &http.Client{Transport: transport}, "http://jobmanager.example:8081").Overview(t.Context())
	fails(t, err, flink.Unreachable, 0, "Flink could not be reached at http://jobmanager.example:8081/overview (no such host): check the address and port, and that Grafana's server can reach it.")
}

// silent answers when its caller has gone.
func silent(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func TestAnswerThatNeverComes(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(silent))
	defer server.Close()
	over := server.Client()
	over.Timeout = 50 * time.Millisecond
	_, err := dial(t, over, server.URL).Overview(t.Context())
	fails(t, err, flink.TimedOut, 0, "Flink did not answer "+server.URL+"/overview in time: check that the JobManager is well, or raise the time-out in the data source's settings.")
}

func TestCallerGoesAway(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	client, address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		cancel()
		silent(w, r)
	})
	_, err := client.Overview(ctx)
	fails(t, err, flink.Canceled, 0, "The request for "+address+"/overview was cancelled by its caller.")
	if !errors.Is(err, context.Canceled) {
		t.Error("the error does not wrap its cause")
	}
}

// While all slots are taken a request waits, and ends with its context without
// having been made.
func TestRequestWaitsForASlot(t *testing.T) {
	slots := flink.Slots(1)
	slots <- struct{}{}
	client, err := flink.New(http.DefaultClient, "http://127.0.0.1:1", slots)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err = client.Overview(ctx)
	fails(t, err, flink.TimedOut, 0, "Flink did not answer http://127.0.0.1:1/overview in time: check that the JobManager is well, or raise the time-out in the data source's settings.")
}
