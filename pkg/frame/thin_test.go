package frame_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// However many values there are and however few points are wanted: no more come
// back, in the order of time, at times that there were; the worst value is
// among them, and for idle that is the lowest.
func TestThinning(t *testing.T) {
	chance := rand.New(rand.NewPCG(6, 1))
	for _, points := range []int{1, 2, 3, 7, 50, 1000} {
		for _, name := range []string{"busy", "idle"} {
			t.Run(fmt.Sprintf("%s in %d points", name, points), func(t *testing.T) {
				for range 200 {
					thinned(t, *frame.MeasureNamed(name), points, erratic(chance))
				}
			})
		}
	}
}

// erratic is a trace of up to 300 values, some not known, at irregular times.
func erratic(chance *rand.Rand) (trace frame.Trace) {
	at := begun
	for range 1 + chance.IntN(300) {
		at = at.Add(time.Duration(1+chance.IntN(30)) * time.Second)
		value := float32(chance.IntN(1001)) / 1000
		if chance.IntN(5) == 0 {
			value = float32(math.NaN())
		}
		trace.Add(at, 0, value)
	}
	return trace
}

func thinned(t *testing.T, measure frame.Measure, points int, trace frame.Trace) {
	t.Helper()
	there, worst := map[time.Time]bool{}, math.NaN()
	for i, at := range trace.Times {
		there[at] = true
		worst = measure.Worse(worst, float64(trace.Values[i]))
	}
	series := frame.History(frame.Past{Traces: []frame.Trace{trace}}, measure, points)[0]
	if n := series.Rows(); n == 0 || n > points || n > len(trace.Times) {
		t.Fatalf("%d points of %d, at most %d", n, len(trace.Times), points)
	}
	kept, last := math.NaN(), time.Time{}
	for i := range series.Rows() {
		at := series.Fields[0].At(i).(time.Time)
		if !there[at] || !at.After(last) {
			t.Errorf("a point at %s, after one at %s", at, last)
		}
		last = at
		if value, known := series.Fields[1].ConcreteAt(i); known {
			kept = measure.Worse(kept, value.(float64))
		}
	}
	if math.Abs(kept-worst) > 1e-6 || math.IsNaN(kept) != math.IsNaN(worst) {
		t.Errorf("the worst is %v, and was %v", kept, worst)
	}
}

// A peak of one look among a day's stays, where it was, and so does a gap that
// is as wide as two points.
func TestThinningKeepsPeaksAndGaps(t *testing.T) {
	trace, peak := frame.Trace{}, 5000
	for i := range 8640 {
		value := float32(0.1)
		if i == peak {
			value = 0.9
		}
		if i < 2000 || i >= 2100 { // nobody looks for 1000 s
			trace.Add(begun.Add(time.Duration(i)*10*time.Second), time.Minute, value)
		}
	}
	const points = 200 // of 432 s
	series := frame.History(frame.Past{Traces: []frame.Trace{trace}, End: trace.Times[len(trace.Times)-1]}, *frame.MeasureNamed("busy"), points)[0]
	if series.Rows() > points {
		t.Errorf("%d points", series.Rows())
	}
	if at := where(series, func(value any, known bool) bool { return known && value == 0.9 }); len(at) != 1 || at[0] > time.Duration(peak)*10*time.Second || at[0] < time.Duration(peak)*10*time.Second-432*time.Second {
		t.Errorf("peaks at %s", at)
	}
	if at := where(series, func(_ any, known bool) bool { return !known }); len(at) != 1 || at[0] < 20000*time.Second || at[0] > 21000*time.Second {
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
