package look_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/look"
)

// settling is how long fetched metrics take to arrive.
const settling = 200 * time.Millisecond

// took is how long a look takes: by the bubble's clock, only the waits.
func took(t *testing.T, k *look.Keeper, info job.Info) (time.Duration, *job.Snapshot, int) {
	t.Helper()
	begun := time.Now()
	taken, requests := looked(t, k, info)
	return time.Since(begun), taken, requests
}

// A look waits for the metrics that it makes the JobManager fetch, and for
// none where no fetch is due.
func TestLookWaitsOnlyForAFetchThatIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := keeper(t, &sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second, Jobs: []*sim.Job{sim.HeldBack("orders", 4, 2, 2)}})
		info := listed(t, k)
		for _, c := range []struct {
			look        string
			pause, want time.Duration
		}{
			{"the first", 0, settling},
			{"3 s later", 3 * time.Second, 0},
			{"6 s later", 3 * time.Second, 0},
			{"11 s later", 5 * time.Second, settling},
			{"14 s later", 3 * time.Second, 0},
			{"after an hour", time.Hour, settling},
		} {
			time.Sleep(c.pause)
			if waited, _, _ := took(t, k, info); waited != c.want {
				t.Errorf("%s waits %s, want %s", c.look, waited, c.want)
			}
		}
	})
}

// Where fetching is off no fetch is ever due, and gauges are worth nothing.
func TestLookWaitsForNothingWhereFetchingIsOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := keeper(t, &sim.Cluster{Version: "2.3.0", Jobs: []*sim.Job{sim.HeldBack("orders", 4, 2, 2)}})
		info := listed(t, k)
		for range 3 {
			waited, taken, _ := took(t, k, info)
			if waited != 0 || taken.MeasuredTasks() != 0 || taken.Source != "" {
				t.Errorf("waited %s for %d measured tasks from %q, want none of all", waited, taken.MeasuredTasks(), taken.Source)
			}
			time.Sleep(11 * time.Second)
		}
	})
}

// The first look at a job waits for the next fetch, and so has true shares, if
// that is due within a second; else it has Flink's averages at once.
func TestFirstLookWaitsForAFetchThatIsNear(t *testing.T) {
	const tasks = 3
	for name, c := range map[string]struct {
		after, wait time.Duration
		source      job.Source
		requests    int
	}{
		"far":  {5 * time.Second, 0, job.FromGauge60s, 1 + 2*tasks},
		"near": {9500 * time.Millisecond, 500*time.Millisecond + settling, job.FromCounters, 2 * (1 + tasks)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cluster := &sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second, Jobs: []*sim.Job{sim.HeldBack("orders", 4, 2, 2), sim.HeldBack("payments", tasks, 2, 1)}}
				k := keeper(t, cluster)
				jobs, _, err := k.Jobs(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				begun := time.Now()
				looked(t, k, jobs[0])
				time.Sleep(c.after - time.Since(begun))
				waited, taken, requests := took(t, k, jobs[1])
				if waited.Round(10*time.Millisecond) != c.wait || requests != c.requests || taken.Source != c.source {
					t.Errorf("waited %s, %d requests, shares from %q; want %s, %d, %q", waited, requests, taken.Source, c.wait, c.requests, c.source)
				}
			})
		})
	}
}
