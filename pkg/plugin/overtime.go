package plugin

import (
	"cmp"
	"context"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// historical answers with a measure over the query's range.
func historical(ctx context.Context, a asking) (data.Frames, error) {
	if !a.number.remembered() {
		answer, err := a.forgotten()
		return frame.History(frame.Past{Notices: answer.Notices}, a.number.shown(), a.points), err
	}
	past, err := a.overTime(ctx)
	return frame.History(past, a.number.shown(), a.points), err
}

// timeline answers with the status of tasks over the query's range.
func timeline(ctx context.Context, a asking) (data.Frames, error) {
	a.By, a.number = frame.ByTask, measure{name: "status", load: frame.MeasureNamed("status")}
	past, err := a.overTime(ctx)
	past.Notices = append(past.Notices, a.restless(past)...)
	return frame.Timeline(past, a.points), err
}

// remembered tells whether the measure has a past.
func (m measure) remembered() bool {
	if m.state != nil {
		return m.state.then != nil
	}
	_, known := columns[m.name]
	return known
}

// shown is how frames tell the measure.
func (m measure) shown() frame.Measure {
	if m.load != nil {
		return *m.load
	}
	return m.state.shown
}

// overTime gathers what there is of each job that the query chose. A range that
// reaches to now begins with a look, which is remembered, and has the jobs
// sampled from then on.
func (a asking) overTime(ctx context.Context) (past frame.Past, err error) {
	chosen, err := a.chosen()
	if err != nil {
		return past, err
	}
	past, failed := a.looked(ctx)
	gathered := newTraces()
	var names []job.Info
	for _, c := range chosen {
		jobs, err := c.jobsIn(ctx, a.span())
		if past.Notices, err = partly(past.Notices, err, len(jobs)); err != nil {
			return past, err
		}
		names = append(names, jobs...)
		for _, info := range jobs {
			if !a.Jobs.choose(info.Name, info.ID) {
				continue
			}
			traces, err := a.traces(ctx, c, info)
			if past.Notices, err = partly(past.Notices, err, len(traces)); err != nil {
				return past, err
			}
			gathered.add(traces...)
		}
	}
	past.Traces, past.Gap, past.End = gathered.all(), a.gap(chosen), a.span().To
	return past, a.missed(&past, names, failed)
}

// span is the query's range, with the look that was just taken if it reaches to
// now.
func (a asking) span() history.Span {
	span := history.Span{From: a.over.From, To: a.over.To}
	if live(a.over, 0) {
		span.To = time.Now()
	}
	return span
}

// looked takes a look where the range reaches to now; that Flink does not
// answer is told, but no reason not to tell of the past.
func (a asking) looked(ctx context.Context) (past frame.Past, failed error) {
	if !live(a.over, 0) {
		return past, nil
	}
	answer, err := a.look(ctx)
	if err != nil {
		past.Notices = []data.Notice{warning("Nothing newer is known: %s", sentence(err))}
		return past, err
	}
	past.Requests, past.Notices = answer.Requests, answer.Notices
	return past, nil
}

// missed tells of names that match nothing, and of a range of which nothing is
// remembered.
func (a asking) missed(past *frame.Past, names []job.Info, failed error) error {
	if len(past.Traces) > 0 {
		return nil
	}
	for _, p := range a.Jobs {
		if p.regex == nil && len(names) > 0 && !anyJob(names, p) {
			return absent("There was no job %q in this time%s.", short(p.text), present(names))
		}
	}
	switch {
	case failed != nil:
		return failed
	case a.alert:
		return wrong("Nothing is remembered of this time: choose a range that begins later.")
	default:
		past.Notices = append(past.Notices, info("Nothing is remembered of this time."))
		return nil
	}
}

// traces are a job's, by what the query tells the measure by.
func (a asking) traces(ctx context.Context, c cluster, info job.Info) ([]frame.Trace, error) {
	if a.By == frame.ByJob || a.By == frame.ByTask {
		return a.rowTraces(ctx, c, info)
	}
	return a.lookTraces(ctx, c, info)
}

// lookTraces go through each snapshot, as only they know the subtasks.
// If only what is far fails there are traces beside the error.
func (a asking) lookTraces(ctx context.Context, c cluster, info job.Info) (traces []frame.Trace, failed error) {
	gathered := newTraces()
	var labels []data.Labels
	var shape *job.Graph
	soFar := blames{from: a.over.From, of: map[string]*blamed{}}
	for snapshot, err := range c.snapshots(ctx, info.ID, a.span(), a.step()) {
		if err != nil {
			failed = err
			continue
		}
		snapshot.Job.Name = info.Name
		shown := frame.Job{Cluster: c.name, Snapshot: snapshot, Verdict: diagnosis.Diagnose(snapshot), Tasks: a.tasks(snapshot.Graph)}
		if a.number.name == "blame" {
			shown.Past = soFar.past(shown)
		}
		values := a.number.load.Values(shown, a.By)
		if shape != snapshot.Graph || a.By == frame.ByTaskManager || len(labels) != len(values) {
			shape, labels = snapshot.Graph, shown.Labels(a.By)
			gathered.shaped(labels)
		}
		gathered.point(snapshot.At, values, snapshot.Source)
	}
	return gathered.all(), failed
}

const (
	// leastStep is how often Prometheus is asked to tell at most, and someSteps
	// how many times where a query does not say how many it can draw.
	leastStep = 10 * time.Second
	someSteps = 300
)

// step is how far apart the points are that the query can draw.
func (a asking) step() time.Duration {
	span := a.span()
	return max(span.To.Sub(span.From)/time.Duration(cmp.Or(max(a.points, 0), someSteps)), leastStep).Truncate(time.Second)
}

// gap is how far apart points are at most that follow each other: those of
// looks that are taken once a fetch, or that Prometheus was asked for.
func (a asking) gap(chosen []cluster) time.Duration {
	gap := max(interrupted, 2*a.step())
	for _, c := range chosen {
		gap = max(gap, c.keeper.LastPace().Still())
	}
	return gap
}

// partly makes a notice of an error that came with a part of what was asked.
func partly(notices []data.Notice, err error, came int) ([]data.Notice, error) {
	if err == nil || came == 0 {
		return notices, err
	}
	return append(notices, warning("The past is not known as a whole: %s", sentence(err))), nil
}
