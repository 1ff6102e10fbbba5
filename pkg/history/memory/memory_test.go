//go:build !race

package memory_test

import (
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// heap is what is reachable. Package unique frees its entries in a later cycle, and
// beside it.
func heap() int {
	for range 4 {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc)
}

// counted checks a store's own account against the heap.
func counted(t *testing.T, store *memory.Store, bytes int, tolerance float64) {
	t.Helper()
	off := float64(store.Bytes())/float64(bytes) - 1
	t.Logf("%.2f MiB of heap, %.2f by its own account (%+.1f %%)", float64(bytes)/mib, float64(store.Bytes())/mib, 100*off)
	if math.Abs(off) > tolerance {
		t.Errorf("it counts %+.1f %% compared with the heap", 100*off)
	}
}

// The bounds that history keeps, of real memory, and what it counts itself.
func TestMemory(t *testing.T) {
	for _, c := range []struct {
		name               string
		tasks, parallelism int
		samples, most      int
	}{
		{"an hour of 10,000 subtasks", 100, 100, 360, 48 * mib},
		{"a day of 200 subtasks", 20, 10, 8640, 20 * mib},
		{"a day of 4 subtasks", 4, 1, 8640, 3 * mib / 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			of := newChained(c.tasks, c.parallelism, 1)
			before := heap()
			store := open(memory.Limits{Retention: time.Duration(c.samples+1) * 10 * time.Second, MaxBytes: c.most})
			for range c.samples {
				store.Cluster("eu").Add(of.next(10*time.Second), math.NaN(), maxGap)
			}
			bytes := heap() - before
			t.Logf("%.1f bytes a sample and subtask", float64(bytes)/float64(c.samples*c.tasks*c.parallelism))
			counted(t, store, bytes, 0.05)
			if bytes > c.most {
				t.Errorf("%d bytes of heap, want at most %d", bytes, c.most)
			}
			if oldest, found := store.Cluster("eu").Find(of.info.ID); !found || oldest.First.After(second(10)) {
				t.Errorf("it reaches back to %s alone", oldest.First)
			}
			runtime.KeepAlive(of)
		})
	}
}

// What many small jobs take is counted as well as what a large one does.
func TestMemoryOfManyJobs(t *testing.T) {
	for name, samples := range map[string]func(n int) int{
		"a sample each":        func(int) int { return 1 },
		"up to twenty samples": func(n int) int { return 1 + n/25 },
		"an hour each":         func(int) int { return 360 },
	} {
		t.Run(name, func(t *testing.T) {
			jobs := make([]*chained, 500)
			for i := range jobs {
				jobs[i] = newChained(3, 2, uint64(i))
			}
			before, store := heap(), open(roomy)
			for n, each := range jobs {
				for range samples(n) {
					store.Cluster("eu").Add(each.next(10*time.Second), math.NaN(), maxGap)
				}
			}
			bytes := heap() - before
			t.Logf("%d bytes of heap a job", bytes/len(jobs))
			counted(t, store, bytes, 0.1)
			runtime.KeepAlive(jobs)
		})
	}
}

// Names, graphs and hosts are still counted when the samples that they came with are
// dropped.
func TestMemoryAfterTheRetention(t *testing.T) {
	jobs := make([]*chained, 200)
	for i := range jobs {
		jobs[i] = newChained(3, 2, uint64(i))
	}
	before, store := heap(), open(memory.Limits{Retention: time.Hour, MaxBytes: 1 << 30})
	for range 4 * 60 {
		for _, each := range jobs {
			store.Cluster("eu").Add(each.next(time.Minute), math.NaN(), maxGap)
		}
	}
	counted(t, store, heap()-before, 0.05)
	runtime.KeepAlive(jobs)
}

// What is dropped is given back, to the last byte of the account.
func TestMemoryIsGivenBack(t *testing.T) {
	before := heap()
	pool := memory.NewPool(1 << 30)
	store := pool.Open(source, roomy, began)
	for seed := range uint64(20) {
		of := newChained(5, 4, seed)
		for range 200 {
			store.Cluster("eu").Add(of.next(10*time.Second), math.NaN(), maxGap)
		}
	}
	add(store.Cluster("eu"), "small", 1, 2, 3)
	store.Cluster("eu").Answered(second(2001), true)
	if pool.Bytes() < mib {
		t.Fatalf("%d bytes are kept", pool.Bytes())
	}
	pool.Open(source, memory.Limits{}, second(3000))
	if pool.Bytes() != 0 || store.Bytes() != 0 {
		t.Errorf("%d bytes of the pool, %d of the store are kept", pool.Bytes(), store.Bytes())
	}
	if bytes := heap() - before; bytes > mib/4 {
		t.Errorf("%d bytes of heap are held", bytes)
	}
	runtime.KeepAlive(pool)
}

// Nothing is held of the answers that a sample was made from.
func TestNothingOfAnAnswerIsHeld(t *testing.T) {
	before, cluster := heap(), open(roomy).Cluster("eu")
	for n := range 16 {
		answer := strings.Repeat("RUNNING", mib/7)
		part := func() string { return answer[:7] }
		verdict := small(part(), second(n), unlike(n))
		snapshot := verdict.Snapshot
		snapshot.Job.Name, snapshot.Job.State, snapshot.Job.Type, snapshot.Source = part(), job.State(part()), job.Type(part()), job.Source(part())
		task, load := &snapshot.Graph.Tasks[0], &snapshot.Tasks[0].Subtasks[0]
		task.ID, task.Name, task.State = part(), part(), job.State(part())
		load.State, load.Why, load.Host, load.TaskManager = job.State(part()), job.Reason(part()), part(), part()
		if !cluster.Add(verdict, math.NaN(), maxGap) {
			t.Fatal("a sample was not kept")
		}
	}
	if bytes := heap() - before; bytes > mib/2 {
		t.Errorf("%d bytes are held", bytes)
	}
	runtime.KeepAlive(cluster)
}
