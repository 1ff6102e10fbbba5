package look_test

import (
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

const notThere = `{"errors":["Not found."]}`

// Whatever a cluster answers while it is away or fails over, its jobs are
// sampled as soon as they answer again: within a fetch, or within a minute if it
// has said that it has no such job.
func TestSamplingOutlastsFailures(t *testing.T) {
	for name, c := range map[string]struct {
		fails func(*sampled) http.HandlerFunc
		back  time.Duration // how soon jobs are sampled again at the latest
	}{
		"job not found": {func(s *sampled) http.HandlerFunc {
			return s.of("/jobs/"+s.Cluster.Jobs[0].ID, answering(404, notThere))
		}, 11 * time.Second},
		"no path found":     {func(*sampled) http.HandlerFunc { return answering(404, notThere) }, 11 * time.Second},
		"job and list away": {func(s *sampled) http.HandlerFunc { return s.of("/jobs/", answering(404, notThere)) }, 11 * time.Second},
		"failing":           {func(*sampled) http.HandlerFunc { return answering(500, "") }, 11 * time.Second},
		"another server":    {func(*sampled) http.HandlerFunc { return answering(200, "<html>") }, 11 * time.Second},
		"no job listed":     {func(s *sampled) http.HandlerFunc { return s.listing("") }, 61 * time.Second},
	} {
		for _, away := range []time.Duration{20 * time.Second, 10 * time.Minute} {
			t.Run(name+" for "+away.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := sampling(t, time.Hour, sim.HeldBack("orders", 3, 2, 1))
					time.Sleep(2 * time.Minute)
					s.fail(c.fails(s))
					time.Sleep(away)
					s.fail(nil)
					time.Sleep(c.back)
					if looks := s.looks(t, s.Cluster.Jobs[0], c.back); looks == 0 {
						t.Errorf("no look in the first %s", c.back)
					}
					time.Sleep(5 * time.Minute)
					if looks := s.looks(t, s.Cluster.Jobs[0], 5*time.Minute); looks < 28 || looks > 31 {
						t.Errorf("%d looks in five minutes", looks)
					}
				})
			})
		}
	}
}

// While nothing answers that is remembered at the pace of the sampling, for one
// request a time, however many jobs there are.
func TestClusterAwayIsRemembered(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"404": answering(404, notThere), "500": answering(500, ""), "html": answering(200, "<html>"), "of no jobs": answering(200, "{}"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := sampling(t, time.Hour, sim.HeldBack("orders", 3, 2, 1), sim.HeldBack("payments", 3, 2, 1), sim.HeldBack("returns", 3, 2, 1))
				time.Sleep(2 * time.Minute)
				s.fail(answer)
				time.Sleep(75 * time.Second) // longer than what the cluster says of itself is believed
				if asked := s.requests(10 * time.Minute); asked < 55 || asked > 70 {
					t.Errorf("%d requests in ten minutes", asked)
				}
				times, up := s.store.Up("default", history.Span{From: time.Now().Add(-10 * time.Minute), To: time.Now()}, 10*time.Second)
				if len(up) < 58 || slices.Contains(up, 1) || time.Since(times[len(times)-1]) > 11*time.Second {
					t.Errorf("up was %v, last at %v", up, times)
				}
			})
		})
	}
}

// A cluster that has a job no more is asked for it once a minute, and not any
// more when nobody has wanted it for long enough.
func TestMissingJobIsTriedOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sampling(t, 30*time.Minute, sim.HeldBack("orders", 3, 2, 1))
		time.Sleep(2 * time.Minute)
		s.fail(s.listing(""))
		time.Sleep(time.Minute)
		// The job, the list, and at most what the cluster says of itself.
		if asked := s.requests(20 * time.Minute); asked < 2*19 || asked > 4*20 {
			t.Errorf("%d requests in twenty minutes", asked)
		}
		time.Sleep(8 * time.Minute)
		if asked := s.requests(time.Hour); asked > 0 {
			t.Errorf("%d requests after nobody had asked for half an hour", asked)
		}
	})
}

// A cluster that no longer answers is not one that has the job no more.
func TestMissingJobOfAClusterThatGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sampling(t, time.Hour, sim.HeldBack("orders", 3, 2, 1))
		s.fail(s.listing(""))
		time.Sleep(5 * time.Minute)
		s.fail(answering(404, notThere))
		time.Sleep(3 * time.Minute)
		s.fail(nil)
		time.Sleep(11 * time.Second)
		if looks := s.looks(t, s.Cluster.Jobs[0], 11*time.Second); looks == 0 {
			t.Error("the job is not looked at within a fetch")
		}
	})
}

// A job that has ended is not asked for any more, whether it tells that itself
// or only the list does.
func TestEndedJobIsNotSampled(t *testing.T) {
	for _, state := range []string{"FINISHED", "CANCELED", "FAILED"} {
		for _, forgotten := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				s := sampling(t, time.Hour, sim.HeldBack("orders", 3, 2, 1))
				time.Sleep(2 * time.Minute)
				ended := sim.HeldBack("orders", 3, 2, 1)
				ended.State = state
				s.fail((&sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second, Jobs: []*sim.Job{ended}}).ServeHTTP)
				if forgotten {
					s.fail(s.listing(`{"jid":"` + s.Cluster.Jobs[0].ID + `","name":"orders","state":"` + state + `"}`))
				}
				time.Sleep(11 * time.Second)
				if asked := s.requests(time.Hour); asked > 0 {
					t.Errorf("%s, forgotten %t: %d requests", state, forgotten, asked)
				}
			})
		}
	}
}
