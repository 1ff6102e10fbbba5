package collector_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// A task that fails is unknown, with its error; the others are known.
func TestTaskThatFailsCostsItselfAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := sim.HeldBack("orders", 10, 2, 5)
		cluster := &sim.Cluster{Version: "2.3.0", Fetch: fetch, Jobs: []*sim.Job{held}}
		c := collectorOf(t, sim.Spoiled(cluster, sim.On("/vertices/"+held.Tasks[3].ID, sim.Failing())))
		snapshot, _ := polled(t, c, listed(t, c))
		for i, task := range snapshot.Tasks {
			switch {
			case i != 3 && (task.Err != nil || !task.Known()):
				t.Errorf("task %d is known: %t, %v", i, task.Known(), task.Err)
			case i == 3 && (!remote.IsKind(task.Err, remote.Failing) || strings.Contains(task.Err.Error(), "org.apache")):
				t.Errorf("the task that failed has the error %v", task.Err)
			case i == 3 && (task.Known() || len(task.Subtasks) != 2 || task.Subtasks[0].Why != job.NoAnswer):
				t.Errorf("the task that failed has the load %+v", task)
			}
		}
	})
}

// A task whose gauges fail keeps what is known of it, with the error.
func TestGaugesThatFailLeaveTheTaskUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := sim.HeldBack("orders", 3, 2, 1)
		cluster := &sim.Cluster{Version: "2.3.0", Fetch: fetch, Jobs: []*sim.Job{held}}
		c := collectorOf(t, sim.Spoiled(cluster, sim.On("/vertices/"+held.Tasks[1].ID+"/backpressure", sim.Failing())))
		info := listed(t, c)
		snapshot, _ := polled(t, c, info)
		if task := snapshot.Tasks[1]; task.Err == nil || task.Known() || task.Subtasks[0].Host == "" {
			t.Errorf("first the task has the error %v and the load %+v", task.Err, task.Subtasks)
		}
		time.Sleep(11 * time.Second)
		snapshot, _ = polled(t, c, info)
		if task := snapshot.Tasks[1]; task.Err != nil || !task.Known() {
			t.Errorf("by counters the task has the error %v and the load %+v", task.Err, task.Subtasks)
		}
	})
}

// A job that the cluster does not have is an error of its own.
func TestJobThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := collectorOf(t, &sim.Cluster{Version: "2.3.0", Fetch: fetch})
		_, _, err := c.Verdict(t.Context(), job.Info{ID: strings.Repeat("a", 32), Name: "orders"})
		if !remote.IsKind(err, remote.NotFound) {
			t.Errorf("got %v, want not found", err)
		}
	})
}

// A job that does not answer keeps its tasks, of which nothing is known: an alert
// rule finds its series, without a value. One that never answered has none.
func TestUnknownKeepsTheTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSampledCluster(t, access{}, collector.Options{}, sim.HeldBack("orders", 3, 2, 1))
		info := listed(t, s.Collector)
		failure := errors.New("no answer")
		if verdict := s.Unknown(info, failure); len(verdict.Snapshot.Tasks) != 0 || verdict.Kind != diagnosis.NotKnown {
			t.Errorf("before any answer there are %d tasks, a verdict of kind %s", len(verdict.Snapshot.Tasks), verdict.Kind)
		}
		polled(t, s.Collector, info)
		verdict := s.Unknown(info, failure)
		if verdict.Kind != diagnosis.NotKnown || len(verdict.Snapshot.Tasks) != 3 || verdict.Snapshot.Job != info || !verdict.Snapshot.At.Equal(time.Now()) {
			t.Errorf("the verdict is of kind %s, on %+v", verdict.Kind, verdict.Snapshot)
		}
		for i, task := range verdict.Snapshot.Tasks {
			if task.Known() || task.Err != failure || len(task.Subtasks) != 2 {
				t.Errorf("task %d is %+v", i, task)
			}
		}
	})
}

// A configuration that cannot be read is Flink's default, and no failure of a poll.
func TestConfigurationThatCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := &sim.Cluster{Version: "2.3.0", Fetch: time.Second, Jobs: []*sim.Job{sim.HeldBack("orders", 2, 1, 1)}}
		c := collectorOf(t, sim.Spoiled(cluster, sim.On("/jobmanager/config", sim.Failing())))
		of, requests, err := c.Cluster(t.Context())
		if err != nil || of.ConfigErr == nil || of.Fetch != 10*time.Second || of.Version != "2.3.0" || requests != 2 {
			t.Errorf("got %+v by %d requests, %v", of, requests, err)
		}
		if snapshot, _ := polled(t, c, listed(t, c)); snapshot.MeasuredTasks() != 2 {
			t.Errorf("%d tasks are measured", snapshot.MeasuredTasks())
		}
	})
}

// A configuration that was read once stays what it was while it cannot be read:
// another fetch interval would end every baseline.
func TestConfigurationThatIsAwayForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := &sim.Cluster{Version: "2.3.0", Fetch: time.Second, Jobs: []*sim.Job{sim.HeldBack("orders", 2, 1, 1)}}
		away := false
		handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if away && r.URL.Path == "/jobmanager/config" {
				http.Error(w, "", http.StatusServiceUnavailable)
				return
			}
			cluster.ServeHTTP(w, r)
		})
		c := collectorOf(t, handler)
		for _, away = range []bool{false, true, true, false} {
			of, _, err := c.Cluster(t.Context())
			if err != nil || of.Fetch != time.Second || (of.ConfigErr != nil) != away {
				t.Errorf("away %t: got %+v, %v", away, of, err)
			}
			time.Sleep(2 * time.Minute) // the cluster is read once a minute
		}
	})
}

