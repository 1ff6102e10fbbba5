package plugin_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// chained is a job of a chain of tasks, each of a parallelism of its own,
// that began so many minutes after the first.
func chained(name string, minute int, tasks ...sim.Task) *sim.Job {
	job := sim.Chain(name, tasks...)
	job.Start = job.Start.Add(time.Duration(minute) * time.Minute)
	return job
}

// shops are two clusters with jobs, tasks and names that they share and that
// they do not. West runs on two TaskManagers, east on one; a job has ended.
func shops(t *testing.T, spoiled ...sim.Fault) lab {
	t.Helper()
	nightly := chained("nightly", 0, sim.Task{Name: "scan", Parallelism: 9})
	nightly.State = "FINISHED"
	east := &sim.Cluster{Version: "1.20.5", Fetch: 10 * time.Second, Jobs: []*sim.Job{
		chained("orders", 0, sim.Task{Name: "read", Parallelism: 2}, sim.Task{Name: "join", Parallelism: 5}),
		chained("clicks", 1, sim.Task{Name: "count", Parallelism: 1}),
	}}
	l := twoClusters(t, sim.Spoiled(east, append(spoiled, sim.On("/taskmanagers", answering(`{"taskmanagers":[{"id":"tm-east"}]}`)))...))
	l.Jobs = []*sim.Job{
		nightly,
		chained("orders", 1, sim.Task{Name: "read", Parallelism: 2}, sim.Task{Name: "count", Parallelism: 3}),
		chained("payments", 2, sim.Task{Name: "read", Parallelism: 1}, sim.Task{Name: "pay", Parallelism: 4}),
	}
	return l
}

// answering answers with a text in place of the cluster.
func answering(text string) sim.Fault {
	return func(http.Handler) http.Handler { return says(200, text) }
}

