package plugin_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/sim"
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
