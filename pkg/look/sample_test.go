package look_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/look"
)

// sampled is a cluster whose jobs are sampled, and how it fails at the moment.
type sampled struct {
	*look.Keeper
	*sim.Cluster
	store *history.Store
	fails atomic.Pointer[http.HandlerFunc] // nil while all is well
	asked atomic.Int64
}

func (s *sampled) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked.Add(1)
	if fails := s.fails.Load(); fails != nil {
		(*fails)(w, r)
		return
	}
	s.Cluster.ServeHTTP(w, r)
}

// fail has requests answered so from now on; nil for well again.
func (s *sampled) fail(answer http.HandlerFunc) {
	if s.fails.Store(&answer); answer == nil {
		s.fails.Store(nil)
	}
}

// requests is how many requests come in a time.
func (s *sampled) requests(in time.Duration) int {
	before := s.asked.Load()
	time.Sleep(in)
	return int(s.asked.Load() - before)
}

// looks is how many looks at the job are remembered of the last while.
func (s *sampled) looks(t *testing.T, job *sim.Job, over time.Duration) (looks int) {
	for _, err := range s.store.Looks(t.Context(), history.Key{Cluster: "default", JobID: job.ID}, history.Span{From: time.Now().Add(-over), To: time.Now()}) {
		if err != nil {
			t.Fatal(err)
		}
		looks++
	}
	return looks
}

// sampling has somebody ask once for each of the jobs, which are then sampled
// for idleAfter.
func sampling(t *testing.T, idleAfter time.Duration, jobs ...*sim.Job) *sampled {
	t.Helper()
	return samplingWithin(t, 10*time.Second, idleAfter, jobs...)
}

// samplingWithin does so with that time-out of a request.
func samplingWithin(t *testing.T, timeout, idleAfter time.Duration, jobs ...*sim.Job) *sampled {
	t.Helper()
	s := &sampled{Cluster: &sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second, Noise: 286 * time.Millisecond, Jobs: jobs}}
	s.store = history.NewStore(history.Limits{Retention: 2 * time.Hour, Bytes: 64 << 20})
	s.Keeper = keeperWithin(t, s, 8, timeout)
	s.Remember(look.Memory{Cluster: "default", Store: s.store, IdleAfter: idleAfter})
	t.Cleanup(s.Close)
	listed, _, err := s.Keeper.Jobs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range listed {
		looked(t, s.Keeper, info)
	}
	return s
}

// answering answers a status and a body.
func answering(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// of answers so for the paths that begin so, and for the others as the cluster.
func (s *sampled) of(path string, answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, path) {
			answer(w, r)
			return
		}
		s.Cluster.ServeHTTP(w, r)
	}
}

// listing answers for a cluster that has no job but lists these.
func (s *sampled) listing(jobs string) http.HandlerFunc {
	return s.of("/jobs/", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/jobs/overview" {
			answering(200, `{"jobs":[`+jobs+`]}`)(w, r)
			return
		}
		answering(404, `{"errors":["Job not found"]}`)(w, r)
	})
}
