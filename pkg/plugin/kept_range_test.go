package plugin_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// Series over a range are read once for all who ask for them until there is another
// sample: then they have its point, too. Another measure, task or legend is read anew,
// and what the cluster's samples do not decide alone is always read.
func TestSeriesOfARangeAreReadOnce(t *testing.T) {
	const byTask, bySubtask = `{"queryType": "history", "measure": "busy", "by": "task"}`, `{"queryType": "history", "measure": "busy", "by": "subtask"}`
	for name, c := range map[string]struct {
		first, second string
		hits          float64
	}{
		"the same":            {byTask, byTask, 1},
		"the same, subtasks":  {bySubtask, bySubtask, 1},
		"another legend":      {byTask, `{"queryType": "history", "measure": "busy", "by": "task", "legend": "{{task}}"}`, 1},
		"another measure":     {byTask, `{"queryType": "history", "measure": "idle", "by": "task"}`, 0},
		"another grouping":    {byTask, `{"queryType": "history", "measure": "busy", "by": "job"}`, 0},
		"one task":            {byTask, `{"queryType": "history", "measure": "busy", "by": "task", "tasks": ["task-1"]}`, 0},
		"that task as a rule": {`{"queryType": "history", "measure": "busy", "by": "task", "tasks": ["task-1"]}`, `{"queryType": "history", "measure": "busy", "by": "task", "tasks": ["/task-1/"]}`, 0},
		"blame":               {`{"queryType": "history", "measure": "blame", "by": "task"}`, `{"queryType": "history", "measure": "blame", "by": "task"}`, 0},
		"a figure":            {`{"queryType": "history", "measure": "restarts"}`, `{"queryType": "history", "measure": "restarts"}`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newSampledLab(t, sim.HeldBack("orders", 3, 2, 1))
				l.warm(t)
				time.Sleep(time.Minute)
				l.frame(t, c.second) // as it is read anew
				time.Sleep(21 * time.Second)
				anew := allPoints(t, l, c.second)
				time.Sleep(21 * time.Second)
				first := allPoints(t, l, c.first)
				time.Sleep(100 * time.Millisecond) // the range is another
				const hit = "flinkscope_cache_reads_total cache=range result=hit"
				before := gathered(t)
				second := allPoints(t, l, c.second)
				if hits := gathered(t).since(before)[hit]; hits != c.hits {
					t.Errorf("%g series were kept, want %g", hits, c.hits)
				}
				if c.hits > 0 && c.first == c.second && second != first {
					t.Errorf("the answer differs:\n%s\nand\n%s", first, second)
				}
				if len(second) <= len(anew) {
					t.Errorf("after two more samples there are no more points:\n%s\nand\n%s", anew, second)
				}
			})
		})
	}
}

// allPoints are the frames of an answer as text.
func allPoints(t *testing.T, l lab, query string) (text string) {
	t.Helper()
	for _, frame := range send(l.ctx, t, l, query)["A"].Frames {
		for _, field := range frame.Fields {
			text += fmt.Sprintln(field.Name, field.Labels)
			for row := range field.Len() {
				value, _ := field.ConcreteAt(row)
				text += fmt.Sprintln(value)
			}
		}
	}
	return text
}
