package plugin

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// historical answers with a measure over the query's range.
func historical(ctx context.Context, a asking) (data.Frames, error) {
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
	if why := senseless(a.over); why != "" {
		past.Notices, err = a.nothing(why)
		return past, err
	}
	chosen, err := a.chosen()
	if err != nil {
		return past, err
	}
	past, failed := a.looked(ctx)
	gathered := newTraces()
	var names []job.Info
	var lacks error // why something is not known
	for _, c := range chosen {
		if a.By == byCluster {
			gathered.add(a.upTraces(c)...)
			continue
		}
		jobs, err := c.jobsIn(ctx, a.span(), a.Jobs)
		past.Notices, lacks = partly(past.Notices, lacks, err)
		names = append(names, jobs...)
		of := found{cluster: c}
		of.choose(a.query, jobs)
		past.Notices = append(past.Notices, of.notices()...)
		for _, asked := range of.targets {
			traces, err := a.traces(ctx, c, asked.info)
			past.Notices, lacks = partly(past.Notices, lacks, err)
			gathered.add(traces...)
		}
	}
	gathered.add(past.Traces...)
	absent, notices := a.absentThen(chosen, names)
	gathered.add(absent...)
	past.Notices = append(past.Notices, notices...)
	past.Traces, past.Gap, past.End = gathered.all(), a.gap(), a.span().To
	if err := ctx.Err(); err != nil {
		return past, err
	}
	return past, a.missed(&past, names, failed, lacks)
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

// partly makes a notice of an error that leaves out a part of what was asked,
// or all of it, once however often it comes. It keeps the first.
func partly(notices []data.Notice, first, err error) ([]data.Notice, error) {
	if err == nil {
		return notices, first
	}
	told := unwhole(err)
	if !slices.Contains(notices, told) {
		notices = append(notices, told)
	}
	return notices, cmp.Or(first, err)
}
