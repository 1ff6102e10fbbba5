package sim_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Errors are those of a real Flink: most of them hold a stack trace.
func TestErrors(t *testing.T) {
	cluster := ready(t, "2.3.0", "bottleneck")
	job, task := cluster.Jobs[0].ID, cluster.Jobs[0].Tasks[0].ID
	nobody := strings.Repeat("0", 32)
	for path, want := range map[string]struct {
		status int
		text   string
	}{
		"/nosuchpath":     {404, `{"errors":["Unable to load requested file /nosuchpath."]}`},
		"/jobs/" + nobody: {404, "NotFoundException: Job " + nobody + ` not found\n\tat org.apache`},
		"/jobs/" + nobody + "/vertices/" + nobody: {404, "not found"},
		"/jobs/nonsense":                                                                      {400, `Cannot resolve path parameter (jobid) from value \"nonsense\".\n\tat org.apache`},
		"/jobs/" + job + "/vertices/" + nobody:                                                {404, "NotFoundException: JobVertex " + nobody},
		"/jobs/" + job + "/vertices/xyz":                                                      {400, `(vertexid) from value \"xyz\"`},
		"/jobs/" + nobody + "/metrics?get=numRestarts":                                        {200, "[]"},
		"/jobs/" + nobody + "/vertices/" + nobody + "/backpressure":                           {200, `{"status":"deprecated"}`},
		"/jobs/" + nobody + "/vertices/" + nobody + "/metrics?get=0.busy":                     {200, "[]"},
		"/jobs/" + nobody + "/vertices/" + nobody + "/subtasks/metrics?get=b":                 {200, "[]"},
		"/jobs/" + job + "/yarn-cancel":                                                       {404, "Unable to load"},
		"/jobs/" + strings.ToUpper(job):                                                       {200, `"name":"bottleneck"`},
		"/jobs/" + job + "/":                                                                  {200, `"name":"bottleneck"`},
		"/jobs/" + job + "/vertices/" + task + "/metrics?get=" + strings.Repeat("0.x,", 1100): {404, `{"errors":["Unable to load requested file /bad-request."]}`},
	} {
		if status, body := get(cluster, path); status != want.status || !strings.Contains(body, want.text) {
			t.Errorf("%.80s: %d %.200s, want %d %s", path, status, body, want.status, want.text)
		}
	}
	for _, method := range []string{http.MethodPost, http.MethodPatch, http.MethodOptions, http.MethodHead} {
		recorder := httptest.NewRecorder()
		cluster.ServeHTTP(recorder, httptest.NewRequest(method, "/jobs/overview", nil))
		if recorder.Code != http.StatusNotFound || method == http.MethodHead && recorder.Body.Len() > 0 {
			t.Errorf("%s: %d %s", method, recorder.Code, recorder.Body)
		}
	}
}
