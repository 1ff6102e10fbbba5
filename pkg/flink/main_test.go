package flink_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend/log"
	"go.uber.org/goleak"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/flinktest"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

func TestMain(m *testing.M) {
	log.DefaultLogger = log.NewNullLogger() // the SDK has a line for each client
	goleak.VerifyTestMain(m)
}

// jobID and taskID look like Flink's.
const (
	jobID  = "c7bcc7c5d9f0293256aea632acfa3294"
	taskID = "bc764cd8ddf7a0cff126f51c16239658"
)

// serve starts a server, and a client as the plugin makes it.
func serve(t *testing.T, handler http.Handler) (client *flink.Client, address string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return dial(t, server.URL, remote.Config{Timeout: time.Minute, Concurrency: 2}), server.URL
}

// dial makes a client for an address, which must be one.
func dial(t *testing.T, address string, config remote.Config) *flink.Client {
	t.Helper()
	over, err := remote.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(over.Close)
	client, err := flink.New(over, address)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// answers answers each path with its body, and what is not there with 404, as
// Flink does.
type answers map[string]string

func (a answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, found := a[r.URL.Path]
	if !found {
		w.WriteHeader(http.StatusNotFound)
		body = `{"errors":["Unable to load requested file ` + r.URL.Path + `."]}`
	}
	_, _ = w.Write([]byte(body))
}

// answering answers with a status and a body.
func answering(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// recording is what a real cluster answered about one job.
type recording struct {
	*flink.Client
	job flink.Job
}

// replay serves a recording: a version and the name of a set.
func replay(t *testing.T, name string) recording {
	t.Helper()
	version, set, _ := strings.Cut(name, "/")
	moment := flinktest.Recording(t, version, set)
	client, _ := serve(t, moment)
	r := recording{Client: client}
	if moment.JobID == "" {
		return r
	}
	var err error
	if r.job, err = r.Job(t.Context(), moment.JobID); err != nil {
		t.Fatal(err)
	}
	return r
}

// task asks for the task at the index.
func (r recording) task(t *testing.T, i int) flink.Task {
	t.Helper()
	task, err := r.Task(t.Context(), r.job.ID, r.job.Vertices[i].ID, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return task
}

// pressure asks for the gauges of the task at the index.
func (r recording) pressure(t *testing.T, i int) flink.Backpressure {
	t.Helper()
	pressure, err := r.Backpressure(t.Context(), r.job.ID, r.job.Vertices[i].ID)
	if err != nil {
		t.Fatal(err)
	}
	return pressure
}
