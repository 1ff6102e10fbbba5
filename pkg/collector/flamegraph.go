package collector

import (
	"context"
	"sync"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

const (
	// flameGraphRetry is how long after an answer without samples Flink is asked again by
	// who waits for them: it takes 100 samples, 50 ms apart, unless configured.
	flameGraphRetry = time.Second
	// maxFlameGraphs is how many are kept, and flameGraphsAge for how long after they
	// were last asked for.
	maxFlameGraphs = 8
	flameGraphsAge = time.Minute

	// hotMethodAge is for how long a hot method is shown before Flink is asked again, which
	// itself keeps samples for a minute; hotMethodRetry is the time after an answer without
	// samples, as often as hotMethodRetries in a row.
	hotMethodAge     = time.Minute
	hotMethodRetry   = 6 * time.Second
	hotMethodRetries = 5
	// hotMethodTimeout is how long a verdict waits for Flink's answer, and
	// maxHotMethods for how many root causes within hotMethodAge it asks.
	hotMethodTimeout = 3 * time.Second
	maxHotMethods    = 64
	// oldSamples are older than those that Flink has while it is asked.
	oldSamples = 2 * time.Minute
)

// FlameGraphKey is what a flame graph is of.
type FlameGraphKey struct {
	JobID, TaskID string
	Subtask       int // or flink.WholeTask
	Mode          flink.FlameGraphMode
}

// FlameGraph is a flame graph, or why there is none.
type FlameGraph struct {
	State flink.FlameGraphState
	// Graph is nil unless the state is flink.FlameGraphSampled.
	Graph *job.FlameGraph
	bytes int
}

// hotMethod is what was last found of a root cause's code.
type hotMethod struct {
	diagnosis.HotMethod
	found bool
	// waits is how many answers in a row had no samples, or old ones.
	waits    int
	requests int
}

// age is for how long it is shown.
func (h hotMethod) age() time.Duration {
	if h.waits > 0 && h.waits <= hotMethodRetries {
		return hotMethodRetry
	}
	return hotMethodAge
}

// flameGraphs are the flame graphs of a cluster that were asked for of late, and the hot
// methods that were found in them.
type flameGraphs struct {
	client  *flink.Client
	mu      sync.Mutex
	graphs  map[FlameGraphKey]*used[shared[FlameGraph]]
	methods map[FlameGraphKey]*used[shared[hotMethod]]
	// silent is when Flink last did not answer in time.
	silent time.Time
}

// graph is what is kept of a flame graph.
func (f *flameGraphs) graph(key FlameGraphKey) *shared[FlameGraph] {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.graphs == nil {
		f.graphs = map[FlameGraphKey]*used[shared[FlameGraph]]{}
	}
	found := usedOf(f.graphs, key, flameGraphsAge)
	for len(f.graphs) > maxFlameGraphs {
		oldest := key
		for other, kept := range f.graphs {
			if other != key && (oldest == key || kept.at.Before(f.graphs[oldest].at)) {
				oldest = other
			}
		}
		delete(f.graphs, oldest)
	}
	return found
}

// shown is a flame graph that a panel has shown within the last half minute; none if
// there is no such one.
func (f *flameGraphs) shown(key FlameGraphKey) (graph FlameGraph) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if kept := f.graphs[key]; kept != nil {
		if last, at := kept.value.last(); time.Since(at) <= hotMethodAge/2 {
			return last
		}
	}
	return graph
}

// method is what is kept of a hot method; nil if there are too many others, or if Flink did
// not answer in time of late: with many root causes the waits would add up.
func (f *flameGraphs) method(key FlameGraphKey) *shared[hotMethod] {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.silent.IsZero() && time.Since(f.silent) <= hotMethodAge {
		return nil
	}
	if f.methods == nil {
		f.methods = map[FlameGraphKey]*used[shared[hotMethod]]{}
	}
	found := usedOf(f.methods, key, 2*hotMethodAge)
	if len(f.methods) > maxHotMethods {
		delete(f.methods, key)
		return nil
	}
	return found
}

