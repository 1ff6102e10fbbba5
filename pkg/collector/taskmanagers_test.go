package collector_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// slowMachine is a cluster one of whose two machines collects garbage for nine tenths
// of the time.
func slowMachine(t *testing.T, version string) *sim.Cluster {
	t.Helper()
	cluster, err := sim.Ready(version, "slow-machine")
	if err != nil {
		t.Fatal(err)
	}
	return cluster
}

// usagesOf are those of TaskManagers, all of which must answer.
func usagesOf(t *testing.T, c *collector.Collector, ids ...string) []collector.UsageResult {
	t.Helper()
	usages, _, err := c.Usages(t.Context(), ids, 0)
	if err != nil || len(usages) != len(ids) {
		t.Fatalf("usage of %d TaskManagers, %v; want %d", len(usages), err, len(ids))
	}
	for i, usage := range usages {
		if usage.Err != nil {
			t.Fatalf("%s: %v", ids[i], usage.Err)
		}
	}
	return usages
}

// The share of garbage collection is Flink's own mean where it has one, and else, as that
// of the CPU, the difference between two fetches, which is not known at first.
func TestGarbageCollectionByVersion(t *testing.T) {
	for version, atFirst := range map[string]string{"1.13.6": "NaN", "1.18.1": "NaN", "1.19.3": "0.90", "2.3.0": "0.90"} {
		t.Run(version, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := collectorOf(t, slowMachine(t, version))
				if _, _, err := c.TaskManagers(t.Context()); err != nil { // how many cores they have
					t.Fatal(err)
				}
				for i, want := range []string{atFirst, "0.90", "0.90", "0.90"} {
					usages := usagesOf(t, c, "tm-1", "tm-2")
					if got := fmt.Sprintf("%.2f", usages[1].GC); got != want {
						t.Errorf("after %s tm-2 collects garbage %s of the time, want %s", time.Now().Format("04:05"), got, want)
					}
					if got := usages[0].GC; got.Known() && (got < 0.019 || got > 0.021) {
						t.Errorf("tm-1 does %f of the time, want 0.02", got)
					}
					if u := usages[0]; u.CPU.Known() != (i > 0) || i > 0 && !(u.CPU > 0 && u.CPU < 1) || u.HeapMax != 1<<30 || !(u.HeapUsed > 0) || !(u.Network > 0 && u.Network < 0.1) {
						t.Errorf("tm-1 uses %+v", u)
					}
					time.Sleep(15 * time.Second)
				}
			})
		})
	}
}

// collecting is a cluster of an old Flink whose only TaskManager has stood still for so
// many milliseconds.
type collecting struct {
	*sim.Cluster
	stopped atomic.Int64
}

func (c *collecting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, "/taskmanagers/") {
		c.Cluster.ServeHTTP(w, r)
		return
	}
	_, _ = fmt.Fprintf(w, `[{"id":"Status.JVM.GarbageCollector.Copy.Time","value":"%d"}]`, c.stopped.Load())
}

// The difference is taken over about a minute; a process that was started anew, or
// readings of the same fetch, show nothing.
func TestGarbageCollectionBetweenTwoReadings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := &collecting{Cluster: &sim.Cluster{Version: "1.17.2", Fetch: fetch}}
		c := collectorOf(t, cluster)
		for i, step := range []struct {
			after   time.Duration
			stopped int64
			want    string
		}{
			{0, 1000, "NaN"},
			{3 * time.Second, 1000, "NaN"}, // no other fetch is due
			{10 * time.Second, 2000, "0.08"},
			{20 * time.Second, 12000, "0.33"}, // of 33 s
			{30 * time.Second, 12000, "0.17"}, // of 63 s
			{30 * time.Second, 12000, "0.00"}, // of 60 s
			{30 * time.Second, 100, "NaN"},    // it started anew
			{30 * time.Second, 3100, "0.10"},
			{10 * time.Minute, 3100, "NaN"}, // the last reading is too old
			{time.Minute, 93100, "1.00"},    // more than there was time
		} {
			time.Sleep(step.after)
			cluster.stopped.Store(step.stopped)
			if got := fmt.Sprintf("%.2f", usagesOf(t, c, "tm-1")[0].GC); got != step.want {
				t.Errorf("step %d: collects garbage %s of the time, want %s", i, got, step.want)
			}
		}
	})
}

