package plugin_test

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/promtest"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/raced"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// jobs chooses by id, exact name or /regular expression/; empty, or Grafana's
// "All", chooses all that have not ended.
func TestJobSelectors(t *testing.T) {
	ended := sim.HeldBack("nightly", 2, 1, 1)
	ended.State = "FINISHED"
	everything := "orders, payments, etl-a, etl-b"
	for jobs, want := range map[string]string{
		`["orders"]`:                            "orders",
		`["payments", "orders"]`:                "orders, payments",
		`"orders"`:                              "orders",
		`["` + smallJobs("orders")[0].ID + `"]`: "orders",
		`["/^etl-/"]`:                           "etl-a, etl-b",
		`["/^etl-/", "orders"]`:                 "orders, etl-a, etl-b",
		`["/a/"]`:                               "payments, etl-a",
		`["/(?i)ORDERS/"]`:                      "orders",
		`"/./"`:                                 everything,
		`[]`:                                    everything,
		`null`:                                  everything,
		`""`:                                    everything,
		`[""]`:                                  everything,
		`["$__all"]`:                            everything,
		`"$__all"`:                              everything,
		`["$__all", "orders"]`:                  everything,
		`["nightly"]`:                           "nightly", // has ended: only by its name
		`["nightly", "/^etl-/"]`:                "etl-a, etl-b, nightly",
		`["/nightly/"]`:                         "",
	} {
		t.Run(jobs, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, append(smallJobs("orders", "payments", "etl-a", "etl-b"), ended)...)
				shown := l.frame(t, `{"queryType": "jobs", "jobs": `+jobs+`}`)
				if got := strings.Join(cells(t, shown, "job"), ", "); got != want {
					t.Errorf("chose %s, want %s", got, want)
				}
			})
		})
	}
}

// tasks chooses in the same way.
func TestTaskSelectors(t *testing.T) {
	orders := sim.HeldBack("orders", 4, 2, 2)
	for tasks, want := range map[string]string{
		`["task-2"]`:                     "task-2",
		`["` + orders.Tasks[1].ID + `"]`: "task-1",
		`["/[13]$/"]`:                    "task-1, task-3",
		`"$__all"`:                       "task-0, task-1, task-2, task-3",
		`[]`:                             "task-0, task-1, task-2, task-3",
	} {
		t.Run(tasks, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, orders)
				shown := l.frame(t, `{"queryType": "tasks", "tasks": `+tasks+`}`)
				if got := strings.Join(cells(t, shown, "task"), ", "); got != want {
					t.Errorf("chose %s, want %s", got, want)
				}
			})
		})
	}
}

// types chooses by the type of job: alert rules leave out batch jobs, which their
// slowest task may rightly hold back.
func TestTypesOfJobs(t *testing.T) {
	for types, want := range map[string][]string{
		`[]`:                     {"orders", "report"},
		`["STREAMING"]`:          {"orders"},
		`["batch"]`:              {"report"},
		`"STREAMING"`:            {"orders"},
		`["STREAMING", "BATCH"]`: {"orders", "report"},
	} {
		t.Run(types, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				report := sim.HeldBack("report", 3, 2, 1)
				report.Type = "BATCH"
				l := newLab(t, sim.HeldBack("orders", 3, 2, 1), report)
				l.warm(t)
				shown := l.frameOver(t, lastHour(), fromAlert, `{"queryType": "measure", "types": `+types+`}`)
				var got []string
				for _, field := range shown.Fields {
					got = append(got, field.Labels["job"])
				}
				slices.Sort(got)
				if !slices.Equal(got, want) {
					t.Errorf("series of %q, want %q", got, want)
				}
			})
		})
	}
}

// Before 1.14 Flink reports no type: such a job is never left out.
func TestJobsOfUnknownType(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, sim.HeldBack("orders", 3, 2, 1))
		l.Version = "1.13.6"
		shown := l.frame(t, `{"queryType": "tasks", "types": ["BATCH"]}`)
		if rows := shown.Rows(); rows != 3 {
			t.Errorf("%d rows, want 3", rows)
		}
	})
}

