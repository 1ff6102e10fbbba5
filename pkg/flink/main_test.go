package flink_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"go.uber.org/goleak"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// jobID and taskID look like Flink's.
const (
	jobID  = "c7bcc7c5d9f0293256aea632acfa3294"
	taskID = "bc764cd8ddf7a0cff126f51c16239658"
)

// serve starts a server, and a client of its own that asks it.
func serve(t *testing.T, handler http.HandlerFunc) (*flink.Client, string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return dial(t, server.Client(), server.URL), server.URL
}

// dial makes a client of two slots for an address that must be one.
func dial(t *testing.T, over *http.Client, address string) *flink.Client {
	t.Helper()
	client, err := flink.New(over, address, flink.Slots(2))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// says answers with a status and a body.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}
