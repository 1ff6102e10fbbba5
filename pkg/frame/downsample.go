package frame

import (
	"math"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
)

// bucket is a row of a frame over time: the points of a series that fall
// together, or none, so that no panel draws a line, or a status, through a gap.
type bucket struct {
	at       time.Time
	from, to int // of the points
}

// downsampled are the series with at most that many points unless that is below
// 1: of values that fall together the worst, so that peaks stay, or of a measure of
// sums the mean. A gap is one point that is not known.
func downsampled(series []Series, points int, measure diagnosis.Measure, end time.Time) []Series {
	var of, times []time.Time
	var buckets []bucket
	drawn := make([]Series, len(series))
	for i, each := range series {
		if !shareTimes(of, each.Times) {
			of, buckets = each.Times, each.buckets(end, points)
			times = make([]time.Time, len(buckets))
			for n, bucket := range buckets {
				times[n] = bucket.at
			}
		}
		drawn[i] = Series{Labels: each.Labels, Source: each.Source, Host: each.Host, Page: each.Page, lane: each.lane, Times: times, Values: each.valuesOf(buckets, measure)}
	}
	return drawn
}

// buckets are those of the series: one a point, and one in each gap. Where that
// is too many they are one for all points within a width, and one in each gap
// that is wider; the one in the gap before the end is the last.
func (s Series) buckets(end time.Time, points int) []bucket {
	buckets := s.grouped(end, time.Nanosecond) // points are farther apart
	if points < 1 || len(buckets) <= points {
		return buckets
	}
	last, groups := len(s.Times)-1, points
	if s.gapAfter(last, end) {
		groups = max(points-1, 1)
	}
	buckets = s.grouped(end, s.Times[last].Sub(s.Times[0])/time.Duration(groups)+1)
	return buckets[:min(len(buckets), points)]
}

// grouped are the buckets of points within a width from each other, at the time
// of the first, and one in each gap that such a width lies in as a whole.
func (s Series) grouped(end time.Time, width time.Duration) (buckets []bucket) {
	place := func(i int) time.Duration { return s.Times[i].Sub(s.Times[0]) / width }
	last := len(s.Times) - 1
	for i, at := range s.Times {
		if i > 0 && place(i) == place(i-1) {
			buckets[len(buckets)-1].to = i + 1
		} else {
			buckets = append(buckets, bucket{at, i, i + 1})
		}
		if s.gapAfter(i, end) && (i == last || place(i+1) > place(i)+1) {
			buckets = append(buckets, bucket{at: at.Add(s.MaxGaps[i] / 2)})
		}
	}
	return buckets
}

// valuesOf are the worst values of each bucket, or the means. What is not known stays
// so only where nothing else is.
func (s Series) valuesOf(buckets []bucket, measure diagnosis.Measure) []float64 {
	values := make([]float64, len(buckets))
	for i, bucket := range buckets {
		of := s.Values[bucket.from:bucket.to]
		switch {
		case len(of) == 0:
			values[i] = math.NaN()
		case measure.Sum:
			values[i] = meanOf(of)
		default:
			values[i] = of[0]
			for _, value := range of[1:] {
				values[i] = measure.Worse(values[i], value)
			}
		}
	}
	return values
}

// meanOf is the mean of the values that are known, NaN if none is.
func meanOf(values []float64) float64 {
	sum, known := 0.0, 0
	for _, value := range values {
		if !math.IsNaN(value) {
			sum, known = sum+value, known+1
		}
	}
	return sum / float64(known)
}
