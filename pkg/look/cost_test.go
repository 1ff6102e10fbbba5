package look_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// asked sorts the requests that the cluster saw by what they ask for.
func asked(cluster *sim.Cluster) (jobs, tasks, gauges, others int) {
	for _, path := range cluster.Asked() {
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

// A look costs a request for the job and one for each task, at any
// parallelism. The first has nothing to compare with and asks for the gauges
// too, and for what belongs to the cluster.
func TestCostOfALook(t *testing.T) {
	for _, tasks := range []int{1, 4, 10} {
		for _, parallelism := range []int{1, 200} {
			t.Run(fmt.Sprintf("%d tasks of %d", tasks, parallelism), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					cluster := &sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second, Jobs: []*sim.Job{sim.HeldBack("orders", tasks, parallelism, tasks-1)}}
					k := keeper(t, cluster)
					info := listed(t, k)
					cluster.Asked()
					for _, c := range []struct {
						look                        string
						pause                       time.Duration
						jobs, tasks, gauges, others int
					}{
						{"the first", 0, 1, tasks, tasks, 2},
						{"within its age", 2 * time.Second, 0, 0, 0, 0},
						{"after the next fetch", 9 * time.Second, 1, tasks, 0, 0},
						{"without a new fetch", 5 * time.Second, 1, tasks, 0, 0},
						{"after one more", 10 * time.Second, 1, tasks, 0, 0},
					} {
						time.Sleep(c.pause)
						_, requests := looked(t, k, info)
						jobs, tasks, gauges, others := asked(cluster)
						if jobs != c.jobs || tasks != c.tasks || gauges != c.gauges || others != c.others {
							t.Errorf("%s: asked for %d jobs, %d tasks, %d gauges, %d others; want %d, %d, %d, %d", c.look, jobs, tasks, gauges, others, c.jobs, c.tasks, c.gauges, c.others)
						}
						if saw := jobs + tasks + gauges + others; requests != saw {
							t.Errorf("%s: tells of %d requests, the cluster saw %d", c.look, requests, saw)
						}
					}
				})
			})
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
				cluster := &sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second, Jobs: []*sim.Job{held}}
				var handler http.Handler = cluster
				if state == "RUNNING without slots" {
					handler = notDeployed{cluster}
				} else {
					held.State = state
				}
				k := keeper(t, handler)
				info := listed(t, k)
				begun := time.Now()
				taken, requests := looked(t, k, info)
				const withCluster = 1 + 2
				if requests != withCluster {
					t.Errorf("the first look took %d requests, want %d", requests, withCluster)
				}
				time.Sleep(maxAge + 1)
				if _, requests := looked(t, k, info); requests != 1 {
					t.Errorf("a later look took %d requests, want 1", requests)
				}
				if waited := time.Since(begun) - maxAge - 1; waited != 0 {
					t.Errorf("waited %s for metrics that nobody has", waited)
				}
				if len(taken.Tasks) != 4 || slices.ContainsFunc(taken.Tasks, job.TaskLoad.Known) {
					t.Errorf("%d tasks, some of them measured; want 4, none measured", len(taken.Tasks))
				}
			})
		})
	}
}
