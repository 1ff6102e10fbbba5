package collector

import (
	"context"
	"math"
	"strings"
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

// lags requests how far behind each running task is: one request a task, and one more
// for each source every ten minutes, whose metrics have names of their own. What does
// not answer is not known.
func (p *poll) lags(ctx context.Context, snapshot *job.Snapshot) []job.Lag {
	lags := make([]job.Lag, len(snapshot.Tasks))
	for i := range lags {
		lags[i] = job.UnknownLag
	}
	ctx, cancel := context.WithTimeout(ctx, lagTimeout)
	defer cancel()
	tasks := runningTasks(snapshot.Job, snapshot.Graph)
	if p.cluster.Fetch == 0 {
		return lags // Flink fetches no metrics
	}
	Parallel(len(tasks), p.collector.client.Concurrency(), func(n int) {
		if task := snapshot.Graph.Tasks[tasks[n]]; task.Source() {
			lags[tasks[n]] = p.sourceLag(ctx, snapshot, task.ID)
		} else {
			lags[tasks[n]] = p.taskLag(ctx, snapshot, task.ID)
		}
	})
	return lags
}

// taskLag is that of a task that reads from others.
func (p *poll) taskLag(ctx context.Context, snapshot *job.Snapshot, task string) job.Lag {
	p.requests.Add(1)
	metrics, err := p.collector.client.AggregatedMetrics(ctx, snapshot.Job.ID, task, inputWatermark)
	if err != nil {
		return job.UnknownLag
	}
	return job.Lag{Watermark: behind(snapshot.At, metrics, []string{inputWatermark}), Pending: math.NaN()}
}

// sourceLag is that of a task that reads from outside the job.
func (p *poll) sourceLag(ctx context.Context, snapshot *job.Snapshot, task string) job.Lag {
	names, known := p.tracked.knownNames(task, snapshot.At)
	if !known {
		p.requests.Add(1)
		all, err := p.collector.client.MetricNames(ctx, snapshot.Job.ID, task)
		if err != nil || len(all) == 0 { // Flink has not fetched them yet
			return job.UnknownLag
		}
		names = namesOf(all, snapshot.At)
		p.tracked.keepNames(task, names)
	}
	wanted := append(append([]string{}, names.watermarks...), names.pending...)
	if len(wanted) == 0 {
		return job.UnknownLag
	}
	p.requests.Add(1)
	metrics, err := p.collector.client.AggregatedMetrics(ctx, snapshot.Job.ID, task, wanted...)
	if err == nil && len(metrics) == 0 { // the names are of another deployment
		p.tracked.keepNames(task, sourceNames{})
	}
	return job.Lag{Watermark: behind(snapshot.At, metrics, names.watermarks), Pending: pending(metrics, names.pending)}
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

// knownNames are those of a source's metrics, if they are known.
func (t *trackedJob) knownNames(task string, now time.Time) (names sourceNames, known bool) {
	t.deriverMu.Lock()
	defer t.deriverMu.Unlock()
	names, found := t.sourceNames[task]
	return names, found && now.Sub(names.at) < namesAge
}

func (t *trackedJob) keepNames(task string, names sourceNames) {
	t.deriverMu.Lock()
	defer t.deriverMu.Unlock()
	if t.sourceNames == nil {
		t.sourceNames = map[string]sourceNames{}
	}
	t.sourceNames[task] = names
}
