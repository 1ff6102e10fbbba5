package plugin_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// namesOf are what panels write beside the series of an answer.
func namesOf(answer backend.DataResponse) (names []string) {
	for _, shown := range answer.Frames {
		for _, field := range shown.Fields {
			if field.Config != nil && field.Config.DisplayNameFromDS != "" {
				names = append(names, field.Config.DisplayNameFromDS)
			}
		}
	}
	slices.Sort(names)
	return names
}

// A timeline by job has a lane a job, that of its worst task, whichever tasks there
// are.
func TestTimelineByJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calm := sim.HeldBack("clicks", 3, 2, 1)
		calm.Tasks[0].Rate = 20
		l := newSampledLab(t, sim.HeldBack("orders", 4, 2, 2), calm)
		l.frame(t, `{"queryType": "bottlenecks"}`)
		time.Sleep(3 * time.Minute)
		over := backend.TimeRange{From: time.Now().Add(-3 * time.Minute), To: time.Now()}
		answer := sendOver(l.ctx, t, l, over, nil, `{"queryType": "timeline", "by": "job"}`)["A"]
		lanes := map[string]string{}
		for _, shown := range answer.Frames {
			for _, lane := range shown.Fields[1:] {
				last, _ := lane.ConcreteAt(lane.Len() - 2)
				lanes[lane.Name], _ = last.(string)
				if lane.Labels["job"] != lane.Name || lane.Labels["task"] != "" {
					t.Errorf("%s has the labels %s", lane.Name, lane.Labels)
				}
			}
			if shown.Meta.PreferredVisualizationPluginID != "state-timeline" {
				t.Errorf("Explore shows it as %q", shown.Meta.PreferredVisualizationPluginID)
			}
		}
		if len(lanes) != 2 || lanes["orders"] != "bottleneck" || lanes["clicks"] == "bottleneck" || lanes["clicks"] == "" {
			t.Errorf("the lanes are %v", lanes)
		}
	})
}

// Jobs that are sampled in one round have points at the same times.
func TestSeriesOfJobsShareTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newSampledLab(t, sim.HeldBack("orders", 4, 2, 2), sim.HeldBack("clicks", 3, 2, 1), sim.HeldBack("pages", 3, 2, 1))
		l.frame(t, `{"queryType": "bottlenecks"}`)
		time.Sleep(5 * time.Minute)
		over := backend.TimeRange{From: time.Now().Add(-4 * time.Minute), To: time.Now()}
		for _, query := range []string{`{"queryType": "history"}`, `{"queryType": "timeline"}`, `{"queryType": "timeline", "by": "job"}`} {
			frames := sendOver(l.ctx, t, l, over, nil, query)["A"].Frames
			if len(frames) != 3 {
				t.Fatalf("%s has %d frames", query, len(frames))
			}
			for _, shown := range frames[1:] {
				if want, got := frames[0].Fields[0], shown.Fields[0]; timesIn(want) != timesIn(got) {
					t.Errorf("%s: times are %s and %s", query, timesIn(want), timesIn(got))
				}
			}
		}
	})
}

// timesIn are the times of a field.
func timesIn(field *data.Field) (text string) {
	for i := range field.Len() {
		text += field.At(i).(time.Time).Format("04:05.000 ")
	}
	return text
}

