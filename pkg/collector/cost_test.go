package collector_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/inmemory"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// requested sorts the requests that the cluster got by what they ask for.
func requested(cluster *sim.Cluster) (jobs, tasks, gauges, others int) {
	for _, path := range cluster.Requests() {
		switch parts := strings.Split(path, "/"); {
		case strings.HasSuffix(path, "/backpressure"):
			gauges++
		case len(parts) == 5:
			tasks++
		case len(parts) == 3 && parts[1] == "jobs" && parts[2] != "overview":
			jobs++
		default:
			others++
		}
	}
	return jobs, tasks, gauges, others
}

// A poll costs a request for the job and one for each task, at any parallelism.
// The first has nothing to compare with and asks for the gauges too, and for what
// belongs to the cluster. Before 1.16 there are gauges alone, and where subtasks
// run is asked once. A job of one task is a source at its limit: once it is measured,
// the names of its metrics are asked for, among which none is of pending records.
func TestCostOfAPoll(t *testing.T) {
	for _, c := range []struct {
		version string
		// by poll: the first, after the next fetch, without a new fetch, after one more
		tasks, gauges [4]int // of each task
	}{
		{"2.3.0", [4]int{1, 1, 1, 1}, [4]int{1, 0, 0, 0}},
		{"1.16.3", [4]int{1, 1, 1, 1}, [4]int{1, 0, 0, 0}},
		{"1.15.4", [4]int{1, 0, 0, 0}, [4]int{1, 1, 1, 1}},
	} {
		for _, tasks := range []int{1, 4, 10} {
			for _, parallelism := range []int{1, 200} {
				t.Run(fmt.Sprintf("%d tasks of %d on %s", tasks, parallelism, c.version), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						cluster := &sim.Cluster{Version: c.version, Fetch: fetch, Jobs: []*sim.Job{sim.HeldBack("orders", tasks, parallelism, tasks-1)}}
						collector := collectorOf(t, cluster)
						info := listed(t, collector)
						cluster.Requests()
						for i, pause := range []time.Duration{0, 11 * time.Second, 5 * time.Second, 10 * time.Second} {
							time.Sleep(pause)
							_, requests := polled(t, collector, info)
							jobs, asked, gauges, others := requested(cluster)
							if jobs != 1 || asked != tasks*c.tasks[i] || gauges != tasks*c.gauges[i] || (others != 0) != (i == 0 || tasks == 1 && i == 1 && c.version != "1.15.4") {
								t.Errorf("poll %d: requests for %d jobs, %d tasks, %d gauges, %d others; want 1, %d, %d", i, jobs, asked, gauges, others, tasks*c.tasks[i], tasks*c.gauges[i])
							}
							if sent := jobs + asked + gauges + others; requests != sent {
								t.Errorf("poll %d: counts %d requests, the cluster got %d", i, requests, sent)
							}
							time.Sleep(maxAge - time.Millisecond)
							if _, requests := polled(t, collector, info); requests != 0 || len(cluster.Requests()) != 0 {
								t.Errorf("poll %d: %d requests within its age", i, requests)
							}
						}
					})
				})
			}
		}
	}
}

// notDeployed answers for a job that is RUNNING while none of its tasks has
// slots, as a real cluster without TaskManagers does.
type notDeployed struct{ *sim.Cluster }

func (n notDeployed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/jobs/"+n.Jobs[0].ID {
		n.Cluster.ServeHTTP(w, r)
		return
	}
	var vertices []any
	for _, task := range n.Jobs[0].Tasks {
		vertices = append(vertices, map[string]any{
			"id": task.ID, "name": task.Name, "parallelism": 2, "status": "CREATED",
			"tasks": map[string]int{"CREATED": 2}, "start-time": -1,
		})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"jid": n.Jobs[0].ID, "state": "RUNNING", "vertices": vertices})
}

// Tasks that do not run are not asked, and have no shares.
func TestTasksThatDoNotRunCostNothing(t *testing.T) {
	for _, state := range []string{"CREATED", "RESTARTING", "FAILING", "FAILED", "CANCELED", "FINISHED", "RUNNING without slots"} {
		t.Run(state, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				held := sim.HeldBack("orders", 4, 2, 2)
				cluster := &sim.Cluster{Version: "2.3.0", Fetch: fetch, Jobs: []*sim.Job{held}}
				var handler http.Handler = cluster
				if state == "RUNNING without slots" {
					handler = notDeployed{cluster}
				} else {
					held.State = state
				}
				collector := collectorOf(t, handler)
				info := listed(t, collector)
				begun := time.Now()
				snapshot, requests := polled(t, collector, info)
				const withCluster = 1 + 2
				if requests != withCluster {
					t.Errorf("the first poll took %d requests, want %d", requests, withCluster)
				}
				time.Sleep(maxAge + 1)
				if _, requests := polled(t, collector, info); requests != 1 {
					t.Errorf("a later poll took %d requests, want 1", requests)
				}
				if waited := time.Since(begun) - maxAge - 1; waited != 0 {
					t.Errorf("waited %s for metrics that there are not", waited)
				}
				if len(snapshot.Tasks) != 4 || slices.ContainsFunc(snapshot.Tasks, job.TaskLoad.Known) {
					t.Errorf("%d tasks, some of them measured; want 4, none measured", len(snapshot.Tasks))
				}
			})
		})
	}
}

