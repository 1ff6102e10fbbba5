package query

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

const (
	// lately is how long ago a job may have run that has ended and is known.
	lately = time.Hour
	// goneAfter is for how long a cluster has not answered whose jobs count as ended, as
	// a cluster of one job goes away with it.
	goneAfter = 30 * time.Minute
	// failover is for how long a JobManager that takes over may list no jobs.
	failover = 2 * time.Minute
)

// addEnded adds to the jobs that the query chose those that ran lately and have ended:
// Flink lists them as ended, or does not list them any more. A measure has a value of
// them, or an alert rule that keeps its state where there is none would never end. They
// are read from the built-in history: no rule has fired for others. A rule on all jobs
// has them, too, but for measures of which what ends is bad; a panel has those that it
// names exactly.
func (r *clusterResult) addEnded(ctx context.Context, req Request) {
	if !types[req.Type].measure || req.Measure.Origin == diagnosis.FromAnswers {
		return
	}
	for i := range r.jobs {
		r.jobs[i].ended = r.jobs[i].err == nil && r.jobs[i].info.State.Terminal()
	}
	if r.err != nil {
		r.endUnreachable(req)
		return
	}
	if r.cluster.Memory == nil || !req.FromAlert && len(req.Jobs.exact) == 0 {
		return
	}
	past, _, err := r.cluster.Memory.Jobs(ctx, history.Range{From: req.Now.Add(-lately), To: time.Now()})
	if err != nil {
		return
	}
	slices.SortStableFunc(past, func(a, b history.Job) int { return b.Last.Compare(a.Last) })
	for _, each := range past {
		exactly := req.Jobs.Exactly(each.Name, each.ID)
		wanted := exactly || req.FromAlert && req.Measure.EndsWell() && req.Jobs.Choose(each.Name, each.ID)
		if !wanted || !req.Types.Choose(each.Type) {
			continue
		}
		listed, replaced := r.find(each)
		if replaced || listed != nil && !listed.State.Terminal() {
			continue
		}
		info := job.Info{ID: each.ID, Name: each.Name, Plain: each.Name, Type: each.Type}
		added := jobResult{info: info, names: []string{each.Name}, ended: true}
		switch at := slices.IndexFunc(r.jobs, func(j jobResult) bool { return j.info.ID == each.ID }); {
		case listed == nil && req.Now.Sub(each.Last) < failover:
			added.ended, added.verdict = false, r.cluster.Collector.Unknown(info, nil)
		case at >= 0:
			r.jobs[at].verdict = r.cluster.lastMeasured(ctx, each) // with where its subtasks ran
			continue
		default:
			if added.verdict = r.cluster.lastMeasured(ctx, each); added.verdict == nil {
				added.verdict = r.cluster.Collector.Unknown(info, nil)
			}
		}
		r.jobs = append(r.jobs, added)
		if listed == nil {
			r.candidates = append(r.candidates, info)
			r.gone = append(r.gone, each.Name)
		}
	}
}

// find returns a job of the past as the cluster lists it, nil if it does not; replaced is
// set where another job has its name.
func (r *clusterResult) find(of history.Job) (listed *job.Info, replaced bool) {
	name := of.Name
	for i := range r.candidates {
		if info := &r.candidates[i]; info.ID == of.ID {
			listed, name = info, cmp.Or(info.Plain, info.Name)
		}
	}
	for _, info := range r.candidates {
		if info.ID != of.ID && (info.Name == of.Name || !info.State.Terminal() && cmp.Or(info.Plain, info.Name) == name) {
			replaced = true
		}
	}
	return listed, replaced
}

// endUnreachable has the last jobs of a cluster count as ended for alert rules where it
// has not answered for long: as of those that Flink lists no more, all of them, or of
// measures of which what ends is bad those that the query names exactly.
func (r *clusterResult) endUnreachable(req Request) {
	last := r.cluster.Collector.LastAnswer()
	if r.away = req.FromAlert && !last.IsZero() && req.Now.Sub(last) >= goneAfter; !r.away {
		return
	}
	r.jobs = slices.DeleteFunc(r.jobs, func(j jobResult) bool {
		return !req.Measure.EndsWell() && !req.Jobs.Exactly(j.info.Name, j.info.ID)
	})
	for i := range r.jobs {
		j := &r.jobs[i]
		j.verdict, j.err, j.ended = r.cluster.Collector.Unknown(j.info, nil), nil, true
	}
}

// ended is the value of a job that has ended. Over time the line of a figure ends with
// its job, but for an alert rule, which has to have a value of it: what only rises stays
// as it was last, as the fall to 0 would look as if it had risen.
func (c *Cluster) ended(ctx context.Context, req Request, info job.Info) float64 {
	switch {
	case req.Type != "history" || req.Measure.Origin != diagnosis.FromFigure:
		return req.Measure.Ended()
	case !req.FromAlert:
		return math.NaN()
	case req.Measure.Counts():
		return c.lastFigure(ctx, req, info)
	default:
		return req.Measure.Ended()
	}
}

// lastFigure is the figure of a job when it was last known within reach; not a number if
// it never was.
func (c *Cluster) lastFigure(ctx context.Context, req Request, info job.Info) float64 {
	if c.Memory == nil {
		return math.NaN()
	}
	query := history.Query{Job: history.Job{ID: info.ID}, Range: history.Range{From: req.Now.Add(-lately), To: req.Now}, Figures: figuresOf(req)}
	summaries, _, err := c.Memory.Summaries(ctx, query)
	if err != nil {
		return math.NaN()
	}
	for _, each := range slices.Backward(summaries.Jobs) {
		if value := req.Measure.FromSummary(each); !math.IsNaN(value) {
			return value
		}
	}
	return math.NaN()
}

// lastMeasured is the verdict on the job when it was last measured; nil if it never was
// within reach.
func (c *Cluster) lastMeasured(ctx context.Context, of history.Job) *diagnosis.Verdict {
	summaries, _, err := c.Memory.Summaries(ctx, history.Query{Job: of, Range: history.Range{From: of.First, To: of.Last}})
	if err != nil {
		return nil
	}
	for _, at := range slices.Backward(summaries.At) {
		if at.From.IsZero() {
			continue
		}
		verdict, _, err := c.Memory.At(ctx, of, at.At)
		if err != nil || verdict == nil {
			return nil
		}
		return verdict.Renamed(of.Name)
	}
	return nil
}

// goneNotices name the jobs that have ended and that Flink lists no more.
func goneNotices(result *clusterResult) []data.Notice {
	if len(result.gone) == 0 {
		return nil
	}
	return []data.Notice{info("Flink lists these jobs of cluster %s no more, so they count as ended: %s.", result.cluster.Name, listed(result.gone))}
}

// endedSeries are the values of the jobs that have ended, at the end of a range, so that
// a rule by the last value sees it.
func endedSeries(req Request, jobs []frame.Job, end time.Time) (all []frame.Series) {
	for _, shown := range jobs {
		if !shown.Ended {
			continue
		}
		for _, labels := range shown.Labels(req.By) {
			all = append(all, point(labels, end, req.Measure.Ended()))
		}
	}
	return all
}
