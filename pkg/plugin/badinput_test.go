package plugin_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// says answers with a status and a body.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

const (
	page  = "<!DOCTYPE html><html><body>Sign in to MegaCorp</body></html>"
	trace = `{"errors":["Internal server error.","<Exception on server side:\norg.apache.flink.util.FlinkException: no\n\tat org.apache.flink.Foo.bar(Foo.java:1)\n"]}`
	half  = `{"taskmanagers":1,"flink-ver`
)

// badInput is all that can be wrong with an address, a server or a query.
// Bad is the address of the server.
var badInput = map[string]struct {
	address string           // instead of a server's
	server  http.HandlerFunc // instead of a simulated cluster
	query   string           // instead of a good one
	status  backend.Status
	text    string
}{
	"no address":            {address: "none", status: 400, text: `Cluster bad: No Flink address is configured: enter the URL of the JobManager's REST API, such as http://jobmanager:8081, in the data source's settings.`},
	"an address without //": {address: "jobmanager:8081", status: 400, text: `Cluster bad: "jobmanager:8081" is no address of a Flink REST API: it must start with http:// or https:// and name a host, such as http://jobmanager:8081.`},
	"a wrong port":          {address: "closed", status: 502, text: `Flink could not be reached at BAD/overview (connection refused): check the address and port, and that Grafana's server can reach it.`},

	"an HTML page": {server: says(200, page), status: 502, text: `BAD/overview answered 200 OK with something that is not Flink's JSON, such as a proxy's login page: check the address, its path prefix and the authentication.`},
	"a login page": {server: says(401, page), status: 401, text: `BAD/overview was refused with 401 Unauthorized: check the authentication in the data source's settings.`},
	"a redirect to a login page": {server: func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/overview" {
			http.Redirect(w, r, "/login", http.StatusFound)
			return
		}
		says(200, page)(w, r)
	}, status: 502, text: `BAD/overview answered 200 OK with something that is not Flink's JSON, such as a proxy's login page: check the address, its path prefix and the authentication.`},
	"a redirect to another host": {server: func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://login.example/", http.StatusFound)
	}, status: 502, text: `BAD/overview answered 302 Found with something that is not Flink's JSON, such as a proxy's login page: check the address, its path prefix and the authentication.`},
	"a refusal":              {server: says(403, `{"errors":["no"]}`), status: 403, text: `BAD/overview was refused with 403 Forbidden: check the authentication in the data source's settings.`},
	"404":                    {server: says(404, `{"errors":["Unable to load requested file /overview."]}`), status: 404, text: `Flink has nothing at BAD/overview (404): the job may be gone, or the address lacks a path prefix.`},
	"a stack trace":          {server: says(500, trace), status: 502, text: `Flink failed to answer BAD/overview (500 Internal Server Error): see the JobManager's log for the cause.`},
	"JSON of something else": {server: says(200, `{"status": "up"}`), status: 502, text: `BAD/overview answered 200 OK with something that is not Flink's JSON, such as a proxy's login page: check the address, its path prefix and the authentication.`},
	"JSON cut in half":       {server: says(200, half), status: 502, text: `The answer of BAD/overview is not the JSON that Flink sends, or breaks off: check the connection and any proxy in between.`},
	"a connection cut in half": {server: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte(half))
	}, status: 502, text: `The answer of BAD/overview is not the JSON that Flink sends, or breaks off: check the connection and any proxy in between.`},
	"an answer that never comes": {server: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, status: 504, text: `Flink did not answer BAD/overview in time: check that the JobManager is well, or raise the time-out in the data source's settings.`},

	"an unknown query type": {query: `{"queryType": "tables"}`, status: 400, text: `There is no query type "tables": choose one of bottlenecks, history, jobs, measure, nodeGraph, subtasks, tasks, timeline, variable.`},
	"a newer query":         {query: `{"queryType": "tasks", "schemaVersion": 9}`, status: 400, text: `The query was written by a newer version of this plugin (schemaVersion 9, this one knows 1): update the plugin.`},
	"an unknown measure":    {query: `{"queryType": "measure", "measure": "speed"}`, status: 400, text: `There is no measure "speed": choose one of bottleneck, status, busy, backpressured, idle, skew, blame, running, restarts, up.`},
	"an unknown by":         {query: `{"queryType": "measure", "by": "host"}`, status: 400, text: `The measure bottleneck cannot be told by "host": choose job, task, subtask, taskmanager.`},
	"an unknown job":        {query: `{"queryType": "tasks", "jobs": ["oders"]}`, status: 404, text: `There is no job "oders": there is orders.`},
	"an unknown cluster":    {query: `{"queryType": "tasks", "clusters": ["east"]}`, status: 404, text: `There is no cluster "east" in this data source: it knows bad, good.`},
	"an unknown task":       {query: `{"queryType": "tasks", "tasks": ["task-9"]}`, status: 404, text: `There is no task "task-9" in the jobs asked for.`},
	"null":                  {query: `null`, status: 400, text: noObject},
	"a list":                {query: `[]`, status: 400, text: noObject},
	"a text":                {query: `"x"`, status: 400, text: noObject},
	"a number":              {query: `1`, status: 400, text: noObject},
	"nothing":               {query: ` `, status: 400, text: noObject},
	"half a query":          {query: `{"queryType": "tas`, status: 400, text: `The query cannot be read (unexpected end of JSON input).`},
	"a wrong expression":    {query: `{"queryType": "tasks", "jobs": ["/(/"]}`, status: 400, text: "The regular expression /(/ does not compile (error parsing regexp: missing closing ): `(`): Go's syntax is wanted."},
	"jobs as a number":      {query: `{"queryType": "tasks", "jobs": 7}`, status: 400, text: `The query cannot be read (jobs cannot be a number).`},
	"jobs as an object":     {query: `{"queryType": "tasks", "jobs": {"a": 1}}`, status: 400, text: `The query cannot be read (jobs cannot be an object).`},
	"jobs of numbers":       {query: `{"queryType": "tasks", "jobs": ["a", 7]}`, status: 400, text: `The query cannot be read (jobs cannot be a number).`},
	"a measure as a list":   {query: `{"queryType": "measure", "measure": []}`, status: 400, text: `The query cannot be read (measure cannot be an array).`},
}

