package plugin_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// shops are two clusters, some of whose jobs, tasks and names are the same. West has
// two TaskManagers, east one; one job has ended.
func shops(t *testing.T, spoiled ...sim.Fault) lab {
	t.Helper()
	nightly := chainOf("nightly", 0, sim.Task{Name: "scan", Parallelism: 9})
	nightly.State = "FINISHED"
	east := &sim.Cluster{Version: "1.20.5", Fetch: 10 * time.Second, Jobs: []*sim.Job{
		chainOf("orders", 0, sim.Task{Name: "read", Parallelism: 2}, sim.Task{Name: "join", Parallelism: 5}),
		chainOf("clicks", 1, sim.Task{Name: "count", Parallelism: 1}),
	}}
	l := newTwoClusters(t, sim.Spoiled(east, append(spoiled, sim.On("/taskmanagers", fixedAnswer(`{"taskmanagers":[{"id":"tm-east"}]}`)))...))
	l.Jobs = []*sim.Job{
		nightly,
		chainOf("orders", 1, sim.Task{Name: "read", Parallelism: 2}, sim.Task{Name: "count", Parallelism: 3}),
		chainOf("payments", 2, sim.Task{Name: "read", Parallelism: 1}, sim.Task{Name: "pay", Parallelism: 4}),
	}
	return l
}

// fixedAnswer answers with a text in place of the cluster.
func fixedAnswer(text string) sim.Fault {
	return func(http.Handler) http.Handler { return respondWith(200, text) }
}

// Each variable lists names, each once however many have it, in the order of
// clusters, jobs and tasks; selectors are those of any query. None but hosts polls jobs.
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
		`"jobs", "tasks": ["pay"]`:                        {"orders payments clicks", 2}, // a list of jobs has no tasks
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

		// Where subtasks run is in samples: the list and the cluster's settings, each job's
		// graph, and of each task its subtasks and, as there is one sample alone, its gauges.
		`"hosts", "clusters": ["east"]`:                     {"host-1 host-2", 3 + 1 + 2*2 + 1 + 2},
		`"hosts", "clusters": ["east"], "jobs": ["orders"]`: {"host-1 host-2", 3 + 1 + 2*2},
		`"hosts", "clusters": ["east"], "jobs": ["clicks"]`: {"host-1", 3 + 1 + 2},
	} {
		t.Run(query, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := shops(t)
				shown := l.frame(t, `{"queryType": "variable", "variable": `+query+`}`)
				if got := strings.Join(cells(t, shown, "text"), " "); got != c.want {
					t.Errorf("lists %q, want %q", got, c.want)
				}
				if texts, values := cells(t, shown, "text"), cells(t, shown, "value"); !slices.Equal(texts, values) || shown.Name != "variable" || len(shown.Fields) != 2 {
					t.Errorf("frame %s of %d fields with the texts %q and the values %q", shown.Name, len(shown.Fields), texts, values)
				}
				if counted := requests(shown); counted != c.requests {
					t.Errorf("counts %d requests, want %d", counted, c.requests)
				}
			})
		})
	}
}

// What answers is listed, and a notice names what does not: a job, or a cluster.
func TestVariablesWhenSomethingFails(t *testing.T) {
	const failure = " (500 Internal Server Error): see the JobManager's log for the cause."
	orders := "/jobs/" + sim.New("orders").ID
	for name, c := range map[string]struct {
		fails, variable, want string
		about, why            string // begin and end of the notice, if there is one
	}{
		"a job, tasks":            {orders, "tasks", "read count pay", "Job orders ", "http://east" + orders + failure},
		"a job, subtasks":         {orders, "subtasks", "0 1 2 3", "Job orders ", "http://east" + orders + failure},
		"a job, jobs":             {orders, "jobs", "orders payments clicks", "", ""}, // needs no request
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
				shown := l.frame(t, `{"queryType": "variable", "variable": "`+c.variable+`"}`)
				if got := strings.Join(cells(t, shown, "value"), " "); got != c.want {
					t.Errorf("lists %q, want %q", got, c.want)
				}
				texts := notices(shown)
				if c.about == "" && len(texts) == 0 {
					return
				}
				if len(texts) != 1 || c.about == "" || !strings.HasPrefix(texts[0], c.about) || !strings.HasSuffix(texts[0], c.why) {
					t.Errorf("notices are %q, want one of %s that ends in %q", texts, c.about, c.why)
				}
			})
		})
	}
}