// However many jobs are polled, no more requests are under way at once than
// allowed, and as many as that.
func TestConcurrencyBoundsAllPolls(t *testing.T) {
	for _, concurrency := range []int{1, 4, 16} {
		synctest.Test(t, func(t *testing.T) {
			cluster := &sim.Cluster{Version: "2.3.0", Fetch: fetch, Delay: 20 * time.Millisecond}
			for _, name := range []string{"a", "b", "c"} {
				cluster.Jobs = append(cluster.Jobs, sim.HeldBack(name, 20, 1, 10))
			}
			counted := &inmemory.Crowd{Handler: cluster}
			c := collectorBy(t, counted, access{concurrency: concurrency})
			jobs, _, err := c.Jobs(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var group sync.WaitGroup
			for _, info := range jobs {
				group.Go(func() { polled(t, c, info) })
			}
			group.Wait()
			if most := counted.Most(); most != concurrency || c.Concurrency() != concurrency {
				t.Errorf("%d requests at once, want %d", most, concurrency)
			}
		})
	}
}

// Jobs that come and go do not fill the memory: one that nobody has asked for in
// half an hour is forgotten when another is asked for.
func TestJobsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := &sim.Cluster{Version: "2.3.0", Fetch: fetch, Jobs: []*sim.Job{sim.HeldBack("orders", 2, 1, 1), sim.HeldBack("payments", 2, 3, 1)}}
		c := collectorOf(t, cluster)
		orders, payments := job.Info{ID: cluster.Jobs[0].ID}, job.Info{ID: cluster.Jobs[1].ID}
		polled(t, c, orders)
		polled(t, c, payments)
		if c.Subtasks() != 2+6 {
			t.Errorf("%d subtasks are cached, want 8", c.Subtasks())
		}
		for range 4 {
			time.Sleep(7 * time.Minute)
			polled(t, c, orders)
		}
		if c.Tracked() != 2 {
			t.Errorf("%d jobs are cached after 28 minutes, want 2", c.Tracked())
		}
		time.Sleep(3 * time.Minute)
		polled(t, c, orders)
		if c.Tracked() != 1 || c.Subtasks() != 2 {
			t.Errorf("%d jobs of %d subtasks are cached after 31 minutes, want the one that is asked for", c.Tracked(), c.Subtasks())
		}
	})
}

// What belongs to the cluster is read once a minute for all its jobs.
func TestClusterIsReadOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := &sim.Cluster{Version: "2.3.0", Fetch: fetch}
		c := collectorOf(t, cluster)
		requests := 0
		for range 20 {
			_, caused, err := c.Cluster(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			requests += caused
			time.Sleep(6 * time.Second)
		}
		if sent := len(cluster.Requests()); requests != 4 || sent != 4 {
			t.Errorf("counts %d requests in two minutes, the cluster got %d; want 4", requests, sent)
		}
	})
}

// What is no load costs its requests when it is asked for, once for all who ask
// within the age limit.
func TestCostOfWhatIsNoLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := sim.HeldBack("orders", 3, 2, 1)
		cluster := &sim.Cluster{Version: "2.3.0", Fetch: fetch, Jobs: []*sim.Job{held}}
		c := collectorOf(t, cluster)
		info := listed(t, c)
		snapshot, _ := polled(t, c, info)
		for what, ask := range map[string]struct {
			requests int
			get      func() (int, error)
		}{
			"the graph":    {1, func() (int, error) { _, requests, err := c.Graph(t.Context(), info); return requests, err }},
			"the restarts": {1, func() (int, error) { _, requests, err := c.Restarts(t.Context(), info); return requests, err }},
			"the TaskManagers": {1, func() (int, error) {
				_, requests, err := c.TaskManagers(t.Context())
				return requests, err
			}},
			"the details": {3, func() (int, error) { _, requests, err := c.Details(t.Context(), snapshot); return requests, err }},
		} {
			time.Sleep(maxAge + 1)
			cluster.Requests()
			for _, want := range []int{ask.requests, 0} {
				requests, err := ask.get()
				if sent := len(cluster.Requests()); err != nil || requests != want || sent != want {
					t.Errorf("%s: counts %d requests, the cluster got %d, %v; want %d", what, requests, sent, err, want)
				}
			}
		}
	})
}
