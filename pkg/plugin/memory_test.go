//go:build !race

package plugin_test

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
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
