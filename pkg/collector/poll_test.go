package collector_test

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// After two fetches the snapshot has for each subtask how it truly spent its time,
// by its counters.
func TestSharesAreTheTrueOnes(t *testing.T) {
	for _, fetch := range []time.Duration{time.Second, 10 * time.Second} {
		t.Run(fetch.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				held := sim.HeldBack("orders", 4, 3, 2)
				c := collectorOf(t, &sim.Cluster{Version: "2.3.0", Fetch: fetch, Jobs: []*sim.Job{held}})
				info := listed(t, c)
				if first, _ := polled(t, c, info); first.Source != job.FromGauge60s {
					t.Errorf("the first poll's shares come from %q, want gauges", first.Source)
				}
				time.Sleep(11 * time.Second)
				snapshot, _ := polled(t, c, info)
				if snapshot.Source != job.FromCounters || snapshot.MeasuredTasks() != 4 {
					t.Errorf("%d tasks measured by %q, want 4 by counters", snapshot.MeasuredTasks(), snapshot.Source)
				}
				for i, task := range snapshot.Tasks {
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

// The gauges of a cluster before 1.17 average over 5 s, and the snapshot has which
// they are.
func TestSourceOfGaugesFollowsTheVersion(t *testing.T) {
	for version, want := range map[string]job.Source{
		"1.15.4": job.FromGauge5s, "1.16.3": job.FromGauge5s, "1.17.0": job.FromGauge60s, "2.3.0": job.FromGauge60s,
		"2.4-SNAPSHOT": job.FromGauge60s, "unreadable": job.FromGauge60s,
	} {
		t.Run(version, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := collectorOf(t, &sim.Cluster{Version: version, Fetch: fetch, Jobs: []*sim.Job{sim.HeldBack("orders", 2, 1, 1)}})
				if snapshot, _ := polled(t, c, listed(t, c)); snapshot.Source != want {
					t.Errorf("shares come from %q, want %q", snapshot.Source, want)
				}
			})
		})
	}
}

// Until the cluster has answered, its metric interval is Flink's default; then it
// is the cluster's, even while that is away.
func TestInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSampledCluster(t, access{}, collector.Options{})
		s.sim.Version, s.sim.Fetch = "1.16.3", 3*time.Second
		if got, known := s.Interval(); known || got != (job.MetricInterval{Fetch: 10 * time.Second, Gauge: job.FromGauge60s}) {
			t.Errorf("before any answer it is %+v, known %t", got, known)
		}
		if _, _, err := s.Collector.Cluster(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.fail(answering(http.StatusInternalServerError, ""))
		time.Sleep(time.Hour)
		if got, known := s.Interval(); !known || got != (job.MetricInterval{Fetch: 3 * time.Second, Gauge: job.FromGauge5s}) {
			t.Errorf("of a cluster that is away it is %+v, known %t", got, known)
		}
	})
}

// settling is how long fetched metrics take to arrive.
const settling = 200 * time.Millisecond

// took is how long a poll takes: by the bubble's clock, only the waits.
func took(t *testing.T, c *collector.Collector, info job.Info) (time.Duration, *job.Snapshot, int) {
	t.Helper()
	begun := time.Now()
	snapshot, requests := polled(t, c, info)
	return time.Since(begun), snapshot, requests
}

// A poll waits for the metrics that it makes the JobManager fetch, and for none
// where no fetch is due.
func TestPollWaitsOnlyForAFetchThatIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := collectorOf(t, &sim.Cluster{Version: "2.3.0", Fetch: fetch, Jobs: []*sim.Job{sim.HeldBack("orders", 4, 2, 2)}})
		info := listed(t, c)
		for _, each := range []struct {
			poll        string
			pause, want time.Duration
		}{
			{"the first", 0, settling},
			{"3 s later", 3 * time.Second, 0},
			{"6 s later", 3 * time.Second, 0},
			{"11 s later", 5 * time.Second, settling},
			{"14 s later", 3 * time.Second, 0},
			{"after an hour", time.Hour, settling},
		} {
			time.Sleep(each.pause)
			if waited, _, _ := took(t, c, info); waited != each.want {
				t.Errorf("%s waits %s, want %s", each.poll, waited, each.want)
			}
		}
	})
}

// Where fetching is off no fetch is ever due, and gauges are worth nothing.
func TestPollWaitsForNothingWhereFetchingIsOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := collectorOf(t, &sim.Cluster{Version: "2.3.0", Jobs: []*sim.Job{sim.HeldBack("orders", 4, 2, 2)}})
		info := listed(t, c)
		for range 3 {
			waited, snapshot, _ := took(t, c, info)
			if waited != 0 || snapshot.MeasuredTasks() != 0 || snapshot.Source != "" {
				t.Errorf("waited %s for %d measured tasks from %q, want none of all", waited, snapshot.MeasuredTasks(), snapshot.Source)
			}
			time.Sleep(11 * time.Second)
		}
	})
}

