package plugin_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// A job is chosen by its name whatever that is, as the editor and variables write names
// down: also where it looks like an expression, which chooses what it matches besides.
func TestJobsOfBadNames(t *testing.T) {
	long := strings.Repeat("x", 500)
	jobs := map[string]string{
		`/^etl-(a|b)$/`:                    "/^etl-(a|b)$/ etl-a",
		`<img src=x onerror="alert('x')">`: `<img src=x onerror="alert('x')">`,
		long:                               long,
		"etl-a":                            "etl-a",
	}
	for name, want := range jobs {
		t.Run(name[:min(len(name), 20)], func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var all []*sim.Job
				for each := range jobs {
					all = append(all, sim.HeldBack(each, 3, 2, 1))
				}
				l := newLab(t, all...)
				l.warm(t)
				chosen, err := json.Marshal([]string{name})
				if err != nil {
					t.Fatal(err)
				}
				for _, queryType := range []string{"bottlenecks", "jobs", "subtasks", "nodeGraph", "measure", "history", "timeline", "events", "variable", "scaling"} {
					query := `{"queryType": "` + queryType + `", "variable": "tasks", "jobs": ` + string(chosen) + `}`
					if answer := send(l.ctx, t, l, query)["A"]; answer.Error != nil {
						t.Errorf("%s: %v", queryType, answer.Error)
					}
				}
				shown := l.frame(t, `{"queryType": "bottlenecks", "jobs": `+string(chosen)+`}`)
				if got := slices.Sorted(slices.Values(cells(t, shown, "job"))); strings.Join(got, " ") != want {
					t.Errorf("the jobs are %q, want %q", got, want)
				}
			})
		})
	}
}

// A variable that has no value chooses all, which a notice says; one that does not exist
// stays as it is written, and is a name that nothing has.
func TestVariablesWithoutValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, sim.HeldBack("orders", 3, 2, 1))
		l.warm(t)
		for query, want := range map[string]string{
			`{"queryType": "tasks", "jobs": [""]}`:                         "The query's jobs are empty, as a variable without a value is: what is shown is of all of them.",
			`{"queryType": "subtasks", "tasks": [""], "jobs": ["orders"]}`: "The query's tasks are empty, as a variable without a value is: what is shown is of all of them.",
			`{"queryType": "tasks", "jobs": ["", "orders"]}`:               "",
			`{"queryType": "tasks", "jobs": ["$__all"]}`:                   "",
			`{"queryType": "tasks", "jobs": []}`:                           "",
		} {
			if got := strings.Join(notices(l.frame(t, query)), " "); got != want {
				t.Errorf("%s has the notices %q, want %q", query, got, want)
			}
		}
		checkError(t, send(l.ctx, t, l, `{"queryType": "tasks", "jobs": ["$job"]}`)["A"], 404, `There is no job "$job" in this time range: there is orders.`)
	})
}
