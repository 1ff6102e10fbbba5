package plugin_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// failing answers 500 to the paths that begin so, once it is set to.
type failing struct {
	http.Handler
	path string
}

func (f *failing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.path != "" && strings.HasPrefix(r.URL.Path, f.path) {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	f.Handler.ServeHTTP(w, r)
}

// labelled are the series of a measure as "job/task value".
func labelled(response backend.DataResponse) (series []string) {
	for _, field := range response.Frames[0].Fields {
		value := "null"
		if field.NilAt(0) {
			series = append(series, field.Labels["job"]+"/"+field.Labels["task"]+" "+value)
			continue
		}
		series = append(series, field.Labels["job"]+"/"+field.Labels["task"]+" known")
	}
	slices.Sort(series)
	return series
}

// A series that vanished would resolve its alert: what does not answer keeps
// its series, without a value, and a notice.
func TestMeasureKeepsItsSeriesWhenFlinkFails(t *testing.T) {
	for name, c := range map[string]struct{ fails, query string }{
		"a job, by job":      {"/jobs/", `{"queryType": "measure", "jobs": ["orders", "payments"]}`},
		"a job, by task":     {"/jobs/", `{"queryType": "measure", "by": "task"}`},
		"a cluster, by job":  {"/", `{"queryType": "measure"}`},
		"a cluster, by task": {"/", `{"queryType": "measure", "by": "task"}`},
		"only the list":      {"/jobs/overview", `{"queryType": "measure", "by": "task"}`},
		"whether jobs run":   {"/", `{"queryType": "measure", "measure": "running"}`},
		"restarts":           {"/jobs/overview", `{"queryType": "measure", "measure": "restarts"}`},
		"one job's restarts": {"/jobs/", `{"queryType": "measure", "measure": "restarts"}`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := inLab(t, named("orders", "payments")...)
				east := &failing{Handler: l.Cluster}
				two := twoClusters(t, east)
				two.warm(t)
				before := labelled(queried(two.ctx, t, two, c.query)["A"])
				if slices.ContainsFunc(before, func(s string) bool { return strings.HasSuffix(s, "null") }) {
					t.Fatalf("series before are %q", before)
				}
				east.path = c.fails
				if c.fails == "/jobs/" {
					east.path += l.Jobs[0].ID
				}
				time.Sleep(3 * time.Second) // longer than maxAge
				response := queried(two.ctx, t, two, c.query)["A"]
				if response.Error != nil {
					t.Fatal(response.Error)
				}
				after := labelled(response)
				if len(after) != len(before) || !slices.ContainsFunc(after, func(s string) bool { return strings.HasSuffix(s, "null") }) {
					t.Errorf("series were %q, and are %q", before, after)
				}
				if len(response.Frames[0].Meta.Notices) == 0 {
					t.Error("no notice tells of it")
				}
			})
		})
	}
}

// A job that is named exactly and is gone has a series without a value; by
// task there is nothing to label one with.
func TestMeasureOfAJobThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := inLab(t, named("orders")...)
		l.warm(t)
		responses := queried(l.ctx, t, l,
			`{"queryType": "measure", "jobs": ["orders", "gone"]}`,
			`{"queryType": "measure", "jobs": ["gone"], "measure": "running"}`,
			`{"queryType": "measure", "jobs": ["gone"], "measure": "restarts"}`,
			`{"queryType": "measure", "jobs": ["gone"], "by": "task"}`)
		if got := labelled(responses["A"]); !slices.Equal(got, []string{"gone/ null", "orders/ known"}) {
			t.Errorf("bottleneck: %q", got)
		}
		if got := cells(t, answer(t, responses, "B"), "running"); !slices.Equal(got, []string{"0"}) {
			t.Errorf("running: %q", got)
		}
		if got := labelled(responses["C"]); !slices.Equal(got, []string{"gone/ null"}) {
			t.Errorf("restarts: %q", got)
		}
		if failed := responses["D"]; failed.Error == nil || failed.Status != backend.StatusNotFound {
			t.Errorf("by task: %d %v", failed.Status, failed.Error)
		}
	})
}

// A name told twice has one series, as two of the same labels are an error.
func TestEachSeriesIsThereOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := inLab(t, named("orders")...)
		for _, measure := range []string{"bottleneck", "running", "restarts"} {
			response := queried(l.ctx, t, l, `{"queryType": "measure", "measure": "`+measure+`", "jobs": ["gone", "gone", "orders", "orders", "/or/"]}`)["A"]
			if got := labelled(response); len(got) != 2 {
				t.Errorf("%s has the series %q", measure, got)
			}
		}
	})
}

// A task that is asked for does not hide that its job is gone.
func TestMeasureOfATaskOfAJobThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := inLab(t, named("orders")...)
		response := queried(l.ctx, t, l, `{"queryType": "measure", "jobs": ["gone"], "tasks": ["task-0"]}`)["A"]
		if response.Error != nil {
			t.Fatal(response.Error)
		}
		if got := labelled(response); !slices.Equal(got, []string{"gone/ null"}) {
			t.Errorf("the series are %q", got)
		}
	})
}

// A job that is gone does not cost the series of one that runs.
func TestMeasureByTaskOfAJobThatIsGoneAndOneThatRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := inLab(t, named("orders")...)
		l.warm(t)
		shown := answer(t, queried(l.ctx, t, l, `{"queryType": "measure", "by": "task", "jobs": ["orders", "gone"]}`), "A")
		if told := notices(shown); len(shown.Fields) != 2 || len(told) != 1 || !strings.HasPrefix(told[0], `There is no job "gone"`) {
			t.Errorf("%d series with the notices %q", len(shown.Fields), told)
		}
	})
}

// A job that begins anew answers without tasks at first, and JSON that is not
// Flink's is no job: its series stay, without a value.
func TestMeasureByTaskOfAJobWithoutTasks(t *testing.T) {
	for _, body := range []string{`{"state": "INITIALIZING", "vertices": []}`, `{}`} {
		t.Run(body, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := inLab(t, named("orders", "payments")...)
				anew := false
				two := twoClusters(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if anew && r.URL.Path == "/jobs/"+l.Jobs[0].ID {
						says(200, body)(w, r)
						return
					}
					l.Cluster.ServeHTTP(w, r)
				}))
				two.warm(t)
				query := `{"queryType": "measure", "by": "task", "clusters": ["east"]}`
				before := labelled(queried(two.ctx, t, two, query)["A"])
				anew = true
				time.Sleep(3 * time.Second) // longer than maxAge
				after := labelled(queried(two.ctx, t, two, query)["A"])
				if len(after) != len(before) || len(after) != 4 || !slices.Contains(after, "orders/task-0 null") {
					t.Errorf("series were %q, and are %q", before, after)
				}
			})
		})
	}
}
