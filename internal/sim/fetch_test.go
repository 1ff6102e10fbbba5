package sim_test

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
)

// window reads the task with the slow window, whose counters show how old the
// metrics are.
func window(t *testing.T, c *flink.Client, job *sim.Job) flink.Subtask {
	t.Helper()
	task, err := c.Task(t.Context(), job.ID, job.Tasks[2].ID, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return task.Subtasks[0]
}

// ran is how long the subtask has run by its counters.
func ran(subtask flink.Subtask) time.Duration {
	m := subtask.Metrics
	return time.Duration(math.Round(float64(m.Idle.Number+m.Busy.Number+m.Backpressured.Number))) * time.Millisecond
}

// Metrics are fetched when a request makes the JobManager do so, once more
// than the interval has passed. That request still gets the old values.
func TestMetricsMoveOnDemand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := ready(t, "2.3.0", "bottleneck")
		c, job := client(t, cluster), cluster.Jobs[0]
		age := func() time.Duration { return time.Since(job.Start) - ran(window(t, c, job)) }
		for _, step := range []struct {
			what        string
			pause, want time.Duration
		}{
			{"at once", 0, time.Hour},
			{"a moment later", 200 * time.Millisecond, 200 * time.Millisecond},
			{"while none is due", 9800 * time.Millisecond, 10 * time.Second},
			{"the triggering request", time.Second, 11 * time.Second},
			{"40 ms later", 40 * time.Millisecond, 11040 * time.Millisecond},
			{"200 ms later", 160 * time.Millisecond, 200 * time.Millisecond},
			{"after a minute", time.Minute, time.Minute + 200*time.Millisecond},
			{"and then", 200 * time.Millisecond, 200 * time.Millisecond},
		} {
			time.Sleep(step.pause)
			if got := age(); got != step.want {
				t.Errorf("%s metrics are %s old, want %s", step.what, got, step.want)
			}
		}
	})
}

// Some requests make the JobManager fetch, others do not.
func TestWhatTriggersAFetch(t *testing.T) {
	for what, c := range map[string]struct {
		request  func(context.Context, *flink.Client, *sim.Job) error
		triggers bool
	}{
		"the list of jobs": {func(ctx context.Context, c *flink.Client, _ *sim.Job) error { _, err := c.Jobs(ctx); return err }, false},
		"the overview":     {func(ctx context.Context, c *flink.Client, _ *sim.Job) error { _, err := c.Overview(ctx); return err }, false},
		"TaskManagers": {func(ctx context.Context, c *flink.Client, _ *sim.Job) error {
			_, err := c.TaskManagers(ctx)
			return err
		}, false},
		"the job": {func(ctx context.Context, c *flink.Client, j *sim.Job) error { _, err := c.Job(ctx, j.ID); return err }, true},
		"a task": {func(ctx context.Context, c *flink.Client, j *sim.Job) error {
			_, err := c.Task(ctx, j.ID, j.Tasks[0].ID, nil, 0)
			return err
		}, true},
		"its backpressure": {func(ctx context.Context, c *flink.Client, j *sim.Job) error {
			_, err := c.Backpressure(ctx, j.ID, j.Tasks[0].ID)
			return err
		}, true},
		"metrics of the job": {func(ctx context.Context, c *flink.Client, j *sim.Job) error {
			_, err := c.Restarts(ctx, j.ID)
			return err
		}, true},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cluster := ready(t, "2.3.0", "bottleneck")
				requested := client(t, cluster)
				if err := c.request(t.Context(), requested, cluster.Jobs[0]); err != nil {
					t.Fatal(err)
				}
				time.Sleep(200 * time.Millisecond)
				if complete := window(t, requested, cluster.Jobs[0]).Metrics.ReadRecordsComplete; complete != c.triggers {
					t.Errorf("metrics are there: %t, want %t", complete, c.triggers)
				}
			})
		})
	}
}

