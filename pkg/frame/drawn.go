package frame

import (
	"math"
	"time"
)

// row is a row of a frame over time: the points of a trace that fall together,
// or none, so that no panel draws a line, or a status, through a time that
// nobody looked at.
type row struct {
	at       time.Time
	from, to int // of the points
}

// drawn are the traces in the rows of a frame, at most that many unless that is
// below 1: of values that fall together the worst, so that peaks stay.
func (p Past) drawn(traces []Trace, points int, measure Measure) []Trace {
	var of, times []time.Time
	var rows []row
	drawn := make([]Trace, len(traces))
	for i, trace := range traces {
		if !shared(of, trace.Times) {
			of, rows = trace.Times, trace.rows(p.End, points)
			times = timesOf(rows)
		}
		drawn[i] = Trace{Labels: trace.Labels, Source: trace.Source, Times: times, Values: trace.in(rows, measure)}
	}
	return drawn
}

// rows are those of a trace: one a point, and one in each gap. Where that is too
// many they are one for all points within a width, and one in each gap that is
// wider; the one in the gap before the end is the last.
func (t Trace) rows(end time.Time, points int) []row {
	rows := t.grouped(end, time.Nanosecond) // points are farther apart
	if points < 1 || len(rows) <= points {
		return rows
	}
	last, groups := len(t.Times)-1, points
	if t.gapAfter(last, end) {
		groups = max(points-1, 1)
	}
	rows = t.grouped(end, t.Times[last].Sub(t.Times[0])/time.Duration(groups)+1)
	return rows[:min(len(rows), points)]
}

// grouped are the rows of points within a width from each other, at the time of
// the first, and one in each gap that such a width lies in as a whole.
func (t Trace) grouped(end time.Time, width time.Duration) (rows []row) {
	place := func(i int) time.Duration { return t.Times[i].Sub(t.Times[0]) / width }
	last := len(t.Times) - 1
	for i, at := range t.Times {
		if i > 0 && place(i) == place(i-1) {
			rows[len(rows)-1].to = i + 1
		} else {
			rows = append(rows, row{at, i, i + 1})
		}
		if t.gapAfter(i, end) && (i == last || place(i+1) > place(i)+1) {
			rows = append(rows, row{at: at.Add(t.Apart[i] / 2)})
		}
	}
	return rows
}

// gapAfter tells whether nothing follows a point for too long, be it another or
// the end.
func (t Trace) gapAfter(i int, end time.Time) bool {
	if len(t.Apart) == 0 || t.Apart[i] == 0 {
		return false
	}
	next := end
	if i+1 < len(t.Times) {
		next = t.Times[i+1]
	}
	return next.Sub(t.Times[i]) > t.Apart[i]
}

// timesOf are when the rows begin.
func timesOf(rows []row) []time.Time {
	times := make([]time.Time, len(rows))
	for i, row := range rows {
		times[i] = row.at
	}
	return times
}

// in are the worst values of each row. What is not known stays so only where
// nothing else is.
func (t Trace) in(rows []row, measure Measure) []float32 {
	values := make([]float32, len(rows))
	for i, row := range rows {
		values[i] = float32(math.NaN())
		for n := row.from; n < row.to; n++ {
			values[i] = float32(measure.Worse(float64(values[i]), float64(t.Values[n])))
		}
	}
	return values
}

// shared tells whether two traces have the very same times.
func shared(a, b []time.Time) bool {
	return len(a) == len(b) && len(a) > 0 && &a[0] == &b[0]
}
