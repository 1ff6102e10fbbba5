package fault_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Each fault is what its name says, for a client of Go's, and none outlasts its end.
func TestFaults(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "answer to "+r.URL.Path) }))
	defer server.Close()
	proxy, err := fault.Start(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()
	transport := &http.Transport{}
	defer func() { transport.CloseIdleConnections() }()
	get := func(path string, within time.Duration) string {
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, proxy.URL()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := transport.RoundTrip(request)
		if err != nil {
			return err.Error()
		}
		defer func() { _ = answer.Body.Close() }()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			return string(body) + ", " + err.Error()
		}
		return string(body)
	}
	sound := func() {
		t.Helper()
		if got := get("/a", time.Minute); got != "answer to /a" {
			t.Errorf("without a fault: %q", got)
		}
	}
	sound()
	for name, c := range map[string]struct {
		fault fault.Fault
		want  string // is in what is got
	}{
		"reset":     {fault.Reset, "reset by peer"},
		"cut":       {fault.Cut, "unexpected EOF"},
		"dripping":  {fault.Dripping, "deadline exceeded"},
		"hanging":   {fault.Hanging, "deadline exceeded"},
		"swapped":   {fault.Swapped, "answer to /a"},
		"twice":     {fault.Twice, "answer to /b"},
		"answering": {fault.Answering(503, "text/plain", "away"), "away"},
	} {
		proxy.Begin(c.fault)
		within := time.Minute
		if strings.Contains(c.want, "deadline") {
			within = 100 * time.Millisecond
		}
		if got := get("/b", within); !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		proxy.Begin(nil)
		if name == "twice" { // the second answer may be taken for the next one on its connection
			transport.CloseIdleConnections()
			transport = &http.Transport{}
		}
		sound()
	}
	proxy.Refuse()
	if got := get("/b", time.Minute); !strings.Contains(got, "connection refused") {
		t.Errorf("refused: %q", got)
	}
	if err := proxy.Accept(t.Context()); err != nil {
		t.Fatal(err)
	}
	sound()
	if got := proxy.Answered("/a"); got != 9 {
		t.Errorf("%d requests were answered", got)
	}
}

// Names are resolved until the server is gone.
func TestNames(t *testing.T) {
	names := &fault.Names{}
	resolver := names.Resolver()
	for _, gone := range []bool{false, true, false} {
		names.Gone(gone)
		found, err := resolver.LookupHost(t.Context(), "flink.test")
		if (err != nil) != gone || !gone && (len(found) != 1 || !net.ParseIP(found[0]).IsLoopback()) {
			t.Errorf("with a server that is gone, %t: %v, %v", gone, found, err)
		}
	}
}
