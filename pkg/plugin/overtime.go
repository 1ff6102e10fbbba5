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
	found := gathered{traces: newTraces()}
	for _, c := range chosen {
		a.gather(ctx, c, &found)
	}
	found.traces.add(past.Traces...)
	if found.lacks == nil { // else they may have been there
		found.absent(a.absentThen(chosen, found.names))
	}
	past.Traces, past.End = found.traces.all(), a.span().To
	past.Notices = append(past.Notices, found.notices...)
	if err := ctx.Err(); err != nil {
		return past, err
	}
	return past, a.missed(&past, found.names, failed, found.lacks)
}

// gathered is what there is of the clusters over time.
type gathered struct {
	traces  *traces
	names   []job.Info // of all jobs that there were
	notices []data.Notice
	lacks   error // why something is not known
}

// gather adds what there is of a cluster.
func (a asking) gather(ctx context.Context, c cluster, to *gathered) {
	if a.By == byCluster {
		to.traces.add(a.upTraces(c)...)
		return
	}
	jobs, err := c.jobsIn(ctx, a.span(), a.Jobs)
	to.lacking(err)
	to.names = append(to.names, jobs...)
	of := found{cluster: c}
	of.choose(a.query, jobs)
	to.notices = append(to.notices, of.notices()...)
	told := make([][]frame.Trace, len(of.targets))
	together(len(told), func(n int) { told[n], of.targets[n].err = a.traces(ctx, c, of.targets[n].info) })
	for n, asked := range of.targets {
		to.lacking(asked.err)
		to.traces.add(told[n]...)
	}
}

// absent adds the series of jobs that were not there.
func (g *gathered) absent(traces []frame.Trace, notices []data.Notice) {
	g.traces.add(traces...)
	g.notices = append(g.notices, notices...)
}

// lacking makes a notice of an error that leaves out a part of what was asked, or
// all of it, once however often it comes. It keeps the first.
func (g *gathered) lacking(err error) {
	if err == nil {
		return
	}
	if told := unwhole(err); !slices.Contains(g.notices, told) {
		g.notices = append(g.notices, told)
	}
	g.lacks = cmp.Or(g.lacks, err)
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
