package plugin_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

const (
	noFlinkJSON = "http://bad/jobs/overview answered 200 OK with something that is not Flink's JSON, such as a proxy's login page: check the address, its path prefix and the authentication."
	brokenOff   = "/jobs/overview is not the JSON that Flink sends, or breaks off: check the connection and any proxy in between."
	redirects   = ", which is not followed, as the credentials would go there too: if that is where Flink is, enter that address in the data source's settings; if it is a login page, check the authentication."
)

// serversInError are what may answer in place of a Flink at http://bad, and the
// error of a query.
var serversInError = map[string]struct {
	server http.Handler
	status backend.Status
	want   string
}{
	"an HTML page": {respondWith(200, page), 502, noFlinkJSON},
	"a login page": {respondWith(401, page), 401, "http://bad/jobs/overview was refused with 401 Unauthorized: check the authentication in the data source's settings."},
	"a refusal":    {respondWith(403, `{"errors":["no"]}`), 403, "http://bad/jobs/overview was refused with 403 Forbidden: check the authentication in the data source's settings."},
	"a redirect to a login page": {http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/login" {
			http.Redirect(w, r, "/login", http.StatusFound)
			return
		}
		respondWith(200, page)(w, r)
	}), 502, "http://bad/jobs/overview redirects to http://bad" + redirects},
	"a redirect to another host":     {http.RedirectHandler("http://login.example/", http.StatusFound), 502, "http://bad/jobs/overview redirects to http://login.example" + redirects},
	"404":                            {respondWith(404, `{"errors":["Unable to load requested file /overview."]}`), 404, "Flink has nothing at http://bad/jobs/overview (404): the job may be gone, or the address lacks a path prefix."},
	"429":                            {respondWith(429, ""), 429, "http://bad/jobs/overview was refused as too many requests (429): try again later, or ask for fewer jobs."},
	"a stack trace":                  {respondWith(500, stackTrace), 502, "Flink failed to answer http://bad/jobs/overview (500 Internal Server Error): see the JobManager's log for the cause."},
	"a proxy without a Flink":        {respondWith(503, page), 502, "The proxy before Flink failed to answer http://bad/jobs/overview (503 Service Unavailable): check that the JobManager is up, and the proxy's log."},
	"JSON of something else":         {respondWith(200, `{"status": "up"}`), 502, noFlinkJSON},
	"JSON cut in half":               {respondWith(200, cutJSON), 502, "The answer of http://bad" + brokenOff},
	"an answer that never comes":     {http.HandlerFunc(hang), 504, "Flink did not answer http://bad/jobs/overview in time: check that the JobManager is well, or raise the time-out in the data source's settings."},
	"a job that fails":               {sim.Spoiled(newCluster(smallJobs("orders")...), sim.On("/jobs/"+sim.New("orders").ID, sim.Failing())), 502, "Flink failed to answer http://bad/jobs/" + sim.New("orders").ID + " (500 Internal Server Error): see the JobManager's log for the cause."},
	"a job that is gone by its turn": {sim.Spoiled(newCluster(smallJobs("orders")...), sim.On("/jobs/"+sim.New("orders").ID, sim.Gone())), 404, "Flink has nothing at http://bad/jobs/" + sim.New("orders").ID + " (404): the job may be gone, or the address lacks a path prefix."},
}

// hang answers when the caller has gone.
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// Each is one sentence with its status, which wraps nothing; a query for another
// cluster, in the same request, is answered.
func TestServersInError(t *testing.T) {
	for name, c := range serversInError {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := inMemory(t.Context(), map[string]http.Handler{"bad": c.server, "good": newCluster(smallJobs("orders")...), "login.example": respondWith(200, page)})
				source := open(t, settingsWith(map[string]any{"url": "http://bad", "clusterName": "bad", "clusters": []map[string]string{{"name": "good", "url": "http://good"}}}))
				responses := send(ctx, t, source, `{"queryType": "tasks", "clusters": ["bad"]}`, `{"queryType": "tasks", "clusters": ["good"]}`)
				checkError(t, responses["A"], c.status, c.want)
				if cause := errors.Unwrap(responses["A"].Error); cause != nil && strings.Contains(responses["A"].Error.Error(), cause.Error()) {
					t.Errorf("the cause is quoted: %v", cause)
				}
				if rows := firstFrame(t, responses, "B").Rows(); rows != 2 {
					t.Errorf("the other query has %d rows, want 2", rows)
				}
			})
		})
	}
}

