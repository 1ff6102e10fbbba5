package look_test

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// crowd counts how many requests are under way at once at most.
type crowd struct {
	http.Handler
	now, most atomic.Int64
}

func (c *crowd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for now := c.now.Add(1); ; {
		if most := c.most.Load(); now <= most || c.most.CompareAndSwap(most, now) {
			break
		}
	}
	defer c.now.Add(-1)
	c.Handler.ServeHTTP(w, r)
}

// However many jobs are looked at, no more requests are under way at once than
// there are slots, and all slots are used.
func TestSlotsBoundTheRequestsUnderWay(t *testing.T) {
	for _, slots := range []int{1, 4, 16} {
		synctest.Test(t, func(t *testing.T) {
			cluster := &sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second, Delay: 20 * time.Millisecond}
			for _, name := range []string{"a", "b", "c"} {
				cluster.Jobs = append(cluster.Jobs, sim.HeldBack(name, 20, 1, 10))
			}
			counted := &crowd{Handler: cluster}
			k := keeperWith(t, counted, slots)
			jobs, _, err := k.Jobs(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var group sync.WaitGroup
			for _, info := range jobs {
				group.Go(func() { looked(t, k, info) })
			}
			group.Wait()
			if most := counted.most.Load(); most != int64(slots) {
				t.Errorf("%d requests at once, want %d", most, slots)
			}
		})
	}
}

// Jobs that come and go do not fill the memory: one that nobody has asked for
// in half an hour is forgotten when another is asked for.
func TestJobsNobodyAsksForAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := &sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second, Jobs: []*sim.Job{sim.HeldBack("orders", 2, 1, 1), sim.HeldBack("payments", 2, 1, 1)}}
		k := keeper(t, cluster)
		orders, payments := job.Info{ID: cluster.Jobs[0].ID}, job.Info{ID: cluster.Jobs[1].ID}
		looked(t, k, orders)
		looked(t, k, payments)
		for range 4 {
			time.Sleep(7 * time.Minute)
			looked(t, k, orders)
		}
		if k.Watched() != 2 {
			t.Errorf("%d jobs in memory after 28 minutes, want 2", k.Watched())
		}
		time.Sleep(3 * time.Minute)
		looked(t, k, orders)
		if k.Watched() != 1 {
			t.Errorf("%d jobs in memory after 31 minutes, want the one that is asked for", k.Watched())
		}
	})
}

// What belongs to the cluster is looked up once a minute for all its jobs.
func TestClusterIsLookedUpOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := &sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second}
		k := keeper(t, cluster)
		requests := 0
		for range 20 {
			_, caused, err := k.Cluster(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			requests += caused
			time.Sleep(6 * time.Second)
		}
		if saw := len(cluster.Asked()); requests != 4 || saw != 4 {
			t.Errorf("tells of %d requests in two minutes, the cluster saw %d; want 4", requests, saw)
		}
	})
}
