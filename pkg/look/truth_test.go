package look_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// After two fetches the snapshot says of each subtask how it truly spent its
// time, by its counters.
func TestSharesAreTheTrueOnes(t *testing.T) {
	for _, fetch := range []time.Duration{time.Second, 10 * time.Second} {
		t.Run(fetch.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				held := sim.HeldBack("orders", 4, 3, 2)
				k := keeper(t, &sim.Cluster{Version: "2.3.0", Fetch: fetch, Jobs: []*sim.Job{held}})
				info := listed(t, k)
				if first, _ := looked(t, k, info); first.Source != job.FromGauge60s {
					t.Errorf("the first look's shares come from %q, want gauges", first.Source)
				}
				time.Sleep(11 * time.Second)
				taken, _ := looked(t, k, info)
				if taken.Source != job.FromCounters || taken.MeasuredTasks() != 4 {
					t.Errorf("%d tasks measured by %q, want 4 by counters", taken.MeasuredTasks(), taken.Source)
				}
				for i, task := range taken.Tasks {
					for s, load := range task.Subtasks {
						match(t, held.Load(i, s, time.Now()), load)
					}
					if rate := 3 * held.Load(i, 0, time.Now()).RecordsIn; math.Abs(task.RecordsIn-rate) > 1 {
						t.Errorf("task %d reads %f records a second, want %f", i, task.RecordsIn, rate)
					}
				}
			})
		})
	}
}

// match compares a subtask's shares with its true load: Flink's counters are
// whole milliseconds.
func match(t *testing.T, truth sim.Load, load job.SubtaskLoad) {
	t.Helper()
	for _, c := range []struct {
		name string
		want float64
		got  job.Share
	}{{"idle", truth.Idle, load.Idle}, {"busy", truth.Busy, load.Busy}, {"backpressured", truth.Backpressured, load.Backpressured}} {
		if !(math.Abs(float64(c.got)-c.want) < 0.001) {
			t.Errorf("subtask %d is %s %f of the time, want %f", load.Subtask, c.name, c.got, c.want)
		}
	}
	if load.Host != "host-1" || load.TaskManager != "tm-1" || load.State != job.Running || load.Why != "" {
		t.Errorf("subtask %d is %s on %q at %q, unknown as %q", load.Subtask, load.State, load.Host, load.TaskManager, load.Why)
	}
}

// The gauges of a cluster before 1.17 average over 5 s, and the snapshot says
// which they are.
func TestSourceOfGaugesFollowsTheVersion(t *testing.T) {
	for version, want := range map[string]job.Source{
		"1.16.3": job.FromGauge5s, "1.17.0": job.FromGauge60s, "2.3.0": job.FromGauge60s, "2.4-SNAPSHOT": job.FromGauge60s, "unreadable": job.FromGauge60s,
	} {
		t.Run(version, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := keeper(t, &sim.Cluster{Version: version, Fetch: 10 * time.Second, Jobs: []*sim.Job{sim.HeldBack("orders", 2, 1, 1)}})
				if taken, _ := looked(t, k, listed(t, k)); taken.Source != want {
					t.Errorf("shares come from %q, want %q", taken.Source, want)
				}
			})
		})
	}
}
