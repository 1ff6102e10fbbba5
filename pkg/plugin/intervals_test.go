package plugin_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// However often a panel refreshes or a rule is evaluated, a steady job's
// verdict is steady, noise in the counters or not; and up to every minute and
// a fetch it comes from counters, all but the first.
func TestVerdictIsSteadyAtAnyInterval(t *testing.T) {
	verdicts := map[string]string{"bottleneck": "[capacity] [slow-window]", "skew": "[skew] [aggregate]", "healthy": "[none] [null]"}
	for every, source := range map[time.Duration]job.Source{
		time.Second: job.FromCounters, 10 * time.Second: job.FromCounters, 30 * time.Second: job.FromCounters,
		time.Minute: job.FromCounters, 69 * time.Second: job.FromCounters,
		90 * time.Second: job.FromGauge60s, 10 * time.Minute: job.FromGauge60s,
	} {
		for name, want := range verdicts {
			t.Run(fmt.Sprintf("%s every %s", name, every), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ready, err := sim.Ready("2.3.0", name)
					if err != nil {
						t.Fatal(err)
					}
					l := inLab(t, ready.Jobs...)
					l.Noise = 286 * time.Millisecond
					begun := time.Now()
					for range 60 {
						shown := answer(t, queried(l.ctx, t, l, `{"queryType": "bottlenecks"}`), "A")
						if got := fmt.Sprint(cells(t, shown, "kind"), cells(t, shown, "task")); got != want {
							t.Fatalf("after %s: %s, want %s", time.Since(begun), got, want)
						}
						got := *shown.Meta.Custom.(frame.Custom).Source
						if time.Since(begun) > 12*time.Second && got != source {
							t.Fatalf("after %s: shares from %s, want %s", time.Since(begun), got, source)
						}
						time.Sleep(every)
					}
				})
			})
		}
	}
}
