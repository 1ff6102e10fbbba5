package flink_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
)

// Each question is one GET of one path below the address.
func TestPaths(t *testing.T) {
	ctx := t.Context()
	for want, ask := range map[string]func(*flink.Client) error{
		"/overview":                              func(c *flink.Client) error { _, err := c.Overview(ctx); return err },
		"/jobmanager/config":                     func(c *flink.Client) error { _, err := c.Config(ctx); return err },
		"/jobs/overview":                         func(c *flink.Client) error { _, err := c.Jobs(ctx); return err },
		"/jobs/" + jobID:                         func(c *flink.Client) error { _, err := c.Job(ctx, jobID); return err },
		"/jobs/" + jobID + "/vertices/" + taskID: func(c *flink.Client) error { _, err := c.Task(ctx, jobID, taskID); return err },
		"/jobs/" + jobID + "/vertices/" + taskID + "/backpressure": func(c *flink.Client) error {
			_, err := c.Backpressure(ctx, jobID, taskID)
			return err
		},
	} {
		asked := 0
		_, address := serve(t, func(w http.ResponseWriter, r *http.Request) {
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
			says(200, body)(w, r)
		})
		if err := ask(dial(t, http.DefaultClient, address+"/prefix/")); err != nil || asked != 1 {
			t.Errorf("%s: %d requests, %v", want, asked, err)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

// Paths are built from Flink's ids alone: some paths of Flink's cancel jobs
// when asked with GET.
func TestWhatIsNoIDIsNeverAskedFor(t *testing.T) {
	client, _ := serve(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("asked for %s", r.URL) })
	for _, id := range []string{
		"", "../", "..", "%2e%2e", jobID + "/yarn-cancel", jobID + "?x", jobID[1:], jobID + "0",
		strings.Repeat("g", 32), jobID[:31] + "\n", jobID + "\n", jobID[:31] + "é",
	} {
		for name, err := range asked(t.Context(), client, id) {
			var failed *flink.Error
			if !errors.As(err, &failed) || failed.Kind != flink.Cut {
				t.Errorf("%s of %q: %v", name, id, err)
			}
		}
	}
}

// asked puts the id wherever one is wanted.
func asked(ctx context.Context, client *flink.Client, id string) map[string]error {
	_, job := client.Job(ctx, id)
	_, ofJob := client.Task(ctx, id, taskID)
	_, task := client.Task(ctx, jobID, id)
	_, pressureOfJob := client.Backpressure(ctx, id, taskID)
	_, pressure := client.Backpressure(ctx, jobID, id)
	return map[string]error{"the job": job, "a task in the job": ofJob, "the task": task, "gauges in the job": pressureOfJob, "gauges": pressure}
}

// What names the caller is left to Grafana's own HTTP client.
func TestHeaders(t *testing.T) {
	var got http.Header
	client, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		says(200, `{"flink-version": "2.3.0"}`)(w, r)
	})
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
