package frame

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Series is a value over time with the names that label it.
type Series struct {
	Labels data.Labels
	// Times ascend; series of one job may share them. Values has one for each,
	// NaN where it is not known.
	Times  []time.Time
	Values []float64
	// MaxGaps has, for each of the times, how much later the next is at most if
	// it follows: what was in a longer gap is not known. 0, or none at all,
	// stands for any time.
	MaxGaps []time.Duration
	// Source is where the values come from.
	Source job.Source
	// Host is where the subtask or TaskManager is that the series is of, at last; empty
	// where it is of no such, or that is not known.
	Host string
	// Page is that of Flink's UI of what the series is of, at last; empty where that is
	// not known.
	Page string
	// lane is set in a timeline.
	lane lane
}

// Add adds a point.
func (s *Series) Add(at time.Time, maxGap time.Duration, value float64) {
	s.Times, s.MaxGaps, s.Values = append(s.Times, at), append(s.MaxGaps, maxGap), append(s.Values, value)
}

// AddNewest adds a point at the last of some times that series share: so does this
// one, unless it lacks some in between. Nobody may change the times.
func (s *Series) AddNewest(times []time.Time, maxGaps []time.Duration, value float64) {
	end := len(times)
	from := end - 1 - len(s.Times)
	if len(s.Times) == 0 || from >= 0 && s.Times[0].Equal(times[from]) {
		s.Times, s.MaxGaps, s.Values = times[from:end:end], maxGaps[from:end:end], append(s.Values, value)
		return
	}
	s.Add(times[end-1], maxGaps[end-1], value)
}

// AddWorst adds a value to a series of which the worst value alone is kept.
func (s *Series) AddWorst(measure diagnosis.Measure, value float64) {
	s.Times, s.MaxGaps, s.Values = nil, nil, append([]float64(nil), measure.Worse(s.Worst(measure), value))
}

// Worst is the worst value of the series, NaN if none is known.
func (s Series) Worst(measure diagnosis.Measure) float64 {
	worst := math.NaN()
	for _, value := range s.Values {
		worst = measure.Worse(worst, value)
	}
	return worst
}

// meta is the metadata of the series' frame.
func (s Series) meta(requests int) *data.FrameMeta {
	custom := Custom{Requests: requests}
	if n := len(s.Times); n > 0 {
		custom.From, custom.To = &s.Times[0], &s.Times[n-1]
	}
	if s.Source != "" {
		custom.Source = &s.Source
	}
	return &data.FrameMeta{Custom: custom}
}

// gapAfter reports whether nothing follows a point for too long, be it another or
// the end.
func (s Series) gapAfter(i int, end time.Time) bool {
	if len(s.MaxGaps) == 0 || s.MaxGaps[i] == 0 {
		return false
	}
	next := end
	if i+1 < len(s.Times) {
		next = s.Times[i+1]
	}
	return next.Sub(s.Times[i]) > s.MaxGaps[i]
}

// at are the values at those times, which are the series' own and others, and
// raises maxGaps to the series' own.
func (s Series) at(times []time.Time, maxGaps []time.Duration) []float64 {
	values, next := make([]float64, len(times)), 0
	for i, at := range times {
		values[i] = math.NaN()
		if next == len(s.Times) || !s.Times[next].Equal(at) {
			continue
		}
		values[i] = s.Values[next]
		if len(s.MaxGaps) > 0 {
			maxGaps[i] = max(maxGaps[i], s.MaxGaps[next])
		}
		next++
	}
	return values
}

// sort orders the points by time, of which each is there once: tasks of one name
// that a job had one after the other share theirs.
func (s *Series) sort() {
	if slices.IsSortedFunc(s.Times, func(later, earlier time.Time) int {
		if later.After(earlier) {
			return 1
		}
		return -1 // equal ones, too, are out of order
	}) {
		return
	}
	order := make([]int, len(s.Times))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(s.Times[a].UnixNano(), s.Times[b].UnixNano()) })
	sorted := Series{Labels: s.Labels, Source: s.Source, Host: s.Host, Page: s.Page}
	for _, from := range order {
		switch last := len(sorted.Times) - 1; {
		case last < 0 || !sorted.Times[last].Equal(s.Times[from]):
			sorted.Add(s.Times[from], s.MaxGaps[from], s.Values[from])
		case math.IsNaN(sorted.Values[last]): // not known of the other
			sorted.Values[last] = s.Values[from]
		}
	}
	*s = sorted
}

