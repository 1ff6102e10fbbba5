package collector_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"
	"github.com/grafana/grafana-plugin-sdk-go/backend/log"
	"go.uber.org/goleak"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/inmemory"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

func TestMain(m *testing.M) {
	log.DefaultLogger = log.NewNullLogger() // the SDK has a line for each client
	goleak.VerifyTestMain(m)
}

const (
	// maxAge is how old a sample may be in these tests.
	maxAge = 2 * time.Second
	// fetch is Flink's default of metrics.fetcher.update-interval.
	fetch = 10 * time.Second
)

// access is how a client reaches a cluster.
type access struct {
	concurrency int           // 8 if 0
	timeout     time.Duration // an hour if 0
}

// clientOf makes a client as the plugin does, for a cluster that the handler is.
func clientOf(t testing.TB, cluster http.Handler, by access) *flink.Client {
	t.Helper()
	if by.concurrency == 0 {
		by.concurrency = 8
	}
	if by.timeout == 0 {
		by.timeout = time.Hour
	}
	over, err := remote.NewClient(remote.Config{
		Concurrency: by.concurrency, Timeout: by.timeout, Forwarded: []string{"Authorization"},
		Middlewares: []httpclient.Middleware{httpclient.MiddlewareFunc(func(httpclient.Options, http.RoundTripper) http.RoundTripper {
			return inmemory.Transport{Handler: cluster}
		})},
	})
	if err != nil {
		t.Fatal(err)
	}
	client, err := flink.New(over, "http://flink:8081")
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// collectorOf polls the cluster that the handler is, and samples nothing.
func collectorOf(t testing.TB, cluster http.Handler) *collector.Collector {
	t.Helper()
	return collectorBy(t, cluster, access{})
}

// collectorBy does so by that access.
func collectorBy(t testing.TB, cluster http.Handler, by access) *collector.Collector {
	t.Helper()
	return collector.New(clientOf(t, cluster, by), collector.Options{MaxAge: maxAge})
}

// listed is the cluster's only job.
func listed(t testing.TB, c *collector.Collector) job.Info {
	t.Helper()
	jobs, _, err := c.Jobs(t.Context())
	if err != nil || len(jobs) != 1 {
		t.Fatalf("listed %v, %v; want one job", jobs, err)
	}
	return jobs[0]
}

// polled is a job's snapshot, and the requests that getting it caused.
func polled(t testing.TB, c *collector.Collector, info job.Info) (*job.Snapshot, int) {
	t.Helper()
	verdict, requests, err := c.Verdict(t.Context(), info)
	if err != nil {
		t.Fatal(err)
	}
	return verdict.Snapshot, requests
}

// sampledCluster is a cluster whose jobs are sampled, and how it fails now.
type sampledCluster struct {
	*collector.Collector
	sim      *sim.Cluster
	history  *memory.Cluster
	fails    atomic.Pointer[http.HandlerFunc] // nil while all is well
	requests atomic.Int64
}

func (s *sampledCluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	if fails := s.fails.Load(); fails != nil {
		(*fails)(w, r)
		return
	}
	s.sim.ServeHTTP(w, r)
}

// fail has requests answered so from now on; nil for well again.
func (s *sampledCluster) fail(answer http.HandlerFunc) {
	if s.fails.Store(&answer); answer == nil {
		s.fails.Store(nil)
	}
}

// requestsIn counts the requests in a time.
func (s *sampledCluster) requestsIn(length time.Duration) int {
	before := s.requests.Load()
	time.Sleep(length)
	return int(s.requests.Load() - before)
}

// samples counts the samples of the job in the history's last while.
func (s *sampledCluster) samples(t *testing.T, of *sim.Job, over time.Duration) (samples int) {
	t.Helper()
	query := history.Query{Job: history.Job{ID: of.ID}, Range: history.Range{From: time.Now().Add(-over), To: time.Now()}}
	if _, err := s.history.Snapshots(t.Context(), query, func(history.Snapshot) bool { samples++; return true }); err != nil {
		t.Fatal(err)
	}
	return samples
}

// newSampledCluster is a cluster with a history, which nothing has asked for yet.
func newSampledCluster(t *testing.T, by access, options collector.Options, jobs ...*sim.Job) *sampledCluster {
	t.Helper()
	s := &sampledCluster{sim: &sim.Cluster{Version: "2.3.0", Fetch: fetch, Noise: 286 * time.Millisecond, Jobs: jobs}}
	store := memory.NewPool(64<<20).Open(memory.DataSource{UID: "a"}, memory.Limits{Retention: 2 * time.Hour, MaxBytes: 64 << 20}, time.Now())
	s.history = store.Cluster("default")
	options.MaxAge, options.History = maxAge, s.history
	s.Collector = collector.New(clientOf(t, s, by), options)
	t.Cleanup(s.Close)
	return s
}

// sampling is a cluster each of whose jobs was asked for once, and is then sampled
// until idleAfter.
func sampling(t *testing.T, by access, idleAfter time.Duration, jobs ...*sim.Job) *sampledCluster {
	t.Helper()
	s := newSampledCluster(t, by, collector.Options{IdleAfter: idleAfter}, jobs...)
	s.askForAll(t)
	return s
}

// askForAll asks once for each of the jobs.
func (s *sampledCluster) askForAll(t *testing.T) {
	t.Helper()
	jobs, _, err := s.Jobs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range jobs {
		polled(t, s.Collector, info)
	}
}

// answering answers with a status and a body.
func answering(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// hanging never answers.
func hanging(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// below answers so for the paths that begin so, and for the others as the cluster
// does.
func (s *sampledCluster) below(path string, answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, path) {
			answer(w, r)
			return
		}
		s.sim.ServeHTTP(w, r)
	}
}

// containing answers so for the paths that contain a text, and for the others as the
// cluster does.
func (s *sampledCluster) containing(text string, answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, text) {
			answer(w, r)
			return
		}
		s.sim.ServeHTTP(w, r)
	}
}

// listing answers as a cluster that has no job but lists these.
func (s *sampledCluster) listing(jobs string) http.HandlerFunc {
	return s.below("/jobs/", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/jobs/overview" {
			answering(http.StatusOK, `{"jobs":[`+jobs+`]}`)(w, r)
			return
		}
		answering(http.StatusNotFound, `{"errors":["Job not found"]}`)(w, r)
	})
}
