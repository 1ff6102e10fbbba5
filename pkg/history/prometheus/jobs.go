package prometheus

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/common/model"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

const (
	// jobPoints is how finely a span is searched for jobs.
	jobPoints = 500
	// slowestScrape is how far apart samples may be.
	slowestScrape = 2 * time.Minute
)

// Jobs lists the jobs of which there are metrics in the span, by when they
// were first seen. Names are as the metrics tell them, and there is no
// cluster: Prometheus knows none. First and last are true to a five hundredth
// of the span.
func (r *Reader) Jobs(ctx context.Context, over history.Span) ([]history.Job, error) {
	points := newGrid(over, over.To.Sub(over.From)/jobPoints, r.now())
	if points.count == 0 {
		return nil, nil
	}
	asked, window := r.ask(), max(points.step, slowestScrape)
	matrix, err := asked.matrix(ctx, jobsExpression(window), points)
	if err != nil {
		return nil, err
	}
	if len(matrix) == 0 {
		return nil, asked.lacking(ctx)
	}
	return listed(matrix, points, window), nil
}

// jobsExpression has a series for each job and name, present where its first
// subtasks had a sample within the window.
func jobsExpression(window time.Duration) string {
	return fmt.Sprintf("count by (%s, %s) (%s)", jobIDLabel, jobNameLabel, over("count_over_time", gaugeBackpressured, firstSubtasks, window))
}

func listed(matrix model.Matrix, points grid, window time.Duration) []history.Job {
	byID := map[string]history.Job{}
	for _, series := range matrix {
		id := string(series.Metric[jobIDLabel])
		if len(series.Values) == 0 || !jobIDFormat.MatchString(id) {
			continue
		}
		job := lived(series.Values, points, window)
		job.JobID, job.Name = id, string(series.Metric[jobNameLabel])
		if known, twice := byID[id]; twice {
			job = joined(known, job)
		}
		byID[id] = job
	}
	jobs := make([]history.Job, 0, len(byID))
	for _, job := range byID {
		jobs = append(jobs, job)
	}
	slices.SortFunc(jobs, func(a, b history.Job) int { return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.JobID, b.JobID)) })
	return jobs
}

// lived is when a job was first and last seen: it is found for as long after
// its last sample as the window is.
func lived(values []model.SamplePair, points grid, window time.Duration) history.Job {
	job := history.Job{First: values[0].Timestamp.Time(), Last: values[len(values)-1].Timestamp.Time()}
	if job.Last.Before(points.end()) {
		job.Last = job.Last.Add(points.step - window)
	}
	if job.Last.Before(job.First) {
		job.First = job.Last
	}
	return job
}

// joined is a job that was seen under two names; it has the later one.
func joined(a, b history.Job) history.Job {
	if a.Last.After(b.Last) {
		a, b = b, a
	}
	if a.First.Before(b.First) {
		b.First = a.First
	}
	return b
}