// SeriesSet collects series by their labels: a job that is deployed anew goes on
// under its name.
type SeriesSet struct {
	order  []*Series
	byName map[string]*Series
}

// Of finds or begins the series of these labels.
func (s *SeriesSet) Of(labels data.Labels) *Series {
	key := labels.String()
	series := s.byName[key]
	if series == nil {
		series = &Series{Labels: labels}
		if s.byName == nil {
			s.byName = map[string]*Series{}
		}
		s.byName[key], s.order = series, append(s.order, series)
	}
	return series
}

// Has reports whether there is a series of those labels.
func (s *SeriesSet) Has(labels data.Labels) bool { return s.byName[labels.String()] != nil }

// Add puts series to those of the same labels.
func (s *SeriesSet) Add(more ...Series) {
	for _, series := range more {
		kept := s.Of(series.Labels)
		if len(kept.Times) == 0 {
			*kept = series
			continue
		}
		kept.Times = append(slices.Clip(kept.Times), series.Times...) // others may share them
		kept.MaxGaps = append(slices.Clip(kept.MaxGaps), series.MaxGaps...)
		kept.Values = append(slices.Clip(kept.Values), series.Values...)
		kept.Source = max(kept.Source, series.Source)
		kept.Host, kept.Page = cmp.Or(series.Host, kept.Host), cmp.Or(series.Page, kept.Page)
		kept.sort()
	}
}

// Len is how many series there are.
func (s *SeriesSet) Len() int { return len(s.order) }

// All are the series, in the order in which they began.
func (s *SeriesSet) All() []Series {
	all := make([]Series, len(s.order))
	for i, series := range s.order {
		all[i] = *series
	}
	return all
}

// jobName is the name of a job, and of its cluster.
type jobName struct{ cluster, job string }

func nameOf(series Series) jobName { return jobName{series.Labels["cluster"], series.Labels["job"]} }

// ByJob are the series, job by job, in the order of their first ones.
func ByJob(series []Series) (jobs [][]Series) {
	places := map[jobName]int{}
	for _, each := range series {
		of := nameOf(each)
		place, known := places[of]
		if !known {
			place = len(jobs)
			places[of], jobs = place, append(jobs, nil)
		}
		jobs[place] = append(jobs[place], each)
	}
	return jobs
}

// Aligned are the series at the times of all of them, which they share: what a
// series does not have is not known. A job that was deployed anew with other
// tasks has some that were sampled when others were not.
func Aligned(series []Series) []Series {
	if !slices.ContainsFunc(series, func(s Series) bool { return !shareTimes(s.Times, series[0].Times) }) {
		return series // as tasks of one job do
	}
	times := mergedTimes(series)
	maxGaps := make([]time.Duration, len(times))
	aligned := slices.Clone(series)
	for i, each := range series {
		aligned[i].Times, aligned[i].MaxGaps = times, maxGaps
		aligned[i].Values = each.at(times, maxGaps)
	}
	return aligned
}

// mergedTimes are the times of all series, ascending, each once.
func mergedTimes(series []Series) []time.Time {
	var all []time.Time
	for i, each := range series {
		if i > 0 && slices.EqualFunc(each.Times, series[i-1].Times, time.Time.Equal) {
			continue // another task of the same job
		}
		all = append(all, each.Times...)
	}
	slices.SortFunc(all, time.Time.Compare)
	return slices.CompactFunc(all, time.Time.Equal)
}

// shareTimes reports whether two series have the very same times.
func shareTimes(a, b []time.Time) bool {
	return len(a) == len(b) && len(a) > 0 && &a[0] == &b[0]
}

// WorstSeries are the worst series, worst first, as many as one answer holds.
func WorstSeries(series []Series, measure diagnosis.Measure) []Series {
	badness := make([]float64, len(series))
	order := make([]int, len(series))
	for i, each := range series {
		order[i], badness[i] = i, measure.Badness(each.Worst(measure))
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(badness[b], badness[a]) })
	kept := make([]Series, min(len(series), MaxSeries))
	for i := range kept {
		kept[i] = series[order[i]]
	}
	return kept
}

// worstSeries are the result's series, the worst of them if there are more than one
// answer holds, with a notice.
func (r Result) worstSeries(measure diagnosis.Measure, what, advice string) ([]Series, []data.Notice) {
	count := len(r.Series) + r.LeftOut
	if count <= MaxSeries {
		return r.Series, nil
	}
	return WorstSeries(r.Series, measure), []data.Notice{tooMany(what, count, advice)}
}
