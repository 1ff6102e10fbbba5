package collector_test

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

// Whatever a cluster answers while it is away or fails over, its jobs are sampled
// as soon as they answer again: within a fetch, or within a minute if the cluster
// listed no such job.
func TestSamplingOutlastsFailures(t *testing.T) {
	for name, c := range map[string]struct {
		fails func(*sampledCluster) http.HandlerFunc
		back  time.Duration // how soon jobs are sampled again at the latest
	}{
		"job not found": {func(s *sampledCluster) http.HandlerFunc {
			return s.below("/jobs/"+s.sim.Jobs[0].ID, answering(404, notThere))
		}, 11 * time.Second},
		"no path found":     {func(*sampledCluster) http.HandlerFunc { return answering(404, notThere) }, 11 * time.Second},
		"job and list away": {func(s *sampledCluster) http.HandlerFunc { return s.below("/jobs/", answering(404, notThere)) }, 11 * time.Second},
		"failing":           {func(*sampledCluster) http.HandlerFunc { return answering(500, "") }, 11 * time.Second},
		"another server":    {func(*sampledCluster) http.HandlerFunc { return answering(200, "<html>") }, 11 * time.Second},
		"no job listed":     {func(s *sampledCluster) http.HandlerFunc { return s.listing("") }, 61 * time.Second},
	} {
		for _, away := range []time.Duration{20 * time.Second, 10 * time.Minute} {
			t.Run(name+" for "+away.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := sampling(t, access{timeout: 10 * time.Second}, time.Hour, sim.HeldBack("orders", 3, 2, 1))
					time.Sleep(2 * time.Minute)
					s.fail(c.fails(s))
					time.Sleep(away)
					s.fail(nil)
					time.Sleep(c.back)
					if samples := s.samples(t, s.sim.Jobs[0], c.back); samples == 0 {
						t.Errorf("no sample in the first %s", c.back)
					}
					time.Sleep(5 * time.Minute)
					if samples := s.samples(t, s.sim.Jobs[0], 5*time.Minute); samples < 28 || samples > 31 {
						t.Errorf("%d samples in five minutes", samples)
					}
				})
			})
		}
	}
}

// While nothing answers the history has so once a fetch, for one request a time,
// however many jobs there are.
func TestClusterThatIsAwayCostsARequestAFetch(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"404": answering(404, notThere), "500": answering(500, ""), "a page": answering(200, "<html>"), "other JSON": answering(200, "{}"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := sampling(t, access{}, time.Hour, sim.HeldBack("orders", 3, 2, 1), sim.HeldBack("payments", 3, 2, 1), sim.HeldBack("returns", 3, 2, 1))
				time.Sleep(2 * time.Minute)
				s.fail(answer)
				time.Sleep(75 * time.Second) // longer than the cluster's own data is cached
				if requests := s.requestsIn(10 * time.Minute); requests < 55 || requests > 70 {
					t.Errorf("%d requests in ten minutes", requests)
				}
				at, up := s.history.Up(history.Range{From: time.Now().Add(-10 * time.Minute), To: time.Now()}, fetch)
				if len(up) < 58 || slices.Contains(up, 1) || time.Since(at[len(at)-1].At) > 11*time.Second {
					t.Errorf("up was %v, last at %v", up, at)
				}
			})
		})
	}
}

// A cluster that lists a job no more is asked for it once a minute, and not any
// more when nobody has asked for it for long enough.
func TestMissingJobIsTriedOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sampling(t, access{}, 30*time.Minute, sim.HeldBack("orders", 3, 2, 1))
		time.Sleep(2 * time.Minute)
		s.fail(s.listing(""))
		time.Sleep(time.Minute)
		// The job, the list, and at most the cluster's own data.
		if requests := s.requestsIn(20 * time.Minute); requests < 2*19 || requests > 4*20 {
			t.Errorf("%d requests in twenty minutes", requests)
		}
		time.Sleep(8 * time.Minute)
		if requests := s.requestsIn(time.Hour); requests > 0 {
			t.Errorf("%d requests after nobody had asked for half an hour", requests)
		}
	})
}

// A cluster that no longer answers is not one that lists the job no more.
func TestMissingJobOfAClusterThatGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sampling(t, access{}, time.Hour, sim.HeldBack("orders", 3, 2, 1))
		s.fail(s.listing(""))
		time.Sleep(5 * time.Minute)
		s.fail(answering(404, notThere))
		time.Sleep(3 * time.Minute)
		s.fail(nil)
		time.Sleep(11 * time.Second)
		if samples := s.samples(t, s.sim.Jobs[0], 11*time.Second); samples == 0 {
			t.Error("the job is not sampled within a fetch")
		}
	})
}

// A job that has ended is not sampled any more, whether its own answer shows that
// or only the list does.
func TestEndedJobIsNotSampled(t *testing.T) {
	for _, state := range []string{"FINISHED", "CANCELED", "FAILED"} {
		for _, listedAlone := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				s := sampling(t, access{}, time.Hour, sim.HeldBack("orders", 3, 2, 1))
				time.Sleep(2 * time.Minute)
				ended := sim.HeldBack("orders", 3, 2, 1)
				ended.State = state
				s.fail((&sim.Cluster{Version: "2.3.0", Fetch: fetch, Jobs: []*sim.Job{ended}}).ServeHTTP)
				if listedAlone {
					s.fail(s.listing(`{"jid":"` + s.sim.Jobs[0].ID + `","name":"orders","state":"` + state + `"}`))
				}
				time.Sleep(11 * time.Second)
				if requests := s.requestsIn(time.Hour); requests > 0 {
					t.Errorf("%s, only listed %t: %d requests", state, listedAlone, requests)
				}
			})
		}
	}
}
