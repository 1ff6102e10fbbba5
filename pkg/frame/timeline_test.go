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

// A lane is named by what distinguishes it from the others, and so is its field:
// Explore puts fields of one name together.
func TestNamesOfLanes(t *testing.T) {
	for name, c := range map[string]struct {
		legend       string
		series, want []string // cluster/job/task
	}{
		"a job":                  {"", []string{"eu/orders/map", "eu/orders/sink"}, []string{"map", "sink"}},
		"a task":                 {"", []string{"eu/orders/map"}, []string{"map"}},
		"jobs":                   {"", []string{"eu/orders/map", "eu/orders/sink", "eu/clicks/map"}, []string{"orders › map", "orders › sink", "clicks › map"}},
		"clusters":               {"", []string{"eu/orders/map", "us/clicks/map"}, []string{"eu › orders › map", "us › clicks › map"}},
		"clusters' equal jobs":   {"", []string{"eu/orders/map", "us/orders/map"}, []string{"eu › map", "us › map"}},
		"a lane a job":           {"", []string{"eu/orders/", "eu/clicks/"}, []string{"orders", "clicks"}},
		"names that join to one": {"", []string{"eu/a/b › c", "eu/a › b/c"}, []string{"a › b › c", "a › b › c #2"}},
		"a task called time":     {"", []string{"eu/orders/time"}, []string{"time"}},
		"a format":               {"{{cluster}}: {{ task }}", []string{"eu/orders/map", "eu/orders/sink"}, []string{"eu: map", "eu: sink"}},
		"a format for all":       {"lane", []string{"eu/orders/map", "eu/orders/sink"}, []string{"lane", "lane"}},
	} {
		t.Run(name, func(t *testing.T) {
			result := frame.Result{Legend: frame.Legend{Format: c.legend}}
			for _, of := range c.series {
				parts := strings.Split(of, "/")
				series := seriesOf(parts[1], parts[2], "", map[int]float64{0: 1})
				if series.Labels["cluster"] = parts[0]; parts[2] == "" {
					delete(series.Labels, "task")
				}
				result.Series = append(result.Series, series)
			}
			var got []string
			fields := map[string]bool{}
			for _, lanes := range frame.Timeline(result, 0) {
				for _, lane := range lanes.Fields[1:] {
					got = append(got, lane.Config.DisplayNameFromDS)
					if fields[lane.Name] || lane.Name == "time" {
						t.Errorf("another field is called %s", lane.Name)
					}
					fields[lane.Name] = true
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// A panel has room for fifty lanes: the worst, in the order of the graph.
func TestTimelineHasTheWorstLanes(t *testing.T) {
	for _, c := range []struct {
		tasks int
		label string
		want  string
	}{
		{50, "task", ""},
		{400, "task", "The timeline shows the worst 50 of 400 tasks. Choose jobs or tasks in the query, or a lane for each job."},
		{51, "job", "The timeline shows the worst 50 of 51 jobs. Choose jobs in the query."},
	} {
		result := frame.Result{Notices: []data.Notice{{Text: "partial"}}}
		for i := range c.tasks {
			status := diagnosis.Idle
			if i >= 10 && i < 40 {
				status = diagnosis.Busy
			}
			if i == c.tasks-1 {
				status = diagnosis.Bottleneck
			}
			series := seriesOf(fmt.Sprint("job-", i), fmt.Sprint("task-", i), "", map[int]float64{0: float64(status)})
			if c.label == "job" {
				delete(series.Labels, "task")
			}
			result.Series = append(result.Series, series)
		}
		var lanes []string
		statuses := map[string]int{}
		frames := frame.Timeline(result, 0)
		for _, of := range frames {
			for _, lane := range of.Fields[1:] {
				value, _ := lane.ConcreteAt(0)
				statuses[value.(string)]++
				lanes = append(lanes, lane.Labels[c.label])
			}
		}
		if len(lanes) != 50 || statuses["busy"] != 30 || statuses["bottleneck"] != 1 || lanes[0] != c.label+"-0" || lanes[49] != fmt.Sprint(c.label, "-", c.tasks-1) {
			t.Errorf("of %d there are %d lanes, from %s to %s, of %v", c.tasks, len(lanes), lanes[0], lanes[49], statuses)
		}
		notices := frames[0].Meta.Notices
		if c.want == "" && len(notices) != 1 || c.want != "" && (len(notices) != 2 || notices[1].Text != c.want) {
			t.Errorf("the notices of %d are %v", c.tasks, notices)
		}
	}
}
