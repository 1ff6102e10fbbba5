package query

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

const (
	// maxEventRange is how much of its range a query of events looks at.
	maxEventRange = 7 * 24 * time.Hour
	// eventSteps is how many points it reads from Prometheus.
	eventSteps = 1500
)

// answerEvents answers with what happened to jobs in the query's range: what they and
// Flink keep of it, and what their course shows.
func answerEvents(ctx context.Context, e *Engine, req Request) (data.Frames, error) {
	var bounded []data.Notice
	if req.Range.Length() > maxEventRange {
		req.Range.From = req.Range.To.Add(-maxEventRange)
		bounded = append(bounded, info("Only the last 7 days of the time range are searched for events: choose a shorter one, or one that ends earlier."))
	}
	req.Step = max(req.Range.Length()/eventSteps, minStep).Truncate(time.Second)
	if why := req.senseless(); why != "" {
		notices, err := nothing(req, why)
		return frame.Events(frame.Result{Notices: notices}), err
	}
	clusters, err := e.choose(req)
	if err != nil {
		return nil, err
	}
	found, err := e.journals(ctx, req, clusters, func(ctx context.Context, j *journaled) {
		j.readCheckpoints(ctx, req)
		j.readIncidents(ctx, req)
	})
	if err != nil {
		return nil, err
	}
	courses, pasts, err := e.courses(ctx, req, clusters)
	if err != nil {
		return nil, err
	}
	result := found.result
	result.Add(noticesOf(pasts)...)
	result.Requests += requestsOf(pasts)
	resolution := resolve(ctx, req, slices.Concat(found.results, pasts))
	switch _, _, missing := answeredOf(pasts); {
	case found.some() || len(courses) > 0:
	case firstError(found.failed, missing) != nil:
		return nil, firstError(found.failed, missing)
	case resolution.err != nil:
		return nil, resolution.err
	case !found.isLive:
		result.Add(info("%s", whyNothing(clusters)))
	}
	result.Add(slices.Concat(resolution.notices, bounded)...)
	for i := range found.jobs {
		courses = withJournal(courses, &found.jobs[i])
	}
	for i := range courses {
		for _, event := range eventsOf(courses, i, req) {
			result.Events = append(result.Events, frame.Event{Owner: courses[i].owner(event.Kind), Event: event})
		}
	}
	return frame.Events(result), ctx.Err()
}

// course is how one of the jobs that the query chose did over the range, and what was
// kept of it beside.
type course struct {
	journaled
	diagnosis.Course
	past history.Job
}

// owner is the job as a row has it, with the tab of its page that an event is about.
func (c *course) owner(kind diagnosis.EventKind) frame.Owner {
	switch kind {
	case diagnosis.ExceptionEvent, diagnosis.RestartEvent:
		return c.journaled.owner("exceptions")
	case diagnosis.FailedCheckpointEvent, diagnosis.SlowCheckpointEvent:
		return c.journaled.owner("checkpoints")
	default:
		return c.journaled.owner("overview")
	}
}

// courses reads how the jobs that the query chose did over the range, and shortly
// before and after it, on those clusters that have a history.
func (e *Engine) courses(ctx context.Context, req Request, clusters []*Cluster) (courses []course, results []clusterResult, err error) {
	clusters = slices.DeleteFunc(slices.Clone(clusters), func(c *Cluster) bool { return !c.hasHistory() })
	window := diagnosis.Window(req.Step)
	wider := req
	wider.Range.From, wider.Range.To = req.Range.From.Add(-window), req.Range.To.Add(window)
	if wider.Range.To.After(req.Now) {
		wider.Range.To = req.Now
	}
	if results, err = e.past(ctx, wider, clusters, false); err != nil {
		return nil, nil, err
	}
	inTime, cancel := req.pastInTime(ctx)
	defer cancel()
	read := make([][]course, len(results))
	for n := range results {
		read[n] = make([]course, len(results[n].jobs))
	}
	eachJob(results, func(c *Cluster, j *jobResult) {
		n := slices.IndexFunc(results, func(r clusterResult) bool { return r.cluster == c })
		for at := range results[n].jobs {
			if &results[n].jobs[at] == j { // others are filled in meanwhile
				read[n][at] = readCourse(inTime, wider, c, j)
			}
		}
	})
	return slices.Concat(read...), results, ctx.Err()
}

// readCourse reads how a job did.
func readCourse(ctx context.Context, req Request, cluster *Cluster, j *jobResult) course {
	query := history.Query{
		Job: j.past, Range: req.Range, Step: req.Step, Records: true,
		Columns: []diagnosis.Column{diagnosis.RootSeverity, diagnosis.MaxBusy},
	}
	if cluster.Prometheus != nil { // else the samples have the restarts
		query.Figures = []diagnosis.Figure{diagnosis.RestartCount}
	}
	summaries, warnings, err := j.source.Summaries(ctx, query)
	j.warnings, j.err = j.warnings.Add(warnings...), err
	read := course{journaled: journaled{cluster: cluster, info: j.info}, past: j.past}
	read.At, read.Jobs = summaries.At, summaries.Jobs
	for _, task := range summaries.Tasks {
		read.Tasks = append(read.Tasks, task.Name)
		read.Severities, read.Busy = append(read.Severities, task.Columns[0]), append(read.Busy, task.Columns[1])
	}
	return read
}

