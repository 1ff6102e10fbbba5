package prometheus

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

const (
	// jobPoints is how finely a range is searched for jobs, and surveyPoints for
	// one job.
	jobPoints    = 500
	surveyPoints = 100
	// maxScrapeInterval is how far apart samples may be.
	maxScrapeInterval = 2 * time.Minute
	// minSurveyWindow is how far back each point of the search for one job looks,
	// at least.
	minSurveyWindow = 5 * time.Minute
	// maxNamed is how many ids are named in one query: VictoriaMetrics takes 16
	// KiB by default.
	maxNamed = 400
	// scrapesPerWindow is how many scrape intervals a window has at least, beside
	// the one by which windows overlap.
	scrapesPerWindow = 3
	// minWindow is how short a window may be. TaskManagers add a wait that goes on
	// to what they have accumulated every 5 s: on an even load, shares over 5 s
	// were off by up to 0.45, over 10 s by 0.21, over 30 s by 0.08.
	minWindow = 30 * time.Second
	// maxSampled is how far back samples are read one by one.
	maxSampled = time.Hour
	// defaultInterval is Prometheus' own default of scrape_interval.
	defaultInterval = time.Minute
)

// extent is when among some points there were series.
type extent struct {
	labels      model.Metric // those by which the series were grouped
	first, last time.Time
	back        time.Duration // how far before them the samples may be
	series      int           // how many there were at one time
}

// search finds the extents of the series that match, grouped by labels where by
// names some. At each point there are those that had a sample in the time before:
// a step, but at least so much.
func (s *session) search(ctx context.Context, by, matcher string, back time.Duration, points grid) ([]extent, error) {
	back = max(points.step, back)
	matrix, err := s.overTime(ctx, fmt.Sprintf("count%s(%s)", by, over("count_over_time", gaugeBackpressured, matcher, back)), points)
	var found []extent
	for _, series := range matrix {
		if len(series.Values) == 0 {
			continue
		}
		last := series.Values[len(series.Values)-1]
		of := extent{labels: series.Metric, first: series.Values[0].Timestamp.Time(), last: last.Timestamp.Time(), back: back}
		for _, count := range series.Values {
			of.series = max(of.series, int(count.Value))
		}
		found = append(found, of)
	}
	return found, err
}

// jobsIn are the jobs that there were at some points. They are searched by the
// first subtask of each task, of which there are few; those of which none is
// there at the last point, as these may have finished, by any subtask.
func jobsIn(ctx context.Context, s *session, points grid) ([]history.Job, error) {
	byID := map[string]history.Job{}
	if err := addJobs(ctx, s, firstSubtasks, points, byID); err != nil {
		return nil, err
	}
	ids, err := s.jobIDs(ctx, history.Range{From: points.start, To: points.end()}, 0)
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 && len(byID) == 0 {
		return nil, s.check(ctx)
	}
	ids = slices.DeleteFunc(ids, func(id string) bool {
		return !jobIDFormat.MatchString(id) || byID[id].Last.Equal(points.end())
	})
	if len(ids) > 0 {
		matcher := subtaskLabel + `!="0"`
		if len(ids) <= maxNamed {
			matcher = fmt.Sprintf("%s=~%q", jobIDLabel, strings.Join(ids, "|"))
		}
		if err := addJobs(ctx, s, matcher, points, byID); err != nil {
			return nil, err
		}
	}
	return slices.SortedFunc(maps.Values(byID), func(a, b history.Job) int {
		return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.ID, b.ID))
	}), nil
}

// addJobs adds the jobs of which series match. A job that is found twice, such as
// under two names, has the later name.
func addJobs(ctx context.Context, s *session, matcher string, points grid, byID map[string]history.Job) error {
	found, err := s.search(ctx, fmt.Sprintf(" by (%s, %s) ", jobIDLabel, jobNameLabel), matcher, maxScrapeInterval, points)
	for _, each := range found {
		of := history.Job{ID: string(each.labels[jobIDLabel]), Name: string(each.labels[jobNameLabel]), First: each.first, Last: each.last}
		if !jobIDFormat.MatchString(of.ID) {
			continue
		}
		if of.Last.Before(points.end()) { // it is still found for a while after its last sample
			of.Last = of.Last.Add(points.step - each.back)
		}
		if of.Last.Before(of.First) {
			of.First = of.Last
		}
		if known, twice := byID[of.ID]; twice {
			if known.Last.After(of.Last) {
				known, of = of, known
			}
			if known.First.Before(of.First) {
				of.First = known.First
			}
		}
		byID[of.ID] = of
	}
	return err
}

// survey is what is found out about a job's series before they are read.
type survey struct {
	*session
	// points are those between the first and the last sample.
	points grid
	// series is how many there were of a metric at one time.
	series int
	// interval is how often the job's metrics are scraped, and window the time
	// over which shares are measured.
	interval, window time.Duration
	// taskManagers are the ids that are known by what the reporter makes of them.
	taskManagers map[string]string
}

