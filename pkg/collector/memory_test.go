//go:build !race

package collector_test

import (
	"bytes"
	"io"
	"net/http"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/prepared"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// uncopied answers requests with what the handler writes, without a copy of it.
type uncopied struct{ http.Handler }

// RoundTrip implements [http.RoundTripper].
func (u uncopied) RoundTrip(request *http.Request) (*http.Response, error) {
	answer := &answer{header: http.Header{}}
	u.ServeHTTP(answer, request)
	return &http.Response{StatusCode: http.StatusOK, Header: answer.header, Body: io.NopCloser(bytes.NewReader(answer.body)), Request: request}, nil
}

// answer keeps what was written last.
type answer struct {
	header http.Header
	body   []byte
}

func (a *answer) Header() http.Header { return a.header }
func (a *answer) WriteHeader(int)     {}
func (a *answer) Write(body []byte) (int, error) {
	a.body = body
	return len(body), nil
}

// pollMemory is what a poll of a job allocates, in numbers and bytes, and how many
// bytes are kept of the job from one poll to the next.
func pollMemory(t *testing.T, tasks, subtasks int) (allocations, allocated, kept float64) {
	t.Helper()
	served := prepared.New(tasks, subtasks)
	client, err := flink.New(&remote.Client{Client: &http.Client{Transport: uncopied{served}}, Concurrency: 1}, "http://flink:8081")
	if err != nil {
		t.Fatal(err)
	}
	used := func() runtime.MemStats {
		var stats runtime.MemStats
		runtime.GC()
		runtime.GC() // what pools hold lives for one more
		runtime.ReadMemStats(&stats)
		return stats
	}
	before := used()
	polling := collector.New(client, collector.Options{})
	defer polling.Close()
	poll := func() {
		verdict, _, err := polling.Verdict(t.Context(), job.Info{ID: prepared.JobID, State: job.Running})
		if err != nil || len(verdict.Snapshot.Tasks) != tasks {
			t.Fatal(err)
		}
	}
	const polls = 10
	for range 5 { // the first requests gauges, and buffers grow
		poll()
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // which would empty the pools
	poll()
	var begun, ended runtime.MemStats
	runtime.ReadMemStats(&begun)
	for range polls {
		poll()
	}
	runtime.ReadMemStats(&ended)
	after := used()
	runtime.KeepAlive(polling)
	return float64(ended.Mallocs-begun.Mallocs) / polls, float64(ended.TotalAlloc-begun.TotalAlloc) / polls, float64(after.HeapAlloc) - float64(before.HeapAlloc)
}

// What a subtask costs at each poll, and what is kept of it until the next, in
// addition to what jobs and tasks do: its load in the snapshot, which each poll makes
// anew, and its counters.
func TestMemoryOfAPoll(t *testing.T) {
	const tasks, few, many = 10, 100, 1000
	allocations, allocated, kept := pollMemory(t, tasks, few)
	moreAllocations, moreAllocated, moreKept := pollMemory(t, tasks, many)
	perSubtask := func(less, more float64) float64 { return (more - less) / (tasks * (many - few)) }
	if got := perSubtask(allocations, moreAllocations); got > 0.1 {
		t.Errorf("%.3f allocations a subtask, more than 0.1", got)
	}
	for what, c := range map[string]struct{ got, want float64 }{
		"allocated": {perSubtask(allocated, moreAllocated), 208},
		"kept":      {perSubtask(kept, moreKept), 537},
	} {
		t.Logf("%.0f bytes a subtask are %s", c.got, what)
		if c.got < 0.9*c.want || c.got > 1.1*c.want {
			t.Errorf("%.0f bytes a subtask are %s, want %.0f within a tenth", c.got, what, c.want)
		}
	}
}
