//go:build !race

package plugin_test

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// heapBeside is the heap without the bytes that the history counts as its own.
func heapBeside(store *memory.Store) int {
	var stats runtime.MemStats
	for range 3 { // what has been pooled takes two collections
		runtime.GC()
	}
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc) - store.Bytes()
}

// While 20 jobs of 20 tasks are sampled, the heap beside the history does not grow.
func TestMemoryOfSampling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newTwentyJobs(t)
		watch := func() {
			for range 18 {
				time.Sleep(10 * time.Second)
				l.Requests() // so that they do not pile up
			}
		}
		watch()
		heap := heapBeside(store)
		watch()
		grown := heapBeside(store) - heap
		t.Logf("beside the history, of %d bytes, the heap grew by %d", store.Bytes(), grown)
		if grown > 1<<20 {
			t.Errorf("the heap grew by %d bytes in three minutes, beside the history", grown)
		}
	})
}

// heapWatch measures, now and then while a query is answered, how much of the heap is
// in use: an answer checks between samples that its caller has not gone away.
type heapWatch struct {
	context.Context
	mu          sync.Mutex
	calls, most int
}

func (h *heapWatch) Err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.calls++; h.calls%50 == 0 {
		h.most = max(h.most, heap())
	}
	return h.Context.Err()
}

// heap is what is reachable, and what other goroutines have just made.
func heap() int {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc)
}

// wideVerdict is that on a job of tasks that are not connected. The n-th subtask is the
// busier the higher n is.
func wideVerdict(name string, tasks, parallelism int) *diagnosis.Verdict {
	var all []job.Task
	loads := make([][]job.SubtaskLoad, tasks)
	for i := range tasks {
		all = append(all, job.Task{ID: fmt.Sprintf("%032x", i), Name: fmt.Sprintf("task-%03d", i), Parallelism: parallelism, State: job.Running, Running: parallelism})
		for n := range parallelism {
			busy := job.Share(0.2 + 3e-5*float64(parallelism*i+n))
			loads[i] = append(loads[i], job.SubtaskLoad{Subtask: n, State: job.Running, TaskManager: "tm-1", Shares: job.Shares{Idle: 1 - busy, Busy: busy}})
		}
	}
	info := job.Info{ID: fmt.Sprintf("%032x", len(name)), Name: name, State: job.Running, Subtasks: tasks * parallelism, Active: tasks * parallelism}
	now := time.Now()
	return diagnosis.Diagnose(job.FromLoads(job.Snapshot{Job: info, Graph: job.NewGraph(all, nil), At: now, From: now.Add(-10 * time.Second), To: now, Source: job.FromCounters}, loads))
}

// Of many more series than an answer has, the worst are answered with all their points,
// and no more points are held at any time.
func TestMemoryOfManySeries(t *testing.T) {
	const samples, series = 200, 10_000
	for name, c := range map[string]struct {
		jobs, tasks, parallelism int
		by, last                 string // of the worst series, and how its labels end
	}{
		"subtasks of a job":     {1, 10, 1000, "subtask", "subtask=999, task=task-009"},
		"subtasks of many jobs": {20, 5, 100, "subtask", "subtask=99, task=task-004"},
		"tasks of many jobs":    {100, 100, 1, "task", "task=task-099"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				settings := settingsWith(map[string]any{"url": "http://flink:8081"})
				source := open(t, settings)
				limits := memory.Limits{Retention: time.Hour, MaxBytes: 64 << 20}
				kept := poolOf(t).Open(memory.DataSource{UID: settings.UID}, limits, time.Now()).Cluster("default at http://flink:8081")
				for range samples {
					for n := range c.jobs {
						kept.Add(wideVerdict(strings.Repeat("j", n+1), c.tasks, c.parallelism), math.NaN(), time.Minute)
					}
					time.Sleep(10 * time.Second)
				}
				over := backend.TimeRange{From: time.Now().Add(-time.Hour), To: time.Now()}
				time.Sleep(20 * time.Minute)
				watch := &heapWatch{Context: t.Context()}
				before := heap()
				answer := sendOver(watch, t, source, over, nil, `{"queryType": "history", "measure": "busy", "by": "`+c.by+`"}`)["A"]
				if answer.Error != nil || len(answer.Frames) != 1000 {
					t.Fatalf("%d series, %v", len(answer.Frames), answer.Error)
				}
				want := fmt.Sprintf("The answer holds the worst 1000 of %d series. Choose jobs or tasks in the query, or a coarser \"by\".", series)
				if texts := notices(answer.Frames[0]); !slices.Equal(texts, []string{want}) {
					t.Errorf("the notices are %q", texts)
				}
				if points, labels := answer.Frames[0].Rows(), answer.Frames[0].Fields[1].Labels.String(); points < samples || points > samples+1 || !strings.HasSuffix(labels, c.last) {
					t.Errorf("the worst series is %s with %d points", labels, points)
				}
				grown, most := watch.most-before, 16<<20
				t.Logf("%.1f MiB beside the history, by %d measurements", float64(grown)/(1<<20), watch.calls/50)
				if watch.calls < 500 || grown > most {
					t.Errorf("the heap grew by %d bytes, want at most %d", grown, most)
				}
			})
		})
	}
}
