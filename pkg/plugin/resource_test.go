package plugin_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// called is the answer of a resource.
func called(ctx context.Context, t *testing.T, asked source, method, path, parameters string) (status int, body string) {
	t.Helper()
	request := &backend.CallResourceRequest{Method: method, Path: path, URL: path + parameters}
	answers := 0
	err := asked.(backend.CallResourceHandler).CallResource(ctx, request, backend.CallResourceResponseSenderFunc(func(response *backend.CallResourceResponse) error {
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

// The resources list names for the query editor, of whatever their repeated
// parameters choose.
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
				if status, body := called(l.ctx, t, l.source, http.MethodGet, path, parameters); status != http.StatusOK || body != want {
					t.Errorf("%d %s\nwant %s", status, body, want)
				}
			})
		})
	}
}

// What is no resource of ours, or cannot be meant, costs no request: nothing
// of a path reaches Flink.
func TestResourcesRefused(t *testing.T) {
	const (
		absent   = `"error":"There is no such resource: ask for clusters, jobs, tasks, subtasks or taskmanagers."`
		readOnly = `"error":"A resource can only be read."`
		cluster  = `{"names":[],"error":"There is no cluster \"north\" in this data source: it knows west, east."}`
	)
	for name, c := range map[string]struct {
		method, path, parameters string
		status                   int
		want                     string // the body's end
	}{
		"no path":                    {"GET", "", "", 404, absent},
		"unknown":                    {"GET", "hosts", "", 404, absent},
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
		"an address that is none":    {"GET", "jobs", "%zz", 400, `{"names":[],"error":"The resource's address cannot be read."}`},
		"an unknown cluster":         {"GET", "clusters", "?cluster=north", 404, cluster},
		"jobs of an unknown cluster": {"GET", "jobs", "?cluster=north", 404, cluster},
		"an unknown cluster of two":  {"GET", "taskmanagers", "?cluster=east&cluster=north", 404, cluster},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := shops(t)
				status, body := called(l.ctx, t, l.source, c.method, c.path, c.parameters)
				if whole := strings.HasPrefix(c.want, "{"); status != c.status || !strings.HasSuffix(body, c.want) && !strings.HasSuffix(body, c.want+"}") || whole && body != c.want {
					t.Errorf("%d %s\nwant %d %s", status, body, c.status, c.want)
				}
				if saw := l.Asked(); len(saw) != 0 {
					t.Errorf("the cluster was asked for %s", saw)
				}
			})
		})
	}
}

// Settings that cannot be used are told by each resource.
func TestResourcesWithoutAnAddress(t *testing.T) {
	const want = `{"names":[],"error":"No Flink address is configured: enter the URL of the JobManager's REST API, such as http://jobmanager:8081, in the data source's settings."}`
	asked := open(t, with(map[string]any{}))
	for _, path := range []string{"clusters", "jobs", "tasks", "subtasks", "taskmanagers"} {
		if status, body := called(t.Context(), t, asked, http.MethodGet, path, "?job=/(/"); status != http.StatusBadRequest || body != want {
			t.Errorf("%s: %d %s\nwant %s", path, status, body, want)
		}
	}
}

// A cluster that is down is told with the status that a query has for it; one
// of several, or a job, costs its own names and a notice.
func TestResourcesOfWhatFails(t *testing.T) {
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
				status, body := called(l.ctx, t, l.source, http.MethodGet, path, "?"+parameters)
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
