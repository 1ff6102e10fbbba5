package flink_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// Each call is one GET of one path below the address.
func TestPaths(t *testing.T) {
	ctx := t.Context()
	for want, ask := range map[string]func(*flink.Client) error{
		"/overview":                              func(c *flink.Client) error { _, err := c.Overview(ctx); return err },
		"/jobmanager/config":                     func(c *flink.Client) error { _, err := c.Config(ctx); return err },
		"/jobs/overview":                         func(c *flink.Client) error { _, err := c.Jobs(ctx); return err },
		"/jobs/" + jobID:                         func(c *flink.Client) error { _, err := c.Job(ctx, jobID); return err },
		"/jobs/" + jobID + "/vertices/" + taskID: func(c *flink.Client) error { _, err := c.Task(ctx, jobID, taskID, nil, 0); return err },
		"/jobs/" + jobID + "/vertices/" + taskID + "/backpressure": func(c *flink.Client) error {
			_, err := c.Backpressure(ctx, jobID, taskID)
			return err
		},
	} {
		asked := 0
		_, address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked++
			if r.Method != http.MethodGet || r.URL.Path != "/prefix"+want || r.URL.RawQuery != "" {
				t.Errorf("asked with %s for %s", r.Method, r.URL)
			}
			body := `{"flink-version": "2.3.0"}`
			switch {
			case strings.HasSuffix(want, "config"):
				body = "[]"
			case strings.HasSuffix(want, "/jobs/overview"):
				body = `{"jobs": []}`
			case strings.HasPrefix(want, "/jobs/"):
				body = `{"state": "RUNNING"}`
			}
			answering(200, body)(w, r)
		}))
		if err := ask(dial(t, address+"/prefix/", remote.Config{Timeout: time.Minute, Concurrency: 2})); err != nil || asked != 1 {
			t.Errorf("%s: %d requests, %v", want, asked, err)
		}
	}
}

// Paths are built from Flink's ids alone: some paths of Flink's cancel jobs
// when asked with GET.
func TestWhatIsNoIDIsNeverAskedFor(t *testing.T) {
	client, _ := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("asked for %s", r.URL) }))
	for _, id := range []string{
		"", "../", "..", "%2e%2e", jobID + "/yarn-cancel", jobID + "?x", jobID[1:], jobID + "0",
		strings.Repeat("g", 32), jobID[:31] + "\n", jobID + "\n", jobID[:31] + "é",
	} {
		for name, err := range asked(t.Context(), client, id) {
			var failed *remote.Error
			if !errors.As(err, &failed) || failed.Kind != remote.BadID {
				t.Errorf("%s of %q: %v", name, id, err)
			}
		}
	}
}

// asked puts the id wherever one is wanted.
func asked(ctx context.Context, client *flink.Client, id string) map[string]error {
	_, job := client.Job(ctx, id)
	_, ofJob := client.Task(ctx, id, taskID, nil, 0)
	_, task := client.Task(ctx, jobID, id, nil, 0)
	_, pressureOfJob := client.Backpressure(ctx, id, taskID)
	_, pressure := client.Backpressure(ctx, jobID, id)
	return map[string]error{"the job": job, "a task in the job": ofJob, "the task": task, "gauges in the job": pressureOfJob, "gauges": pressure}
}

// The user agent is left to Grafana's own HTTP client.
func TestHeaders(t *testing.T) {
	var got http.Header
	client, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		answering(200, `{"flink-version": "2.3.0"}`)(w, r)
	}))
	if _, err := client.Overview(t.Context()); err != nil {
		t.Fatal(err)
	}
	if agent := got.Get("User-Agent"); strings.Contains(agent, "resty") {
		t.Errorf("the user agent is %q", agent)
	}
	if accept := got.Get("Accept"); accept != "application/json" {
		t.Errorf("accepts %q", accept)
	}
}

// Flink reads a request line of 4,096 bytes: more metrics take more requests, of
// which none is longer and none is needless.
func TestSubtaskMetricsFitTheRequestLine(t *testing.T) {
	names := []string{"softBackPressuredTimeMsPerSecond", "Shuffle.Netty.Output.Buffers.outPoolUsage"}
	for _, c := range []struct{ subtasks, requests int }{{0, 0}, {1, 1}, {40, 1}, {200, 5}} {
		asked, total := 0, 0
		client, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			line := len(r.Method + " " + r.URL.RequestURI() + " HTTP/1.1")
			if asked++; line > 4096 {
				t.Errorf("a request line of %d bytes", line)
			}
			total += len(r.URL.Query().Get("get"))
			var metrics []flink.Metric
			for _, id := range strings.Split(r.URL.Query().Get("get"), ",") {
				metrics = append(metrics, flink.Metric{ID: id, Value: flink.Number(len(id))})
			}
			_ = json.NewEncoder(w).Encode(append(metrics, flink.Metric{ID: "total", Value: 1}))
		}))
		values, requests, err := client.SubtaskMetrics(t.Context(), jobID, taskID, c.subtasks, names)
		if err != nil || requests != c.requests || asked != requests || len(values) != c.subtasks || asked > 1 && total < (asked-1)*3000 {
			t.Errorf("%d subtasks took %d requests and counted %d, %d bytes in all, %v; of %d subtasks", c.subtasks, asked, requests, total, err, len(values))
		}
		for subtask := range c.subtasks {
			for _, name := range names {
				if got, want := values[subtask][name], flink.Number(len(fmt.Sprint(subtask, ".", name))); got != want {
					t.Errorf("%s of subtask %d is %v, want %v", name, subtask, got, want)
				}
			}
		}
	}
}

// Restarts have an older name, which some versions report alone; until metrics
// were fetched they are unknown.
func TestRestarts(t *testing.T) {
	for body, want := range map[string]flink.Number{
		`[{"id":"numRestarts","value":"3"}]`:                                     3,
		`[{"id":"fullRestarts","value":"2"}]`:                                    2,
		`[{"id":"fullRestarts","value":"2"},{"id":"numRestarts","value":"3"}]`:   3,
		`[{"id":"numRestarts","value":"3"},{"id":"fullRestarts","value":"2"}]`:   3,
		`[{"id":"numRestarts","value":"NaN"},{"id":"fullRestarts","value":"2"}]`: 2,
		`[{"id":"numRestarts","value":"0"}]`:                                     0,
		`[]`:                                                                     flink.Number(math.NaN()),
	} {
		client, _ := serve(t, answers{"/jobs/" + jobID + "/metrics": body})
		if got, err := client.Restarts(t.Context(), jobID); err != nil || got != want && (got.Known() || want.Known()) {
			t.Errorf("%s is read as %v, %v; want %v", body, got, err, want)
		}
	}
	client, _ := serve(t, answering(500, trace))
	if got, err := client.Restarts(t.Context(), jobID); got.Known() || !remote.IsKind(err, remote.Failing) {
		t.Errorf("after a failure they are %v, %v", got, err)
	}
}
