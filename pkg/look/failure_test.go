package look_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/look"
)

// failing answers 500 with a stack trace for one path, and for the others as
// the cluster does.
func failing(cluster http.Handler, path string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path {
			cluster.ServeHTTP(w, r)
			return
		}
		http.Error(w, `{"errors":["Internal server error.","org.apache.flink.util.FlinkException\n\tat org.apache.flink.Foo.bar(Foo.java:1)"]}`, http.StatusInternalServerError)
	})
}

func TestTaskThatFailsCostsItselfAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := sim.HeldBack("orders", 10, 2, 5)
		cluster := &sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second, Jobs: []*sim.Job{held}}
		k := keeper(t, failing(cluster, "/jobs/"+held.ID+"/vertices/"+held.Tasks[3].ID))
		taken, _ := looked(t, k, listed(t, k))
		for i, task := range taken.Tasks {
			var asked *flink.Error
			switch {
			case i != 3 && (task.Err != nil || !task.Known()):
				t.Errorf("task %d is known: %t, %v", i, task.Known(), task.Err)
			case i == 3 && (!errors.As(task.Err, &asked) || asked.Kind != flink.Failing || strings.Contains(asked.Error(), "org.apache")):
				t.Errorf("the task that failed has the error %v", task.Err)
			case i == 3 && (task.Known() || len(task.Subtasks) != 2 || task.Subtasks[0].Why != job.NoAnswer):
				t.Errorf("the task that failed has the load %+v", task)
			}
		}
	})
}

// A task whose gauges fail keeps what the look knows of it, with the error.
func TestGaugesThatFailLeaveTheTaskUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := sim.HeldBack("orders", 3, 2, 1)
		cluster := &sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second, Jobs: []*sim.Job{held}}
		k := keeper(t, failing(cluster, "/jobs/"+held.ID+"/vertices/"+held.Tasks[1].ID+"/backpressure"))
		info := listed(t, k)
		taken, _ := looked(t, k, info)
		if task := taken.Tasks[1]; task.Err == nil || task.Known() || task.Subtasks[0].Host == "" {
			t.Errorf("first the task has the error %v and the load %+v", task.Err, task.Subtasks)
		}
		time.Sleep(11 * time.Second)
		taken, _ = looked(t, k, info)
		if task := taken.Tasks[1]; task.Err != nil || !task.Known() {
			t.Errorf("by counters the task has the error %v and the load %+v", task.Err, task.Subtasks)
		}
	})
}

func TestJobThatIsGoneIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := keeper(t, &sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second})
		_, _, err := k.Snapshot(t.Context(), job.Info{ID: strings.Repeat("a", 32), Name: "orders"})
		var asked *flink.Error
		if !errors.As(err, &asked) || asked.Kind != flink.NotFound {
			t.Errorf("got %v, want not found", err)
		}
	})
}

// Whose time runs out is answered then, though the cluster hangs; the round
// goes on for who still waits, and ends with the last of them.
func TestHangingClusterHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := &sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second, Delay: 24 * time.Hour, Jobs: []*sim.Job{sim.HeldBack("orders", 4, 2, 2)}}
		k := keeper(t, cluster)
		var group sync.WaitGroup
		begun := time.Now()
		for _, limit := range []time.Duration{time.Second, 3 * time.Second} {
			group.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				defer cancel()
				_, _, err := k.Snapshot(ctx, job.Info{ID: cluster.Jobs[0].ID})
				if waited := time.Since(begun); waited != limit || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("with %s to go: %v after %s", limit, err, waited)
				}
			})
		}
		group.Wait()
		synctest.Wait()
		if paths := cluster.Asked(); len(paths) != 1 {
			t.Errorf("asked for %q, want one shared request", paths)
		}
	})
}

// A Flink that hangs costs one time-out, not one for every eight tasks: the
// tasks that had not been asked by then are not.
func TestHangingTasksCostOneTimeOut(t *testing.T) {
	cluster := &sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second, Jobs: []*sim.Job{sim.HeldBack("orders", 40, 1, 20)}}
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/vertices/") {
			asked.Add(1)
			<-r.Context().Done()
			return
		}
		cluster.ServeHTTP(w, r)
	}))
	defer server.Close()
	client, err := flink.New(&http.Client{Timeout: 200 * time.Millisecond}, server.URL, flink.Slots(8))
	if err != nil {
		t.Fatal(err)
	}
	snapshot, _, err := look.New(client, 0).Snapshot(t.Context(), job.Info{ID: cluster.Jobs[0].ID, State: job.Running})
	if err != nil {
		t.Fatal(err)
	}
	if asked.Load() != 8 {
		t.Errorf("%d tasks were asked, want the first 8", asked.Load())
	}
	for i, task := range snapshot.Tasks {
		if task.Err == nil || task.Known() {
			t.Errorf("task %d is known, or nothing says why not", i)
		}
	}
}
