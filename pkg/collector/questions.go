package collector

import (
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

const (
	// answersAge is how long an answer to a question of a verdict is kept: one request a
	// minute, while it is in question.
	answersAge = time.Minute
	// maxQuestions is how many questions a poll asks at most.
	maxQuestions = 8
	// answersTimeout is how long a poll waits for the answers: they hold up neither it nor
	// other jobs for as long as a request may take.
	answersTimeout = 5 * time.Second
)

// questionKey is what is in question of a task.
type questionKey struct {
	task  string // its id
	about diagnosis.About
}

// answer is what a request returned at a time; NaN where that is not known.
type answer struct {
	at    time.Time
	value float64
}

// questions are what the verdicts on a job left open, and the answers of the last minute.
type questions struct {
	mu      sync.Mutex
	answers map[questionKey]answer
}

// answer requests what would show more of what holds a job back than the shares of time
// do, and makes the verdict with it. What does not answer stays unknown: the verdict then
// is that it cannot be decided.
func (q *questions) answer(ctx context.Context, client *flink.Client, verdict *diagnosis.Verdict, sources *sources) (answered *diagnosis.Verdict, requests int) {
	snapshot := *verdict.Snapshot
	known := q.known(snapshot.At)
	asked := slices.DeleteFunc(slices.Clone(verdict.InQuestion), func(question diagnosis.Question) bool {
		_, found := known[keyOf(&snapshot, question)]
		return found
	})
	asked = asked[:min(len(asked), maxQuestions)]
	values := make([]float64, len(asked))
	inTime, cancel := context.WithTimeout(ctx, answersTimeout)
	defer cancel()
	var sent atomic.Int64
	Parallel(len(asked), client.Concurrency(), func(n int) {
		task := snapshot.Graph.Tasks[asked[n].Task].ID
		requests := 1
		switch asked[n].About {
		case diagnosis.AboutPending:
			values[n], requests = sources.readPending(inTime, client, &snapshot, task)
			values[n] = rounded(values[n])
		case diagnosis.AboutOutput:
			values[n] = readUsage(inTime, client, snapshot.Job.ID, task, outPoolMetric, func(of flink.Aggregate) flink.Number { return of.Avg })
		default:
			values[n] = readUsage(inTime, client, snapshot.Job.ID, task, inPoolMetric, func(of flink.Aggregate) flink.Number { return of.Max })
		}
		sent.Add(int64(requests))
	})
	for n, question := range asked {
		known[keyOf(&snapshot, question)] = answer{snapshot.At, values[n]}
	}
	if ctx.Err() == nil { // else nobody waits for what was not read
		q.keep(known)
	}
	snapshot.Answers = slices.Repeat([]job.Answer{job.UnknownAnswer}, len(snapshot.Tasks))
	for _, question := range verdict.InQuestion {
		of, found := known[keyOf(&snapshot, question)]
		if !found {
			continue
		}
		switch answers := &snapshot.Answers[question.Task]; question.About {
		case diagnosis.AboutPending:
			answers.Pending = of.value
		case diagnosis.AboutOutput:
			answers.Out = job.Share(of.value)
		default:
			answers.In = job.Share(of.value)
		}
	}
	return diagnosis.Diagnose(&snapshot), int(sent.Load())
}

func keyOf(snapshot *job.Snapshot, question diagnosis.Question) questionKey {
	return questionKey{snapshot.Graph.Tasks[question.Task].ID, question.About}
}

// readUsage requests how full the buffer pools of a task are; NaN where Flink does not
// report or answer that.
func readUsage(ctx context.Context, client *flink.Client, jobID, taskID, metric string, of func(flink.Aggregate) flink.Number) float64 {
	metrics, err := client.AggregatedMetrics(ctx, jobID, taskID, metric)
	usage, known := metrics[metric]
	if err != nil || !known {
		return float64(job.Unknown)
	}
	return float64(share(of(usage)))
}

// rounded is a count to two digits, as it goes into sentences.
func rounded(count float64) float64 {
	if !(count >= 100) || math.IsInf(count, 0) {
		return count
	}
	unit := math.Pow(10, math.Floor(math.Log10(count))-1)
	return math.Round(count/unit) * unit
}

// known are the answers of the last minute.
func (q *questions) known(now time.Time) map[questionKey]answer {
	q.mu.Lock()
	defer q.mu.Unlock()
	known := map[questionKey]answer{}
	for key, of := range q.answers {
		if now.Sub(of.at) < answersAge {
			known[key] = of
		}
	}
	return known
}

func (q *questions) keep(known map[questionKey]answer) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.answers = known
}
