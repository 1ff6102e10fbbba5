package query

import (
	"context"
	"math"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

const (
	// trendPoints is how many points the course of a job has at most, and trendPoint how
	// far apart they are at least.
	trendPoints = 40
	trendPoint  = 30 * time.Second
)

// addTrends adds to each job how it did over the query's range: the course of its
// severity and how often it restarted. A job without a history has neither.
func addTrends(ctx context.Context, req Request, result *loaded) error {
	if req.senseless() != "" {
		return nil
	}
	inTime, cancel := req.pastInTime(ctx)
	defer cancel()
	read := make([]jobResult, len(result.Jobs))
	collector.Parallel(len(result.Jobs), parallelism, func(n int) {
		shown, past := &result.Jobs[n], result.pasts[n]
		if !past.cluster.hasHistory() {
			return
		}
		of := &read[n]
		of.info, of.past, of.source = shown.Snapshot.Job, past.job, past.source
		over := req
		if past.present {
			over.Range.To = shown.Snapshot.At
		}
		shown.Trend = &frame.Trend{}
		shown.Trend.At, shown.Trend.Severity = courseOf(overRange(inTime, over, past.cluster, of, "bottleneck"), over.Range)
		restarts := overRange(inTime, over, past.cluster, of, "restarts")
		if past.present { // which keeps the count from now on
			count, requests, err := past.cluster.Collector.Figure(inTime, of.info, diagnosis.RestartCount)
			of.requests, of.err = requests, firstError(of.err, err)
			restarts = append(restarts, frame.Series{Values: []float64{count}})
		}
		shown.Trend.Restarts = increaseOf(restarts)
	})
	for n := range read {
		result.Requests += read[n].requests
		for _, text := range read[n].warnings {
			result.Add(warning("%s", text))
		}
		if read[n].err != nil {
			result.Add(pastIncomplete(read[n].err))
		}
	}
	return ctx.Err()
}

// overRange reads a measure of a job over the request's range, one series for each name
// that it had, oldest first.
func overRange(ctx context.Context, req Request, cluster *Cluster, of *jobResult, measure string) []frame.Series {
	req.Measure, _ = diagnosis.MeasureNamed(measure)
	req.By, req.Jobs, req.Tasks, req.Types = diagnosis.ByJob, Selectors{}, Selectors{}, nil
	read := jobResult{info: of.info, past: of.past, source: of.source}
	jobRange{req, cluster, &read, &seriesChoice{measure: req.Measure}}.read(ctx)
	of.warnings, of.err = of.warnings.Add(read.warnings...), firstError(of.err, read.err)
	return read.series
}

// courseOf is the worst severity in each part of the range, which are equally long, and
// when each begins; unknown where nothing was measured.
func courseOf(series []frame.Series, over history.Range) (at []time.Time, course []job.Share) {
	points := min(max(over.Length()/trendPoint, 1), trendPoints)
	// Whole milliseconds, which Grafana has: it draws a gap where points are not equally far apart.
	width := max((over.Length() / points).Truncate(time.Millisecond), time.Millisecond)
	for i := range points {
		at, course = append(at, over.From.Add(i*width)), append(course, job.Unknown)
	}
	for _, each := range series {
		for i, when := range each.Times {
			if value := job.Share(each.Values[i]); value.Known() && over.Contains(when) {
				part := min(when.Sub(over.From)/width, points-1)
				if before := course[part]; !before.Known() || value > before {
					course[part] = value
				}
			}
		}
	}
	return at, course
}

// increaseOf is by how much a count grew: one that is lower than before began anew. It is
// NaN if the count is not known.
func increaseOf(series []frame.Series) float64 {
	last, grew := math.NaN(), math.NaN()
	for _, each := range series {
		for _, value := range each.Values {
			switch {
			case math.IsNaN(value):
				continue
			case math.IsNaN(last):
				grew = 0
			case value >= last:
				grew += value - last
			default:
				grew += value
			}
			last = value
		}
	}
	return grew
}