// The list and each usage are shared for the age limit; a verdict takes what is up to a
// minute old. The first request after a pause makes Flink fetch metrics, and costs one
// more.
func TestCostOfTaskManagers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := slowMachine(t, "2.3.0")
		c := collectorOf(t, cluster)
		info := listed(t, c)
		for _, step := range []struct {
			when   string
			pause  time.Duration
			poll   bool
			maxAge time.Duration
			want   int
		}{
			{"the first time, with the cluster's own answers and the list", 0, false, 0, 2 + 1 + 1 + 2},
			{"within the age limit", time.Second, false, 0, 0},
			{"after the age limit", 2 * time.Second, false, 0, 2},
			{"for a verdict", 50 * time.Second, false, collector.RecentUsage, 0},
			{"for a table", 0, false, 0, 1 + 2},
			{"after a poll, which made Flink fetch", 30 * time.Second, true, 0, 2},
			{"for a verdict, later", 59 * time.Second, true, collector.RecentUsage, 0},
			{"for a verdict, after a minute", 2 * time.Second, true, collector.RecentUsage, 2},
		} {
			time.Sleep(step.pause)
			if step.poll {
				polled(t, c, info)
			}
			cluster.Requests()
			_, requests, err := c.Usages(t.Context(), []string{"tm-1", "tm-2"}, step.maxAge)
			if sent := cluster.Requests(); err != nil || requests != step.want && !step.poll || len(sent) != requests {
				t.Errorf("%s: counts %d requests, the cluster got %q, %v; want %d", step.when, requests, sent, err, step.want)
			}
		}
	})
}

// However many ask at once, each TaskManager gets one request, and so does the list.
func TestUsagesAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := slowMachine(t, "2.3.0")
		c := collectorOf(t, cluster)
		polled(t, c, listed(t, c))
		cluster.Requests()
		cluster.Delay = 20 * time.Millisecond
		var group sync.WaitGroup
		var counted atomic.Int64
		for range 20 {
			group.Go(func() {
				_, requests, err := c.Usages(t.Context(), []string{"tm-2", "tm-1"}, 0)
				counted.Add(int64(requests))
				if err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if sent := len(cluster.Requests()); sent != 3 || counted.Load() != 3 {
			t.Errorf("the cluster got %d requests, the callers count %d; want 3", sent, counted.Load())
		}
	})
}

