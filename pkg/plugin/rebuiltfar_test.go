package plugin_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// What Prometheus remembers of a job id is told of the job that had it then,
// also where Flink knows but the job that has it now.
func TestAJobIDSeenAgainByPrometheus(t *testing.T) {
	for name, second := range rebuilt {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				first, then := sim.HeldBack("orders", 3, 2, 1), second()
				then.ID, then.Name = first.ID, first.Name
				l, prometheus := scrapedLab(t, then)
				now := time.Now()
				ended, began := now.Add(-30*time.Minute), now.Add(-25*time.Minute)
				prometheus.attempts = append(attemptsOf(first, "tm-1", now.Add(-time.Hour), ended), attemptsOf(then, "tm-2", began, now.Add(time.Hour))...)
				answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
				over := backend.TimeRange{From: now.Add(-50 * time.Minute), To: now.Add(-10 * time.Minute)}
				old, young := map[string]int{}, map[string]int{}
				for _, shown := range queriedOver(l.ctx, t, l, over, nil, `{"queryType": "history", "measure": "busy", "by": "task"}`)["A"].Frames {
					wellFormed(t, "busy", shown)
					for i, at := range told(shown.Fields[0], shown.Fields[1]) {
						task, busy := shown.Fields[1].Labels["task"], measuredAt(shown.Fields[1], i)
						switch {
						case busy != 0.5:
							t.Errorf("%s is %.2f busy at %s", task, busy, at)
						case at.Before(ended.Add(20 * time.Second)):
							old[task]++
						case at.Before(began):
							t.Errorf("%s is told of at %s, when there was no job", task, at)
						default:
							young[task]++
						}
					}
				}
				if !counts(old, first, 100) || !counts(young, then, 50) {
					t.Errorf("told were %v, and then %v", old, young)
				}
			})
		})
	}
}

// counts tells whether just the tasks of the job are told of so often at least.
func counts(told map[string]int, of *sim.Job, often int) bool {
	for _, task := range of.Tasks {
		if told[task.Name] < often {
			return false
		}
	}
	return len(told) == len(of.Tasks)
}
