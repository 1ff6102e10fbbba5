package frame_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// interrupted are looks that follow each other within the gap, but where nobody
// looked, before the end of the range as well, mostly.
func interrupted(chance *rand.Rand) (past frame.Past) {
	trace, at := frame.Trace{Labels: data.Labels{"cluster": "default", "job": "orders", "task": "map"}}, begun
	gap := time.Duration(10+chance.IntN(100)) * time.Second
	for range 1 + chance.IntN(300) {
		value := float32(chance.IntN(5))
		if chance.IntN(10) == 0 {
			value = float32(math.NaN())
		}
		trace.Add(at, gap, value)
		at = at.Add(1 + time.Duration(chance.Int64N(int64(gap))))
		if chance.IntN(20) == 0 {
			at = at.Add(gap + time.Duration(chance.Int64N(int64(time.Hour))))
		}
	}
	return frame.Past{Traces: []frame.Trace{trace}, End: at}
}

// However few rows there are: the worst stays, and nothing is told of a time
// when nobody looked. No two values that are known stand beside each other
// farther apart than looks and the width of two rows, and none is the last long
// before the end.
func TestNothingIsToldOfGaps(t *testing.T) {
	for name, view := range map[string]func(frame.Past, int) data.Frames{
		"history": func(past frame.Past, points int) data.Frames {
			return frame.History(past, *frame.MeasureNamed("status"), points)
		},
		"timeline": frame.Timeline,
	} {
		t.Run(name, func(t *testing.T) {
			chance := rand.New(rand.NewPCG(6, 3))
			for range 2000 {
				past, points := interrupted(chance), 2+chance.IntN(400)
				shown := view(past, points)[0]
				if shown.Rows() > points {
					t.Fatalf("%d rows of at most %d", shown.Rows(), points)
				}
				worstStays(t, past.Traces[0], shown)
				noLines(t, past, shown, points)
				if t.Failed() {
					t.Fatalf("%v in %d points is %s", past, points, seconds(shown))
				}
			}
		})
	}
}

// noLines looks whether anything known stands for a time when nobody looked.
func noLines(t *testing.T, past frame.Past, shown *data.Frame, points int) {
	t.Helper()
	times, codes := past.Traces[0].Times, codesOf(shown)
	gap, last := past.Traces[0].Apart[0], times[len(times)-1]
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
			t.Errorf("a line is drawn from %s to %s, and looks are %s apart", before.Sub(begun), at.Sub(begun), gap)
		}
	}
	if unseen := past.End.Sub(last); unseen > gap && !math.IsNaN(codes[len(codes)-1]) {
		t.Errorf("the last value is told on to the end, %s after the last look", unseen)
	}
}

// worstStays looks whether the worst status is among those shown.
func worstStays(t *testing.T, trace frame.Trace, shown *data.Frame) {
	t.Helper()
	measure, worst, kept := frame.MeasureNamed("status"), math.NaN(), math.NaN()
	for _, value := range trace.Values {
		worst = measure.Worse(worst, float64(value))
	}
	for _, code := range codesOf(shown) {
		kept = measure.Worse(kept, code)
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

// What follows a mean of ten minutes may be as far behind it; what follows a
// look that is as far behind it does so after a time that nobody looked at.
func TestEachPointHasItsOwnGap(t *testing.T) {
	trace := frame.Trace{Labels: data.Labels{"cluster": "default", "job": "orders", "task": "map"}}
	for _, point := range []struct{ second, apart int }{{0, 600}, {600, 600}, {1100, 60}, {1110, 60}, {1500, 60}} {
		trace.Add(begun.Add(time.Duration(point.second)*time.Second), time.Duration(point.apart)*time.Second, 2)
	}
	past := frame.Past{Traces: []frame.Trace{trace}, End: begun.Add(1520 * time.Second)}
	if got, want := seconds(frame.History(past, *frame.MeasureNamed("status"), 0)[0]), "0:2 600:2 1100:2 1110:2 1140:null 1500:2"; got != want {
		t.Errorf("the history is %s, want %s", got, want)
	}
	if got, want := seconds(frame.Timeline(past, 0)[0]), "0:busy 600:busy 1100:busy 1110:busy 1140:null 1500:busy"; got != want {
		t.Errorf("the timeline is %s, want %s", got, want)
	}
}