// Whatever time a query is for, a name that matches nothing is reported in the same words:
// an exact name is an error, a regular expression a notice.
func TestUnknownNames(t *testing.T) {
	const (
		noJob  = `There is no job "etl" in this time range: there is orders, payments.`
		noTask = `There is no task "sink" in the jobs chosen.`
	)
	for selectors, want := range map[string]struct{ failure, notice string }{
		`"jobs": ["etl"]`:                      {failure: noJob},
		`"jobs": ["orders", "etl"]`:            {failure: noJob},
		`"jobs": ["etl", "/^etl/"]`:            {failure: noJob},
		`"jobs": ["/^etl/"]`:                   {notice: "No job matches /^etl/."},
		`"jobs": ["/^etl/", "orders"]`:         {notice: "No job matches /^etl/."},
		`"tasks": ["sink"]`:                    {failure: noTask},
		`"tasks": ["/sink/"]`:                  {notice: "No task matches /sink/."},
		`"tasks": ["/sink/"], "jobs": ["/o/"]`: {notice: "No task matches /sink/."},
		`"tasks": ["task-1", "sink"]`:          {failure: noTask},
		`"tasks": ["sink", "/^task-/"]`:        {failure: noTask},
		`"tasks": ["task-1", "/sink/"]`:        {notice: "No task matches /sink/."},
		`"tasks": ["` + smallJobs("orders")[0].Tasks[1].ID + `", "sink"], "jobs": ["orders"]`: {failure: noTask},
	} {
		t.Run(selectors, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newSampledLab(t, smallJobs("orders", "payments")...)
				l.frame(t, `{"queryType": "jobs"}`)
				time.Sleep(3 * time.Minute)
				past := backend.TimeRange{From: time.Now().Add(-time.Hour), To: time.Now().Add(-90 * time.Second)}
				for _, c := range []struct {
					query   string
					over    backend.TimeRange
					isRange bool
				}{
					{`"queryType": "tasks"`, lastHour(), false}, {`"queryType": "bottlenecks"`, lastHour(), false},
					{`"queryType": "tasks"`, past, false}, {`"queryType": "subtasks"`, past, false},
					{`"queryType": "history", "by": "task"`, past, true}, {`"queryType": "history", "by": "subtask"`, past, true}, {`"queryType": "timeline"`, past, true},
					{`"queryType": "history", "by": "task"`, lastHour(), true}, {`"queryType": "timeline"`, lastHour(), true},
					{`"queryType": "history", "by": "taskmanager"`, lastHour(), true},
				} {
					query := "{" + c.query + ", " + selectors + "}"
					response := sendOver(l.ctx, t, l, c.over, nil, query)["A"]
					// Over a range, what there is of the other names is shown.
					beside := c.isRange && (strings.Contains(selectors, "orders") || strings.Contains(selectors, "task-"))
					if want.failure != "" && !beside {
						checkError(t, response, backend.StatusNotFound, want.failure)
						continue
					}
					if response.Error != nil {
						t.Errorf("%s to %s: %v", query, c.over.To, response.Error)
						continue
					}
					if texts := notices(response.Frames[0]); !slices.Equal(texts, []string{cmp.Or(want.notice, want.failure)}) {
						t.Errorf("%s to %s: the notices are %q, want %q", query, c.over.To, texts, cmp.Or(want.notice, want.failure))
					}
				}
			})
		})
	}
}

