package frame_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// A job was deployed anew with another task behind its first: that one goes on
// as before, while each of the others is null where only the other was known.
func TestTimelineOfAJobDeployedAnew(t *testing.T) {
	p, b, u := float64(diagnosis.Backpressured), float64(diagnosis.Bottleneck), math.NaN()
	result := frame.Result{
		Series: []frame.Series{
			seriesOf("orders", "A", "", map[int]float64{0: p, 10: p, 20: p, 40: u, 50: p, 60: p, 200: p}),
			seriesOf("orders", "C", "", map[int]float64{40: u, 50: b, 60: b, 200: b}),
			seriesOf("orders", "B", "", map[int]float64{0: b, 10: b, 20: b}),
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
		lanes := frame.Timeline(result, points)[0]
		for _, lane := range lanes.Fields[1:] {
			task := lane.Labels["task"]
			if got := seconds(data.NewFrame("", lanes.Fields[0], lane)); got != want[task] {
				t.Errorf("in %d points %s is %s, want %s", points, task, got, want[task])
			}
		}
	}
}

// Whichever tasks there were at whichever times: all of a job have the same rows,
// as many as wanted at most, and none is null at a time when all that falls
// together there was known.
func TestTasksOfATimelineShareTheirRows(t *testing.T) {
	chance := rand.New(rand.NewPCG(6, 2))
	for range 100 {
		var result frame.Result
		for task := range 1 + chance.IntN(5) {
			series := erratic(chance)
			series.Labels = data.Labels{"cluster": "default", "job": "orders", "task": fmt.Sprint(task)}
			for i := range series.Values {
				series.Values[i] = float64(diagnosis.Busy)
			}
			result.Series = append(result.Series, series)
		}
		points := 1 + chance.IntN(400)
		lanes := frame.Timeline(result, points)[0]
		if rows, err := lanes.RowLen(); err != nil || rows > points {
			t.Fatalf("%d rows of at most %d, %v", rows, points, err)
		}
		for n, lane := range lanes.Fields[1:] {
			if known := strings.Count(seconds(data.NewFrame("", lanes.Fields[0], lane)), "busy"); known == 0 || known > len(result.Series[n].Times) {
				t.Errorf("task %d is known at %d of %d times", n, known, len(result.Series[n].Times))
			}
			for _, at := range result.Series[n].Times {
				row := -1
				for row+1 < lanes.Rows() && !lanes.Fields[0].At(row+1).(time.Time).After(at) {
					row++
				}
				if row < 0 || lane.NilAt(row) {
					t.Fatalf("task %d was sampled %s after the beginning, and is null in row %d of %d", n, at.Sub(begun), row, lanes.Rows())
				}
			}
		}
	}
}

// A title has what distinguishes a task from the others: its name, its job where
// there are several, and their cluster where there are several of those.
func TestTitlesOfATimeline(t *testing.T) {
	for name, c := range map[string]struct{ jobs, want []string }{
		"a job":                {[]string{"eu/orders"}, []string{"map", "sink"}},
		"jobs":                 {[]string{"eu/orders", "eu/clicks"}, []string{"orders: map", "orders: sink", "clicks: map", "clicks: sink"}},
		"clusters":             {[]string{"eu/orders", "us/clicks"}, []string{"eu: orders: map", "eu: orders: sink", "us: clicks: map", "us: clicks: sink"}},
		"clusters' equal jobs": {[]string{"eu/orders", "us/orders"}, []string{"eu: orders: map", "eu: orders: sink", "us: orders: map", "us: orders: sink"}},
	} {
		t.Run(name, func(t *testing.T) {
			var result frame.Result
			for _, of := range c.jobs {
				for _, task := range []string{"map", "sink"} {
					cluster, job, _ := strings.Cut(of, "/")
					series := seriesOf(job, task, "", map[int]float64{0: 1})
					series.Labels["cluster"] = cluster
					result.Series = append(result.Series, series)
				}
			}
			var got []string
			for _, lanes := range frame.Timeline(result, 0) {
				for _, lane := range lanes.Fields[1:] {
					got = append(got, lane.Config.DisplayNameFromDS)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// An answer holds a thousand tasks: the worst, which come first.
func TestTimelineHoldsTheWorstThousandTasks(t *testing.T) {
	for tasks, notice := range map[int]string{1000: "", 1100: "The answer holds the worst 1000 of 1100 tasks. Choose jobs or tasks in the query."} {
		result := frame.Result{Notices: []data.Notice{{Text: "partial"}}}
		for i := range tasks {
			status := diagnosis.Idle
			if i >= 100 && i < 900 {
				status = diagnosis.Busy
			}
			if i == 999 {
				status = diagnosis.Bottleneck
			}
			result.Series = append(result.Series, seriesOf(fmt.Sprint("job-", i/500), fmt.Sprint("task-", i), "", map[int]float64{0: float64(status)}))
		}
		lanes, statuses := 0, map[string]int{}
		frames := frame.Timeline(result, 0)
		for _, of := range frames {
			for _, lane := range of.Fields[1:] {
				value, _ := lane.ConcreteAt(0)
				statuses[value.(string)]++
				lanes++
			}
		}
		if lanes != 1000 || statuses["busy"] != 800 || statuses["bottleneck"] != 1 {
			t.Errorf("of %d tasks there are %d lanes, of %v", tasks, lanes, statuses)
		}
		notices := frames[0].Meta.Notices
		if first := frames[0].Fields[1].Labels["task"]; notice != "" && (first != "task-999" || len(notices) != 2 || notices[1].Text != notice) || notice == "" && len(notices) != 1 {
			t.Errorf("of %d tasks %s is the first, with the notices %v", tasks, first, notices)
		}
	}
}
