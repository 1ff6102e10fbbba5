package plugin_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// A variable lists the names of the time at the end of the dashboard's range:
// also of a job that Flink has forgotten, and not of one that came later.
func TestVariablesOfThePast(t *testing.T) {
	for query, want := range map[string]struct{ then, now string }{
		`"clusters"`:                           {"default", "default"},
		`"jobs"`:                               {"orders", "clicks"},
		`"tasks"`:                              {"task-0 task-1 task-2", "task-0 task-1"},
		`"tasks", "tasks": ["/[12]$/"]`:        {"task-1 task-2", "task-1"},
		`"subtasks"`:                           {"0 1 2 3", "0 1"},
		`"subtasks", "jobs": ["/clicks/"]`:     {"", "0 1"},
		`"taskmanagers"`:                       {"tm-1", "tm-1"},
		`"taskmanagers", "jobs": ["/clicks/"]`: {"", "tm-1"},
	} {
		t.Run(query, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var flink replaceable
				l := sampling(t, sim.HeldBack("orders", 3, 4, 1))
				flink.Store(l.Cluster)
				l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": &flink})
				begin := time.Now()
				answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
				time.Sleep(5 * time.Minute)
				flink.Store(&sim.Cluster{Version: l.Version, Fetch: l.Fetch, Jobs: []*sim.Job{sim.HeldBack("clicks", 2, 2, 1)}})
				time.Sleep(5 * time.Minute)
				over := backend.TimeRange{From: begin, To: begin.Add(4 * time.Minute)}
				for names, over := range map[string]backend.TimeRange{"then " + want.then: over, "now " + want.now: now()} {
					when, names, _ := strings.Cut(names, " ")
					shown := answer(t, queriedOver(l.ctx, t, l, over, nil, `{"queryType": "variable", "variable": `+query+`}`), "A")
					if got := strings.Join(cells(t, shown, "value"), " "); got != names {
						t.Errorf("%s it lists %q, want %q; %q", when, got, names, notices(shown))
					}
				}
			})
		})
	}
}

// Of a time that nothing reaches back to there are no names, and that is said.
func TestVariablesOfATimeThatNobodyRemembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := sampling(t, sim.HeldBack("orders", 3, 4, 1))
		over := backend.TimeRange{From: time.Now().Add(-2 * time.Hour), To: time.Now().Add(-time.Hour)}
		shown := answer(t, queriedOver(l.ctx, t, l, over, nil, `{"queryType": "variable", "variable": "jobs"}`), "A")
		if shown.Rows() != 0 || !strings.Contains(strings.Join(notices(shown), " "), "nothing is remembered of its end") {
			t.Errorf("%d names with the notices %q", shown.Rows(), notices(shown))
		}
	})
}
