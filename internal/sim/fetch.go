package sim

import (
	"sync"
	"time"
)

// fetches are the JobManager's copies of metrics: those of the last fetch,
// shown a moment after it began. It fetches on a request, once more than the
// interval has passed; that request still gets the values of before.
type fetches struct {
	mu     sync.Mutex
	count  uint64
	begun  time.Time
	shown  time.Time
	graphs map[string]time.Time // by job id: the time that its states are from
}

// triggered fetches if that is due. It returns the time that the shown metrics
// are from, zero before the first fetch has arrived, and when the last fetch
// began.
func (f *fetches) triggered(now time.Time, every time.Duration, seed uint64) (shown, begun time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.begun.IsZero() && now.Sub(f.begun) >= f.takes(seed) {
		f.shown = f.begun
	}
	if every > 0 && now.Sub(f.begun) > every {
		f.begun = now
		f.count++
	}
	return f.shown, f.begun
}

// takes is how long the last fetch takes: 50 to 200 ms.
func (f *fetches) takes(seed uint64) time.Duration {
	return 50*time.Millisecond + time.Duration(chance(seed, "fetch", f.count)*float64(150*time.Millisecond))
}

// refresh is web.refresh-interval: how long Flink returns the same states.
const refresh = 3 * time.Second

// graph is the time that a job's states are from.
func (f *fetches) graph(jobID string, now time.Time) time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.graphs == nil {
		f.graphs = map[string]time.Time{}
	}
	if taken, known := f.graphs[jobID]; !known || now.Sub(taken) >= refresh {
		f.graphs[jobID] = now
	}
	return f.graphs[jobID]
}