// Where no cluster answers that is an error, but for the clusters themselves.
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
				responses := send(l.ctx, t, l, `{"queryType": "variable", "clusters": ["east"], "variable": "`+variable+`"}`)
				if c.path == "" {
					if got := strings.Join(cells(t, firstFrame(t, responses, "A"), "value"), " "); got != c.names {
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

// callResource is the answer of a resource.
func callResource(ctx context.Context, t *testing.T, source dataSource, method, path, parameters string) (status int, body string) {
	t.Helper()
	request := &backend.CallResourceRequest{Method: method, Path: path, URL: path + parameters}
	answers := 0
	err := source.(backend.CallResourceHandler).CallResource(ctx, request, backend.CallResourceResponseSenderFunc(func(response *backend.CallResourceResponse) error {
		answers++
		status, body = response.Status, string(response.Body)
		if kind := response.Headers["Content-Type"]; len(kind) != 1 || kind[0] != "application/json" {
			t.Errorf("the answer is %q", kind)
		}
		return nil
	}))
	if err != nil || answers != 1 {
		t.Errorf("%d answers, %v", answers, err)
	}
	return status, body
}

// The resources list names for the query editor, chosen by their repeated
// parameters.
func TestResources(t *testing.T) {
	for address, want := range map[string]string{
		"clusters":                             `{"names":["west","east"]}`,
		"clusters?cluster=east":                `{"names":["east"]}`,
		"clusters?cluster=east&cluster=west":   `{"names":["west","east"]}`,
		"clusters?cluster=/north/":             `{"names":[]}`, // a list, if of nothing
		"jobs":                                 `{"names":["orders","payments","clicks"]}`,
		"jobs?cluster=east":                    `{"names":["orders","clicks"]}`,
		"jobs?cluster=%2F%5Ew%2F":              `{"names":["orders","payments"]}`,
		"jobs?job=clicks":                      `{"names":["clicks"]}`,
		"jobs?job=clicks&job=%2F%5Epay%2F":     `{"names":["payments","clicks"]}`,
		"jobs?job=$__all":                      `{"names":["orders","payments","clicks"]}`,
		"jobs?job=":                            `{"names":["orders","payments","clicks"]}`,
		"jobs?jobs=clicks":                     `{"names":["orders","payments","clicks"]}`, // no parameter of ours
		"tasks":                                `{"names":["read","count","pay","join"]}`,
		"tasks?task=pay&task=join":             `{"names":["pay","join"]}`,
		"tasks?job=payments&task=read":         `{"names":["read"]}`,
		"tasks?job=orders&job=clicks":          `{"names":["read","count","join"]}`,
		"tasks?cluster=east&job=orders":        `{"names":["read","join"]}`,
		"tasks?task=scan":                      `{"names":[]}`,
		"subtasks":                             `{"names":["0","1","2","3","4"]}`,
		"subtasks?cluster=west&job=orders":     `{"names":["0","1","2"]}`,
		"subtasks?task=read":                   `{"names":["0","1"]}`,
		"taskmanagers":                         `{"names":["tm-1","tm-2","tm-east"]}`,
		"taskmanagers?cluster=west":            `{"names":["tm-1","tm-2"]}`,
		"taskmanagers?cluster=/e/&cluster=/t/": `{"names":["tm-1","tm-2","tm-east"]}`,
	} {
		t.Run(address, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := shops(t)
				path, parameters, found := strings.Cut(address, "?")
				if found {
					parameters = "?" + parameters
				}
				if status, body := callResource(l.ctx, t, l.dataSource, http.MethodGet, path, parameters); status != http.StatusOK || body != want {
					t.Errorf("%d %s\nwant %s", status, body, want)
				}
			})
		})
	}
}

