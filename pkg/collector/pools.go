package collector

import (
	"context"
	"slices"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

const (
	// poolsAge is how long it is known how full a task's buffers were: one request a
	// minute, while it is in question.
	poolsAge = time.Minute
	// maxQuestions is how many requests a poll makes for them at most.
	maxQuestions = 8
	// poolsTimeout is how long a poll waits for the answers: they hold up neither it nor
	// other jobs for as long as a request may take.
	poolsTimeout = 5 * time.Second
)

// poolKey is a task's output pools, or else its input pools.
type poolKey struct {
	task   string
	output bool
}

// poolUsage is how full they were at a time.
type poolUsage struct {
	at   time.Time
	full job.Share
}

// answerQuestions looks at the buffers that would show more of what holds a job back than the
// shares of time do, and makes the verdict with them. What does not answer stays
// unknown: the verdict then says that it cannot be decided.
func (p *poll) answerQuestions(ctx context.Context, verdict *diagnosis.Verdict) *diagnosis.Verdict {
	if len(verdict.InQuestion) == 0 || p.cluster.Fetch == 0 {
		return verdict // what is known stays so for its minute: the question may come back
	}
	snapshot := *verdict.Snapshot
	known := p.tracked.knownPools(snapshot.At)
	asked := slices.DeleteFunc(slices.Clone(verdict.InQuestion), func(q diagnosis.Question) bool {
		_, found := known[poolKeyOf(&snapshot, q)]
		return found
	})
	asked = asked[:min(len(asked), maxQuestions)]
	answers := make([]job.Share, len(asked))
	ctx, cancel := context.WithTimeout(ctx, poolsTimeout)
	defer cancel()
	Parallel(len(asked), p.collector.client.Concurrency(), func(n int) {
		answers[n] = p.pool(ctx, snapshot.Job.ID, poolKeyOf(&snapshot, asked[n]))
	})
	for n, question := range asked {
		known[poolKeyOf(&snapshot, question)] = poolUsage{snapshot.At, answers[n]}
	}
	p.tracked.keepPools(known)
	snapshot.Pools = make([]job.Pools, len(snapshot.Tasks))
	for i := range snapshot.Pools {
		snapshot.Pools[i] = job.UnknownPools
	}
	for _, question := range verdict.InQuestion {
		usage, found := known[poolKeyOf(&snapshot, question)]
		switch {
		case !found:
		case question.Output:
			snapshot.Pools[question.Task].Out = usage.full
		default:
			snapshot.Pools[question.Task].In = usage.full
		}
	}
	return diagnosis.Diagnose(&snapshot)
}

func poolKeyOf(snapshot *job.Snapshot, question diagnosis.Question) poolKey {
	return poolKey{snapshot.Graph.Tasks[question.Task].ID, question.Output}
}

// pool requests how full the pools of a task are: the mean of the output pools, or the
// highest of the input pools. It is Unknown where Flink does not report or answer that.
func (p *poll) pool(ctx context.Context, jobID string, key poolKey) job.Share {
	name := inPoolMetric
	if key.output {
		name = outPoolMetric
	}
	p.requests.Add(1)
	metrics, err := p.collector.client.AggregatedMetrics(ctx, jobID, key.task, name)
	usage, known := metrics[name]
	switch {
	case err != nil || !known:
		return job.Unknown
	case key.output:
		return share(usage.Avg)
	default:
		return share(usage.Max)
	}
}

// knownPools are those that were looked at within the last minute.
func (t *trackedJob) knownPools(now time.Time) map[poolKey]poolUsage {
	t.deriverMu.Lock()
	defer t.deriverMu.Unlock()
	known := map[poolKey]poolUsage{}
	for key, usage := range t.pools {
		if now.Sub(usage.at) < poolsAge {
			known[key] = usage
		}
	}
	return known
}

func (t *trackedJob) keepPools(known map[poolKey]poolUsage) {
	t.deriverMu.Lock()
	defer t.deriverMu.Unlock()
	t.pools = known
}
