package plugin_test

import (
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
