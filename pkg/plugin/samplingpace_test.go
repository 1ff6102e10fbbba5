package plugin_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// However often a dashboard refreshes, no fetch of Flink's metrics is missed,
// and none is remembered twice.
func TestRefreshesDoNotSlowSampling(t *testing.T) {
	for _, every := range []time.Duration{3 * time.Second, 5 * time.Second, 7 * time.Second, 9 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute, 10 * time.Minute} {
		t.Run("every "+every.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := sampling(t, sim.HeldBack("orders", 3, 2, 1))
				for begun := time.Now(); time.Since(begun) < 10*time.Minute; time.Sleep(every) {
					answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
				}
				shown := answer(t, queried(l.ctx, t, l, `{"queryType": "timeline"}`), "A")
				if looks := shown.Rows(); looks < 54 || looks > 62 {
					t.Errorf("%d looks in ten minutes", looks)
				}
			})
		})
	}
}
