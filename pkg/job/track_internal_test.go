package job

import (
	"testing"
	"time"
)

// An hour of looks, ten a second, at a subtask whose counters move with each
// leaves no more than a window's worth of readings.
func TestTrackIsBounded(t *testing.T) {
	begun := time.Now()
	for _, every := range []time.Duration{100 * time.Millisecond, time.Second, 10 * time.Second} {
		pace := Pace{Fetch: every, Gauge: FromGauge60s}
		var kept track
		for after := every; after < time.Hour; after += every {
			counters := Counters{Busy: after}
			kept = kept.with(Reading{Counters: &counters, Start: begun}, &Look{At: begun.Add(after)}, pace)
			if most := int(pace.Least()/every) + 2; len(kept.points) > most {
				t.Fatalf("%d readings kept after %s, want at most %d", len(kept.points), after, most)
			}
		}
	}
}
