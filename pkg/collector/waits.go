package collector

import (
	"context"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

const (
	// waitsAge is for how long it is known how a task waits.
	waitsAge = time.Minute
	// waitsTimeout is how long a verdict waits for Flink's answer.
	waitsTimeout = 3 * time.Second
)

// Waits reads how a task of a job waits, softly or hard, at most once a minute; unknown
// where Flink does not report or answer that.
func (c *Collector) Waits(ctx context.Context, jobID, taskID string) (waits diagnosis.Waits, requests int) {
	waits, started, _ := c.track(jobID).waitsOf(taskID).get(ctx, waitsAge, func(ctx context.Context) (diagnosis.Waits, error) {
		ctx, cancel := context.WithTimeout(ctx, waitsTimeout)
		defer cancel()
		metrics, err := c.client.AggregatedMetrics(ctx, jobID, taskID, softMetric, hardMetric)
		soft, known := metrics[softMetric]
		hard, alsoKnown := metrics[hardMetric]
		if err != nil || !known || !alsoKnown {
			return diagnosis.Waits{Soft: job.Unknown, Hard: job.Unknown}, nil // no other request within a minute
		}
		return diagnosis.Waits{Soft: share(soft.Avg / 1000), Hard: share(hard.Avg / 1000)}, nil
	})
	return waits, count(started)
}

// waitsOf finds or begins what is kept of how a task waits.
func (t *trackedJob) waitsOf(taskID string) *shared[diagnosis.Waits] {
	t.deriverMu.Lock()
	defer t.deriverMu.Unlock()
	if t.waits == nil {
		t.waits = map[string]*shared[diagnosis.Waits]{}
	}
	for id, of := range t.waits {
		if _, at := of.last(); id != taskID && !at.IsZero() && time.Since(at) > 2*waitsAge {
			delete(t.waits, id) // it is in question no more
		}
	}
	if t.waits[taskID] == nil {
		t.waits[taskID] = &shared[diagnosis.Waits]{}
	}
	return t.waits[taskID]
}