// setSilent keeps that Flink did not answer in time.
func (f *flameGraphs) setSilent() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.silent = time.Now()
}

// bytes is about how much memory the flame graphs take.
func (f *flameGraphs) bytes() (bytes int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, kept := range f.graphs {
		last, _ := kept.value.last()
		bytes += last.bytes
	}
	return bytes
}

// await is a flame graph of at most that age: see [Collector.FlameGraph].
func (f *flameGraphs) await(ctx context.Context, key FlameGraphKey, maxAge, patience time.Duration) (graph FlameGraph, requests int, err error) {
	for end := time.Now().Add(patience); ; {
		kept, age := f.graph(key), maxAge
		if last, _ := kept.last(); last.State == flink.FlameGraphWaiting {
			age = min(age, flameGraphRetry/2)
		}
		var started bool
		graph, started, err = kept.get(ctx, flameGraphReads, age, func(ctx context.Context) (FlameGraph, error) { return f.read(ctx, key) })
		requests += count(started)
		again := time.Now().Add(flameGraphRetry)
		if err != nil || graph.State != flink.FlameGraphWaiting || again.After(end) {
			return graph, requests, err
		}
		if err := until(ctx, again); err != nil {
			return graph, requests, err
		}
	}
}

// read is one request.
func (f *flameGraphs) read(ctx context.Context, key FlameGraphKey) (FlameGraph, error) {
	answer, err := f.client.FlameGraph(ctx, key.JobID, key.TaskID, key.Subtask, key.Mode)
	if err != nil || answer.State != flink.FlameGraphSampled {
		return FlameGraph{State: answer.State}, err
	}
	calls, bytes := make([]job.Call, len(answer.Calls)), 0
	for i, call := range answer.Calls {
		calls[i] = job.Call(call)
		bytes += callBytes + len(call.Name)
	}
	return FlameGraph{Graph: job.NewFlameGraph(answer.At, calls, answer.Cut), bytes: bytes}, nil
}

// callBytes is how much memory a call takes besides its name.
const callBytes = 32

// hotMethod is that of a root cause: see [Collector.HotMethod].
func (f *flameGraphs) hotMethod(ctx context.Context, key FlameGraphKey) (hot diagnosis.HotMethod, found bool, requests int) {
	kept := f.method(key)
	if kept == nil {
		return hot, false, 0
	}
	last, _ := kept.last()
	read, started, _ := kept.get(ctx, flameGraphReads, last.age(), func(ctx context.Context) (hotMethod, error) {
		return f.readHotMethod(ctx, key, last.waits)
	})
	if started {
		requests = read.requests
	}
	return read.HotMethod, read.found, requests
}

// readHotMethod finds it in a flame graph that a panel shows, or else requests one. That
// Flink fails to answer is kept like an answer, or each refresh would wait for it.
func (f *flameGraphs) readHotMethod(ctx context.Context, key FlameGraphKey, waited int) (read hotMethod, err error) {
	graph := f.shown(key)
	if graph.Graph == nil {
		within, cancel := context.WithTimeout(ctx, hotMethodTimeout)
		defer cancel()
		read.requests = 1
		if graph, err = f.read(within, key); err != nil {
			if within.Err() != nil && ctx.Err() == nil {
				f.setSilent()
			}
			return read, ctx.Err()
		}
	}
	sampled := graph.State == flink.FlameGraphSampled
	// Flink returns what it has, be it ten minutes old, and takes new samples meanwhile.
	// Where they are as old the next time, it is the clocks that differ.
	if old := sampled && waited == 0 && time.Since(graph.Graph.At) > oldSamples; old || graph.State == flink.FlameGraphWaiting {
		read.waits = waited + 1
		return read, nil
	}
	if sampled {
		read.HotMethod, read.found = diagnosis.FindHotMethod(graph.Graph)
	}
	return read, nil
}
