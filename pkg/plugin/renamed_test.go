package plugin_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// Of two jobs of one name the later is told apart by a number, until the first
// ends: what is told of the time before stays apart.
func TestASecondJobOfTheNameOutlivesTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := sim.HeldBack("orders", 3, 1, 1), sim.HeldBack("payments", 3, 1, 2)
		second.Name, second.Start = "orders", first.Start.Add(time.Minute)
		first.Phases = []sim.Phase{{Lasts: time.Hour + 5*time.Minute}, {State: "FINISHED"}}
		l := sampling(t, first, second)
		begun := time.Now()
		answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
		for range 10 {
			time.Sleep(time.Minute)
			answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
		}
		time.Sleep(time.Minute)
		for _, by := range []string{"task", "subtask"} {
			count := map[string]int{}
			for _, shown := range queried(l.ctx, t, l, `{"queryType": "history", "measure": "bottleneck", "by": "`+by+`"}`)["A"].Frames {
				wellFormed(t, by, shown)
				for i, at := range told(shown.Fields[0], shown.Fields[1]) {
					labels := shown.Fields[1].Labels
					late := at.Sub(begun) > 5*time.Minute+5*time.Second
					of := "task-1"
					if labels["job"] == "orders #2" || late {
						of = "task-2"
					}
					if late && labels["job"] == "orders #2" || (measuredAt(shown.Fields[1], i) > 0.5) != (labels["task"] == of) {
						t.Errorf("by %s, %s is %.2f at %s", by, labels, measuredAt(shown.Fields[1], i), at.Sub(begun))
					}
					count[labels["job"]]++
				}
			}
			if len(count) != 2 {
				t.Errorf("by %s there are points of %v", by, count)
			}
		}
		over := backend.TimeRange{From: begun.Add(-time.Hour), To: begun.Add(4 * time.Minute)}
		then := answer(t, queriedOver(l.ctx, t, l, over, nil, `{"queryType": "measure"}`), "A")
		wellFormed(t, "measure", then)
		if len(then.Fields) != 2 {
			t.Errorf("at that time there were %d series", len(then.Fields))
		}
	})
}