// A panel of several measures names them; one of one does not, nor one whose queries
// say how series are named.
func TestNamesOfSeriesInAPanel(t *testing.T) {
	for name, c := range map[string]struct {
		queries []string
		want    string
	}{
		"one measure":      {[]string{`{"queryType": "measure", "by": "task"}`, `{"queryType": "history", "measure": "bottleneck", "by": "task"}`}, "task-0 task-1"},
		"several measures": {[]string{`{"queryType": "measure", "by": "task", "measure": "busy"}`, `{"queryType": "measure", "by": "task", "measure": "records_in"}`}, "task-0 · busy task-1 · busy"},
		"beside a table":   {[]string{`{"queryType": "measure", "by": "task", "measure": "busy"}`, `{"queryType": "tasks"}`}, "task-0 task-1"},
		"a legend":         {[]string{`{"queryType": "measure", "by": "task", "measure": "busy", "legend": "{{job}}/{{task}}"}`, `{"queryType": "measure"}`}, "orders/task-0 orders/task-1"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, sim.HeldBack("orders", 2, 2, 1))
				l.warm(t)
				if got := strings.Join(namesOf(send(l.ctx, t, l, c.queries...)["A"]), " "); got != c.want {
					t.Errorf("the series are called %s, want %s", got, c.want)
				}
			})
		})
	}
}

// The inspector shows what an answer cost: on its first frame, whatever was asked.
func TestEveryAnswerHasStatistics(t *testing.T) {
	for _, query := range []string{`{"queryType": "tasks"}`, `{"queryType": "nodeGraph"}`, `{"queryType": "history"}`, `{"queryType": "timeline"}`, `{"queryType": "measure", "measure": "up"}`, `{"queryType": "checkpoints"}`} {
		t.Run(query, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, sim.HeldBack("orders", 2, 2, 1))
				frames := send(l.ctx, t, l, query)["A"].Frames
				stats := frames[0].Meta.Stats
				if len(stats) == 0 || stats[0].DisplayName != "Requests to Flink" || int(stats[0].Value) != requests(frames[0]) {
					t.Errorf("the statistics are %+v of %d requests", stats, requests(frames[0]))
				}
			})
		})
	}
}

// The course of severity and the restarts of each job are there where a query wants
// details, over its range.
func TestTrendsOfJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calm := sim.HeldBack("calm", 3, 2, 1)
		calm.Tasks[0].Rate = 20
		l := newSampledLab(t, movingBottleneck(), calm)
		l.frame(t, `{"queryType": "jobs"}`)
		time.Sleep(10 * time.Minute)
		over := backend.TimeRange{From: time.Now().Add(-20 * time.Minute), To: time.Now()}
		responses := sendOver(l.ctx, t, l, over, nil, `{"queryType": "jobs", "detail": true}`, `{"queryType": "jobs"}`)
		detailed, plain := firstFrame(t, responses, "A"), firstFrame(t, responses, "B")
		if _, at := plain.FieldByName("trend"); at >= 0 {
			t.Error("a query without details has a trend")
		}
		trend, _ := detailed.FieldByName("trend")
		restarts, _ := detailed.FieldByName("restarts")
		for row, name := range cells(t, detailed, "job") {
			raw, _ := trend.ConcreteAt(row)
			var chart struct{ Fields []struct{ Values []*float64 } }
			if err := json.Unmarshal(raw.(json.RawMessage), &chart); err != nil || len(chart.Fields) != 2 || len(chart.Fields[0].Values) != 40 {
				t.Fatalf("%s: the course is %s (%v), want a point each half minute", name, raw, err)
			}
			if first, last := *chart.Fields[0].Values[0], *chart.Fields[0].Values[39]; int64(first) != over.From.UnixMilli() || math.Abs((last-first)/39-30_000) > 2 {
				t.Errorf("%s: its points are at %.0f to %.0f", name, first, last)
			}
			course := chart.Fields[1].Values
			for i, severity := range course {
				switch measured := i >= 21; {
				case !measured && i < 19 && severity != nil:
					t.Errorf("%s: the severity is %g before the job was sampled", name, *severity)
				case measured && severity == nil:
					t.Errorf("%s: no severity at part %d of %s", name, i, raw)
				case measured && (*severity > 0.5) != (name != "calm"):
					t.Errorf("%s: the severity is %g", name, *severity)
				}
			}
			if count, known := restarts.ConcreteAt(row); !known || count.(float64) != 0 {
				t.Errorf("%s: it restarted %v times", name, count)
			}
		}
	})
}