// The first poll of a job waits for the next fetch, and so has true shares, if
// that is due within a second; else it has Flink's averages at once.
func TestFirstPollWaitsForAFetchThatIsNear(t *testing.T) {
	const tasks = 3
	for name, each := range map[string]struct {
		after, wait time.Duration
		source      job.Source
		requests    int
	}{
		"far":  {5 * time.Second, 0, job.FromGauge60s, 1 + 2*tasks},
		"near": {9500 * time.Millisecond, 500*time.Millisecond + settling, job.FromCounters, 2 * (1 + tasks)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cluster := &sim.Cluster{Version: "2.3.0", Fetch: fetch, Jobs: []*sim.Job{sim.HeldBack("orders", 4, 2, 2), sim.HeldBack("payments", tasks, 2, 1)}}
				c := collectorOf(t, cluster)
				jobs, _, err := c.Jobs(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				begun := time.Now()
				polled(t, c, jobs[0])
				time.Sleep(each.after - time.Since(begun))
				waited, snapshot, requests := took(t, c, jobs[1])
				if waited.Round(10*time.Millisecond) != each.wait || requests != each.requests || snapshot.Source != each.source {
					t.Errorf("waited %s, %d requests, shares from %q; want %s, %d, %q", waited, requests, snapshot.Source, each.wait, each.requests, each.source)
				}
			})
		})
	}
}

// A job that runs and whose answer has no plan has tasks of which it is not known
// how they are connected: neither a source at its limit nor a bottleneck is named.
// A single task needs no plan.
func TestJobWithoutAPlan(t *testing.T) {
	withoutPlan := sim.Rewritten(func(body any) any {
		if answer, isObject := body.(map[string]any); isObject && answer["plan"] != nil {
			answer["plan"] = map[string]any{"nodes": []any{}}
		}
		return body
	})
	for _, tasks := range []int{1, 3} {
		t.Run(fmt.Sprint(tasks), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cluster := &sim.Cluster{Version: "2.3.0", Fetch: fetch, Jobs: []*sim.Job{sim.HeldBack("orders", tasks, 2, tasks-1)}}
				c := collectorOf(t, sim.Spoiled(cluster, withoutPlan))
				info := listed(t, c)
				polled(t, c, info)
				time.Sleep(11 * time.Second)
				verdict, _, err := c.Verdict(t.Context(), info)
				if err != nil {
					t.Fatal(err)
				}
				unknown, snapshot := tasks > 1, verdict.Snapshot
				if snapshot.Graph.EdgesUnknown != unknown || len(snapshot.Tasks) != tasks || snapshot.MeasuredTasks() != tasks {
					t.Errorf("%d of %d tasks measured, edges unknown %t", snapshot.MeasuredTasks(), len(snapshot.Tasks), snapshot.Graph.EdgesUnknown)
				}
				if (verdict.Kind == diagnosis.NotKnown) != unknown || (len(verdict.Roots) == 0) != unknown {
					t.Errorf("the verdict is %s, of %d root causes", verdict.Kind, len(verdict.Roots))
				}
				if graph, _, err := c.Graph(t.Context(), info); err != nil || graph.EdgesUnknown != unknown {
					t.Errorf("the graph's edges are unknown %t, %v", graph.EdgesUnknown, err)
				}
			})
		})
	}
}

// A job that begins anew has no tasks at first: it keeps the ones it had.
func TestJobWithoutTasksKeepsItsGraph(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSampledCluster(t, access{}, collector.Options{}, sim.HeldBack("orders", 3, 2, 1))
		info := listed(t, s.Collector)
		before, _ := polled(t, s.Collector, info)
		s.fail(s.below("/jobs/"+info.ID, answering(http.StatusOK, `{"jid":"`+info.ID+`","name":"orders","state":"INITIALIZING","vertices":[]}`)))
		time.Sleep(11 * time.Second)
		after, requests := polled(t, s.Collector, info)
		if after.Graph != before.Graph || len(after.Tasks) != 3 || after.MeasuredTasks() != 0 || requests != 1 || after.Job.State != "INITIALIZING" {
			t.Errorf("%d tasks, %d of them measured, of a job that is %s, after %d requests", len(after.Tasks), after.MeasuredTasks(), after.Job.State, requests)
		}
	})
}

// Jobs that have not ended come first, by their start, then the ended ones, newest
// first: a job that runs again has the name that its forerunner had.
func TestJobsInOrder(t *testing.T) {
	start := time.Date(2026, time.March, 4, 10, 0, 0, 0, time.UTC)
	at := func(name, state string, minute int) *sim.Job {
		made := sim.HeldBack(fmt.Sprint(name, minute), 1, 1, 0) // an id of its own
		made.Name, made.State, made.Start = name, state, start.Add(time.Duration(minute)*time.Minute)
		return made
	}
	cluster := &sim.Cluster{Version: "2.3.0", Fetch: fetch, Jobs: []*sim.Job{
		at("orders", "FAILED", 1), at("orders", "CANCELED", 2), at("clicks", "RUNNING", 4), at("orders", "RUNNING", 3),
	}}
	c := collectorOf(t, cluster)
	jobs, _, err := c.Jobs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, info := range jobs {
		got = append(got, info.Name+" "+string(info.State))
	}
	if want := []string{"orders RUNNING", "clicks RUNNING", "orders #2 CANCELED", "orders #3 FAILED"}; !slices.Equal(got, want) {
		t.Errorf("the jobs are %q, want %q", got, want)
	}
	if last := c.LastJobs(); !slices.Equal(last, jobs) {
		t.Errorf("the last ones are %v", last)
	}
}
