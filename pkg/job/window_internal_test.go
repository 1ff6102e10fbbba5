package job

import (
	"testing"
	"time"
)

// An hour of samples of a subtask whose counters move with each leaves no more
// than a window's worth of points, whatever the interval.
func TestCounterWindowIsBounded(t *testing.T) {
	start := time.Now()
	for _, every := range []time.Duration{100 * time.Millisecond, time.Second, 10 * time.Second} {
		interval := MetricInterval{Fetch: every, Gauge: FromGauge60s}
		var window counterWindow
		for after := every; after < time.Hour; after += every {
			counters := Counters{Busy: after}
			window.add(&SubtaskSample{Counters: &counters, Start: start}, start.Add(after), interval)
			if most := int(interval.MinWindow()/every) + 2; len(window.points) > most {
				t.Fatalf("%d points kept after %s, want at most %d", len(window.points), after, most)
			}
		}
	}
}