// Each variable lists names, each once however many have it, in the order of
// clusters, jobs and tasks; filters are those of any query. It costs no looks.
func TestVariables(t *testing.T) {
	for query, c := range map[string]struct {
		want     string
		requests int
	}{
		`"clusters"`:                         {"west east", 0},
		`"clusters", "clusters": ["east"]`:   {"east", 0},
		`"clusters", "clusters": ["/^w/"]`:   {"west", 0},
		`"clusters", "clusters": ["/^n/"]`:   {"", 0},
		`"clusters", "clusters": ["$__all"]`: {"west east", 0},

		// What has ended is listed only where it is named.
		`"jobs"`:                                          {"orders payments clicks", 2},
		`"jobs", "clusters": ["west"]`:                    {"orders payments", 1},
		`"jobs", "clusters": ["east"]`:                    {"orders clicks", 1},
		`"jobs", "jobs": ["/^(pay|cl|night)/"]`:           {"payments clicks", 2},
		`"jobs", "jobs": ["nightly"]`:                     {"nightly", 2},
		`"jobs", "jobs": ["payments", "clicks"]`:          {"payments clicks", 2},
		`"jobs", "jobs": ["refunds"]`:                     {"", 2},
		`"jobs", "tasks": ["pay"]`:                        {"orders payments clicks", 2}, // a list of jobs knows no tasks
		`"jobs", "clusters": ["east"], "jobs": ["/^or/"]`: {"orders", 1},

		// Each job's graph costs one request.
		`"tasks"`:                                           {"read count pay join", 2 + 4},
		`"tasks", "clusters": ["east"]`:                     {"read join count", 1 + 2},
		`"tasks", "jobs": ["orders"]`:                       {"read count join", 2 + 2},
		`"tasks", "jobs": ["nightly"]`:                      {"scan", 2 + 1},
		`"tasks", "tasks": ["/^(count|pay)$/"]`:             {"count pay", 2 + 4},
		`"tasks", "tasks": ["join", "read"]`:                {"read join", 2 + 4},
		`"tasks", "tasks": ["scan"]`:                        {"", 2 + 4}, // a task of a job that has ended
		`"tasks", "clusters": ["west"], "tasks": ["/o/"]`:   {"count", 1 + 2},
		`"tasks", "clusters": ["west"], "jobs": ["/^pay/"]`: {"read pay", 1 + 1},

		// As many as the widest of the tasks chosen has.
		`"subtasks"`:                        {"0 1 2 3 4", 2 + 4},
		`"subtasks", "clusters": ["west"]`:  {"0 1 2 3", 1 + 2},
		`"subtasks", "jobs": ["clicks"]`:    {"0", 2 + 1},
		`"subtasks", "tasks": ["count"]`:    {"0 1 2", 2 + 4},
		`"subtasks", "tasks": ["/^read$/"]`: {"0 1", 2 + 4},
		`"subtasks", "tasks": ["scan"]`:     {"", 2 + 4},
		`"subtasks", "jobs": ["nightly"]`:   {"0 1 2 3 4 5 6 7 8", 2 + 1},
		`"subtasks", "clusters": ["east"], "jobs": ["orders"], "tasks": ["read"]`: {"0 1", 1 + 1},

		`"taskmanagers"`:                              {"tm-1 tm-2 tm-east", 2},
		`"taskmanagers", "clusters": ["west"]`:        {"tm-1 tm-2", 1},
		`"taskmanagers", "clusters": ["east"]`:        {"tm-east", 1},
		`"taskmanagers", "clusters": ["/^n/"]`:        {"", 0},
		`"taskmanagers", "jobs": ["clicks"]`:          {"tm-1 tm-2 tm-east", 2}, // they belong to no job
		`"taskmanagers", "clusters": ["east", "/w/"]`: {"tm-1 tm-2 tm-east", 2},
	} {
		t.Run(query, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := shops(t)
				shown := answer(t, queried(l.ctx, t, l, `{"queryType": "variable", "variable": `+query+`}`), "A")
				if got := strings.Join(cells(t, shown, "text"), " "); got != c.want {
					t.Errorf("lists %q, want %q", got, c.want)
				}
				if texts, values := cells(t, shown, "text"), cells(t, shown, "value"); !slices.Equal(texts, values) || shown.Name != "variable" || len(shown.Fields) != 2 {
					t.Errorf("frame %s of %d fields with the texts %q and the values %q", shown.Name, len(shown.Fields), texts, values)
				}
				if told := requests(shown); told != c.requests {
					t.Errorf("tells of %d requests, want %d", told, c.requests)
				}
			})
		})
	}
}

// What answers is listed, and a notice says what is not: a job, or a cluster.
func TestVariablesOfWhatFails(t *testing.T) {
	const failure = " (500 Internal Server Error): see the JobManager's log for the cause."
	orders := "/jobs/" + sim.New("orders").ID
	for name, c := range map[string]struct {
		fails, variable, want string
		about, why            string // begin and end of the notice, if there is one
	}{
		"a job, tasks":            {orders, "tasks", "read count pay", "Job orders ", "http://east" + orders + failure},
		"a job, subtasks":         {orders, "subtasks", "0 1 2 3", "Job orders ", "http://east" + orders + failure},
		"a job, jobs":             {orders, "jobs", "orders payments clicks", "", ""}, // is listed without being asked
		"the list, jobs":          {"/jobs/overview", "jobs", "orders payments", "Cluster east ", "http://east/jobs/overview" + failure},
		"the list, tasks":         {"/jobs/overview", "tasks", "read count pay", "Cluster east ", "http://east/jobs/overview" + failure},
		"the list, subtasks":      {"/jobs/overview", "subtasks", "0 1 2 3", "Cluster east ", "http://east/jobs/overview" + failure},
		"the list, taskmanagers":  {"/jobs/overview", "taskmanagers", "tm-1 tm-2 tm-east", "", ""},
		"the cluster, clusters":   {"", "clusters", "west east", "", ""}, // are configured
		"its taskmanagers":        {"/taskmanagers", "taskmanagers", "tm-1 tm-2", "Cluster east ", "http://east/taskmanagers" + failure},
		"its taskmanagers, tasks": {"/taskmanagers", "tasks", "read count pay join", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := shops(t, sim.On(c.fails, sim.Failing()))
				shown := answer(t, queried(l.ctx, t, l, `{"queryType": "variable", "variable": "`+c.variable+`"}`), "A")
				if got := strings.Join(cells(t, shown, "value"), " "); got != c.want {
					t.Errorf("lists %q, want %q", got, c.want)
				}
				told := notices(shown)
				if c.about == "" && len(told) == 0 {
					return
				}
				if len(told) != 1 || c.about == "" || !strings.HasPrefix(told[0], c.about) || !strings.HasSuffix(told[0], c.why) {
					t.Errorf("notices are %q, want one of %s that ends in %q", told, c.about, c.why)
				}
			})
		})
	}
}

