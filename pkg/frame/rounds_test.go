package frame_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// sampledAt is a series of a job's task with a point at each of these milliseconds.
func sampledAt(name, task string, milliseconds ...int) frame.Series {
	series := frame.Series{Labels: data.Labels{"cluster": "default", "job": name, "task": task}}
	for i, ms := range milliseconds {
		series.Add(begun.Add(time.Duration(ms)*time.Millisecond), 30*time.Second, float64(i%2))
	}
	return series
}

// timesOf are the milliseconds of a history's points, by job and task.
func timesOf(frames data.Frames) map[string]string {
	times := map[string]string{}
	for _, f := range frames {
		text := ""
		for i := range f.Rows() {
			text += fmt.Sprint(f.Fields[0].At(i).(time.Time).Sub(begun).Milliseconds(), " ")
		}
		times[f.Fields[1].Labels["job"]+"/"+f.Fields[1].Labels["task"]] = text
	}
	return times
}

// Jobs that were polled one after the other in a round share the time of the last
// poll: no row, and no point of a shared crosshair, has one of them alone.
func TestSeriesShareTheTimesOfRounds(t *testing.T) {
	for name, c := range map[string]struct {
		series []frame.Series
		want   map[string]string
	}{
		"a round every 10 s": {
			[]frame.Series{sampledAt("orders", "a", 0, 10_000, 20_000), sampledAt("clicks", "a", 7, 10_312, 20_001)},
			map[string]string{"orders/a": "7 10312 20001 ", "clicks/a": "7 10312 20001 "},
		},
		"one job was not sampled": {
			[]frame.Series{sampledAt("orders", "a", 0, 10_000, 20_000), sampledAt("clicks", "a", 7, 20_001)},
			map[string]string{"orders/a": "7 10000 20001 ", "clicks/a": "7 20001 "},
		},
		"too far apart": {
			[]frame.Series{sampledAt("orders", "a", 0, 10_000), sampledAt("clicks", "a", 5_000, 15_000)},
			map[string]string{"orders/a": "0 10000 ", "clicks/a": "5000 15000 "},
		},
		"sampled each second": {
			[]frame.Series{sampledAt("orders", "a", 0, 1000, 2000), sampledAt("clicks", "a", 300, 1300, 2300)},
			map[string]string{"orders/a": "300 1300 2300 ", "clicks/a": "300 1300 2300 "},
		},
		"both at one time after a sample of one": {
			[]frame.Series{sampledAt("clicks", "a", 0, 10_000), sampledAt("orders", "a", 0, 8500, 10_000)},
			map[string]string{"clicks/a": "0 10000 ", "orders/a": "0 8500 10000 "},
		},
		"a job alone": {
			[]frame.Series{sampledAt("orders", "a", 0, 500), sampledAt("orders", "b", 500, 900)},
			map[string]string{"orders/a": "0 500 ", "orders/b": "500 900 "},
		},
		"a job with tasks of other times": {
			[]frame.Series{sampledAt("orders", "a", 0, 10_000), sampledAt("orders", "b", 10_000), sampledAt("clicks", "a", 9, 10_009)},
			map[string]string{"orders/a": "9 10009 ", "orders/b": "10009 ", "clicks/a": "9 10009 "},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := timesOf(frame.History(frame.Result{Series: c.series}, status, 0))
			for series, want := range c.want {
				if got[series] != want {
					t.Errorf("%s is at %s, want %s", series, got[series], want)
				}
			}
		})
	}
}

// Grafana has whole milliseconds: two points of a job within one would be at one time.
func TestRoundsAreMillisecondsApart(t *testing.T) {
	clicks, orders := sampledAt("clicks", "a", 0, 10_000), sampledAt("orders", "a", 0, 8500)
	orders.Add(begun.Add(10*time.Second+300*time.Microsecond), 30*time.Second, 1)
	for series, times := range timesOf(frame.History(frame.Result{Series: []frame.Series{clicks, orders}}, status, 0)) {
		want := "0 8500 10000 "
		if series == "clicks/a" {
			want = "0 10000 "
		}
		if times != want {
			t.Errorf("%s is at %s, want %s", series, times, want)
		}
	}
}

// However jobs were polled: each keeps its points, in order, none moves by more than
// the length of a round or to an earlier time, and no gap appears.
func TestRoundsKeepThePoints(t *testing.T) {
	chance := rand.New(rand.NewPCG(16, 5))
	for range 300 {
		var result frame.Result
		for job := range 1 + chance.IntN(4) {
			at, points := chance.IntN(3000), []int{}
			for range 1 + chance.IntN(40) {
				points = append(points, at)
				at += 1 + chance.IntN(15_000)
			}
			result.Series = append(result.Series, sampledAt(fmt.Sprint("job-", job), "a", points...))
		}
		before := slices.Clone(result.Series)
		for i, f := range frame.History(result, status, 0) {
			times := before[i].Times
			if f.Rows() != len(times) {
				t.Fatalf("%d rows of %d points", f.Rows(), len(times))
			}
			for n, was := range times {
				is := f.Fields[0].At(n).(time.Time)
				if is.Before(was) || is.Sub(was) > 2*time.Second || n > 0 && !is.After(f.Fields[0].At(n-1).(time.Time)) || f.Fields[1].NilAt(n) {
					t.Fatalf("point %d was at %s, is at %s", n, was.Sub(begun), is.Sub(begun))
				}
			}
		}
	}
}