// newSurvey finds out when, how often and how many series of the session's job
// were scraped.
func newSurvey(ctx context.Context, s *session, points grid) (*survey, error) {
	made := &survey{session: s, taskManagers: make(map[string]string, len(s.job.TaskManagers))}
	for _, id := range s.job.TaskManagers {
		made.taskManagers[mangling.ReplaceAllString(id, "_")] = id
	}
	seen, err := made.searchJob(ctx, points)
	if err != nil || seen.series == 0 {
		return made, err
	}
	made.series, made.points = seen.series, points.within(seen.first.Add(-seen.back), seen.last)
	if made.interval, err = made.scrapeInterval(ctx, seen); err != nil {
		return made, err
	}
	made.window = max(points.step+made.interval, made.minLasting())
	return made, nil
}

// minLasting is how long an attempt has to last to be measured with a short step.
func (s *survey) minLasting() time.Duration {
	return max(scrapesPerWindow*s.interval, minWindow) + s.interval
}

// searchJob finds where among the points there are series of the job; series is 0
// where there are none.
func (s *survey) searchJob(ctx context.Context, points grid) (extent, error) {
	found, err := s.search(ctx, "", s.matcher, minSurveyWindow, points.coarse(surveyPoints))
	if err != nil || len(found) == 0 {
		return extent{}, err
	}
	return found[0], nil
}

// scrapeInterval is the longer one of those at the beginning and at the end,
// between which Prometheus may have been configured anew. At the first point
// the job may have but one sample yet, and at the last but one left.
func (s *survey) scrapeInterval(ctx context.Context, seen extent) (time.Duration, error) {
	back := min(seen.back+minSurveyWindow, maxSampled)
	times := []time.Time{seen.last}
	if seen.last.Add(-back).After(seen.first) {
		times = append(times, seen.first.Add(minSurveyWindow))
	}
	longest := time.Duration(0)
	for _, at := range times {
		matrix, err := s.scraped(ctx, at, back)
		if err != nil {
			return 0, err
		}
		for _, series := range matrix { // one job may be scraped twice
			longest = max(longest, medianGap(series.Values))
		}
	}
	return cmp.Or(longest.Round(time.Millisecond), defaultInterval), nil
}

// scraped are the samples in the time before: of the first subtask of each task
// or, where these have finished, of another.
func (s *survey) scraped(ctx context.Context, at time.Time, back time.Duration) (model.Matrix, error) {
	matrix, err := s.samples(ctx, ranged(gaugeBackpressured, s.matcher+","+firstSubtasks, back), at)
	if err != nil || len(matrix) > 0 {
		return matrix, err
	}
	longest, err := s.overTime(ctx, fmt.Sprintf("topk(1, %s)", over("count_over_time", gaugeBackpressured, s.matcher, back)), moment(at, minStep))
	if err != nil || len(longest) == 0 {
		return nil, err
	}
	labels := longest[0].Metric
	matcher := fmt.Sprintf("%s,%s=%q,%s=%q", s.matcher, taskIDLabel, labels[taskIDLabel], subtaskLabel, labels[subtaskLabel])
	return s.samples(ctx, ranged(gaugeBackpressured, matcher, back), at)
}

// medianGap is the median time between samples, 0 if there is but one.
func medianGap(samples []model.SamplePair) time.Duration {
	if len(samples) < 2 {
		return 0
	}
	gaps := make([]time.Duration, len(samples)-1)
	for i := range gaps {
		gaps[i] = samples[i+1].Timestamp.Sub(samples[i].Timestamp)
	}
	slices.Sort(gaps)
	return gaps[len(gaps)/2]
}

// latestExecutions are those with the last samples after a time; none if the
// samples do not name any. The search goes on in its last stretch until single
// samples can be read.
func (s *survey) latestExecutions(ctx context.Context, after time.Time) (map[string]bool, error) {
	over := history.Range{From: after, To: s.now()}
	for {
		seen, err := s.searchJob(ctx, newGrid(over, minStep, s.now()))
		if err != nil || seen.series == 0 {
			return nil, err
		}
		if seen.back <= maxSampled {
			samples, err := s.scraped(ctx, seen.last, seen.back)
			return latestIn(samples), err
		}
		over = history.Range{From: seen.last.Add(-seen.back), To: seen.last}
	}
}

// latestIn are the executions of the series that were scraped last: those that
// have ended may still be in a Pushgateway.
func latestIn(matrix model.Matrix) map[string]bool {
	executions := map[string]bool{}
	last := model.Earliest
	for _, series := range matrix {
		of := newAttempt(series.Metric)
		if of == nil || len(series.Values) == 0 {
			continue
		}
		at := series.Values[len(series.Values)-1].Timestamp
		if at > last {
			last = at
			clear(executions)
		}
		if at == last && of.execution != "" {
			executions[of.execution] = true
		}
	}
	return executions
}