// Where no cluster answers there is nothing to list: that is an error, but for
// the clusters themselves.
func TestVariablesWhereNothingAnswers(t *testing.T) {
	const failure = "Flink failed to answer http://east%s (500 Internal Server Error): see the JobManager's log for the cause."
	for variable, c := range map[string]struct{ path, names string }{
		"clusters":     {"", "east"},
		"jobs":         {"/jobs/overview", ""},
		"tasks":        {"/jobs/overview", ""},
		"subtasks":     {"/jobs/overview", ""},
		"taskmanagers": {"/taskmanagers", ""},
	} {
		t.Run(variable, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := shops(t, sim.Failing())
				responses := queried(l.ctx, t, l, `{"queryType": "variable", "clusters": ["east"], "variable": "`+variable+`"}`)
				if c.path == "" {
					if got := strings.Join(cells(t, answer(t, responses, "A"), "value"), " "); got != c.names {
						t.Errorf("lists %q, want %q", got, c.names)
					}
					return
				}
				failed, want := responses["A"], strings.Replace(failure, "%s", c.path, 1)
				if failed.Error == nil || failed.Error.Error() != want || failed.Status != http.StatusBadGateway || len(failed.Frames) != 0 {
					t.Errorf("status %d, %v; want %s", failed.Status, failed.Error, want)
				}
			})
		})
	}
}

// What a query for a variable cannot mean is told before it costs a request.
func TestWrongVariables(t *testing.T) {
	const choose = ": choose one of clusters, jobs, subtasks, taskmanagers, tasks."
	for query, c := range map[string]struct {
		status int
		want   string
	}{
		`""`:                                    {400, `There is no variable ""` + choose},
		`"hosts"`:                               {400, `There is no variable "hosts"` + choose},
		`"Jobs"`:                                {400, `There is no variable "Jobs"` + choose},
		`"clusters", "clusters": ["north"]`:     {404, `There is no cluster "north" in this data source: it knows west, east.`},
		`"jobs", "clusters": ["north"]`:         {404, `There is no cluster "north" in this data source: it knows west, east.`},
		`"tasks", "clusters": ["north"]`:        {404, `There is no cluster "north" in this data source: it knows west, east.`},
		`"taskmanagers", "clusters": ["north"]`: {404, `There is no cluster "north" in this data source: it knows west, east.`},
	} {
		t.Run(query, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := shops(t)
				failed := queried(l.ctx, t, l, `{"queryType": "variable", "variable": `+query+`}`)["A"]
				if failed.Error == nil || failed.Error.Error() != c.want || int(failed.Status) != c.status {
					t.Errorf("status %d, %v; want %d, %s", failed.Status, failed.Error, c.status, c.want)
				}
				if saw := l.Asked(); len(saw) != 0 {
					t.Errorf("the cluster was asked for %s", saw)
				}
			})
		})
	}
}
