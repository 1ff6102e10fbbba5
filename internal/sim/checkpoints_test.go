package sim_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/flinktest"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// A job makes a checkpoint each interval while it runs, of which the last ten are
// remembered; one that lasts too long times out, and one under way at a restart fails.
func TestCheckpoints(t *testing.T) {
	const expired, suspended = "Checkpoint expired before completing.", "Checkpoint Coordinator is suspending."
	for name, c := range map[string]struct {
		every, timeout            time.Duration
		phases                    []sim.Phase
		completed, failed, listed int64
		failure                   string
	}{
		"never":         {0, 0, nil, 0, 0, 0, ""},
		"each minute":   {time.Minute, 0, nil, 59, 0, 10, ""},
		"all time out":  {time.Minute, time.Second, nil, 0, 59, 10, expired},
		"none finishes": {2 * time.Second, 0, []sim.Phase{{Lasts: 3 * time.Second}, {Lasts: time.Hour, State: "RESTARTING"}}, 0, 1, 1, suspended},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				held := sim.HeldBack("orders", 3, 2, 1)
				held.Checkpoints, held.CheckpointTimeout, held.Phases = c.every, c.timeout, c.phases
				got, err := client(t, &sim.Cluster{Version: "2.3.0", Jobs: []*sim.Job{held}}).Checkpoints(t.Context(), held.ID)
				if err != nil || got.Counts.Completed != c.completed || got.Counts.Failed != c.failed || int64(len(got.History)) != c.listed || got.Latest.Failed.Failure != c.failure {
					t.Errorf("%+v, %d listed, %q, %v", got.Counts, len(got.History), got.Latest.Failed.Failure, err)
				}
			})
		})
	}
}

// The answers have the members that a real Flink's have and the plugin reads.
func TestCheckpointsAreLikeReal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, version := range []string{"1.13.6", "1.17.2", "1.20.5", "2.3.0"} {
			real := client(t, flinktest.Recording(t, version, "checkpoint-bp"))
			cluster := ready(t, version, "bottleneck")
			simulated := client(t, cluster)
			jobs, err := real.Jobs(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			a, errA := real.Checkpoints(t.Context(), jobs[0].ID)
			b, errB := simulated.Checkpoints(t.Context(), cluster.Jobs[0].ID)
			if errA != nil || errB != nil {
				t.Fatal(errA, errB)
			}
			x, y := a.Latest.Completed, b.Latest.Completed
			if x.Type != y.Type || x.Status != y.Status || x.CheckpointedSize.Reported != y.CheckpointedSize.Reported || y.Duration != y.LatestAck-y.Trigger || y.Acknowledged != y.Subtasks || y.Subtasks == 0 {
				t.Errorf("%s: %+v, and really %+v", version, y, x)
			}
			details, err := simulated.Checkpoint(t.Context(), cluster.Jobs[0].ID, y.ID)
			if err != nil || len(details.Tasks) != len(cluster.Jobs[0].Tasks) {
				t.Errorf("%s: %+v, %v", version, details, err)
			}
			for i, task := range cluster.Jobs[0].Tasks {
				subtasks, err := simulated.SubtaskCheckpoints(t.Context(), cluster.Jobs[0].ID, y.ID, task.ID)
				if err != nil || len(subtasks) != task.Parallelism || !subtasks[0].Acknowledged() || subtasks[0].Duration > y.Duration || subtasks[0].StartDelay+subtasks[0].Alignment.Duration > subtasks[0].Duration {
					t.Errorf("%s: task %d has %+v, %v", version, i, subtasks, err)
				}
			}
			for _, path := range []string{"/checkpoints/details/1", "/checkpoints/details/99999", "/checkpoints/nothing", "/checkpoints/details/" + "1/subtasks/00000000000000000000000000000000"} {
				if status, body := get(cluster, "/jobs/"+cluster.Jobs[0].ID+path); status != http.StatusNotFound {
					t.Errorf("%s: %s is %d: %s", version, path, status, body)
				}
			}
		}
	})
}

// A job that fails again and again has an exception for each time, of which the last 16
// are remembered; one that is rescaled has none.
func TestExceptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, version := range []string{"1.13.6", "1.18.1", "2.3.0"} {
			cluster := ready(t, version, "failing", "rescaled", "restarted")
			time.Sleep(2 * time.Minute)
			for i, want := range []int{16, 0, 1} {
				got, err := client(t, cluster).Exceptions(t.Context(), cluster.Jobs[i].ID)
				if err != nil || len(got) != want {
					t.Errorf("%s: %s has %d exceptions, %v", version, cluster.Jobs[i].Name, len(got), err)
				}
				for _, each := range got {
					if each.Host() == "" || (each.TaskManagerID != "") == (version == "1.13.6") || (len(each.Labels) > 0) == (version == "1.13.6") || each.Timestamp > time.Now().UnixMilli() {
						t.Errorf("%s: %+v", version, each)
					}
				}
			}
		}
	})
}
