package plugin_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

// twenty are 20 jobs of 20 tasks.
func twenty() (jobs []*sim.Job) {
	for i := range 20 {
		jobs = append(jobs, sim.HeldBack(fmt.Sprintf("job-%02d", i), 20, 2, i))
	}
	return jobs
}

// tally is how many requests of each kind a cluster saw.
type tally struct {
	looks                         map[string]int // by the path of the job
	tasks, lists, clusters, other int
}

func (c *tally) add(paths []string) {
	for _, path := range paths {
		switch parts := strings.Split(path, "/"); {
		case path == "/jobs/overview":
			c.lists++
		case path == "/overview" || path == "/jobmanager/config":
			c.clusters++
		case len(parts) == 3 && parts[1] == "jobs":
			c.looks[path]++
		case len(parts) == 5 && parts[3] == "vertices":
			c.tasks++
		default:
			c.other++
		}
	}
}

// sampled lets time pass, and counts what the cluster is asked for.
func (c *tally) sampled(l lab, long time.Duration) {
	for range int(long / (10 * time.Second)) {
		time.Sleep(10 * time.Second)
		c.add(l.Asked()) // so that they do not pile up
	}
}

// finished waits until the rounds that are under way have asked for their tasks.
func (c *tally) finished(l lab, tasks int) {
	for range 20 {
		if c.tasks == c.rounds()*tasks {
			return
		}
		time.Sleep(50 * time.Millisecond)
		c.add(l.Asked())
	}
}

// own is the heap without what the history says that it takes of it.
func own(store *history.Store) int {
	var memory runtime.MemStats
	for range 3 { // what has been pooled takes two collections
		runtime.GC()
	}
	runtime.ReadMemStats(&memory)
	return int(memory.HeapAlloc) - store.Bytes()
}

// goroutines counts them once all that can happen at this time has. Those that
// are just ending are counted, too, until the world has been stopped once.
func goroutines() int {
	synctest.Wait()
	runtime.ReadMemStats(new(runtime.MemStats))
	return runtime.NumGoroutine()
}

// Twenty jobs of twenty tasks are sampled for ten minutes after one query: a
// round is a request for the job and one for each task, about every fetch; the
// cluster is looked up twice a minute; nothing else is asked. Meanwhile neither
// goroutines nor, but for the history, the heap grow, and none outlive it.
func TestSamplingIsAsCheapAsComputed(t *testing.T) {
	const jobs, tasks = 20, 20
	synctest.Test(t, func(t *testing.T) {
		before := runtime.NumGoroutine()
		l := inLab(t, twenty()...)
		l.Noise = 286 * time.Millisecond
		settings := with(map[string]any{"url": "http://flink:8081", "history": map[string]any{"idleAfter": "1h"}})
		asked := open(t, settings)
		l.source = asked
		store := history.For(history.Source{UID: settings.UID}, history.Limits{Retention: time.Hour, Bytes: 64 << 20}, time.Now())
		answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
		l.Asked()
		saw := &tally{looks: map[string]int{}}

		saw.sampled(l, 5*time.Minute)
		saw.finished(l, tasks)
		running, heap := goroutines(), own(store)
		kept := store.Bytes()
		saw.sampled(l, 5*time.Minute)
		saw.finished(l, tasks)
		grown := own(store) - heap
		t.Logf("%d looks at %d jobs took %d requests for tasks, and %d for the cluster; beside the history, of %d bytes and then %d, the heap grew by %d",
			saw.rounds(), len(saw.looks), saw.tasks, saw.clusters, kept, store.Bytes(), grown)

		for job, looks := range saw.looks {
			if looks < 56 || looks > 60 {
				t.Errorf("%d looks at %s in ten minutes", looks, job)
			}
		}
		if len(saw.looks) != jobs || saw.tasks != saw.rounds()*tasks {
			t.Errorf("%d looks at %d jobs took %d requests for tasks", saw.rounds(), len(saw.looks), saw.tasks)
		}
		if saw.clusters < 2*9 || saw.clusters > 2*10 || saw.lists+saw.other > 0 {
			t.Errorf("%d requests for the cluster, %d for lists of jobs, %d others", saw.clusters, saw.lists, saw.other)
		}
		if kept == 0 {
			t.Error("nothing is remembered")
		}
		if grown > 1<<20 {
			t.Errorf("the heap grew by %d bytes in five minutes, beside the history", grown)
		}
		if now := goroutines(); now > running {
			t.Errorf("%d goroutines, and five minutes before %d", now, running)
		}
		asked.Dispose()
		if after := goroutines(); after > before {
			t.Errorf("%d goroutines, and before it %d", after, before)
		}
	})
}

// rounds are the looks at all jobs.
func (c *tally) rounds() (all int) {
	for _, looks := range c.looks {
		all += looks
	}
	return all
}
