package prometheus

import (
	"cmp"
	"context"
	"iter"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// mostValues is how many values one query is to be answered with: 10,000
// subtasks at 60 points.
const mostValues = 600_000

// reading is one call of [Reader.Snapshots].
type reading struct {
	*asking
	survey
	key      history.Key
	matcher  string
	graph    *job.Graph // nil if there is none
	name     string     // of the job, as its metrics told it last
	attempts map[identity]*attempt
	// deployments are those of the attempts, by execution, and present those of
	// which the chunk has values.
	deployments map[string]*deployment
	present     []*deployment
	// latest is the execution that the graph is of; nil until it was asked.
	latest   *string
	managers map[string]string   // ids of TaskManagers by what their labels may say
	tasks    map[string]job.Task // by id, those that the graph lacks
	presence presence
	// clocked is set where the chunk is of accumulated times.
	clocked bool
}

// Snapshots gives a snapshot for each step of the span, on whole multiples of
// the step, from the first with metrics of the job to the last; a span shorter
// than that has one, at its end. A job that there are no metrics of, or a span
// without, gives none. An error ends the sequence.
//
// Shares are measured over a step, but over 30 s and three scrape intervals at
// least, and one scrape interval more, so that nothing falls between windows.
// Busy is what idle and backpressured leave. Unknown is what was not measured
// for the whole window: a subtask that restarted within it, or began, or whose
// metrics are missing. Names and hosts that nobody else knows are as the metrics
// tell them, and so may be mangled.
func (r *Reader) Snapshots(ctx context.Context, of history.Key, over history.Span, step time.Duration) iter.Seq2[*job.Snapshot, error] {
	return func(yield func(*job.Snapshot, error) bool) {
		reading, err := r.begin(ctx, of, over, newGrid(over, step, r.now()))
		if err == nil {
			err = reading.each(ctx, func(snapshot *job.Snapshot) bool { return yield(snapshot, nil) })
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// begin finds out what there is to read.
func (r *Reader) begin(ctx context.Context, of history.Key, over history.Span, points grid) (*reading, error) {
	reading := &reading{asking: r.ask(), key: of, attempts: map[identity]*attempt{}, tasks: map[string]job.Task{}}
	var err error
	if reading.matcher, err = jobMatcher(of.JobID); err != nil || points.count == 0 {
		return reading, err
	}
	if reading.survey, err = reading.find(ctx, reading.matcher, points); err != nil {
		return nil, err
	}
	if reading.points.count == 0 {
		return reading, cmp.Or(reading.passed(ctx, over, points), reading.lacking(ctx))
	}
	return reading, reading.recall(ctx)
}

// recall asks what others know of the job.
func (r *reading) recall(ctx context.Context) (err error) {
	if r.options.Graph != nil {
		if r.graph, err = r.options.Graph(ctx, r.key); err != nil {
			return err
		}
	}
	if r.options.TaskManagers != nil {
		var ids []string
		ids, err = r.options.TaskManagers(ctx, r.key)
		r.managers = mangled(ids)
	}
	return err
}

// each reads chunk by chunk and hands on the snapshots, until one is not taken.
func (r *reading) each(ctx context.Context, take func(*job.Snapshot) bool) error {
	if r.points.count == 0 {
		return nil
	}
	most := max(r.values/max(r.series, 1), 1)
	handing := &handing{take: take}
	for next := 0; next < r.points.count && !handing.ended; next += most {
		chunk := r.points.chunk(next, most)
		if err := r.read(ctx, chunk); err != nil {
			return err
		}
		if err := r.deploy(ctx); err != nil {
			return err
		}
		if err := r.hand(ctx, chunk, handing); err != nil {
			return err
		}
	}
	if !handing.ended {
		r.gone(ctx)
	}
	return nil
}
