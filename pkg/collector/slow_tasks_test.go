package collector_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// A Flink that hangs costs one time-out, not one for every eight tasks: the tasks
// that had not been asked by then are not.
func TestHangingTasksCostOneTimeOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := &sim.Cluster{Version: "2.3.0", Fetch: fetch, Jobs: []*sim.Job{sim.HeldBack("orders", 40, 1, 20)}}
		var asked atomic.Int64
		c := collectorBy(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/vertices/") {
				asked.Add(1)
				hanging(w, r)
				return
			}
			cluster.ServeHTTP(w, r)
		}), access{timeout: 10 * time.Second})
		begun := time.Now()
		snapshot, _ := polled(t, c, job.Info{ID: cluster.Jobs[0].ID, State: job.Running})
		if asked.Load() != 8 || time.Since(begun) != 10*time.Second+settling {
			t.Errorf("%d tasks were asked, in %s; want the first 8, in a time-out", asked.Load(), time.Since(begun))
		}
		timedOut := 0
		for i, task := range snapshot.Tasks {
			if task.Err == nil || task.Known() {
				t.Errorf("task %d is known, or has no reason why not", i)
			}
			if remote.IsKind(task.Err, remote.TimedOut) {
				timedOut++
			}
		}
		if timedOut != 8 || len(snapshot.Tasks) != 40 {
			t.Errorf("%d of %d tasks timed out", timedOut, len(snapshot.Tasks))
		}
	})
}

// A task that hangs is unknown alone, from the first poll on: the others are judged, by
// their gauges first and then by their counters, for a time-out a poll.
func TestHangingTaskCostsItselfAlone(t *testing.T) {
	for _, c := range []struct {
		hangs   int
		path    string // below the task's
		timeout time.Duration
		polls   int // that are affected
	}{
		{0, "", 5 * time.Second, 5}, {0, "", 10 * time.Second, 5}, {0, "", time.Minute, 5}, {7, "", 5 * time.Second, 5}, {19, "", 5 * time.Second, 5},
		{0, "/backpressure", 5 * time.Second, 1}, {19, "/backpressure", time.Minute, 1},
	} {
		t.Run(fmt.Sprint(c.hangs, c.path, " for ", c.timeout), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				held := sim.HeldBack("orders", 20, 1, 10)
				cluster := &sim.Cluster{Version: "2.3.0", Fetch: fetch, Jobs: []*sim.Job{held}}
				hanging := sim.Spoiled(cluster, sim.On("/vertices/"+held.Tasks[c.hangs].ID+c.path, sim.Hanging()))
				made := collectorBy(t, hanging, access{timeout: c.timeout})
				info := listed(t, made)
				for n := range c.polls {
					begun := time.Now()
					snapshot, _ := polled(t, made, info)
					if took := time.Since(begun); took > c.timeout+2*time.Second {
						t.Errorf("poll %d took %s", n, took)
					}
					for i, task := range snapshot.Tasks {
						if hangs := i == c.hangs; task.Known() == hangs || remote.IsKind(task.Err, remote.TimedOut) != hangs || task.Err != nil != hangs {
							t.Errorf("poll %d: task %d is known: %t, %v", n, i, task.Known(), task.Err)
						}
					}
					time.Sleep(3 * time.Second)
				}
			})
		})
	}
}

// Nor does one go without for long because two hang in turn, after a while in which
// all did, and they are all known soon after they answer.
func TestTasksAreRequestedInTurnWhereSomeHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := sim.HeldBack("orders", 40, 1, 20)
		cluster := &sim.Cluster{Version: "2.3.0", Fetch: fetch, Jobs: []*sim.Job{held}}
		var hangs atomic.Pointer[[]*sim.Task]
		hang := func(tasks ...int) {
			var chosen []*sim.Task
			for _, i := range tasks {
				chosen = append(chosen, &held.Tasks[i])
			}
			hangs.Store(&chosen)
		}
		c := collectorBy(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for _, task := range *hangs.Load() {
				if strings.HasSuffix(r.URL.Path, task.ID) {
					hanging(w, r)
					return
				}
			}
			cluster.ServeHTTP(w, r)
		}), access{timeout: 5 * time.Second})
		poll := func(times int) (unknown []int) {
			for range times {
				snapshot, _ := polled(t, c, job.Info{ID: held.ID, State: job.Running})
				unknown = nil
				for i, task := range snapshot.Tasks {
					if !task.Known() {
						unknown = append(unknown, i)
					}
				}
				time.Sleep(10 * time.Second)
			}
			return unknown
		}
		all := make([]int, 40)
		for i := range all {
			all[i] = i
		}
		for _, each := range []struct{ hangs, unknown []int }{{all, all}, {[]int{3, 8}, []int{3, 8}}, {nil, nil}} {
			hang(each.hangs...)
			if unknown := poll(6); !slices.Equal(unknown, each.unknown) {
				t.Errorf("while %v hang, %v are unknown", each.hangs, unknown)
			}
		}
	})
}