// What is no resource, or cannot be read, costs no request: nothing of a path
// reaches Flink.
func TestResourcesRefused(t *testing.T) {
	const (
		absent   = `"error":"There is no such resource: ask for clusters, jobs, tasks, subtasks, taskmanagers or hosts."`
		readOnly = `"error":"A resource can only be read."`
		cluster  = `{"names":[],"error":"There is no cluster \"north\" in this data source: it has west, east."}`
	)
	for name, c := range map[string]struct {
		method, path, parameters string
		status                   int
		want                     string // the body's end
	}{
		"no path":                    {"GET", "", "", 404, absent},
		"unknown":                    {"GET", "racks", "", 404, absent},
		"in capitals":                {"GET", "Jobs", "", 404, absent},
		"a slash":                    {"GET", "/jobs", "", 404, absent},
		"a slash behind":             {"GET", "jobs/", "", 404, absent},
		"Flink's own":                {"GET", "overview", "", 404, absent},
		"below a resource":           {"GET", "jobs/overview", "", 404, absent},
		"above":                      {"GET", "../overview", "", 404, absent},
		"above, encoded":             {"GET", "%2e%2e/overview", "", 404, absent},
		"above by way of a resource": {"GET", "jobs/../overview", "", 404, absent},
		"another's address":          {"GET", "http://east/jobs", "", 404, absent},
		"unknown, and posted":        {"POST", "jobs/run", "", 404, absent},
		"posted":                     {"POST", "jobs", "", 405, readOnly},
		"patched":                    {"PATCH", "jobs", "?mode=cancel", 405, readOnly},
		"deleted":                    {"DELETE", "clusters", "", 405, readOnly},
		"put":                        {"PUT", "taskmanagers", "", 405, readOnly},
		"a wrong job":                {"GET", "jobs", "?job=/(/", 400, "{\"names\":[],\"error\":\"The regular expression /(/ does not compile (error parsing regexp: missing closing ): `(`): Go's syntax is wanted.\"}"},
		"a wrong job of several":     {"GET", "jobs", "?job=orders&job=/(/", 400, "{\"names\":[],\"error\":\"The regular expression /(/ does not compile (error parsing regexp: missing closing ): `(`): Go's syntax is wanted.\"}"},
		"a wrong task":               {"GET", "tasks", "?task=/[/", 400, "{\"names\":[],\"error\":\"The regular expression /[/ does not compile (error parsing regexp: missing closing ]: `[`): Go's syntax is wanted.\"}"},
		"a wrong cluster":            {"GET", "clusters", "?cluster=/*/", 400, "{\"names\":[],\"error\":\"The regular expression /*/ does not compile (error parsing regexp: missing argument to repetition operator: `*`): Go's syntax is wanted.\"}"},
		"a wrong time":               {"GET", "jobs", "?to=yesterday", 400, `{"names":[],"error":"The parameter to is \"yesterday\": it must be a time in milliseconds since 1970."}`},
		"an address that is none":    {"GET", "jobs", "%zz", 400, `{"names":[],"error":"The resource's address cannot be read."}`},
		"an unknown cluster":         {"GET", "clusters", "?cluster=north", 404, cluster},
		"jobs of an unknown cluster": {"GET", "jobs", "?cluster=north", 404, cluster},
		"an unknown cluster of two":  {"GET", "taskmanagers", "?cluster=east&cluster=north", 404, cluster},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := shops(t)
				status, body := callResource(l.ctx, t, l.dataSource, c.method, c.path, c.parameters)
				if whole := strings.HasPrefix(c.want, "{"); status != c.status || !strings.HasSuffix(body, c.want) && !strings.HasSuffix(body, c.want+"}") || whole && body != c.want {
					t.Errorf("%d %s\nwant %d %s", status, body, c.status, c.want)
				}
				if sent := l.Requests(); len(sent) != 0 {
					t.Errorf("the cluster got %s", sent)
				}
			})
		})
	}
}

// Settings that cannot be used are the error of each resource.
func TestResourcesWithoutAnAddress(t *testing.T) {
	const want = `{"names":[],"error":"No Flink address is configured: enter the URL of the JobManager's REST API, such as http://jobmanager:8081, in the data source's settings."}`
	source := open(t, settingsWith(map[string]any{}))
	for _, path := range []string{"clusters", "jobs", "tasks", "subtasks", "taskmanagers"} {
		if status, body := callResource(t.Context(), t, source, http.MethodGet, path, "?job=/(/"); status != http.StatusBadRequest || body != want {
			t.Errorf("%s: %d %s\nwant %s", path, status, body, want)
		}
	}
}

// A cluster that is down is an error with the status that a query has for it; one of
// several, or a job, costs its own names and a notice.
func TestResourcesWhenSomethingFails(t *testing.T) {
	const failure = "Flink failed to answer http://east%s (500 Internal Server Error): see the JobManager's log for the cause."
	clicks := "/jobs/" + sim.New("clicks").ID
	for address, c := range map[string]struct {
		fails       string
		status      int
		begin, path string // of the body, and what did not answer
	}{
		"clusters?cluster=east":     {"", 200, `{"names":["east"]}`, ""},
		"jobs?cluster=east":         {"", 502, `{"names":[],"error":"`, "/jobs/overview"},
		"tasks?cluster=east":        {"", 502, `{"names":[],"error":"`, "/jobs/overview"},
		"subtasks?cluster=east":     {"", 502, `{"names":[],"error":"`, "/jobs/overview"},
		"taskmanagers?cluster=east": {"", 502, `{"names":[],"error":"`, "/taskmanagers"},
		"jobs":                      {"", 200, `{"names":["orders","payments"],"notices":["Cluster east `, "/jobs/overview"},
		"taskmanagers":              {"", 200, `{"names":["tm-1","tm-2"],"notices":["Cluster east `, "/taskmanagers"},
		"tasks?cluster=east&task=/": {clicks, 200, `{"names":[],"notices":["Job clicks `, clicks},
		"subtasks":                  {clicks, 200, `{"names":["0","1","2","3","4"],"notices":["Job clicks `, clicks},
	} {
		t.Run(address, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := shops(t, sim.On(c.fails, sim.Failing()))
				path, parameters, _ := strings.Cut(address, "?")
				status, body := callResource(l.ctx, t, l.dataSource, http.MethodGet, path, "?"+parameters)
				end := ""
				switch {
				case c.path != "" && c.status == 200:
					end = strings.Replace(failure, "%s", c.path, 1) + `"]}`
				case c.path != "":
					end = strings.Replace(failure, "%s", c.path, 1) + `"}`
				}
				if status != c.status || !strings.HasPrefix(body, c.begin) || !strings.HasSuffix(body, end) || end == "" && body != c.begin || status != 200 && body != c.begin+end {
					t.Errorf("%d %s\nwant %d %s…%s", status, body, c.status, c.begin, end)
				}
			})
		})
	}
}
