package prometheus

import (
	"context"
	"fmt"
	"time"
)

const (
	// surveyPoints is how finely a span is searched for a job.
	surveyPoints = 100
	// surveyWindow is how far back each point of the search looks, at least.
	surveyWindow = 5 * time.Minute
	// scrapes is how many scrape intervals a window has at least, beside the
	// one by which windows overlap.
	scrapes = 3
	// leastWindow is how short a window may be. TaskManagers add a wait that
	// goes on to what they have accumulated every 5 s: on an even load, shares
	// over 5 s were off by up to 0.45, over 10 s by 0.21, over 30 s by 0.08.
	leastWindow = 30 * time.Second
)

// survey is what is known of a job's series before they are read.
type survey struct {
	// points are those between the first and the last sample.
	points grid
	// series is how many there were of a metric at one time.
	series int
	// interval is how often the job's metrics are scraped, and window the time
	// over which shares are measured.
	interval, window time.Duration
}

// sighting is where among some points the job was seen.
type sighting struct {
	first, last time.Time
	// back is how far before them its samples may be.
	back time.Duration
	// series is how many there were of a metric at one time, 0 if none.
	series int
}

// search looks for the job at some of the points.
func (a *asking) search(ctx context.Context, matcher string, points grid) (seen sighting, err error) {
	coarse := points.coarse(surveyPoints)
	seen.back = max(coarse.step, surveyWindow)
	matrix, err := a.matrix(ctx, fmt.Sprintf("count(%s)", over("count_over_time", gaugeBackpressured, matcher, seen.back)), coarse)
	if err != nil || len(matrix) == 0 || len(matrix[0].Values) == 0 {
		return sighting{}, err
	}
	values := matrix[0].Values
	for _, value := range values {
		seen.series = max(seen.series, int(value.Value))
	}
	seen.first, seen.last = values[0].Timestamp.Time(), values[len(values)-1].Timestamp.Time()
	return seen, nil
}

// find finds out when, how often and how many series of the job were scraped.
func (a *asking) find(ctx context.Context, matcher string, points grid) (survey, error) {
	seen, err := a.search(ctx, matcher, points)
	if err != nil || seen.series == 0 {
		return survey{}, err
	}
	found := survey{series: seen.series, points: points.within(seen.first.Add(-seen.back), seen.last)}
	if found.interval, err = a.scrapeInterval(ctx, matcher, seen); err != nil {
		return survey{}, err
	}
	found.window = max(points.step, scrapes*found.interval, leastWindow) + found.interval
	return found, nil
}