// withJournal adds what was kept of a job to its course.
func withJournal(courses []course, of *journaled) []course {
	at := slices.IndexFunc(courses, func(c course) bool { return c.cluster == of.cluster && c.info.ID == of.info.ID })
	if at < 0 {
		return append(courses, course{journaled: *of})
	}
	courses[at].journaled = *of
	return courses
}

// eventsOf are what happened to one of the jobs in the range, as far as the query chose
// it.
func eventsOf(courses []course, i int, req Request) (events []diagnosis.Event) {
	of := &courses[i]
	changes := diagnosis.IncidentEvents(of.incidents)
	near := func(at time.Time) bool {
		return slices.ContainsFunc(changes, func(e diagnosis.Event) bool {
			return changesJob(e) && e.At.Sub(at).Abs() <= 2*max(req.Step, time.Minute)
		})
	}
	for _, at := range of.Restarts() {
		if !near(at) {
			changes = append(changes, diagnosis.Event{At: at, Kind: diagnosis.RestartEvent, Title: "Restart", Text: "The job was restarted.", Before: diagnosis.UnknownCondition, After: diagnosis.UnknownCondition})
		}
	}
	run, redeployed := previousRun(courses, i), -1
	if run != nil {
		redeployed = len(changes)
		changes = append(changes, diagnosis.Event{
			At: firstOf(of), Kind: diagnosis.RestartEvent, Title: "Deployed anew", Text: "A job of the same name took the place of the one before.", Before: diagnosis.UnknownCondition, After: diagnosis.UnknownCondition,
		})
	}
	var times []time.Time
	for _, event := range changes {
		if changesJob(event) {
			times = append(times, event.At)
		}
	}
	for n, event := range changes {
		if !changesJob(event) {
			continue
		}
		before := &of.Course
		if n == redeployed {
			before = &run.Course
		}
		changes[n] = diagnosis.Compare(event, *before, of.Course, diagnosis.Window(req.Step), times)
		if runs := of.RunsFrom(event.At); !runs.IsZero() && runs.Sub(event.At) <= diagnosis.Window(req.Step) {
			changes[n].End = runs
		}
	}
	events = slices.Concat(changes, of.Moves(), diagnosis.CheckpointEvents(of.checkpoints))
	slices.SortStableFunc(events, func(a, b diagnosis.Event) int { return cmp.Compare(precedence(a), precedence(b)) })
	return slices.DeleteFunc(events, func(e diagnosis.Event) bool {
		return !req.Range.Contains(e.At) && !req.Range.Contains(e.End) || e.Task != "" && !req.Tasks.Choose(e.Task, "")
	})
}

// precedence orders events of one time, newest first: a restart follows the exception.
func precedence(e diagnosis.Event) int {
	if e.Kind == diagnosis.ExceptionEvent {
		return 1
	}
	return 0
}

// changesJob reports whether a job may do better or worse after an event.
func changesJob(e diagnosis.Event) bool {
	return e.Kind == diagnosis.RestartEvent || e.Kind == diagnosis.RescaleEvent
}

// firstOf is when the job began, as far as that is known.
func firstOf(c *course) time.Time {
	if c.info.Start.IsZero() {
		return c.past.First
	}
	return c.info.Start
}

// previousRun is the last job of the same name that had ended before one of the jobs
// began; nil if there is none, or if several of that name ran at one time.
func previousRun(courses []course, i int) (last *course) {
	of := &courses[i]
	if len(of.At) == 0 {
		return nil
	}
	began := of.At[0].At
	for n := range courses {
		other := &courses[n]
		if n == i || other.cluster != of.cluster || plainName(other) != plainName(of) || len(other.At) == 0 {
			continue
		}
		ended := lastMeasured(other)
		switch {
		case ended.IsZero():
		case ended.After(began) && other.At[0].At.Before(of.At[len(of.At)-1].At):
			return nil // beside each other
		case ended.After(began):
		case last == nil || lastMeasured(last).Before(ended):
			last = other
		}
	}
	return last
}

// plainName is the job's name as Flink has it.
func plainName(c *course) string {
	if c.info.Plain != "" {
		return c.info.Plain
	}
	return c.info.Name
}

// lastMeasured is when the job was last measured; zero if it never was.
func lastMeasured(c *course) (at time.Time) {
	for _, each := range c.At {
		if !each.From.IsZero() {
			at = each.At
		}
	}
	return at
}
