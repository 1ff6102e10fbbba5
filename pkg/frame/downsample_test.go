package frame_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// A gap is one null, half the longest gap after the last point; what follows within
// the longest gap goes on.
func TestGaps(t *testing.T) {
	for name, c := range map[string]struct {
		seconds map[int]float64
		end     int // seconds
		want    string
	}{
		"none":                    {map[int]float64{0: 1, 60: 2}, 120, "0:1 60:2"},
		"between":                 {map[int]float64{0: 1, 61: 2}, 61, "0:1 30:null 61:2"},
		"two":                     {map[int]float64{0: 1, 100: 2, 300: 3}, 300, "0:1 30:null 100:2 130:null 300:3"},
		"at the end":              {map[int]float64{0: 1, 10: 2}, 71, "0:1 10:2 40:null"},
		"the end is not known":    {map[int]float64{0: 1, 10: 2}, math.MinInt32, "0:1 10:2"},
		"after what is unknown":   {map[int]float64{0: math.NaN(), 90: 2}, 90, "0:null 30:null 90:2"},
		"no points":               {nil, 3600, ""},
		"a single point long ago": {map[int]float64{0: 1}, 3600, "0:1 30:null"},
	} {
		t.Run(name, func(t *testing.T) {
			result := frame.Result{Series: []frame.Series{seriesOf("orders", "window", "", c.seconds)}, End: begun.Add(time.Duration(c.end) * time.Second)}
			if got := seconds(frame.History(result, status, 0)[0]); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// interrupted is a series of points that follow each other within the longest gap
// but now and then, and mostly not until the end of the range.
func interrupted(chance *rand.Rand) frame.Result {
	series, at := frame.Series{Labels: data.Labels{"cluster": "default", "job": "orders", "task": "map"}}, begun
	gap := time.Duration(10+chance.IntN(100)) * time.Second
	for range 1 + chance.IntN(300) {
		value := float64(chance.IntN(5))
		if chance.IntN(10) == 0 {
			value = math.NaN()
		}
		series.Add(at, gap, value)
		at = at.Add(1 + time.Duration(chance.Int64N(int64(gap))))
		if chance.IntN(20) == 0 {
			at = at.Add(gap + time.Duration(chance.Int64N(int64(time.Hour))))
		}
	}
	return frame.Result{Series: []frame.Series{series}, End: at}
}

// However few rows there are: the worst stays, and a gap is null. No two values
// that are known stand beside each other farther apart than the longest gap and
// the width of two rows, and none is the last long before the end.
func TestGapsStayWhenDownsampled(t *testing.T) {
	for name, view := range map[string]func(frame.Result, int) data.Frames{
		"history": func(result frame.Result, points int) data.Frames {
			return frame.History(result, status, points)
		},
		"timeline": frame.Timeline,
	} {
		t.Run(name, func(t *testing.T) {
			chance := rand.New(rand.NewPCG(6, 3))
			for range 2000 {
				result, points := interrupted(chance), 2+chance.IntN(400)
				shown := view(result, points)[0]
				if shown.Rows() > points {
					t.Fatalf("%d rows of at most %d", shown.Rows(), points)
				}
				worstStays(t, result.Series[0], shown)
				gapsStay(t, result, shown, points)
				if t.Failed() {
					t.Fatalf("%v in %d points is %s", result, points, seconds(shown))
				}
			}
		})
	}
}

// gapsStay checks that nothing known stands for a gap.
func gapsStay(t *testing.T, result frame.Result, shown *data.Frame, points int) {
	t.Helper()
	times, codes := result.Series[0].Times, codesOf(shown)
	gap, last := result.Series[0].MaxGaps[0], times[len(times)-1]
	most := gap
	if len(times) > points/2 { // with a null in each gap they may be too many
		most += 2 * (last.Sub(times[0])/time.Duration(points-1) + 1)
	}
	for i := 1; i < len(codes); i++ {
		before, at := shown.Fields[0].At(i-1).(time.Time), shown.Fields[0].At(i).(time.Time)
		switch apart, line := at.Sub(before), !math.IsNaN(codes[i-1]+codes[i]); {
		case apart <= 0:
			t.Errorf("row %d is of no later time than the one before", i)
		case line && apart > most:
			t.Errorf("a line is drawn from %s to %s, and the longest gap is %s", before.Sub(begun), at.Sub(begun), gap)
		}
	}
	if unknown := result.End.Sub(last); unknown > gap && !math.IsNaN(codes[len(codes)-1]) {
		t.Errorf("the last value goes on to the end, %s after the last point", unknown)
	}
}

// worstStays checks that the worst status is among those shown.
func worstStays(t *testing.T, series frame.Series, shown *data.Frame) {
	t.Helper()
	worst, kept := math.NaN(), math.NaN()
	for _, value := range series.Values {
		worst = status.Worse(worst, value)
	}
	for _, code := range codesOf(shown) {
		kept = status.Worse(kept, code)
	}
	if kept != worst && !(math.IsNaN(kept) && math.IsNaN(worst)) {
		t.Errorf("the worst is %v, and was %v", kept, worst)
	}
}

// codesOf are the codes of statuses, whether they are shown so or in words.
func codesOf(shown *data.Frame) (codes []float64) {
	words := map[any]float64{"idle": 0, "mixed": 1, "busy": 2, "backpressured": 3, "bottleneck": 4}
	for i := range shown.Rows() {
		code := math.NaN()
		if value, known := shown.Fields[1].ConcreteAt(i); known {
			var isWord bool
			if code, isWord = words[value]; !isWord {
				code = value.(float64)
			}
		}
		codes = append(codes, code)
	}
	return codes
}

// What follows a mean of ten minutes may be as far behind it; what is as far behind
// a sample follows a gap.
func TestEachPointHasItsOwnGap(t *testing.T) {
	series := frame.Series{Labels: data.Labels{"cluster": "default", "job": "orders", "task": "map"}}
	for _, point := range []struct{ second, maxGap int }{{0, 600}, {600, 600}, {1100, 60}, {1110, 60}, {1500, 60}} {
		series.Add(begun.Add(time.Duration(point.second)*time.Second), time.Duration(point.maxGap)*time.Second, 2)
	}
	result := frame.Result{Series: []frame.Series{series}, End: begun.Add(1520 * time.Second)}
	if got, want := seconds(frame.History(result, status, 0)[0]), "0:2 600:2 1100:2 1110:2 1140:null 1500:2"; got != want {
		t.Errorf("the history is %s, want %s", got, want)
	}
	if got, want := seconds(frame.Timeline(result, 0)[0]), "0:busy 600:busy 1100:busy 1110:busy 1140:null 1500:busy"; got != want {
		t.Errorf("the timeline is %s, want %s", got, want)
	}
}

// However many values there are and however few points are wanted: no more come
// back, in the order of time, at times that there were; the worst value is
// among them, and for idle that is the lowest.
func TestDownsampling(t *testing.T) {
	chance := rand.New(rand.NewPCG(6, 1))
	for _, points := range []int{1, 2, 3, 7, 50, 1000} {
		for _, name := range []string{"busy", "idle"} {
			t.Run(fmt.Sprintf("%s in %d points", name, points), func(t *testing.T) {
				for range 200 {
					downsampled(t, measureNamed(name), points, erratic(chance))
				}
			})
		}
	}
}

// erratic is a series of up to 300 values, some not known, at irregular times.
func erratic(chance *rand.Rand) (series frame.Series) {
	at := begun
	for range 1 + chance.IntN(300) {
		at = at.Add(time.Duration(1+chance.IntN(30)) * time.Second)
		value := float64(chance.IntN(1001)) / 1000
		if chance.IntN(5) == 0 {
			value = math.NaN()
		}
		series.Add(at, 0, value)
	}
	return series
}

func downsampled(t *testing.T, measure diagnosis.Measure, points int, series frame.Series) {
	t.Helper()
	there, worst := map[time.Time]bool{}, math.NaN()
	for i, at := range series.Times {
		there[at] = true
		worst = measure.Worse(worst, series.Values[i])
	}
	shown := frame.History(frame.Result{Series: []frame.Series{series}}, measure, points)[0]
	if n := shown.Rows(); n == 0 || n > points || n > len(series.Times) {
		t.Fatalf("%d points of %d, at most %d", n, len(series.Times), points)
	}
	kept, last := math.NaN(), time.Time{}
	for i := range shown.Rows() {
		at := shown.Fields[0].At(i).(time.Time)
		if !there[at] || !at.After(last) {
			t.Errorf("a point at %s, after one at %s", at, last)
		}
		last = at
		if value, known := shown.Fields[1].ConcreteAt(i); known {
			kept = measure.Worse(kept, value.(float64))
		}
	}
	if math.Abs(kept-worst) > 1e-6 || math.IsNaN(kept) != math.IsNaN(worst) {
		t.Errorf("the worst is %v, and was %v", kept, worst)
	}
}

// A peak of one sample among a day's stays, where it was, and so does a gap that
// is as wide as two points.
func TestDownsamplingKeepsPeaksAndGaps(t *testing.T) {
	series, peak := frame.Series{}, 5000
	for i := range 8640 {
		value := 0.1
		if i == peak {
			value = 0.9
		}
		if i < 2000 || i >= 2100 { // a gap of 1000 s
			series.Add(begun.Add(time.Duration(i)*10*time.Second), time.Minute, value)
		}
	}
	const points = 200 // of 432 s
	shown := frame.History(frame.Result{Series: []frame.Series{series}, End: series.Times[len(series.Times)-1]}, measureNamed("busy"), points)[0]
	if shown.Rows() > points {
		t.Errorf("%d points", shown.Rows())
	}
	if at := where(shown, func(value any, known bool) bool { return known && value == 0.9 }); len(at) != 1 || at[0] > time.Duration(peak)*10*time.Second || at[0] < time.Duration(peak)*10*time.Second-432*time.Second {
		t.Errorf("peaks at %s", at)
	}
	if at := where(shown, func(_ any, known bool) bool { return !known }); len(at) != 1 || at[0] < 20000*time.Second || at[0] > 21000*time.Second {
		t.Errorf("not known at %s", at)
	}
}

// where are the times, since the beginning, of the points of a kind.
func where(series *data.Frame, is func(value any, known bool) bool) (times []time.Duration) {
	for i := range series.Rows() {
		if is(series.Fields[1].ConcreteAt(i)) {
			times = append(times, series.Fields[0].At(i).(time.Time).Sub(begun))
		}
	}
	return times
}
