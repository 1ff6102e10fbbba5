package collector

import (
	"context"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

const (
	// lagTimeout is how long a poll waits for how far behind tasks are.
	lagTimeout = 5 * time.Second
	// namesAge is how long the names of a source's metrics are known: it takes a new
	// deployment to change them.
	namesAge = 10 * time.Minute
	// maxOperators bounds how many operators of a source's chain are requested.
	maxOperators = 8
)

// The metrics of how far behind a task is (org.apache.flink.runtime.metrics.MetricNames).
// Those of a source are of its operators: a name and a dot stand before them.
const (
	inputWatermark  = "currentInputWatermark"
	outputWatermark = ".currentOutputWatermark"
	pendingRecords  = ".pendingRecords"
)

// sourceNames are the names of a source's metrics of how far behind it is.
type sourceNames struct {
	at                  time.Time
	watermarks, pending []string
}

// sources are the names of the metrics of a job's sources.
type sources struct {
	mu    sync.Mutex
	names map[string]sourceNames // by task id
}

// known are those of a source, if they are known.
func (s *sources) known(task string, now time.Time) (names sourceNames, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	names, found := s.names[task]
	return names, found && now.Sub(names.at) < namesAge
}

func (s *sources) keep(task string, names sourceNames) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.names == nil {
		s.names = map[string]sourceNames{}
	}
	s.names[task] = names
}

// readLags requests how far behind each running task is: one request a task, and one
// more for each source every ten minutes, whose metrics have names of their own. What
// does not answer is not known.
func readLags(ctx context.Context, client *flink.Client, snapshot *job.Snapshot, known *sources) (lags []job.Lag, requests int) {
	lags = make([]job.Lag, len(snapshot.Tasks))
	for i := range lags {
		lags[i] = job.UnknownLag
	}
	ctx, cancel := context.WithTimeout(ctx, lagTimeout)
	defer cancel()
	var asked atomic.Int64
	tasks := runningTasks(snapshot.Job, snapshot.Graph)
	Parallel(len(tasks), client.Concurrency(), func(n int) {
		read := readTaskLag
		if snapshot.Graph.Tasks[tasks[n]].Source() {
			read = known.readLag
		}
		lag, requests := read(ctx, client, snapshot, snapshot.Graph.Tasks[tasks[n]].ID)
		lags[tasks[n]] = lag
		asked.Add(int64(requests))
	})
	return lags, int(asked.Load())
}

// readTaskLag is that of a task that reads from others.
func readTaskLag(ctx context.Context, client *flink.Client, snapshot *job.Snapshot, task string) (lag job.Lag, requests int) {
	metrics, err := client.AggregatedMetrics(ctx, snapshot.Job.ID, task, inputWatermark)
	if err != nil {
		return job.UnknownLag, 1
	}
	return job.Lag{Watermark: behind(snapshot.At, metrics, []string{inputWatermark}), Pending: math.NaN()}, 1
}

// readLag is that of a task that reads from outside the job.
func (s *sources) readLag(ctx context.Context, client *flink.Client, snapshot *job.Snapshot, task string) (lag job.Lag, requests int) {
	names, requests := s.read(ctx, client, snapshot, task)
	wanted := slices.Concat(names.watermarks, names.pending)
	metrics, asked := s.metrics(ctx, client, snapshot.Job.ID, task, wanted)
	return job.Lag{Watermark: behind(snapshot.At, metrics, names.watermarks), Pending: pending(metrics, names.pending)}, requests + asked
}

// readPending is how many records a source has not read yet, NaN for not known.
func (s *sources) readPending(ctx context.Context, client *flink.Client, snapshot *job.Snapshot, task string) (records float64, requests int) {
	names, requests := s.read(ctx, client, snapshot, task)
	metrics, asked := s.metrics(ctx, client, snapshot.Job.ID, task, names.pending)
	return pending(metrics, names.pending), requests + asked
}

// read are the names of a source's metrics: one request every ten minutes.
func (s *sources) read(ctx context.Context, client *flink.Client, snapshot *job.Snapshot, task string) (names sourceNames, requests int) {
	names, known := s.known(task, snapshot.At)
	if known {
		return names, 0
	}
	all, err := client.MetricNames(ctx, snapshot.Job.ID, task)
	if err != nil || len(all) == 0 { // Flink has not fetched them yet
		return sourceNames{}, 1
	}
	names = namesOf(all, snapshot.At)
	s.keep(task, names)
	return names, 1
}

// metrics requests the metrics of these names, if there are any.
func (s *sources) metrics(ctx context.Context, client *flink.Client, jobID, task string, names []string) (metrics map[string]flink.Aggregate, requests int) {
	if len(names) == 0 {
		return nil, 0
	}
	metrics, err := client.AggregatedMetrics(ctx, jobID, task, names...)
	if err == nil && len(metrics) == 0 { // the names are of another deployment
		s.keep(task, sourceNames{})
	}
	return metrics, 1
}

// namesOf picks those of the first operators of the chain that report how far behind
// they are. A comma would make two names of one.
func namesOf(all []string, at time.Time) (names sourceNames) {
	names.at = at
	for _, name := range all {
		switch {
		case strings.Contains(name, ","):
		case strings.HasSuffix(name, outputWatermark) && len(names.watermarks) < maxOperators:
			names.watermarks = append(names.watermarks, name)
		case strings.HasSuffix(name, pendingRecords) && len(names.pending) < maxOperators:
			names.pending = append(names.pending, name)
		}
	}
	return names
}

// behind is by how many seconds the lowest of some watermarks, in Unix milliseconds, is
// behind a time; NaN where none has been seen yet, or all input has ended, which Flink
// reports as the lowest and the highest number.
func behind(at time.Time, metrics map[string]flink.Aggregate, names []string) float64 {
	least := math.Inf(1)
	for _, name := range names {
		if metric, found := metrics[name]; found && metric.Min.Known() {
			least = min(least, float64(metric.Min))
		}
	}
	const noneYet, ended = -1 << 62, 1 << 62
	if least <= noneYet || least >= ended {
		return math.NaN()
	}
	return max((float64(at.UnixMilli())-least)/1000, 0)
}

// pending adds up the records that the operators have not read yet; NaN where none
// reports that.
func pending(metrics map[string]flink.Aggregate, names []string) float64 {
	sum, known := 0.0, false
	for _, name := range names {
		if metric, found := metrics[name]; found && metric.Sum.Known() {
			sum, known = sum+float64(metric.Sum), true
		}
	}
	if !known {
		return math.NaN()
	}
	return max(sum, 0)
}