// Where fetching is off there is never anything.
func TestFetchingOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := ready(t, "2.3.0", "bottleneck")
		cluster.Fetch = 0
		c, job := client(t, cluster), cluster.Jobs[0]
		for range 3 {
			pressure, err := c.Backpressure(t.Context(), job.ID, job.Tasks[2].ID)
			if err != nil || pressure.Status != "deprecated" || len(pressure.Subtasks) > 0 {
				t.Errorf("got %+v, %v", pressure, err)
			}
			if metrics := window(t, c, job).Metrics; metrics.ReadRecordsComplete || metrics.Busy.Number != 0 {
				t.Errorf("got %+v", metrics)
			}
			if restarts, err := c.Restarts(t.Context(), job.ID); err != nil || restarts.Known() {
				t.Errorf("%v restarts, %v", restarts, err)
			}
			time.Sleep(11 * time.Second)
		}
	})
}

// Flink returns a job's states as they were up to 3 s ago.
func TestStatesAreCached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := ready(t, "2.3.0", "bottleneck")
		job := cluster.Jobs[0]
		job.Phases = []sim.Phase{{Lasts: time.Hour + time.Second}, {State: "CANCELED"}}
		c := client(t, cluster)
		for _, want := range []string{"RUNNING", "RUNNING", "CANCELED"} {
			answer, err := c.Job(t.Context(), job.ID)
			if err != nil || answer.State != want {
				t.Errorf("%s after the start the job is %s, %v; want %s", time.Since(job.Start), answer.State, err, want)
			}
			time.Sleep(2 * time.Second)
		}
	})
}

// The gauges average over 5 s up to 1.16 and over a minute from 1.17 on;
// counters say what was.
func TestGaugesAverage(t *testing.T) {
	for version, want := range map[string]float64{"1.13.6": 1, "1.16.3": 1, "1.17.2": 0.25, "2.3.0": 0.25} {
		t.Run(version, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				job := sim.New("burst", sim.Task{Capacity: 100, Rate: 1e-9})
				job.Phases = []sim.Phase{{Lasts: time.Hour}, {Change: func(tasks []sim.Task) { tasks[0].Rate = 0 }}}
				c := client(t, &sim.Cluster{Version: version, Fetch: time.Second, Jobs: []*sim.Job{job}})
				time.Sleep(15 * time.Second)
				busy := func() float64 {
					pressure, err := c.Backpressure(t.Context(), job.ID, job.Tasks[0].ID)
					if err != nil {
						t.Fatal(err)
					}
					if len(pressure.Subtasks) == 0 {
						return 0
					}
					return float64(pressure.Subtasks[0].Busy)
				}
				busy()
				time.Sleep(200 * time.Millisecond)
				// A gauge is up to 5 s old.
				if got := busy(); got > want || got < want-5./60 && want < 1 || want == 1 && got != 1 {
					t.Errorf("busy %f, want about %f", got, want)
				}
			})
		})
	}
}

// In its first 5 to 8 s a task reads busy, whatever it does.
func TestWarmUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := ready(t, "2.3.0", "just-submitted")
		cluster.Fetch = 500 * time.Millisecond
		job := cluster.Jobs[0]
		c := client(t, cluster)
		const begins = time.Second // then it has slots
		for second := range 20 {
			pressure, err := c.Backpressure(t.Context(), job.ID, job.Tasks[3].ID)
			if err != nil {
				t.Fatal(err)
			}
			since := time.Since(job.Start) - begins
			switch {
			case len(pressure.Subtasks) == 0:
				if since > 5*time.Second {
					t.Errorf("nothing after %d s", second)
				}
			case since < 5*time.Second && pressure.Subtasks[0].Busy != 1, since > 12*time.Second && pressure.Subtasks[0].Busy > 0.1:
				t.Errorf("busy %f after %d s", pressure.Subtasks[0].Busy, second)
			}
			time.Sleep(time.Second)
		}
	})
}
