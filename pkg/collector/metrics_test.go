package collector_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// What a collector has is counted, and how old its newest and its oldest sample are of
// jobs that are sampled or that somebody looks at.
func TestState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sampling(t, access{}, 10*time.Minute, sim.HeldBack("orders", 3, 2, 1), sim.HeldBack("payments", 2, 1, 1))
		check := func(when string, jobs, sampled, subtasks int, down bool, maxAge time.Duration) {
			t.Helper()
			state := s.State(time.Now())
			if state.Jobs != jobs || state.Sampled != sampled || state.Subtasks != subtasks || !state.Known || state.Down != down {
				t.Errorf("%s: %+v", when, state)
			}
			if state.Oldest.IsZero() != (maxAge == 0) || state.Oldest.After(state.Newest) || maxAge > 0 && time.Since(state.Oldest) > maxAge {
				t.Errorf("%s: the samples are of %s to %s, at %s", when, state.Oldest, state.Newest, time.Now())
			}
		}
		time.Sleep(5 * time.Minute)
		check("while jobs are sampled", 2, 2, 8, false, fetch+time.Second)
		s.fail(answering(503, ""))
		time.Sleep(time.Minute)
		check("while the cluster is away", 2, 2, 8, true, time.Minute+fetch)
		s.fail(nil)
		time.Sleep(10 * time.Minute)
		check("when nobody has asked for long", 2, 0, 8, false, 0)
	})
}
