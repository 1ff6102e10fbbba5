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
	// waitsAge is for how long it is known how a task waits.
	waitsAge = time.Minute
	// waitsTimeout is how long a verdict waits for Flink's answer.
	waitsTimeout = 3 * time.Second
)

// taskWaits are how tasks of a job wait that a root cause holds back.
type taskWaits struct {
	mu   sync.Mutex
	kept map[string]*used[shared[diagnosis.Waits]] // by task id
}

// of is what is kept of a task.
func (t *taskWaits) of(taskID string) *shared[diagnosis.Waits] {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.kept == nil {
		t.kept = map[string]*used[shared[diagnosis.Waits]]{}
	}
	return usedOf(t.kept, taskID, 2*waitsAge)
}

// readWaits is one request. That Flink does not report or answer it is kept like an
// answer.
func readWaits(ctx context.Context, client *flink.Client, jobID, taskID string) diagnosis.Waits {
	ctx, cancel := context.WithTimeout(ctx, waitsTimeout)
	defer cancel()
	metrics, err := client.AggregatedMetrics(ctx, jobID, taskID, softMetric, hardMetric)
	soft, known := metrics[softMetric]
	hard, alsoKnown := metrics[hardMetric]
	if err != nil || !known || !alsoKnown {
		return diagnosis.Waits{Soft: job.Unknown, Hard: job.Unknown}
	}
	return diagnosis.Waits{Soft: share(soft.Avg / 1000), Hard: share(hard.Avg / 1000)}
}