// A connection that is refused, or broken off, is one sentence, too.
func TestConnectionsInError(t *testing.T) {
	cut := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte(cutJSON))
	}))
	defer cut.Close()
	checkError(t, send(t.Context(), t, sourceAt(t, cut.URL), `{"queryType": "tasks"}`)["A"], 502, "The answer of "+cut.URL+brokenOff)
	closed := httptest.NewServer(nil)
	closed.Close()
	checkError(t, send(t.Context(), t, sourceAt(t, closed.URL), `{"queryType": "tasks"}`)["A"], 502,
		"Flink could not be reached at "+closed.URL+"/jobs/overview (connection refused): check the address and port, and that Grafana's server can reach it.")
}

// hostileAnswer is what a cluster, or what stands before it, does to its answers, and
// what becomes of the table of tasks: an error, or rows with a notice.
type hostileAnswer struct {
	fault  func(*sim.Job) sim.Fault
	status backend.Status // of an error
	text   string         // in the error, or in a notice
	rows   int
}

func everywhere(fault sim.Fault) func(*sim.Job) sim.Fault {
	return func(*sim.Job) sim.Fault { return fault }
}

// onTask is a fault of one of the tasks.
func onTask(fault sim.Fault) func(*sim.Job) sim.Fault {
	return func(j *sim.Job) sim.Fault { return sim.On(j.Tasks[7].ID, fault) }
}

// hostileAnswers are those that need no network. The job has 40 tasks.
var hostileAnswers = map[string]hostileAnswer{
	"a login page": {everywhere(sim.LoginPage()), 502, "something that is not Flink's JSON", 0},
	"a job that vanishes between two requests": {
		func(j *sim.Job) sim.Fault { return sim.On("/jobs/"+j.ID, sim.Gone()) }, 404, "the job may be gone", 0,
	},
	"tasks that vanish with their job": {onTask(sim.Gone()), 0, "1 of 40 tasks of job orders did not answer (task-7)", 40},
	"a task that fails":                {onTask(sim.Failing()), 0, "1 of 40 tasks of job orders did not answer (task-7)", 40},
	"a task that hangs":                {onTask(sim.Hanging()), 0, "1 of 40 tasks of job orders did not answer (task-7)", 40},
	"a cycle in the plan":              {everywhere(sim.Cyclic()), 0, "", 40},
	"edges to nowhere":                 {everywhere(sim.Dangling()), 0, "", 40},
	"counters that are NaN":            {everywhere(sim.Uncountable()), 0, "Not measured in job orders", 40},
	"counters below nothing":           {everywhere(sim.Negative()), 0, "Not measured in job orders", 40},
}

// hostileStreams are those that a real connection has.
var hostileStreams = map[string]hostileAnswer{
	"an answer of 200 MB":      {everywhere(sim.Huge(200)), 502, "is larger than 131,072 elements and was not read", 0},
	"a list of jobs of 200 MB": {func(*sim.Job) sim.Fault { return sim.On("/jobs/overview", sim.Huge(200)) }, 502, "is larger than 131,072 elements", 0},
	"a byte a second":          {everywhere(sim.Dripping(time.Second)), 504, "did not answer BAD/jobs/overview in time", 0},
	"a task that is cut":       {onTask(sim.Cut(100)), 0, "1 of 40 tasks of job orders did not answer (task-7)", 40},
}

// Whatever comes back, a query is answered with an error of one sentence, or with
// what is known and a notice about the rest.
func TestHostileAnswers(t *testing.T) {
	for name, c := range hostileAnswers {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, sim.HeldBack("orders", 40, 2, 20))
				l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": sim.Spoiled(l.Cluster, c.fault(l.Jobs[0]))})
				begin := time.Now()
				c.check(t, sendHostile(t, l), "http://flink:8081")
				if took := time.Since(begin); took > 11*time.Second {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

// So it is with what comes slowly, or never ends.
func TestHostileStreams(t *testing.T) {
	for name, c := range hostileStreams {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			orders := sim.HeldBack("orders", 40, 2, 20)
			server := httptest.NewServer(sim.Spoiled(newCluster(orders), c.fault(orders)))
			defer server.Close()
			timeout := 60.0 // no answer takes so long, but on an idle machine they take no time
			if c.status == backend.StatusTimeout {
				timeout = 0.5
			}
			l := lab{dataSource: open(t, settingsWith(map[string]any{"url": server.URL, "timeoutSeconds": timeout})), ctx: t.Context()}
			c.check(t, sendHostile(t, l), server.URL)
		})
	}
}

