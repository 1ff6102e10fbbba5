package plugin_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// drawn are the frames of a query whose panel can draw so many points.
func drawn(t *testing.T, l lab, over backend.TimeRange, points int64, query string) data.Frames {
	t.Helper()
	response, err := l.QueryData(l.ctx, &backend.QueryDataRequest{Queries: []backend.DataQuery{
		{RefID: "A", JSON: json.RawMessage(query), TimeRange: over, MaxDataPoints: points},
	}})
	if err != nil {
		t.Fatal(err)
	}
	answer(t, response.Responses, "A")
	return response.Responses["A"].Frames
}

// bursting is a job whose second task is at its limit for half a minute, four
// minutes after the job was made, and else hardly does anything.
func bursting(name string) *sim.Job {
	job := sim.HeldBack(name, 3, 2, 1)
	job.Tasks[0].Rate = 20
	job.Phases = []sim.Phase{
		{Lasts: time.Hour + 4*time.Minute},
		{Lasts: 30 * time.Second, Change: func(tasks []sim.Task) { tasks[0].Rate = 2000 }},
		{Change: func(tasks []sim.Task) { tasks[0].Rate = 20 }},
	}
	return job
}

// extremes are the lowest and the highest value of each series, by its labels.
func extremes(frames data.Frames) (lowest, highest map[string]float64) {
	lowest, highest = map[string]float64{}, map[string]float64{}
	for _, frame := range frames {
		for _, field := range frame.Fields[1:] {
			key := field.Labels.String()
			lowest[key], highest[key] = math.Inf(1), math.Inf(-1)
			for i := range field.Len() {
				value, known := field.ConcreteAt(i)
				if word, isWord := value.(string); isWord {
					value = map[string]float64{"idle": 0, "mixed": 1, "busy": 2, "backpressured": 3, "bottleneck": 4}[word]
				}
				if known {
					lowest[key], highest[key] = min(lowest[key], value.(float64)), max(highest[key], value.(float64))
				}
			}
		}
	}
	return lowest, highest
}

// However few points can be drawn, there are no more, and the worst of the time
// is among them: the highest, of idle the lowest. A number that makes no sense
// leaves them all.
func TestMaxDataPoints(t *testing.T) {
	queries := []string{`{"queryType": "timeline"}`, `{"queryType": "history", "measure": "running"}`}
	for _, by := range []string{"job", "task", "subtask", "taskmanager"} {
		for _, measure := range []string{"busy", "idle", "backpressured", "bottleneck", "status"} {
			queries = append(queries, fmt.Sprintf(`{"queryType": "history", "by": %q, "measure": %q}`, by, measure))
		}
	}
	synctest.Test(t, func(t *testing.T) {
		l := sampling(t, bursting("orders"), bursting("payments"))
		answer(t, queried(l.ctx, t, l, `{"queryType": "tasks", "jobs": ["orders"]}`), "A")
		time.Sleep(3 * time.Second) // so that the looks at the two are not at one time
		answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
		time.Sleep(10 * time.Minute)
		for _, query := range queries {
			all := drawn(t, l, now(), 0, query)
			lowest, highest := extremes(all)
			for _, points := range []int64{1, 2, 7, 59, 10_000, 1 << 40, math.MaxInt64, -1, math.MinInt64} {
				few := drawn(t, l, now(), points, query)
				low, high := extremes(few)
				for _, frame := range few {
					wellFormed(t, query, frame)
					if rows := frame.Rows(); points > 0 && int64(rows) > points || rows == 0 || (points < 1 || points > 9999) && rows != all[0].Rows() {
						t.Errorf("%s: %d rows for %d points, and there are %d", query, rows, points, all[0].Rows())
					}
				}
				for series := range highest {
					if strings.Contains(query, "idle") && low[series] != lowest[series] || !strings.Contains(query, "idle") && high[series] != highest[series] {
						t.Errorf("%s: of %s at %d points %v to %v is left, and there was %v to %v", query, series, points, low[series], high[series], lowest[series], highest[series])
					}
				}
			}
			if worst := highest["cluster=default, job=orders, task=task-1"]; strings.Contains(query, "timeline") && worst != 4 || strings.Contains(query, `"task", "measure": "busy"`) && worst < 0.9 {
				t.Errorf("%s: the burst is not there: %v", query, highest)
			}
		}
	})
}
