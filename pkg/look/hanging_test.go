package look_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// hangs never answers.
func hangs(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// Jobs that hang, as many as leave a slot free, slow the sampling of no other.
func TestJobsThatHangHoldUpNoOther(t *testing.T) {
	for _, timeout := range []time.Duration{10 * time.Second, time.Minute} {
		for _, hanging := range []int{1, 7} {
			t.Run(fmt.Sprintf("%d for %s", hanging, timeout), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					jobs := []*sim.Job{sim.HeldBack("orders", 3, 2, 1)}
					for i := range hanging {
						jobs = append(jobs, sim.HeldBack(fmt.Sprint("bad-", i), 3, 2, 1))
					}
					s := samplingWithin(t, timeout, time.Hour, jobs...)
					time.Sleep(2 * time.Minute)
					answers := s.Cluster.ServeHTTP
					for _, bad := range jobs[1:] {
						others := answers
						answers = func(w http.ResponseWriter, r *http.Request) {
							if r.URL.Path == "/jobs/"+bad.ID {
								hangs(w, r)
								return
							}
							others(w, r)
						}
					}
					s.fail(answers)
					time.Sleep(10 * time.Minute)
					if looks := s.looks(t, jobs[0], 10*time.Minute); looks < 59 || looks > 61 {
						t.Errorf("%d looks in ten minutes", looks)
					}
					s.fail(nil)
					time.Sleep(timeout + 11*time.Second)
					for _, bad := range jobs[1:] {
						if s.looks(t, bad, timeout+11*time.Second) == 0 {
							t.Errorf("no look at %s, which answers again", bad.Name)
						}
					}
				})
			})
		}
	}
}

// Nor does one whose tasks hang, but for the first time: then it takes a slot for
// each of them, and one slot after that until they answer again.
func TestTasksThatHangHoldUpNoOther(t *testing.T) {
	for _, timeout := range []time.Duration{10 * time.Second, time.Minute} {
		t.Run(timeout.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				jobs := []*sim.Job{sim.HeldBack("orders", 3, 2, 1), sim.HeldBack("bad", 20, 2, 1)}
				s := samplingWithin(t, timeout, time.Hour, jobs...)
				time.Sleep(2 * time.Minute)
				s.fail(s.of("/jobs/"+jobs[1].ID+"/vertices/", hangs))
				time.Sleep(timeout + 10*time.Second)
				time.Sleep(10 * time.Minute)
				if looks := s.looks(t, jobs[0], 10*time.Minute); looks < 59 || looks > 61 {
					t.Errorf("%d looks in ten minutes", looks)
				}
				s.fail(nil)
				time.Sleep(timeout + 11*time.Second)
				if asked := s.requests(10 * time.Minute); asked < 58*(4+21) || asked > 62*(4+21) {
					t.Errorf("%d requests in ten minutes", asked)
				}
			})
		})
	}
}

// A job that takes longer than a fetch to answer is asked again with the first
// fetch after it has answered, and not before.
func TestOneLookAtAJobAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := samplingWithin(t, time.Minute, time.Hour, sim.HeldBack("orders", 3, 2, 1), sim.HeldBack("slow", 3, 2, 1))
		path := "/jobs/" + s.Cluster.Jobs[1].ID
		var now, rounds atomic.Int64
		s.fail(s.of(path, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == path {
				if rounds.Add(1); now.Add(1) > 1 {
					t.Error("two looks at once")
				}
				select {
				case <-time.After(25 * time.Second):
				case <-r.Context().Done():
				}
				now.Add(-1)
			}
			s.Cluster.ServeHTTP(w, r)
		}))
		time.Sleep(10 * time.Minute)
		if rounds := rounds.Load(); rounds < 19 || rounds > 21 {
			t.Errorf("%d looks in ten minutes, want one every 30 s", rounds)
		}
	})
}

// Close returns at once, though jobs hang, and nothing is asked after it.
func TestCloseWaitsForNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sampling(t, time.Hour, sim.HeldBack("orders", 3, 2, 1), sim.HeldBack("payments", 3, 2, 1))
		s.fail(s.of("/jobs/", hangs))
		time.Sleep(15 * time.Second) // the looks are under way
		closing := time.Now()
		s.Close()
		if took := time.Since(closing); took > 0 {
			t.Errorf("it took %s", took)
		}
		if asked := s.requests(time.Hour); asked > 0 {
			t.Errorf("%d requests after that", asked)
		}
	})
}