// Jobs that hang, as many as leave a request free, slow the sampling of no other.
func TestJobsThatHangHoldUpNoOther(t *testing.T) {
	for _, timeout := range []time.Duration{10 * time.Second, time.Minute} {
		for _, count := range []int{1, 7} {
			t.Run(fmt.Sprintf("%d for %s", count, timeout), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					jobs := []*sim.Job{sim.HeldBack("orders", 3, 2, 1)}
					for i := range count {
						jobs = append(jobs, sim.HeldBack(fmt.Sprint("bad-", i), 3, 2, 1))
					}
					s := sampling(t, access{timeout: timeout}, time.Hour, jobs...)
					time.Sleep(2 * time.Minute)
					bad := map[string]bool{}
					for _, each := range jobs[1:] {
						bad["/jobs/"+each.ID] = true
					}
					s.fail(func(w http.ResponseWriter, r *http.Request) {
						if bad[r.URL.Path] {
							hanging(w, r)
							return
						}
						s.sim.ServeHTTP(w, r)
					})
					time.Sleep(10 * time.Minute)
					if samples := s.samples(t, jobs[0], 10*time.Minute); samples < 59 || samples > 61 {
						t.Errorf("%d samples in ten minutes", samples)
					}
					s.fail(nil)
					time.Sleep(timeout + 11*time.Second)
					for _, each := range jobs[1:] {
						if s.samples(t, each, timeout+11*time.Second) == 0 {
							t.Errorf("no sample of %s, which answers again", each.Name)
						}
					}
				})
			})
		}
	}
}

// Nor does one whose tasks hang, but for the first time: then it takes a request
// for each of them, and one at a time after that until they answer again.
func TestTasksThatHangHoldUpNoOther(t *testing.T) {
	for _, timeout := range []time.Duration{10 * time.Second, time.Minute} {
		t.Run(timeout.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				jobs := []*sim.Job{sim.HeldBack("orders", 3, 2, 1), sim.HeldBack("bad", 20, 2, 1)}
				s := sampling(t, access{timeout: timeout}, time.Hour, jobs...)
				time.Sleep(2 * time.Minute)
				s.fail(s.below("/jobs/"+jobs[1].ID+"/vertices/", hanging))
				time.Sleep(timeout + 10*time.Second)
				time.Sleep(10 * time.Minute)
				if samples := s.samples(t, jobs[0], 10*time.Minute); samples < 59 || samples > 61 {
					t.Errorf("%d samples in ten minutes", samples)
				}
				s.fail(nil)
				time.Sleep(timeout + 11*time.Second)
				if requests := s.requestsIn(10 * time.Minute); requests < 58*(4+21) || requests > 62*(4+21) {
					t.Errorf("%d requests in ten minutes", requests)
				}
			})
		})
	}
}

// A job that takes longer than a fetch to answer is asked again with the first
// fetch after it has answered, and not before.
func TestOnePollOfAJobAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sampling(t, access{timeout: time.Minute}, time.Hour, sim.HeldBack("orders", 3, 2, 1), sim.HeldBack("slow", 3, 2, 1))
		path := "/jobs/" + s.sim.Jobs[1].ID
		var now, polls atomic.Int64
		s.fail(s.below(path, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == path {
				if polls.Add(1); now.Add(1) > 1 {
					t.Error("two polls at once")
				}
				select {
				case <-time.After(25 * time.Second):
				case <-r.Context().Done():
				}
				now.Add(-1)
			}
			s.sim.ServeHTTP(w, r)
		}))
		time.Sleep(10 * time.Minute)
		if polls := polls.Load(); polls < 19 || polls > 21 {
			t.Errorf("%d polls in ten minutes, want one every 30 s", polls)
		}
	})
}
