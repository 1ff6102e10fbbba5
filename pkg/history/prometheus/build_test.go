package prometheus_test

import (
	"context"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/promtest"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/prometheus"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// noon is the time around which everything happens.
var noon = time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)

const jobID = "0123456789abcdef0123456789abcdef"

// ran is an attempt of a subtask that was scraped.
type ran struct {
	task     string
	subtask  int
	attempt  string // its id
	number   int
	manager  string
	from, to time.Time
	shares   job.Shares
	legacy   bool // busy is NaN, and idle 0
	old      bool // before 1.16: gauges alone
	every    time.Duration
	labels   map[string]string // beside the usual ones
}

// scraped are the series of attempts.
func scraped(attempts ...ran) (all []series) {
	for _, a := range attempts {
		rate := func(of job.Share) func(time.Duration) float64 {
			return func(after time.Duration) float64 { return float64(of) * float64(after.Milliseconds()) }
		}
		gauge := func(of job.Share) func(time.Duration) float64 {
			return func(time.Duration) float64 { return 1000 * float64(of) }
		}
		idle, busy := a.shares.Idle, a.shares.Busy
		if a.legacy {
			idle, busy = 0, job.Unknown
		}
		metrics := map[string]func(time.Duration) float64{
			"idleTimeMsPerSecond": gauge(idle), "busyTimeMsPerSecond": gauge(busy), "backPressuredTimeMsPerSecond": gauge(a.shares.Backpressured),
			"numRecordsIn":  func(after time.Duration) float64 { return 10 * after.Seconds() },
			"numRecordsOut": func(after time.Duration) float64 { return 20 * after.Seconds() },
		}
		if !a.old {
			maps.Copy(metrics, map[string]func(time.Duration) float64{
				"accumulateIdleTimeMs": rate(idle), "accumulateBusyTimeMs": rate(busy), "accumulateBackPressuredTimeMs": rate(a.shares.Backpressured),
			})
		}
		for name, value := range metrics {
			all = append(all, a.series("flink_taskmanager_job_task_"+name, value))
		}
	}
	return all
}

func (a ran) series(name string, value func(after time.Duration) float64) series {
	labels := map[string]string{
		"__name__": name, "job_id": jobID, "job_name": "orders", "task_id": a.task, "task_name": "name of " + a.task,
		"subtask_index": fmt.Sprint(a.subtask), "task_attempt_id": a.attempt, "task_attempt_num": fmt.Sprint(a.number),
		"host": "host_of_" + a.manager, "tm_id": a.manager, "instance": a.manager + ":9249",
	}
	maps.Copy(labels, a.labels)
	of, every := series{labels: labels}, a.every
	if every == 0 {
		every = 15 * time.Second
	}
	for after := time.Duration(0); !a.from.Add(after).After(a.to); after += every {
		of.samples = append(of.samples, promtest.Sample{At: a.from.Add(after), Value: value(after)})
	}
	return of
}

// always is an attempt that runs for an hour around noon.
func always(task string, subtask int, shares job.Shares) ran {
	return ran{
		task: task, subtask: subtask, attempt: fmt.Sprint("execution_", task, "_", subtask, "_0"), manager: "tm1",
		from: noon.Add(-30 * time.Minute), to: noon.Add(30 * time.Minute), shares: shares,
	}
}

// series is what a Prometheus has scraped of one metric of one target.
type series struct {
	labels  map[string]string // __name__ among them
	samples []promtest.Sample
}

// fake is a Prometheus with these series.
func fake(t testing.TB, all []series) *promtest.Server {
	t.Helper()
	server := promtest.New(t)
	for _, one := range all {
		server.Add(one.labels, one.samples...)
	}
	return server
}

// readerOf is a reader of a Prometheus, with answers that are not reused.
func readerOf(t testing.TB, server *promtest.Server) *prometheus.Reader {
	t.Helper()
	return reader(t, server.URL, prometheus.Options{})
}

// served is a reader of a Prometheus that answers so.
func served(t testing.TB, handler http.Handler) *prometheus.Reader {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return reader(t, server.URL, prometheus.Options{})
}

func reader(t testing.TB, address string, options prometheus.Options) *prometheus.Reader {
	t.Helper()
	made, err := prometheus.New(client(t, time.Minute), address, options)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// client has four requests under way at once.
func client(t testing.TB, timeout time.Duration) *remote.Client {
	t.Helper()
	made, err := remote.NewClient(remote.Config{Timeout: timeout, Concurrency: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(made.Close)
	return made
}

// connected is a graph of tasks, each with its parallelism, in a row.
func connected(parallelism map[string]int, ids ...string) *job.Graph {
	var tasks []job.Task
	var edges []job.Edge
	for i, id := range ids {
		tasks = append(tasks, job.Task{ID: id, Name: id, Parallelism: parallelism[id], State: job.Running})
		if i > 0 {
			edges = append(edges, job.Edge{From: ids[i-1], To: id})
		}
	}
	return job.NewGraph(tasks, edges)
}

// orders is the job, of which no graph is known.
var orders = history.Job{ID: jobID}

// ordersWith is the job with a graph.
func ordersWith(graph *job.Graph) history.Job { return history.Job{ID: jobID, Graph: graph} }

// minutes is a range by its distance from noon.
func minutes(from, to int) history.Range {
	return history.Range{From: noon.Add(time.Duration(from) * time.Minute), To: noon.Add(time.Duration(to) * time.Minute)}
}

// snapshots are all of a range.
func snapshots(t testing.TB, reader *prometheus.Reader, of history.Job, over history.Range, step time.Duration) (all []*job.Snapshot) {
	t.Helper()
	all, _, err := read(t.Context(), reader, of, over, step)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// read reads the snapshots of a range, with records.
func read(ctx context.Context, reader *prometheus.Reader, of history.Job, over history.Range, step time.Duration) (all []*job.Snapshot, warnings history.Warnings, err error) {
	warnings, err = reader.Snapshots(ctx, history.Query{Job: of, Range: over, Step: step, Records: true}, func(snapshot history.Snapshot) bool {
		all = append(all, snapshot.Snapshot)
		return true
	})
	return all, warnings, err
}

// near compares shares; unknown is like unknown.
func near(got, want job.Shares) bool {
	same := func(a, b job.Share) bool {
		return a.Known() == b.Known() && (!a.Known() || math.Abs(float64(a-b)) < 0.002)
	}
	return same(got.Idle, want.Idle) && same(got.Busy, want.Busy) && same(got.Backpressured, want.Backpressured)
}