// By job, an exact name that matches nothing has a series without a value, for an
// alert rule to keep its state: over a range never a 0.
func TestUnknownNamesOfAMeasure(t *testing.T) {
	t.Parallel()
	const (
		absent  = `There is no job "clicks" in this time range: there is orders.`
		nothing = "The history has nothing of this time: choose a longer range, or one that ends later."
	)
	for name, c := range map[string]struct {
		selectors string
		series    string // the last values; none where that is an error
		text      string // of the notice, or the error
		failure   bool
	}{
		"a job beside another":      {`"jobs": ["orders", "clicks"]`, "orders 0.95, clicks null", absent, false},
		"a job":                     {`"jobs": ["clicks"]`, "clicks null", absent, false},
		"a job, by task":            {`"jobs": ["clicks"], "by": "task"`, "", absent, true},
		"jobs that match nothing":   {`"jobs": ["/^x/"]`, "", "No job matches /^x/.", false},
		"a task":                    {`"tasks": ["nope"]`, "", `There is no task "nope" in the jobs chosen.`, true},
		"a task beside another":     {`"tasks": ["task-1", "nope"]`, "orders 0.95", `There is no task "nope" in the jobs chosen.`, false},
		"tasks that match nothing":  {`"tasks": ["/nope/"]`, "", "No task matches /nope/.", false},
		"whether a job runs":        {`"jobs": ["orders", "clicks"], "measure": "running"`, "orders 1, clicks null", absent, false},
		"jobs of another type":      {`"types": ["BATCH"]`, "", nothing, true},
		"whether batch jobs run":    {`"types": ["BATCH"], "measure": "running"`, "", nothing, true},
		"jobs of the type they are": {`"types": ["STREAMING"]`, "orders 0.95", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newSampledLab(t, sim.HeldBack("orders", 3, 2, 1))
				l.frame(t, `{"queryType": "jobs"}`)
				time.Sleep(10 * time.Minute)
				over := backend.TimeRange{From: time.Now().Add(-8 * time.Minute), To: time.Now().Add(-2 * time.Minute)}
				response := sendOver(l.ctx, t, l, over, fromAlert, `{"queryType": "history", `+c.selectors+`}`)["A"]
				if c.failure {
					if response.Error == nil || response.Error.Error() != c.text {
						t.Errorf("the error is %v, want %s", response.Error, c.text)
					}
					return
				}
				if response.Error != nil {
					t.Fatal(response.Error)
				}
				if texts := strings.Join(notices(response.Frames[0]), " "); texts != c.text {
					t.Errorf("the notices are %q, want %q", texts, c.text)
				}
				var series []string
				for _, frame := range response.Frames {
					if len(frame.Fields) > 1 {
						all := strings.Split(pointsOf(frame), " ")
						series = append(series, frame.Fields[1].Labels["job"]+" "+all[len(all)-1])
					}
				}
				if got := strings.Join(series, ", "); got != c.series {
					t.Errorf("the series end with %q, want %q", got, c.series)
				}
			})
		})
	}
}

// A job that has ended is answered for only where it is named exactly: with nulls in
// tables, and with 0 as a measure, or an alert rule would fire for ever.
func TestEndedJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		jobs := smallJobs("orders", "nightly")
		jobs[1].State = "FAILED"
		l := newLab(t, jobs...)
		responses := send(l.ctx, t, l, `{"queryType": "jobs"}`, `{"queryType": "jobs", "jobs": ["nightly"]}`,
			`{"queryType": "subtasks", "jobs": ["nightly"]}`, `{"queryType": "measure", "jobs": ["nightly"]}`)
		for _, c := range []struct{ refID, column, want string }{
			{"A", "job", "orders"},
			{"B", "job", "nightly"},
			{"B", "state", "FAILED"},
			{"B", "status", "unknown"},
			{"B", "bottleneck", "null"},
			{"C", "status", "unknown unknown"},
			{"C", "busy", "null null"},
			{"D", "bottleneck", "0"},
		} {
			if got := strings.Join(cells(t, firstFrame(t, responses, c.refID), c.column), " "); got != c.want {
				t.Errorf("query %s: %s is %s, want %s", c.refID, c.column, got, c.want)
			}
		}
	})
}

// Jobs of one name are numbered by when they started.
func TestJobsOfOneName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		jobs := smallJobs("orders", "payments", "etl")
		jobs[2].Name = "orders"
		l := newLab(t, jobs...)
		responses := send(l.ctx, t, l, `{"queryType": "jobs"}`, `{"queryType": "jobs", "jobs": ["orders #2"]}`, `{"queryType": "jobs", "jobs": ["orders"]}`)
		for refID, want := range map[string]string{"A": "orders, payments, orders #2", "B": "orders #2", "C": "orders"} {
			if got := strings.Join(cells(t, firstFrame(t, responses, refID), "job"), ", "); got != want {
				t.Errorf("query %s has the jobs %s, want %s", refID, got, want)
			}
		}
	})
}

// Of a list of 100,000 jobs, nearly all ended, the one named is found by its name,
// its id or an expression.
func TestHundredThousandJobs(t *testing.T) {
	raced.Skip(t)
	orders := sim.HeldBack("orders", 2, 1, 1)
	cluster := newCluster(orders)
	var list strings.Builder
	list.WriteString(`{"jobs":[`)
	for i := range 100_000 {
		fmt.Fprintf(&list, `{"jid":"%032x","name":"job %d","state":"FINISHED","start-time":%d},`, i+1, i, i)
	}
	fmt.Fprintf(&list, `{"jid":%q,"name":"orders","state":"RUNNING","start-time":1}]}`, orders.ID)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/jobs/overview" {
			respondWith(200, list.String())(w, r)
			return
		}
		cluster.ServeHTTP(w, r)
	}))
	defer server.Close()
	responses := send(t.Context(), t, sourceAt(t, server.URL), `{"queryType": "tasks"}`, `{"queryType": "tasks", "jobs": ["orders"]}`,
		`{"queryType": "tasks", "jobs": ["`+orders.ID+`"]}`, `{"queryType": "tasks", "jobs": ["/(a*)*r(d|b)*ers$/"]}`, `{"queryType": "tasks", "jobs": ["absent"]}`)
	for _, refID := range []string{"A", "B", "C", "D"} {
		if rows := firstFrame(t, responses, refID).Rows(); rows != 2 {
			t.Errorf("query %s has %d rows, want 2", refID, rows)
		}
	}
	if failed := responses["E"].Error; failed == nil || len(failed.Error()) > 200 {
		t.Errorf("the job that is absent: %v", failed)
	}
}

