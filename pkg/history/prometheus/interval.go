package prometheus

import (
	"context"
	"slices"
	"time"

	"github.com/prometheus/common/model"
)

const (
	// mostSampled is how far back samples are looked at one by one.
	mostSampled = time.Hour
	// usualInterval is Prometheus' own default of scrape_interval.
	usualInterval = time.Minute
)

// scrapeInterval is the longer one of those at the beginning and at the end,
// between which Prometheus may have been configured anew. At the first point
// the job may have but one sample yet, and at the last but one left.
func (a *asking) scrapeInterval(ctx context.Context, matcher string, seen sighting) (time.Duration, error) {
	back := min(seen.back+surveyWindow, mostSampled)
	longest, err := a.scraped(ctx, matcher, seen.last, back)
	if err == nil && seen.last.Add(-back).After(seen.first) {
		var before time.Duration
		before, err = a.scraped(ctx, matcher, seen.first.Add(surveyWindow), back)
		longest = max(longest, before)
	}
	if longest == 0 {
		longest = usualInterval
	}
	return longest, err
}

// scraped is how far apart samples are, 0 if that is not known: of the series
// that are scraped least often, as one job may be scraped twice.
func (a *asking) scraped(ctx context.Context, matcher string, at time.Time, back time.Duration) (time.Duration, error) {
	matrix, err := a.samples(ctx, ranged(gaugeBackpressured, matcher+","+firstSubtasks, back), at)
	if err != nil {
		return 0, err
	}
	longest := time.Duration(0)
	for _, series := range matrix {
		longest = max(longest, usualGap(series.Values))
	}
	return longest.Round(time.Millisecond), nil
}

// usualGap is the median time between samples, 0 if there is but one.
func usualGap(samples []model.SamplePair) time.Duration {
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
