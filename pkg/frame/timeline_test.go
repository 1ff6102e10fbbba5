package frame_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// A job was deployed anew with another task behind its first: that one goes on
// as before, while each of the others is null where only the other was known.
func TestLanesOfAJobDeployedAnew(t *testing.T) {
	p, b, u := float64(diagnosis.Backpressured), float64(diagnosis.Bottleneck), math.NaN()
	past := frame.Past{
		Traces: []frame.Trace{
			traceOf("orders", "A", "", map[int]float64{0: p, 10: p, 20: p, 40: u, 50: p, 60: p, 200: p}),
			traceOf("orders", "C", "", map[int]float64{40: u, 50: b, 60: b, 200: b}),
			traceOf("orders", "B", "", map[int]float64{0: b, 10: b, 20: b}),
		},
		End: begun.Add(200 * time.Second),
	}
	for points, want := range map[int]map[string]string{
		0: {
			"A": "0:backpressured 10:backpressured 20:backpressured 40:null 50:backpressured 60:backpressured 90:null 200:backpressured",
			"C": "0:null 10:null 20:null 40:null 50:bottleneck 60:bottleneck 90:null 200:bottleneck",
			"B": "0:bottleneck 10:bottleneck 20:bottleneck 40:null 50:null 60:null 90:null 200:null",
		},
		4: {
			"A": "0:backpressured 60:backpressured 90:null 200:backpressured",
			"C": "0:bottleneck 60:bottleneck 90:null 200:bottleneck",
			"B": "0:bottleneck 60:null 90:null 200:null",
		},
	} {
		lanes := frame.Timeline(past, points)[0]
		for _, lane := range lanes.Fields[1:] {
			task := lane.Labels["task"]
			if got := seconds(data.NewFrame("", lanes.Fields[0], lane)); got != want[task] {
				t.Errorf("in %d points %s is %s, want %s", points, task, got, want[task])
			}
		}
	}
}

// Whichever tasks were there at whichever times: all lanes of a job have the
// same rows, as many as were asked for at most, and none is null at a time when
// all that falls together there was known.
func TestLanesShareTheirRows(t *testing.T) {
	chance := rand.New(rand.NewPCG(6, 2))
	for range 100 {
		var past frame.Past
		for task := range 1 + chance.IntN(5) {
			trace := erratic(chance)
			trace.Labels = data.Labels{"cluster": "default", "job": "orders", "task": fmt.Sprint(task)}
			for i := range trace.Values {
				trace.Values[i] = float32(diagnosis.Busy)
			}
			past.Traces = append(past.Traces, trace)
		}
		points := 1 + chance.IntN(400)
		lanes := frame.Timeline(past, points)[0]
		if rows, err := lanes.RowLen(); err != nil || rows > points {
			t.Fatalf("%d rows of at most %d, %v", rows, points, err)
		}
		for n, lane := range lanes.Fields[1:] {
			if known := strings.Count(seconds(data.NewFrame("", lanes.Fields[0], lane)), "busy"); known == 0 || known > len(past.Traces[n].Times) {
				t.Errorf("task %d is known at %d of %d times", n, known, len(past.Traces[n].Times))
			}
			for _, at := range past.Traces[n].Times {
				row := -1
				for row+1 < lanes.Rows() && !lanes.Fields[0].At(row+1).(time.Time).After(at) {
					row++
				}
				if row < 0 || lane.NilAt(row) {
					t.Fatalf("task %d was looked at %s after the beginning, and is null in row %d of %d", n, at.Sub(begun), row, lanes.Rows())
				}
			}
		}
	}
}
