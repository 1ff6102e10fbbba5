//go:build !race

package history_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

// heap is what is reachable.
func heap() int {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc)
}

// filled is a store with that many looks at a job, and the heap that it takes.
func filled(jobs *chained, every time.Duration, looks int, limits history.Limits) (store *history.Store, bytes int) {
	before := heap()
	store = history.NewStore(limits)
	for range looks {
		look := jobs.look(every)
		store.Add("default", look, jobs.row(look))
	}
	return store, heap() - before
}

// What many small jobs take is counted as well as what a large one does.
func TestMemoryOfManyJobs(t *testing.T) {
	jobs := make([]*chained, 500)
	for i := range jobs {
		jobs[i] = newChained(3, 2, uint64(i))
	}
	before, store := heap(), history.NewStore(roomy)
	for n := range 20 {
		for _, each := range jobs[25*n:] {
			look := each.look(10 * time.Second)
			store.Add("default", look, each.row(look))
		}
	}
	bytes := heap() - before
	t.Logf("%d bytes of heap a job, %d by its own account", bytes/len(jobs), store.Bytes()/len(jobs))
	if off := float64(store.Bytes())/float64(bytes) - 1; off < -0.1 || off > 0.1 {
		t.Errorf("it counts %.1f %% more than the heap says", 100*off)
	}
	runtime.KeepAlive(jobs)
}

// The bounds that the history is to keep, of real memory, and what it counts
// itself.
func TestMemory(t *testing.T) {
	for _, c := range []struct {
		name               string
		tasks, parallelism int
		looks, most        int
	}{
		{"an hour of 10,000 subtasks", 100, 100, 360, 64 * mib},
		{"a day of 200 subtasks", 20, 10, 8640, 16 * mib},
		{"a day of 4 subtasks", 4, 1, 8640, mib},
	} {
		t.Run(c.name, func(t *testing.T) {
			jobs := newChained(c.tasks, c.parallelism, 1)
			store, bytes := filled(jobs, 10*time.Second, c.looks, history.Limits{Retention: time.Duration(c.looks+1) * 10 * time.Second, Bytes: c.most})
			t.Logf("%.2f MiB of heap, %.2f by its own account; %.2f bytes a reading", float64(bytes)/mib, float64(store.Bytes())/mib, float64(bytes)/float64(c.looks*c.tasks*c.parallelism))
			if bytes > c.most {
				t.Errorf("%d bytes of heap, want at most %d", bytes, c.most)
			}
			if off := float64(store.Bytes())/float64(bytes) - 1; off < -0.05 || off > 0.05 {
				t.Errorf("it counts %.1f %% more than the heap says", 100*off)
			}
			if oldest, found := store.Oldest("default"); !found || oldest.After(began.Add(time.Minute)) {
				t.Errorf("it reaches back to %s alone", oldest)
			}
			runtime.KeepAlive(jobs)
		})
	}
}
