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

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/prometheus"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

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
		of.samples = append(of.samples, sample{a.from.Add(after), value(after)})
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

// served is a reader of a Prometheus that answers so.
func served(t testing.TB, handler http.Handler, options prometheus.Options) *prometheus.Reader {
	t.Helper()
	server := httptest.NewServer(handler)
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(func() { client.CloseIdleConnections(); server.Close() })
	reader, err := prometheus.New(client, server.URL, options)
	if err != nil {
		t.Fatal(err)
	}
	return reader
}

// connected is a graph of tasks, each with its parallelism, in a row.
func connected(parallelism map[string]int, ids ...string) func(context.Context, history.Key) (*job.Graph, error) {
	var tasks []job.Task
	var edges []job.Edge
	for i, id := range ids {
		tasks = append(tasks, job.Task{ID: id, Name: id, Parallelism: parallelism[id], State: job.Running})
		if i > 0 {
			edges = append(edges, job.Edge{From: ids[i-1], To: id})
		}
	}
	return func(context.Context, history.Key) (*job.Graph, error) { return job.NewGraph(tasks, edges), nil }
}

// key is the job's.
var key = history.Key{Cluster: "default", JobID: jobID}

// minutes is a span by its distance from noon.
func minutes(from, to int) history.Span {
	return history.Span{From: noon.Add(time.Duration(from) * time.Minute), To: noon.Add(time.Duration(to) * time.Minute)}
}

// snapshots are all of a span.
func snapshots(t testing.TB, reader *prometheus.Reader, over history.Span, step time.Duration) (all []*job.Snapshot) {
	t.Helper()
	for snapshot, err := range reader.Snapshots(t.Context(), key, over, step) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, snapshot)
	}
	return all
}

// near compares shares; unknown is like unknown.
func near(got, want job.Shares) bool {
	same := func(a, b job.Share) bool {
		return a.Known() == b.Known() && (!a.Known() || math.Abs(float64(a-b)) < 0.002)
	}
	return same(got.Idle, want.Idle) && same(got.Busy, want.Busy) && same(got.Backpressured, want.Backpressured)
}
