package sim_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
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

// Faults come out of the client as what they are.
func TestFaults(t *testing.T) {
	cluster := ready(t, "2.3.0", "bottleneck")
	job := cluster.Jobs[0]
	for name, c := range map[string]struct {
		fault sim.Fault
		want  flink.Kind
	}{
		"hanging":     {sim.Hanging(), flink.TimedOut},
		"failing":     {sim.Failing(), flink.Failing},
		"gone":        {sim.Gone(), flink.NotFound},
		"login page":  {sim.LoginPage(), flink.NotFlink},
		"cut":         {sim.Cut(100), flink.Cut},
		"huge":        {sim.Huge(70), flink.TooLarge},
		"dripping":    {sim.Dripping(time.Second), flink.TimedOut},
		"after none":  {sim.After(0, sim.Failing()), flink.Failing},
		"after one":   {sim.After(1, sim.Failing()), 0},
		"elsewhere":   {sim.On("/backpressure", sim.Failing()), 0},
		"here":        {sim.On(job.ID, sim.Failing()), flink.Failing},
		"late":        {sim.Late(time.Millisecond), 0},
		"cyclic":      {sim.Cyclic(), 0},
		"dangling":    {sim.Dangling(), 0},
		"uncountable": {sim.Uncountable(), 0},
		"negative":    {sim.Negative(), 0},
	} {
		t.Run(name, func(t *testing.T) {
			err := askedOver(t, sim.Spoiled(cluster, c.fault), job.ID, c.want == flink.TimedOut)
			var failed *flink.Error
			switch {
			case c.want == 0 && err == nil, errors.As(err, &failed) && failed.Kind == c.want:
			case c.want == flink.TimedOut && errors.Is(err, context.DeadlineExceeded):
			default:
				t.Errorf("got %v, want kind %d", err, c.want)
			}
		})
	}
}

// askedOver asks for a job over a real connection, for some time.
func askedOver(t *testing.T, cluster http.Handler, jobID string, impatient bool) error {
	t.Helper()
	url, stop, err := sim.Serve(t.Context(), cluster)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	asked, err := flink.New(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, url, flink.Slots(1))
	if err != nil {
		t.Fatal(err)
	}
	limit := 5 * time.Second
	if impatient {
		limit = 100 * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	_, err = asked.Job(ctx, jobID)
	return err
}
