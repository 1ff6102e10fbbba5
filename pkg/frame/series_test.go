package frame_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// shownOf are the points of a series, by the second, without its gaps.
func shownOf(series frame.Series) string {
	series.MaxGaps = nil
	return seconds(frame.History(frame.Result{Series: []frame.Series{series}}, status, 0)[0])
}

// Series of the same labels are one: of a job that was deployed anew, or of tasks of
// one name. Each time is there once, and a known value goes before an unknown one.
func TestSeriesOfTheSameLabelsAreOne(t *testing.T) {
	unknown := math.NaN()
	for name, c := range map[string]struct {
		first, second map[int]float64
		want          string
	}{
		"one after the other":  {map[int]float64{0: 1, 10: 2}, map[int]float64{20: 3, 30: 4}, "0:1 10:2 20:3 30:4"},
		"the later one first":  {map[int]float64{20: 3, 30: 4}, map[int]float64{0: 1, 10: 2}, "0:1 10:2 20:3 30:4"},
		"between each other":   {map[int]float64{0: 1, 20: 3}, map[int]float64{10: 2, 30: 4}, "0:1 10:2 20:3 30:4"},
		"at the same times":    {map[int]float64{0: 1, 10: unknown, 20: unknown}, map[int]float64{0: 3, 10: 2, 20: unknown}, "0:1 10:2 20:null"},
		"that overlap at ends": {map[int]float64{0: 1, 10: 2}, map[int]float64{10: 3, 20: 4}, "0:1 10:2 20:4"},
	} {
		t.Run(name, func(t *testing.T) {
			first, second := seriesOf("orders", "map", job.FromCounters, c.first), seriesOf("orders", "map", job.FromPrometheus, c.second)
			other := seriesOf("orders", "sink", "", map[int]float64{0: 4})
			shared := frame.Series{Times: first.Times[:1], Values: first.Values[:1], MaxGaps: first.MaxGaps[:1]}
			before := shownOf(shared)
			var set frame.SeriesSet
			set.Add(first, other)
			set.Add(second)
			all := set.All()
			if len(all) != 2 || all[1].Labels["task"] != "sink" || shownOf(all[1]) != "0:4" {
				t.Fatalf("the series are %v", all)
			}
			if got := shownOf(all[0]); got != c.want || len(all[0].MaxGaps) != len(all[0].Times) || all[0].Source != job.FromPrometheus {
				t.Errorf("the series is %s, with %d gaps, from %s; want %s", got, len(all[0].MaxGaps), all[0].Source, c.want)
			}
			if after := shownOf(shared); after != before {
				t.Errorf("another series that shares the times became %s, from %s", after, before)
			}
		})
	}
}

// Points are added to the series of their labels, in the order in which the series
// began.
func TestSeriesSetOf(t *testing.T) {
	var set frame.SeriesSet
	for i, task := range []string{"b", "a", "b"} {
		set.Of(data.Labels{"task": task}).Add(begun.Add(time.Duration(i)*time.Second), time.Minute, float64(i))
	}
	all := set.All()
	if len(all) != 2 || all[0].Labels["task"] != "b" || shownOf(all[0]) != "0:0 2:2" || all[1].Labels["task"] != "a" || shownOf(all[1]) != "1:1" {
		t.Errorf("the series are %v", all)
	}
	if all := new(frame.SeriesSet).All(); len(all) != 0 {
		t.Errorf("an empty set has %v", all)
	}
}

// Jobs of one name in several clusters are several jobs; each has its series in
// their order, wherever they are among the others'.
func TestSeriesByJob(t *testing.T) {
	series := func(cluster, name, task string) frame.Series {
		return frame.Series{Labels: data.Labels{"cluster": cluster, "job": name, "task": task}}
	}
	var got [][]string
	for _, tasks := range frame.ByJob([]frame.Series{series("eu", "b", "1"), series("us", "b", "1"), series("eu", "a", "1"), series("eu", "b", "2")}) {
		var names []string
		for _, each := range tasks {
			names = append(names, each.Labels["cluster"]+"/"+each.Labels["job"]+"/"+each.Labels["task"])
		}
		got = append(got, names)
	}
	want := [][]string{{"eu/b/1", "eu/b/2"}, {"us/b/1"}, {"eu/a/1"}}
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("by job they are %v, want %v", got, want)
	}
}

// Aligned series share the times of all of them, and at each the longest of the
// gaps; what a series does not have is not known.
func TestAligned(t *testing.T) {
	first, second := seriesOf("orders", "map", "", map[int]float64{0: 1, 10: 2, 30: 3}), seriesOf("orders", "sink", "", map[int]float64{10: 4, 20: 5})
	second.MaxGaps = []time.Duration{2 * time.Minute, time.Second}
	aligned := frame.Aligned([]frame.Series{first, second})
	if got, want := shownOf(aligned[0]), "0:1 10:2 20:null 30:3"; got != want {
		t.Errorf("the first is %s, want %s", got, want)
	}
	if got, want := shownOf(aligned[1]), "0:null 10:4 20:5 30:null"; got != want {
		t.Errorf("the second is %s, want %s", got, want)
	}
	for i, each := range aligned {
		if want := []time.Duration{time.Minute, 2 * time.Minute, time.Second, time.Minute}; !slices.Equal(each.MaxGaps, want) {
			t.Errorf("the gaps of series %d are %v, want %v", i, each.MaxGaps, want)
		}
	}
	if len(first.Times) != 3 || len(second.Times) != 2 {
		t.Errorf("the given series have %d and %d times", len(first.Times), len(second.Times))
	}
}
