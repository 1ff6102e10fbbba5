package plugin_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// named are small jobs of these names, started in this order.
func named(names ...string) (jobs []*sim.Job) {
	for i, name := range names {
		job := sim.HeldBack(name, 2, 1, 1)
		job.Start = job.Start.Add(time.Duration(i) * time.Minute)
		jobs = append(jobs, job)
	}
	return jobs
}

// jobs chooses by id, exact name or /regular expression/; nothing at all, or
// Grafana's "All", chooses all.
func TestJobsAreChosen(t *testing.T) {
	ended := sim.HeldBack("nightly", 2, 1, 1)
	ended.State = "FINISHED"
	everything := "orders, payments, etl-a, etl-b"
	for jobs, want := range map[string]string{
		`["orders"]`:                        "orders",
		`["payments", "orders"]`:            "orders, payments",
		`"orders"`:                          "orders",
		`["` + named("orders")[0].ID + `"]`: "orders",
		`["/^etl-/"]`:                       "etl-a, etl-b",
		`["/^etl-/", "orders"]`:             "orders, etl-a, etl-b",
		`["/a/"]`:                           "payments, etl-a",
		`["/(?i)ORDERS/"]`:                  "orders",
		`"/./"`:                             everything,
		`[]`:                                everything,
		`null`:                              everything,
		`""`:                                everything,
		`[""]`:                              everything,
		`["$__all"]`:                        everything,
		`"$__all"`:                          everything,
		`["$__all", "orders"]`:              everything,
		`["nightly"]`:                       "nightly", // has ended: only by its name
		`["nightly", "/^etl-/"]`:            "etl-a, etl-b, nightly",
		`["/nightly/"]`:                     "",
	} {
		t.Run(jobs, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := inLab(t, append(named("orders", "payments", "etl-a", "etl-b"), ended)...)
				shown := answer(t, queried(l.ctx, t, l, `{"queryType": "jobs", "jobs": `+jobs+`}`), "A")
				if got := strings.Join(cells(t, shown, "job"), ", "); got != want {
					t.Errorf("chose %s, want %s", got, want)
				}
			})
		})
	}
}

// An exact name that matches nothing is an error, an expression a notice.
func TestNamesThatMatchNothing(t *testing.T) {
	for query, c := range map[string]struct{ failure, notice string }{
		`{"queryType": "tasks", "jobs": ["etl"]}`:                      {failure: `There is no job "etl": there is orders, payments.`},
		`{"queryType": "tasks", "jobs": ["orders", "etl"]}`:            {failure: `There is no job "etl": there is orders, payments.`},
		`{"queryType": "tasks", "jobs": ["/^etl/", "orders"]}`:         {notice: `No job matches /^etl/.`},
		`{"queryType": "tasks", "tasks": ["sink"]}`:                    {failure: `There is no task "sink" in the jobs asked for.`},
		`{"queryType": "tasks", "tasks": ["/sink/", "task-1"]}`:        {notice: `No task matches /sink/.`},
		`{"queryType": "tasks", "tasks": ["/sink/"]}`:                  {notice: `No task matches /sink/.`},
		`{"queryType": "measure", "by": "task", "tasks": ["/^sink/"]}`: {notice: `No task matches /^sink/.`},
	} {
		t.Run(query, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := inLab(t, named("orders", "payments")...)
				responses := queried(l.ctx, t, l, query)
				if c.failure != "" {
					if err := responses["A"].Error; err == nil || err.Error() != c.failure || responses["A"].Status != 404 {
						t.Errorf("status %d: %v\nwant %s", responses["A"].Status, err, c.failure)
					}
					return
				}
				if told := notices(answer(t, responses, "A")); !slices.Equal(told, []string{c.notice}) {
					t.Errorf("notices are %q, want %q", told, c.notice)
				}
			})
		})
	}
}

func TestTasksAreChosen(t *testing.T) {
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
				l := inLab(t, orders)
				shown := answer(t, queried(l.ctx, t, l, `{"queryType": "tasks", "tasks": `+tasks+`}`), "A")
				if got := strings.Join(cells(t, shown, "task"), ", "); got != want {
					t.Errorf("chose %s, want %s", got, want)
				}
			})
		})
	}
}

// A job that has ended is answered for only where it is named exactly, with
// nulls: an alert on it must not take its absence for health.
func TestJobThatHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		jobs := named("orders", "nightly")
		jobs[1].State = "FAILED"
		l := inLab(t, jobs...)
		responses := queried(l.ctx, t, l, `{"queryType": "jobs"}`, `{"queryType": "jobs", "jobs": ["nightly"]}`,
			`{"queryType": "subtasks", "jobs": ["nightly"]}`, `{"queryType": "measure", "jobs": ["nightly"]}`)
		for _, c := range []struct{ refID, column, want string }{
			{"A", "job", "orders"},
			{"B", "job", "nightly"},
			{"B", "state", "FAILED"},
			{"B", "status", "unknown"},
			{"B", "bottleneck", "null"},
			{"C", "status", "unknown unknown"},
			{"C", "busy", "null null"},
			{"D", "bottleneck", "null"},
		} {
			if got := strings.Join(cells(t, answer(t, responses, c.refID), c.column), " "); got != c.want {
				t.Errorf("query %s: %s is %s, want %s", c.refID, c.column, got, c.want)
			}
		}
	})
}

// Jobs of one name are told apart by when they started.
func TestJobsOfOneName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		jobs := named("orders", "payments", "etl")
		jobs[2].Name = "orders"
		l := inLab(t, jobs...)
		responses := queried(l.ctx, t, l, `{"queryType": "jobs"}`, `{"queryType": "jobs", "jobs": ["orders #2"]}`, `{"queryType": "jobs", "jobs": ["orders"]}`)
		for refID, want := range map[string]string{"A": "orders, payments, orders #2", "B": "orders #2", "C": "orders"} {
			if got := strings.Join(cells(t, answer(t, responses, refID), "job"), ", "); got != want {
				t.Errorf("query %s has the jobs %s, want %s", refID, got, want)
			}
		}
	})
}
