package plugin_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// While a job is sampled every moment of the past is answered, however seldom
// looks bring something new.
func TestEveryMomentIsAnswered(t *testing.T) {
	for name, c := range map[string]struct {
		version string
		fetch   time.Duration
		state   string
	}{
		"a fetch every 10 s":         {"2.3.0", 10 * time.Second, "RUNNING"},
		"a fetch a second":           {"2.3.0", time.Second, "RUNNING"},
		"a fetch a minute":           {"2.3.0", time.Minute, "RUNNING"},
		"a fetch every five minutes": {"2.3.0", 5 * time.Minute, "RUNNING"},
		"fetching is off":            {"2.3.0", 0, "RUNNING"},
		"it restarts":                {"2.3.0", 10 * time.Second, "RESTARTING"},
		"it restarts, fast fetches":  {"2.3.0", time.Second, "RESTARTING"},
		"gauges that stand still":    {"1.15.4", 5 * time.Second, "RUNNING"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				orders := sim.HeldBack("orders", 2, 2, 1)
				orders.State = c.state
				l := sampling(t, orders)
				l.Version, l.Fetch = c.version, c.fetch
				begin := time.Now()
				answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
				time.Sleep(40 * time.Minute)
				for after := 5 * time.Minute; after < 35*time.Minute; after += 7 * time.Second {
					over := backend.TimeRange{From: begin, To: begin.Add(after)}
					for _, measure := range []string{"running", "up", "busy"} {
						response := queriedOver(l.ctx, t, l, over, fromAlert, `{"queryType": "measure", "measure": "`+measure+`"}`)["A"]
						if response.Error != nil || len(response.Frames[0].Fields) != 1 {
							t.Fatalf("%s after %s: %v", measure, after, response.Error)
						}
					}
				}
			})
		})
	}
}

// Around the time when a job was deployed anew each series has a name of its
// own, and the job that was cancelled is told of only where it is named.
func TestMomentsOfAJobDeployedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := sim.HeldBack("orders", 2, 2, 1), sim.HeldBack("orders", 2, 2, 1)
		l := sampling(t, sim.HeldBack("orders", 2, 2, 1))
		var flink replaceable
		flink.Store(l.Cluster)
		l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": &flink})
		answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
		time.Sleep(5 * time.Minute)
		anew := time.Now()
		first.State, second.ID, second.Start = "CANCELED", strings.Repeat("cd", 16), anew
		flink.Store(&sim.Cluster{Version: l.Version, Fetch: l.Fetch, Jobs: []*sim.Job{first, second}})
		answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
		time.Sleep(5 * time.Minute)
		for after := -30 * time.Second; after < 2*time.Minute; after += 5 * time.Second {
			over := backend.TimeRange{From: anew.Add(-time.Minute), To: anew.Add(after)}
			for _, query := range []string{`{"queryType": "measure", "measure": "busy"}`, `{"queryType": "measure", "measure": "running"}`, `{"queryType": "measure", "by": "task"}`} {
				var labels []string
				for _, field := range answer(t, queriedOver(l.ctx, t, l, over, fromAlert, query), "A").Fields {
					labels = append(labels, field.Labels.String())
				}
				if distinct := slices.Compact(slices.Sorted(slices.Values(labels))); len(distinct) != len(labels) || len(labels) == 0 {
					t.Errorf("%s %s after it was deployed anew: %q", query, after, labels)
				}
			}
			if jobs := cells(t, answer(t, queriedOver(l.ctx, t, l, over, nil, `{"queryType": "jobs"}`), "A"), "job_id"); after >= 10*time.Second && (len(jobs) != 1 || jobs[0] != second.ID) {
				t.Errorf("%s after it was deployed anew there are %q", after, jobs)
			}
		}
	})
}