// A caller whose time runs out is answered then, though the cluster hangs; the poll
// goes on for those that still wait, and ends with the last of them.
func TestHangingClusterHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := &sim.Cluster{Version: "2.3.0", Fetch: fetch, Delay: 24 * time.Hour, Jobs: []*sim.Job{sim.HeldBack("orders", 4, 2, 2)}}
		c := collectorOf(t, cluster)
		var group sync.WaitGroup
		begun := time.Now()
		for _, limit := range []time.Duration{time.Second, 3 * time.Second} {
			group.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				defer cancel()
				_, _, err := c.Verdict(ctx, job.Info{ID: cluster.Jobs[0].ID})
				if waited := time.Since(begun); waited != limit || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("with %s to go: %v after %s", limit, err, waited)
				}
			})
		}
		group.Wait()
		synctest.Wait()
		if paths := cluster.Requests(); len(paths) != 1 {
			t.Errorf("requests for %q, want one that is shared", paths)
		}
	})
}

// Details that fail are an error of their task alone.
func TestDetailsOfATaskThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := sim.HeldBack("orders", 3, 2, 1)
		cluster := &sim.Cluster{Version: "2.3.0", Fetch: fetch, Jobs: []*sim.Job{held}}
		c := collectorOf(t, sim.Spoiled(cluster, sim.On("/vertices/"+held.Tasks[1].ID+"/metrics", sim.Failing())))
		snapshot, _ := polled(t, c, listed(t, c))
		tasks, requests, err := c.Details(t.Context(), snapshot)
		if err != nil || len(tasks) != 3 || requests != 3 {
			t.Fatalf("%d tasks by %d requests, %v", len(tasks), requests, err)
		}
		for i, task := range tasks {
			if failed := i == 1; failed != remote.IsKind(task.Err, remote.Failing) || failed == (len(task.Subtasks) == 2) {
				t.Errorf("task %d has details of %d subtasks, %v", i, len(task.Subtasks), task.Err)
			}
		}
		if soft := tasks[0].Subtasks[0].Soft; !soft.Known() {
			t.Error("the source's soft backpressure is not known")
		}
	})
}

// Details are those of the snapshot's own tasks, though those of another graph of
// the job were read a moment ago: Flink adds tasks to a batch job as it runs.
func TestDetailsOfAGraphThatChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := collectorOf(t, &sim.Cluster{Version: "2.3.0", Fetch: fetch, Jobs: []*sim.Job{sim.HeldBack("orders", 3, 2, 1)}})
		snapshot, _ := polled(t, c, listed(t, c))
		fewer := *snapshot
		fewer.Graph, fewer.Tasks = &job.Graph{Tasks: snapshot.Graph.Tasks[1:]}, snapshot.Tasks[1:]
		for _, of := range []*job.Snapshot{snapshot, &fewer, snapshot} {
			tasks, _, err := c.Details(t.Context(), of)
			if err != nil || len(tasks) != len(of.Tasks) {
				t.Errorf("%d details of %d tasks, %v", len(tasks), len(of.Tasks), err)
			}
		}
	})
}

// Whatever fails of a poll, the answers to callers are errors of the request, or
// their own end.
func TestClusterThatFails(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		kind   remote.Kind
	}{
		"404": {answering(404, notThere), remote.NotFound}, "500": {answering(500, ""), remote.Failing},
		"a page": {answering(200, "<html>"), remote.WrongService}, "other JSON": {answering(200, "{}"), remote.WrongService},
		"no answer": {hanging, remote.TimedOut},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				failing := collectorBy(t, c.answer, access{timeout: time.Minute})
				if _, _, err := failing.Verdict(t.Context(), job.Info{ID: strings.Repeat("a", 32)}); !remote.IsKind(err, c.kind) {
					t.Errorf("the verdict: %v", err)
				}
				if _, _, err := failing.Jobs(t.Context()); !remote.IsKind(err, c.kind) {
					t.Errorf("the jobs: %v", err)
				}
				if jobs := failing.LastJobs(); len(jobs) != 0 {
					t.Errorf("the last jobs are %v", jobs)
				}
			})
		})
	}
}

// While a job does not answer all who ask within the age limit have one verdict, of which
// nothing is known; another reason or a newer time is another.
func TestUnknownIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := collectorOf(t, &sim.Cluster{Version: "2.3.0", Fetch: fetch, Jobs: []*sim.Job{sim.HeldBack("orders", 3, 2, 1)}})
		info := listed(t, c)
		polled(t, c, info)
		first := c.Unknown(info, errors.New("one"))
		if len(first.Snapshot.Tasks) != 3 || c.Unknown(info, errors.New("one")) != first {
			t.Errorf("the verdict of %d tasks is not shared", len(first.Snapshot.Tasks))
		}
		if c.Unknown(info, errors.New("another")) == first {
			t.Error("it is shared in spite of another reason")
		}
		before := c.Unknown(info, nil)
		time.Sleep(maxAge + time.Millisecond)
		if c.Unknown(info, nil) == before {
			t.Error("it is shared beyond the age limit")
		}
	})
}