// What Flink has of no TaskManager is an error of that one alone, shared as a value is.
func TestUsagesThatAreNotKnown(t *testing.T) {
	for name, c := range map[string]struct {
		alter func(*sim.Cluster) http.Handler
		check func(error) bool
	}{
		"it has left": {
			func(s *sim.Cluster) http.Handler { return s },
			func(err error) bool { return errors.Is(err, collector.ErrNoUsage) },
		},
		"Flink fails": {
			func(s *sim.Cluster) http.Handler { return only(s, "/taskmanagers/gone/metrics", sim.Failing()) },
			func(err error) bool { return remote.IsKind(err, remote.Failing) },
		},
		"it is not found": {
			func(s *sim.Cluster) http.Handler { return only(s, "/taskmanagers/gone/metrics", sim.Gone()) },
			func(err error) bool { return remote.IsKind(err, remote.NotFound) },
		},
		"it hangs": {
			func(s *sim.Cluster) http.Handler { return only(s, "/taskmanagers/gone/metrics", sim.Hanging()) },
			func(err error) bool { return remote.IsKind(err, remote.TimedOut) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cluster := slowMachine(t, "2.3.0")
				counting := &counted{Handler: c.alter(cluster)}
				of := collectorOf(t, counting)
				polled(t, of, listed(t, of))
				began := time.Now()
				counting.Store(0)
				for range 3 {
					usages, _, err := of.Usages(t.Context(), []string{"tm-1", "gone"}, collector.RecentUsage)
					if err != nil || usages[0].Err != nil || !c.check(usages[1].Err) || usages[1].CPU.Known() {
						t.Errorf("usages are %+v, %v", usages, err)
					}
				}
				if sent := counting.Load(); sent != 3 {
					t.Errorf("the cluster got %d requests, want one for each and the list", sent)
				}
				if took := time.Since(began); took > 6*time.Second {
					t.Errorf("took %s", took)
				}
				known := of.KnownTaskManagers(collector.RecentUsage)
				if _, found := known["gone"]; found || !(known["tm-1"].HeapMax > 0) {
					t.Errorf("known are %+v", known)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		cluster := slowMachine(t, "2.3.0")
		cluster.Fetch = 0
		c := collectorOf(t, cluster)
		usages, requests, err := c.Usages(t.Context(), []string{"tm-1"}, 0)
		if err != nil || requests != 2 || !errors.Is(usages[0].Err, collector.ErrFetchingOff) {
			t.Errorf("without metrics: %+v after %d requests, %v", usages, requests, err)
		}
	})
}

// One TaskManager that hangs does not cost a time-out after another.
func TestUsagesOfAFlinkThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := slowMachine(t, "2.3.0")
		handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/taskmanagers/") {
				<-r.Context().Done()
				return
			}
			cluster.ServeHTTP(w, r)
		})
		c := collectorBy(t, handler, access{timeout: 10 * time.Second})
		polled(t, c, listed(t, c))
		ids := make([]string, 100)
		for i := range ids {
			ids[i] = fmt.Sprint("tm-", i+1)
		}
		began := time.Now()
		usages, requests, err := c.Usages(t.Context(), ids, 0)
		if took := time.Since(began); err != nil || took > 6*time.Second || requests > 9 {
			t.Errorf("took %s and %d requests, %v", took, requests, err)
		}
		for _, usage := range usages {
			if usage.Err == nil || usage.CPU.Known() {
				t.Errorf("read %+v", usage)
			}
		}
	})
}

// only has one path answered with a fault.
func only(cluster http.Handler, path string, fault sim.Fault) http.Handler {
	faulty := fault(cluster)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == path {
			faulty.ServeHTTP(w, r)
			return
		}
		cluster.ServeHTTP(w, r)
	})
}

// counted counts the requests.
type counted struct {
	http.Handler
	atomic.Int64
}

func (c *counted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.Add(1)
	c.Handler.ServeHTTP(w, r)
}

// The list has what each TaskManager is, unknown where Flink does not report it.
func TestListedTaskManagers(t *testing.T) {
	body := `{"taskmanagers":[
		{"id":"a","path":"pekko.tcp://flink@worker-1:6122/user/rpc/taskmanager_0","timeSinceLastHeartbeat":1795451353251,"slotsNumber":4,"freeSlots":1,"hardware":{"cpuCores":2}},
		{"id":"b","slotsNumber":"NaN","freeSlots":-1,"hardware":null}]}`
	c := collectorOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(body)) }))
	managers, requests, err := c.TaskManagers(t.Context())
	if err != nil || len(managers) != 2 || requests != 1 {
		t.Fatalf("%d TaskManagers after %d requests, %v", len(managers), requests, err)
	}
	a, b := managers[0], managers[1]
	if a.Host != "worker-1" || a.Slots != 4 || a.FreeSlots != 1 || a.Cores != 2 || a.Heartbeat.UnixMilli() != 1795451353251 || a.CPU.Known() {
		t.Errorf("a is %+v", a)
	}
	if want := job.UnknownTaskManager("b"); fmt.Sprint(b) != fmt.Sprint(want) {
		t.Errorf("b is %+v, want %+v", b, want)
	}
}
