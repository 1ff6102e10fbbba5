package job_test

import (
	"math"
	"testing"
	"testing/quick"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Whatever the counters, noise below zero included, known shares are 0 to 1
// and add up to 1.
func TestSharesAddUpToOne(t *testing.T) {
	addUp := func(idle, busy, backpressured int32) bool {
		c := job.Counters{Idle: millis(idle), Busy: millis(busy), Backpressured: millis(backpressured)}
		s := c.Shares()
		if idle <= 0 && busy <= 0 && backpressured <= 0 {
			return !s.Known() && !s.Idle.Known() && !s.Busy.Known()
		}
		sum := s.Idle + s.Busy + s.Backpressured
		return math.Abs(float64(sum)-1) < 1e-9 && min(s.Idle, s.Busy, s.Backpressured) >= 0
	}
	if err := quick.Check(addUp, nil); err != nil {
		t.Error(err)
	}
}

func millis(n int32) time.Duration { return time.Duration(n%100_000) * time.Millisecond }

// An unfinished wait counts as busy until it ends: a difference may be negative.
func TestNoiseBelowZeroIsClamped(t *testing.T) {
	spent := job.Counters{Idle: 300 * time.Millisecond, Busy: -286 * time.Millisecond, Backpressured: 9986 * time.Millisecond}
	if s := spent.Shares(); s.Busy != 0 || s.Backpressured < 0.97 || s.Backpressured > 1 {
		t.Errorf("got %+v", s)
	}
}

// What is unknown compares as false with everything, so that it never counts
// as busy or as backpressured.
func TestUnknownIsNeverAboveAnything(t *testing.T) {
	if u := job.Unknown; u.Known() || u > 0 || u < 1 || u == 0 || u.Percent() != 0 {
		t.Errorf("unknown compares as known")
	}
}
