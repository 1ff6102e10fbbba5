package plugin_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// The details of a time that has passed are Prometheus', or not known: never
// those of now.
func TestDetailsOfThePast(t *testing.T) {
	const query = `{"queryType": "subtasks", "detail": true}`
	synctest.Test(t, func(t *testing.T) {
		l := sampling(t, sim.HeldBack("orders", 3, 1, 1))
		begin := time.Now()
		l.warm(t)
		time.Sleep(10 * time.Minute)
		over := backend.TimeRange{From: begin, To: begin.Add(5 * time.Minute)}
		shown := answer(t, queriedOver(l.ctx, t, l, over, nil, query), "A")
		if soft := strings.Join(cells(t, shown, "soft_backpressured"), " "); soft != "null null null" || !strings.Contains(strings.Join(notices(shown), " "), "are told of now alone") {
			t.Errorf("soft backpressure %q with the notices %q", soft, notices(shown))
		}
		if soft := cells(t, answer(t, queried(l.ctx, t, l, query), "A"), "soft_backpressured"); soft[0] == "null" {
			t.Errorf("of now, soft backpressure is %q", soft)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		l, _ := scrapedLab(t, sim.HeldBack("orders", 3, 1, 1))
		over := backend.TimeRange{From: time.Now().Add(-50 * time.Minute), To: time.Now().Add(-10 * time.Minute)}
		shown := answer(t, queriedOver(l.ctx, t, l, over, nil, query), "A")
		if soft := strings.Join(cells(t, shown, "soft_backpressured"), " "); soft != "0 0 0" || len(notices(shown)) > 0 {
			t.Errorf("soft backpressure %q with the notices %q", soft, notices(shown))
		}
	})
}
