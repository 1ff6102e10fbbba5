package promtest

import (
	"context"
	"math"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
)

// store has the series.
type store struct {
	mu     sync.Mutex
	series []*series
	index  map[uint64]*series
}

type series struct {
	labels  labels.Labels
	samples []chunks.Sample
}

// sample is a float at a time in milliseconds.
type sample struct {
	at    int64
	value float64
}

func (s sample) T() int64                       { return s.at }
func (s sample) F() float64                     { return s.value }
func (s sample) H() *histogram.Histogram        { return nil }
func (s sample) FH() *histogram.FloatHistogram  { return nil }
func (s sample) Type() chunkenc.ValueType       { return chunkenc.ValFloat }
func (s sample) Copy() chunks.Sample            { return s }
func compareAt(s chunks.Sample, at int64) int   { return int(s.T() - at) }
func (s *series) from(at int64) []chunks.Sample { return s.samples[s.find(at):] }

func (s *series) find(at int64) int {
	found, _ := slices.BinarySearchFunc(s.samples, at, compareAt)
	return found
}

func (s *store) add(of labels.Labels, samples []Sample) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.index[of.Hash()]
	if known == nil {
		known = &series{labels: of}
		if s.index == nil {
			s.index = map[uint64]*series{}
		}
		s.index[of.Hash()], s.series = known, append(s.series, known)
	}
	for _, one := range samples {
		known.samples = append(known.samples, sample{one.At.UnixMilli(), one.Value})
	}
}

// matching are the series that match and have a sample from one time to another.
func (s *store) matching(from, to int64, matchers []*labels.Matcher) (found []*series) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.series {
		fits := !slices.ContainsFunc(matchers, func(m *labels.Matcher) bool { return !m.Matches(one.labels.Get(m.Name)) })
		if after := one.from(from); fits && len(after) > 0 && after[0].T() <= to {
			found = append(found, one)
		}
	}
	return found
}

// values are those of a label, as the API returns them.
func (s *store) values(label string, form url.Values) (any, error) {
	from, to := int64(math.MinInt64/2), int64(math.MaxInt64/2)
	if form.Has("start") {
		from = at(form.Get("start")).UnixMilli()
	}
	if form.Has("end") {
		to = at(form.Get("end")).UnixMilli()
	}
	var found []*series
	for _, selector := range form["match[]"] {
		matchers, err := parser.ParseMetricSelector(selector)
		if err != nil {
			return nil, &apiError{http.StatusBadRequest, "bad_data", err}
		}
		found = append(found, s.matching(from, to, matchers)...)
	}
	values := []string{}
	for _, one := range found {
		if value := one.labels.Get(label); value != "" {
			values = append(values, value)
		}
	}
	slices.Sort(values)
	values = slices.Compact(values)
	if limit := int(seconds(form.Get("limit"))); limit > 0 {
		values = values[:min(limit, len(values))]
	}
	return values, nil
}

func (s *store) queryable(withoutNaN bool) storage.Queryable {
	return storage.QueryableFunc(func(from, to int64) (storage.Querier, error) {
		return querier{s, from, to, withoutNaN}, nil
	})
}

// querier implements [storage.Querier].
type querier struct {
	store      *store
	from, to   int64
	withoutNaN bool
}

func (q querier) Select(_ context.Context, _ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	found := q.store.matching(q.from, q.to, matchers)
	slices.SortFunc(found, func(a, b *series) int { return labels.Compare(a.labels, b.labels) })
	set := &seriesSet{}
	for _, one := range found {
		samples := one.samples[one.find(q.from):one.find(q.to+1)]
		if q.withoutNaN {
			samples = slices.DeleteFunc(slices.Clone(samples), func(s chunks.Sample) bool { return math.IsNaN(s.F()) })
		}
		if len(samples) > 0 {
			set.series = append(set.series, storage.NewListSeries(one.labels, samples))
		}
	}
	return set
}

func (q querier) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (q querier) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (q querier) Close() error { return nil }

// seriesSet implements [storage.SeriesSet].
type seriesSet struct {
	series []storage.Series
	next   int
}

func (s *seriesSet) Next() bool                        { s.next++; return s.next <= len(s.series) }
func (s *seriesSet) At() storage.Series                { return s.series[s.next-1] }
func (s *seriesSet) Err() error                        { return nil }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }

// Every are samples from one time to another, by how long after the first they
// are.
func Every(step time.Duration, from, to time.Time, value func(after time.Duration) float64) (samples []Sample) {
	for after := time.Duration(0); !from.Add(after).After(to); after += step {
		samples = append(samples, Sample{from.Add(after), value(after)})
	}
	return samples
}
