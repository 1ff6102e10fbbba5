package plugin_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/flinktest"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/plugin"
)

// allowed are all requests that may ever reach Flink: reads, on fixed paths, with ids
// that Flink itself has given.
var allowed = regexp.MustCompile(`^GET /(overview|jobmanager/config|taskmanagers|jobs/(overview|[0-9a-f]{32}` +
	`(/metrics\?get=numRestarts,fullRestarts|/exceptions\?maxExceptions=100|/checkpoints(/config|/details/[0-9]+(/subtasks/[0-9a-f]{32})?)?|/vertices/[0-9a-f]{32}(/backpressure|/metrics\?get=[0-9]+\.[A-Za-z.]+(,[0-9]+\.[A-Za-z.]+)*)?)?))$`)

const (
	fuzzJob  = "0123456789abcdef0123456789abcdef"
	fuzzTask = "fedcba9876543210fedcba9876543210"
)

// fuzzFlink answers like a Flink with one job; job and task are the bodies of that
// job's and its task's answers.
type fuzzFlink struct {
	version   string // default 2.3.0
	mu        sync.Mutex
	job, task []byte
	requests  []string
}

func (f *fuzzFlink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, r.Method+" "+r.RequestURI)
	body := []byte(`[]`)
	switch path := r.URL.Path; {
	case path == "/overview":
		body = fmt.Appendf(nil, `{"flink-version":%q,"taskmanagers":1}`, cmp.Or(f.version, "2.3.0"))
	case path == "/jobs/overview":
		body = fmt.Appendf(nil, `{"jobs":[{"jid":%q,"name":"../yarn-cancel","state":"RUNNING"}]}`, fuzzJob)
	case path == "/jobs/"+fuzzJob:
		body = f.job
	case strings.HasSuffix(path, "/backpressure"):
		body = []byte(`{"status":"ok","subtasks":[{"subtask":0,"ratio":0.1,"idleRatio":"NaN","busyRatio":0.9}]}`)
	case strings.Contains(path, "/vertices/") && !strings.HasSuffix(path, "/metrics"):
		body = f.task
	case path == "/taskmanagers":
		body = []byte(`{"taskmanagers":[]}`)
	}
	_, _ = w.Write(body) // the client may have gone
}

var (
	soundJob  = fmt.Appendf(nil, `{"jid":%q,"name":"j","state":"RUNNING","now":90000,"vertices":[{"id":%q,"name":"t","parallelism":1,"status":"RUNNING","tasks":{"RUNNING":1}}],"plan":{"nodes":[{"id":%q,"inputs":[{"id":"x"}]}]}}`, fuzzJob, fuzzTask, fuzzTask)
	soundTask = []byte(`{"now":90000,"subtasks":[{"subtask":0,"status":"RUNNING","attempt":0,"start-time":1,"metrics":{"read-records-complete":true,"accumulated-idle-time":1,"accumulated-busy-time":"NaN","accumulated-backpressured-time":3}}]}`)
)

func fuzzInstance(f *testing.F, flink http.Handler) *plugin.Instance {
	server := httptest.NewServer(flink)
	f.Cleanup(server.Close)
	made, err := plugin.New(context.Background(), backend.DataSourceInstanceSettings{
		JSONData: fmt.Appendf(nil, `{"url":%q,"maxAge":"0s"}`, server.URL),
	})
	if err != nil {
		f.Fatal(err)
	}
	instance := made.(*plugin.Instance)
	f.Cleanup(instance.Dispose)
	return instance
}

// Whatever a user types into a query or a resource's address, no path is ever built
// from it.
func FuzzNothingTypedReachesFlink(f *testing.F) {
	for _, seed := range []struct{ query, path, values string }{
		{`{"queryType":"tasks","jobs":["../yarn-cancel"]}`, "tasks", "job=../yarn-cancel"},
		{`{"queryType":"subtasks","detail":true,"tasks":["%2e%2e/yarn-stop"]}`, "../overview", "job=%2e%2e%2fyarn-stop"},
		{`{"queryType":"measure","measure":"restarts","jobs":["` + fuzzJob + `/yarn-cancel"]}`, "jobs/" + fuzzJob + "/yarn-cancel", ""},
		{`{"queryType":"variable","variable":"subtasks","jobs":["/.*/"]}`, "subtasks", "job=/(a*)*b/&task=x"},
		{`{"queryType":"nodeGraph","clusters":["default"],"jobs":"` + fuzzJob + `"}`, "taskmanagers", "cluster=default"},
	} {
		f.Add(seed.query, seed.path, seed.values)
	}
	flink := &fuzzFlink{job: soundJob, task: soundTask}
	instance := fuzzInstance(f, flink)
	f.Fuzz(func(t *testing.T, query, path, values string) {
		flink.mu.Lock()
		flink.requests = nil
		flink.mu.Unlock()
		checkQuery(t, instance, query)
		sender := backend.CallResourceResponseSenderFunc(func(*backend.CallResourceResponse) error { return nil })
		err := instance.CallResource(t.Context(), &backend.CallResourceRequest{Method: http.MethodGet, Path: path, URL: path + "?" + values}, sender)
		if err != nil {
			t.Error(err)
		}
		flink.mu.Lock()
		defer flink.mu.Unlock()
		for _, line := range flink.requests {
			if !allowed.MatchString(line) {
				t.Errorf("Flink got %q", line)
			}
		}
	})
}