// sendHostile sends queries for the table of tasks, and for what is drawn and alerted
// on.
func sendHostile(t *testing.T, l lab) backend.Responses {
	t.Helper()
	return send(l.ctx, t, l, `{"queryType": "tasks"}`, `{"queryType": "nodeGraph"}`, `{"queryType": "bottlenecks"}`, `{"queryType": "taskmanagers"}`, `{"queryType": "measure", "by": "subtask"}`)
}

func (c hostileAnswer) check(t *testing.T, responses backend.Responses, address string) {
	t.Helper()
	response, want := responses["A"], strings.ReplaceAll(c.text, "BAD", address)
	if c.status != 0 {
		if response.Status != c.status || response.Error == nil || !strings.Contains(response.Error.Error(), want) {
			t.Errorf("status %d: %v, want %d: %s", response.Status, response.Error, c.status, want)
		}
		return
	}
	shown := firstFrame(t, responses, "A")
	if texts := strings.Join(notices(shown), "\n"); shown.Rows() != c.rows || !strings.Contains(texts, want) || want == "" && texts != "" {
		t.Errorf("%d rows with the notices %q, want %d and %q", shown.Rows(), texts, c.rows, want)
	}
	for refID, response := range responses {
		checkFrame(t, refID, firstFrame(t, responses, refID))
		if len(response.Frames) == 2 {
			checkEdges(t, response.Frames[0], response.Frames[1])
		}
	}
}

// inPlaceOfHTTP sends these bytes to each request, and keeps the connection open.
func inPlaceOfHTTP(t *testing.T, answer []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(func() { _ = connection.Close() })
		_, _ = connection.Write(answer) // a client that has read enough goes away
	})
}

// What a server sends in place of HTTP, or of Flink's headers, is one sentence, too, and
// leaves no connection under way: afterwards the data source works.
func TestAnswersThatAreNoHTTP(t *testing.T) {
	cluster := newCluster(smallJobs("orders")...)
	for name, c := range map[string]struct{ answer, want string }{
		"another protocol":      {"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "such as a proxy's login page"},
		"headers of 1 MiB":      {"HTTP/1.1 200 OK\r\n" + strings.Repeat("A: "+strings.Repeat("b", 1020)+"\r\n", 1024) + "\r\n", "or breaks off"},
		"a header that is none": {"HTTP/1.1 200 OK\r\nno header\r\n\r\n", "or breaks off"},
		"a chunk that is none":  {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "or breaks off"},
	} {
		t.Run(name, func(t *testing.T) {
			var well atomic.Bool
			broken := inPlaceOfHTTP(t, []byte(c.answer))
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if well.Load() {
					cluster.ServeHTTP(w, r)
				} else {
					broken.ServeHTTP(w, r)
				}
			}))
			defer server.Close()
			source := open(t, settingsWith(map[string]any{"url": server.URL, "maxConcurrency": 1, "maxAge": "0s"}))
			for range 3 { // with one slot
				if failed := send(t.Context(), t, source, `{"queryType":"tasks"}`)["A"]; failed.Error == nil || failed.Status != backend.StatusBadGateway || !strings.Contains(failed.Error.Error(), c.want) {
					t.Errorf("status %d: %v", failed.Status, failed.Error)
				}
			}
			well.Store(true)
			firstFrame(t, send(t.Context(), t, source, `{"queryType":"tasks"}`), "A")
		})
	}
}

// A subtask whose index is none of Flink's is left out, as if it had not been sent: arrays
// are made of indexes.
func TestIndexesThatAreNone(t *testing.T) {
	for _, index := range []string{"-1", "32768", "4000000000", "253402300800000", "9223372036854775807", "-9223372036854775808"} {
		t.Run(index, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, sim.HeldBack("orders", 4, 3, 2))
				l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": sim.Spoiled(l.Cluster, sim.Within("/vertices/", sim.Rewritten(func(body any) any {
					subtasks, _ := body.(map[string]any)["subtasks"].([]any)
					for _, each := range subtasks {
						if subtask := each.(map[string]any); subtask["subtask"] == 2. {
							subtask["subtask"] = json.Number(index)
						}
					}
					return body
				})))})
				for range 3 {
					for refID, response := range send(l.ctx, t, l, `{"queryType":"subtasks"}`, `{"queryType":"measure","by":"subtask"}`, `{"queryType":"bottlenecks"}`) {
						if response.Error != nil {
							t.Errorf("%s: %v", refID, response.Error)
						}
					}
					time.Sleep(11 * time.Second)
				}
				shown := l.frame(t, `{"queryType":"subtasks"}`)
				for _, cell := range cells(t, shown, "subtask") {
					if cell != "0" && cell != "1" && cell != "2" {
						t.Errorf("there is a subtask %s", cell)
					}
				}
			})
		})
	}
}
