package flink_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
)

// recording is what a real cluster answered about one job.
type recording struct {
	*flink.Client
	job     flink.Job
	answers map[string][]byte // by path
}

// replay serves the recording in testdata/recordings: a version and the name
// of a set.
func replay(t *testing.T, set string) recording {
	t.Helper()
	r := recording{answers: map[string][]byte{}}
	dir := filepath.Join("testdata", "recordings", filepath.FromSlash(set))
	job := file(t, filepath.Join(dir, "job.json"), "jid")
	r.answers["/jobs/"+job.id] = job.body
	tasks, err := filepath.Glob(filepath.Join(dir, "v*.json"))
	if err != nil || len(tasks) == 0 {
		t.Fatalf("no tasks in %s: %v", dir, err)
	}
	for _, name := range tasks {
		if strings.Contains(name, "_backpressure_") {
			continue
		}
		task := file(t, name, "id")
		r.answers["/jobs/"+job.id+"/vertices/"+task.id] = task.body
		pressures, _ := filepath.Glob(strings.TrimSuffix(name, ".json") + "_backpressure_call*.json")
		for _, pressure := range pressures {
			r.answers["/jobs/"+job.id+"/vertices/"+task.id+"/backpressure"] = file(t, pressure, "status").body
		}
	}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.Client = dial(t, server.Client(), server.URL)
	if r.job, err = r.Job(t.Context(), job.id); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r recording) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, found := r.answers[request.URL.Path]
	if !found {
		w.WriteHeader(http.StatusNotFound)
	}
	_, _ = w.Write(body)
}

// recorded is one answer and the id in it.
type recorded struct {
	id   string
	body []byte
}

func file(t *testing.T, name, id string) recorded {
	t.Helper()
	body, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(body, &fields); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return recorded{fields[id].(string), body}
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