// Whatever Flink, or something else, answers, every query is answered, and no frame
// has a number that is none.
func FuzzAnswers(f *testing.F) {
	f.Add(soundJob, soundTask)
	f.Add([]byte(`{}`), []byte(`{}`))
	f.Add([]byte(`{"state":"RUNNING","vertices":[{"id":"x","parallelism":-5,"tasks":{"RUNNING":1}}]}`), []byte(`[]`))
	f.Add(soundJob, []byte(`{"subtasks":[{"subtask":-1},{"subtask":9999999}]}`))
	f.Add(soundJob, soundTask[:len(soundTask)/2])
	for _, name := range flinktest.Recordings(f) {
		version, set, _ := strings.Cut(name, "/")
		if job, task := recordedAnswers(f, version, set); job != nil {
			f.Add(job, task)
		}
	}
	// Before 1.16 there are no counters, and other requests.
	newer, older := &fuzzFlink{}, &fuzzFlink{version: "1.13.6"}
	instances := map[*fuzzFlink]*plugin.Instance{newer: fuzzInstance(f, newer), older: fuzzInstance(f, older)}
	f.Fuzz(func(t *testing.T, job, task []byte) {
		for flink, instance := range instances {
			flink.mu.Lock()
			flink.job, flink.task = job, task
			flink.mu.Unlock()
			checkEveryQuery(t, instance)
		}
	})
}

// checkEveryQuery sends a query of each type.
func checkEveryQuery(t *testing.T, instance *plugin.Instance) {
	t.Helper()
	for _, queryType := range []string{"jobs", "tasks", "subtasks", "nodeGraph", "bottlenecks", "taskmanagers"} {
		checkQuery(t, instance, `{"queryType":"`+queryType+`","detail":true}`)
	}
	checkQuery(t, instance, `{"queryType":"measure","by":"subtask"}`)
	checkQuery(t, instance, `{"queryType":"variable","variable":"subtasks"}`)
}

// recordedAnswers are a real job's answer and that of its first task; nil if no job
// was recorded.
func recordedAnswers(f *testing.F, version, set string) (job, task []byte) {
	moment := flinktest.Recording(f, version, set)
	get := func(path string) []byte {
		recorder := httptest.NewRecorder()
		moment.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, path, nil))
		return recorder.Body.Bytes()
	}
	job = get("/jobs/" + moment.JobID)
	var answer struct{ Vertices []struct{ ID string } }
	if err := json.Unmarshal(job, &answer); err != nil || len(answer.Vertices) == 0 {
		return nil, nil // a recording of a cluster
	}
	return job, get("/jobs/" + moment.JobID + "/vertices/" + answer.Vertices[0].ID)
}

// checkQuery fails if the query makes the plugin panic, or its answer cannot be
// written as JSON.
func checkQuery(t *testing.T, instance *plugin.Instance, query string) {
	t.Helper()
	response, err := instance.QueryData(t.Context(), &backend.QueryDataRequest{Queries: []backend.DataQuery{{RefID: "A", JSON: []byte(query)}}})
	if err != nil {
		t.Fatal(err)
	}
	answer := response.Responses["A"]
	if answer.Error != nil && strings.Contains(answer.Error.Error(), "the plugin failed") {
		t.Errorf("query %s: %s", query, answer.Error)
	}
	if _, err := json.Marshal(answer.Frames); err != nil {
		t.Errorf("query %s: %v", query, err)
	}
	for _, frame := range answer.Frames {
		for _, field := range frame.Fields {
			for row := range field.Len() {
				if value, err := field.NullableFloatAt(row); err == nil && value != nil && math.IsNaN(*value) && field.Type().Numeric() {
					t.Errorf("query %s: %s is no number in row %d", query, field.Name, row)
				}
			}
		}
	}
}
