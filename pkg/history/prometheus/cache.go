package prometheus

import (
	"context"
	"fmt"
	"hash/fnv"
	"reflect"
	"runtime/debug"
	"sync"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend/log"
	"github.com/jellydator/ttlcache/v3"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

const (
	// maxCached is how many bytes of answers are kept; the one that was used
	// longest ago makes room.
	maxCached = 32 << 20
	// settledAfter is how old a time is of which Prometheus has all samples, also
	// where others scrape for it and pass on what they have.
	settledAfter = 2 * time.Minute
	// settledAge is how long an answer about such a time is kept: it does not
	// change, but what is known of the job's graph may.
	settledAge = 5 * time.Minute
)

// reads count those of the answers.
var reads = remote.NewCacheReads("prometheus")

// answer is what was made from the queries of a session, and their warnings.
// Nobody may change it.
type answer struct {
	value    any
	warnings history.Warnings
}

// cache keeps answers. Of equal questions at once one is answered, for all who
// wait; the work on it ends when they have all gone away.
type cache struct {
	answers *ttlcache.Cache[string, answer]

	mu      sync.Mutex
	flights map[string]*flight
}

// flight is an answer that is being made.
type flight struct {
	waiting int // callers
	cancel  context.CancelFunc
	done    chan struct{}
	answer  answer
	err     error
}

func newCache() *cache {
	cost := func(item ttlcache.CostItem[string, answer]) uint64 { return uint64(sizeOf(item.Value.value)) }
	return &cache{
		answers: ttlcache.New(ttlcache.WithMaxCost(maxCached, cost), ttlcache.WithDisableTouchOnHit[string, answer]()),
		flights: map[string]*flight{},
	}
}

// get returns the answer that is kept, or what load returns, which is kept for
// the age that comes with it unless there is an error.
func (c *cache) get(ctx context.Context, question string, load func(context.Context) (answer, time.Duration, error)) (answer, error) {
	if kept := c.answers.Get(question); kept != nil {
		reads.Hit.Inc()
		return kept.Value(), nil
	}
	joined := c.join(ctx, question, load)
	defer c.leave(question, joined)
	select {
	case <-joined.done:
		return joined.answer, joined.err
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
}

// join finds or begins a flight, which outlives its caller as long as others wait.
func (c *cache) join(ctx context.Context, question string, load func(context.Context) (answer, time.Duration, error)) *flight {
	c.mu.Lock()
	defer c.mu.Unlock()
	joined := c.flights[question]
	if joined != nil {
		reads.Shared.Inc()
	} else {
		reads.Missed.Inc()
		ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		joined = &flight{cancel: cancel, done: make(chan struct{})}
		c.flights[question] = joined
		go func() {
			defer close(joined.done)
			defer func() { // a panic would end the process, as no caller is on this stack; the log has it
				if fault := recover(); fault != nil {
					log.DefaultLogger.FromContext(ctx).Error("Reading Prometheus' answer made the plugin panic", "fault", fault, "stack", string(debug.Stack()))
					joined.err = fmt.Errorf("reading Prometheus' answer failed: %v", fault)
				}
			}()
			var age time.Duration
			joined.answer, age, joined.err = load(ctx)
			if joined.err == nil && age > 0 && sizeOf(joined.answer.value) <= maxCached {
				c.answers.DeleteExpired()
				c.answers.Set(question, joined.answer, age)
			}
		}()
	}
	joined.waiting++
	return joined
}

func (c *cache) leave(question string, left *flight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if left.waiting--; left.waiting == 0 {
		left.cancel()
		delete(c.flights, question)
	}
}

// answered is the answer to a question about the session's job, or about all jobs
// where it has none, at some points. load makes it from the session's queries.
func answered[T any](ctx context.Context, s *session, what string, points grid, load func(context.Context) (T, error)) (T, history.Warnings, error) {
	known := fnv.New64a() // the answer depends on this, too
	fmt.Fprint(known, s.job.TaskManagers, s.job.Graph)
	question := fmt.Sprintf("%s %s %d %d %d %x", what, s.job.ID, points.start.UnixMilli(), points.step.Milliseconds(), points.count, known.Sum64())
	got, err := s.cache.get(ctx, question, func(ctx context.Context) (answer, time.Duration, error) {
		value, err := load(ctx)
		age := s.maxAge
		if len(s.warnings) == 0 && (s.job.ID == "" || s.job.Graph != nil) && s.now().Sub(points.end()) >= settledAfter {
			age = settledAge
		}
		return answer{value, s.warnings}, age, err
	})
	if ctx.Err() != nil && err != nil {
		err = remote.Unanswered(remote.Prometheus, s.client.base.String(), ctx.Err())
	}
	value, _ := got.value.(T) // there is none beside some errors
	return value, got.warnings, err
}

// About how many bytes each part of an answer takes, with its texts.
const (
	jobBytes     = 200
	instantBytes = 160 // of a job's summaries
	taskBytes    = 600 // with its place in the graph
	subtaskBytes = 256
	valueBytes   = 8
)

var summaryBytes = int(reflect.TypeFor[diagnosis.TaskSummary]().Size())

// sizeOf is about how many bytes of memory an answer takes.
func sizeOf(value any) int {
	size := jobBytes
	switch value := value.(type) {
	case []history.Job:
		size += jobBytes * len(value)
	case []float64:
		size += valueBytes * len(value)
	case summaryTable:
		size += (instantBytes + summaryBytes*len(value.tasks)) * len(value.at)
		size += taskBytes * len(value.tasks)
	case *diagnosis.Verdict:
		if value == nil {
			break
		}
		for _, task := range value.Snapshot.Tasks {
			size += taskBytes + subtaskBytes*len(task.Subtasks)
		}
	}
	return size
}
