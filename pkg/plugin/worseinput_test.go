package plugin_test

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// worse is what a cluster, or what stands before it, can do to its answers,
// and what becomes of the table of tasks: an error, or rows with a notice.
var worse = map[string]struct {
	fault  func(*sim.Job) sim.Fault
	status backend.Status // of an error
	text   string         // in the error, or in a notice
	rows   int
	// timeout, in seconds, is set where that is what ends it.
	timeout int
}{
	"an answer of 200 MB":      {fault: everywhere(sim.Huge(200)), status: 502, text: "is larger than 64 MiB and was not read"},
	"a list of jobs of 200 MB": {fault: func(*sim.Job) sim.Fault { return sim.On("/jobs/overview", sim.Huge(200)) }, status: 502, text: "is larger than 64 MiB"},
	"a byte a second":          {fault: everywhere(sim.Dripping(time.Second)), status: 504, text: "did not answer BAD/overview in time", timeout: 2},
	"a login page":             {fault: everywhere(sim.LoginPage()), status: 502, text: "something that is not Flink's JSON"},
	"a job that vanishes between two requests": {
		fault: func(j *sim.Job) sim.Fault { return sim.On("/jobs/"+j.ID, sim.Gone()) }, status: 404, text: "the job may be gone",
	},
	"tasks that vanish with their job": {
		fault: func(j *sim.Job) sim.Fault { return sim.On(j.Tasks[7].ID, sim.Gone()) }, text: "1 of 40 tasks of job orders did not answer (task-7)", rows: 40,
	},
	"a task that fails among forty": {
		fault: func(j *sim.Job) sim.Fault { return sim.On(j.Tasks[7].ID, sim.Failing()) }, text: "1 of 40 tasks of job orders did not answer (task-7)", rows: 40,
	},
	"a task that is cut among forty": {
		fault: func(j *sim.Job) sim.Fault { return sim.On(j.Tasks[7].ID, sim.Cut(100)) }, text: "1 of 40 tasks of job orders did not answer (task-7)", rows: 40,
	},
	"a task that hangs among forty": {
		fault: func(j *sim.Job) sim.Fault { return sim.On(j.Tasks[7].ID, sim.Hanging()) }, text: "did not answer", rows: 40, timeout: 2,
	},
	"a cycle in the plan":    {fault: everywhere(sim.Cyclic()), rows: 40},
	"dangling edges":         {fault: everywhere(sim.Dangling()), rows: 40},
	"counters that are NaN":  {fault: everywhere(sim.Uncountable()), text: "Not measured in job orders", rows: 40},
	"counters below nothing": {fault: everywhere(sim.Negative()), rows: 40},
}

func everywhere(fault sim.Fault) func(*sim.Job) sim.Fault {
	return func(*sim.Job) sim.Fault { return fault }
}

// Whatever comes back, a query is answered in time with an error of one
// sentence, or with what is known and a notice of the rest.
func TestWorseInput(t *testing.T) {
	for name, c := range worse {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			orders := sim.HeldBack("orders", 40, 2, 20)
			cluster := &sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second, Jobs: []*sim.Job{orders}}
			server := httptest.NewServer(sim.Spoiled(cluster, c.fault(orders)))
			defer server.Close()
			asked := open(t, with(map[string]any{"url": server.URL, "timeoutSeconds": cmp.Or(c.timeout, 60)}))
			responses := queried(t.Context(), t, asked, `{"queryType": "tasks"}`, `{"queryType": "nodeGraph"}`, `{"queryType": "bottlenecks"}`, `{"queryType": "measure", "by": "subtask"}`)
			response := responses["A"]
			want := strings.ReplaceAll(c.text, "BAD", server.URL)
			if c.status != 0 {
				if response.Status != c.status || response.Error == nil || !strings.Contains(response.Error.Error(), want) {
					t.Errorf("status %d: %v, want %d: %s", response.Status, response.Error, c.status, want)
				}
				return
			}
			shown := answer(t, responses, "A")
			if told := strings.Join(notices(shown), "\n"); shown.Rows() != c.rows || !strings.Contains(told, want) {
				t.Errorf("%d rows with the notices %q, want %d and %q", shown.Rows(), told, c.rows, want)
			}
			for refID := range responses {
				answer(t, responses, refID)
			}
		})
	}
}

// A list of 100,000 jobs, nearly all ended, is no reason to be slow: the one
// asked for is found by its name, its id or an expression.
func TestAmongAHundredThousandJobs(t *testing.T) {
	orders := sim.HeldBack("orders", 2, 1, 1)
	cluster := &sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second, Jobs: []*sim.Job{orders}}
	var list strings.Builder
	list.WriteString(`{"jobs":[`)
	for i := range 100_000 {
		fmt.Fprintf(&list, `{"jid":"%032x","name":"job %d","state":"FINISHED","start-time":%d},`, i+1, i, i)
	}
	fmt.Fprintf(&list, `{"jid":%q,"name":"orders","state":"RUNNING","start-time":1}]}`, orders.ID)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/jobs/overview" {
			says(200, list.String())(w, r)
			return
		}
		cluster.ServeHTTP(w, r)
	}))
	defer server.Close()
	responses := queried(t.Context(), t, at(t, server.URL), `{"queryType": "tasks"}`, `{"queryType": "tasks", "jobs": ["orders"]}`,
		`{"queryType": "tasks", "jobs": ["`+orders.ID+`"]}`, `{"queryType": "tasks", "jobs": ["/(a*)*r(d|b)*ers$/"]}`, `{"queryType": "tasks", "jobs": ["absent"]}`)
	for _, refID := range []string{"A", "B", "C", "D"} {
		if rows := answer(t, responses, refID).Rows(); rows != 2 {
			t.Errorf("query %s has %d rows, want 2", refID, rows)
		}
	}
	if failed := responses["E"].Error; failed == nil || len(failed.Error()) > 200 {
		t.Errorf("the job that is absent: %v", failed)
	}
}

// More jobs than one query looks at are told of.
func TestMoreJobsThanAQueryLooksAt(t *testing.T) {
	var list strings.Builder
	for i := range 1002 {
		fmt.Fprintf(&list, `,{"jid":"%032x","name":"job %d","state":"RUNNING","start-time":%d}`, i+1, i, i)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/overview":
			says(200, `{"flink-version":"2.3.0"}`)(w, r)
		case "/jobmanager/config":
			says(200, `[]`)(w, r)
		case "/jobs/overview":
			says(200, `{"jobs":[`+list.String()[1:]+`]}`)(w, r)
		default:
			says(200, `{"state":"RUNNING","vertices":[]}`)(w, r)
		}
	}))
	defer server.Close()
	const want = "Only the first 1000 of 1002 jobs of cluster default are looked at: choose jobs in the query."
	responses := queried(t.Context(), t, at(t, server.URL), `{"queryType": "jobs"}`, `{"queryType": "measure", "measure": "running"}`,
		`{"queryType": "measure", "measure": "restarts"}`, `{"queryType": "variable", "variable": "tasks"}`)
	for refID := range responses {
		shown := answer(t, responses, refID)
		if told := notices(shown); len(told) == 0 || told[0] != want {
			t.Errorf("query %s: the notices are %q", refID, told[:min(len(told), 3)])
		}
		if max(shown.Rows(), len(shown.Fields)) > 1000 {
			t.Errorf("query %s: %d rows, %d series", refID, shown.Rows(), len(shown.Fields))
		}
	}
}
