package plugin_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// A Prometheus that scrapes two clusters whose jobs have one id cannot tell
// which is which: that is told, whatever the other job is.
func TestPrometheusScrapesTwoClusters(t *testing.T) {
	const told = "Prometheus at http://prometheus:9090 scrapes two clusters with job %s (on TaskManagers tm-1 and tm-2) at one time, and they cannot be told apart: give each cluster a Prometheus or a tenant of its own."
	orders := func() *sim.Job { return sim.HeldBack("orders", 3, 1, 1) }
	others := map[string]*sim.Job{"the same job": orders(), "another job": sim.HeldBack("payments", 4, 2, 2), "another job of the same name": sim.HeldBack("payments", 4, 2, 2)}
	others["another job of the same name"].Name = "orders"
	for name, other := range others {
		other.ID = orders().ID
		for _, forgotten := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, forgotten by Flink %t", name, forgotten), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l, prometheus := scrapedLab(t, orders())
					now := time.Now()
					prometheus.attempts = append(prometheus.attempts, attemptsOf(other, "tm-2", now.Add(-time.Hour), now.Add(time.Hour))...)
					if forgotten {
						l.Jobs = nil
					} else {
						answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
					}
					want := fmt.Sprintf(told, other.ID)
					over := backend.TimeRange{From: now.Add(-50 * time.Minute), To: now.Add(-10 * time.Minute)}
					for _, query := range append(slices.Clone(overTime), atItsEnd...) {
						shown := answer(t, queriedOver(l.ctx, t, l, over, nil, query), "A")
						if got := strings.Join(notices(shown), " "); !strings.HasSuffix(got, want) || known(shown) {
							t.Errorf("%s: %d rows with the notices %q", query, shown.Rows(), got)
						}
						if rule := queriedOver(l.ctx, t, l, over, fromAlert, query)["A"]; numeric(query) && (rule.Error == nil || rule.Error.Error() != want) {
							t.Errorf("%s: an alert rule gets %v", query, rule.Error)
						}
					}
				})
			})
		}
	}
}

// Nor can it tell apart the jobs of one id that two clusters behind the data
// source have, though it may have scraped but one of them at the time.
func TestOneJobIDInTwoClusters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		west, east := inLab(t, sim.HeldBack("orders", 3, 1, 1)), inLab(t, sim.HeldBack("payments", 3, 1, 1), sim.HeldBack("returns", 3, 1, 1))
		east.Jobs[0].ID = west.Jobs[0].ID
		now := time.Now()
		prometheus := &fakePrometheus{attempts: attemptsOf(east.Jobs[0], "tm-1", now.Add(-time.Hour), now)}
		prometheus.attempts = append(prometheus.attempts, attemptsOf(east.Jobs[1], "tm-2", now.Add(-time.Hour), now)...)
		west.source = open(t, with(map[string]any{
			"url": "http://west", "clusterName": "west", "clusters": []map[string]string{{"name": "east", "url": "http://east"}},
			"prometheus": map[string]any{"url": "http://prometheus:9090"},
		}))
		west.ctx = inMemory(t.Context(), map[string]http.Handler{"west": west.Cluster, "east": east.Cluster, "prometheus:9090": prometheus})
		answer(t, queried(west.ctx, t, west, `{"queryType": "tasks"}`), "A")
		over := backend.TimeRange{From: now.Add(-50 * time.Minute), To: now.Add(-10 * time.Minute)}
		for _, query := range append(slices.Clone(overTime), `{"queryType": "tasks"}`, `{"queryType": "measure"}`) {
			shown := queriedOver(west.ctx, t, west, over, nil, query)["A"]
			told := strings.Join(notices(answer(t, map[string]backend.DataResponse{"A": shown}, "A")), " ")
			for _, want := range []string{
				"The clusters west and east both have a job " + west.Jobs[0].ID + ", which Prometheus cannot tell apart: give each a data source and a Prometheus, or a tenant, of its own.",
				"The clusters east and west both have a job ",
			} {
				if !strings.Contains(told, want) {
					t.Errorf("%s: the notices are %q", query, told)
				}
			}
			for _, frame := range shown.Frames {
				for _, field := range frame.Fields {
					if name := field.Labels["job"]; name != "" && name != "returns" && known(data.NewFrame("", field)) {
						t.Errorf("%s: there is a series of %s", query, name)
					}
				}
			}
		}
	})
}