const noObject = `The query is no JSON object: save the panel or rule again, or write it as {"queryType": "tasks", …}.`

// Each is one clear sentence with its status, the user's to mend; and the good
// query beside it is answered, where the data source has an address at all.
func TestBadInput(t *testing.T) {
	for name, c := range badInput {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked, bad := besideGood(t, c.address, c.server)
			query := c.query
			if query == "" {
				query = `{"queryType": "tasks", "clusters": ["bad"]}`
			}
			responses := queried(t.Context(), t, asked, query, `{"queryType": "tasks", "clusters": ["good"]}`)
			failed, want := responses["A"], strings.ReplaceAll(c.text, "BAD", bad)
			if failed.Error == nil || failed.Error.Error() != want || failed.Status != c.status || failed.ErrorSource != backend.ErrorSourceDownstream || len(failed.Frames) != 0 {
				t.Errorf("status %d, source %q, %d frames: %v\nwant %d: %s", failed.Status, failed.ErrorSource, len(failed.Frames), failed.Error, c.status, want)
			}
			if status := c.status; bad == "" {
				if beside := responses["B"]; beside.Status != status || beside.Error == nil {
					t.Errorf("without an address, the other query has status %d, %v", beside.Status, beside.Error)
				}
			} else if rows := answer(t, responses, "B").Rows(); rows != 3 {
				t.Errorf("the other query has %d rows, want 3", rows)
			}
		})
	}
}

// besideGood is a data source of two clusters: good is simulated, bad is at
// the address, or the server, if not simulated too. It tells the address of
// the bad one.
func besideGood(t *testing.T, address string, handler http.HandlerFunc) (asked source, bad string) {
	t.Helper()
	cluster := func() http.Handler {
		return &sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second, Jobs: []*sim.Job{sim.HeldBack("orders", 3, 1, 1)}}
	}
	good, server := httptest.NewServer(cluster()), httptest.NewServer(cluster())
	if handler != nil {
		server.Config.Handler = handler
	}
	t.Cleanup(good.Close)
	t.Cleanup(server.Close)
	configured, bad := server.URL, server.URL
	switch address {
	case "closed":
		server.Close()
	case "none":
		configured, bad = "", ""
	case "":
	default:
		configured, bad = address, ""
	}
	return open(t, with(map[string]any{
		"url": configured, "clusterName": "bad", "timeoutSeconds": 2, "clusters": []map[string]string{{"name": "good", "url": good.URL}},
	})), bad
}

// What the table does not reach: a cluster that is well at first and fails
// with the job. The sentence then names the job's path.
func TestJobThatFails(t *testing.T) {
	orders := sim.HeldBack("orders", 3, 1, 1)
	cluster := &sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second, Jobs: []*sim.Job{orders}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/jobs/"+orders.ID {
			says(500, trace)(w, r)
			return
		}
		cluster.ServeHTTP(w, r)
	}))
	defer server.Close()
	failed := queried(t.Context(), t, at(t, server.URL), `{"queryType": "tasks"}`)["A"]
	want := "Flink failed to answer " + server.URL + "/jobs/" + orders.ID + " (500 Internal Server Error): see the JobManager's log for the cause."
	if failed.Error == nil || failed.Error.Error() != want || failed.Status != backend.StatusBadGateway || errors.Unwrap(failed.Error) != nil {
		t.Errorf("status %d: %v\nwant %s", failed.Status, failed.Error, want)
	}
}
