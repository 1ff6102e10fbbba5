package flink_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/flinktest"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
)

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
	server := httptest.NewServer(moment)
	t.Cleanup(server.Close)
	r := recording{Client: dial(t, server.Client(), server.URL)}
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
	task, err := r.Task(t.Context(), r.job.ID, r.job.Vertices[i].ID)
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