// A query reads 1,000 jobs at most, with a notice about how many it left out.
func TestJobsAreLimitedNow(t *testing.T) {
	var list strings.Builder
	for i := range 1002 {
		fmt.Fprintf(&list, `,{"jid":"%032x","name":"job %d","state":"RUNNING","start-time":%d}`, i+1, i, i)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/overview":
			respondWith(200, `{"flink-version":"2.3.0"}`)(w, r)
		case "/jobmanager/config":
			respondWith(200, `[]`)(w, r)
		case "/jobs/overview":
			respondWith(200, `{"jobs":[`+list.String()[1:]+`]}`)(w, r)
		default:
			respondWith(200, `{"state":"RUNNING","vertices":[]}`)(w, r)
		}
	}))
	defer server.Close()
	const want = "Only the first 1000 of 1002 jobs of cluster default are looked at: choose jobs in the query."
	responses := send(t.Context(), t, sourceAt(t, server.URL), `{"queryType": "jobs"}`, `{"queryType": "measure", "measure": "running"}`,
		`{"queryType": "measure", "measure": "restarts"}`, `{"queryType": "variable", "variable": "tasks"}`)
	for refID := range responses {
		shown := firstFrame(t, responses, refID)
		if texts := notices(shown); len(texts) == 0 || texts[0] != want {
			t.Errorf("query %s: the notices are %q", refID, texts[:min(len(texts), 3)])
		}
		if max(shown.Rows(), len(shown.Fields)) > 1000 {
			t.Errorf("query %s: %d rows, %d series", refID, shown.Rows(), len(shown.Fields))
		}
	}
}

// So does a query for the past: Prometheus gets requests about the first 1,000, or
// about those that the query chooses.
func TestJobsAreLimitedInThePast(t *testing.T) {
	raced.Skip(t)
	t.Parallel()
	const requestsPerJob = 9
	synctest.Test(t, func(t *testing.T) {
		l, prometheus := newScrapedLab(t)
		now := time.Now()
		for i := range 1002 { // of each there is but one metric, as so many jobs take their time
			prometheus.Add(map[string]string{
				"__name__": "flink_taskmanager_job_task_backPressuredTimeMsPerSecond", "job_id": fmt.Sprintf("%032x", i+1), "job_name": fmt.Sprint("job_", i),
				"task_id": "a", "task_name": "a", "subtask_index": "0", "task_attempt_id": "a", "task_attempt_num": "0", "host": "tm_1", "tm_id": "tm_1",
			}, promtest.Every(scrapeInterval, now.Add(-20*time.Minute), now.Add(-15*time.Minute), func(time.Duration) float64 { return 900 })...)
		}
		over := backend.TimeRange{From: now.Add(-30 * time.Minute), To: now.Add(-10 * time.Minute)}
		for query, c := range map[string]struct {
			jobs, lanes int
			notices     string // their begin
		}{
			`{"queryType": "timeline"}`: {1000, 50, "Only the first 1000 of 1002 jobs of cluster default are looked at: choose jobs in the query." +
				" Neither Flink nor the history has the graph of job job_0, job_1, job_10, job_100, job_101 and 995 more: "},
			`{"queryType": "timeline", "jobs": ["/^job_7.?$/"]}`: {11, 11, "Neither Flink nor the history has the graph of job "},
		} {
			frames := sendOver(l.ctx, t, l, over, nil, query)["A"].Frames
			if got := strings.Join(notices(frames[0]), " "); !strings.HasPrefix(got, c.notices) {
				t.Errorf("%s: the notices are %q", query, got)
			}
			if sent := take(prometheus); len(frames) != c.lanes || sent > 4+requestsPerJob*c.jobs {
				t.Errorf("%s: %d frames after %d requests", query, len(frames), sent)
			}
		}
	})
}
