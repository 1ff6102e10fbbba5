package accuracy

import (
	"math"
	"testing"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// snapshotOf is a job of tasks a, b, c … in a chain, each with one subtask, whose shares
// of busy and backpressured time are given.
func snapshotOf(shares ...[2]float64) *job.Snapshot {
	var tasks []job.Task
	var edges []job.Edge
	var loads [][]job.SubtaskLoad
	for t, of := range shares {
		id := string(rune('a' + t))
		tasks = append(tasks, job.Task{ID: id, Name: id, Parallelism: 1, State: job.Running})
		if t > 0 {
			edges = append(edges, job.Edge{From: tasks[t-1].ID, To: id})
		}
		loads = append(loads, []job.SubtaskLoad{{State: job.Running, Shares: job.Shares{Busy: job.Share(of[0]), Backpressured: job.Share(of[1]), Idle: job.Share(1 - of[0] - of[1])}}})
	}
	return job.FromLoads(job.Snapshot{Graph: job.NewGraph(tasks, edges)}, loads)
}

// Each rule names what it would, rightly or wrongly.
func TestRivals(t *testing.T) {
	for name, c := range map[string]struct {
		shares [][2]float64
		// of plain, busiest, mostBackpressured and walk: the task, −1 for none
		want [4]int
	}{
		"a task at its capacity": {
			[][2]float64{{0.1, 0.9}, {1, 0}, {0.3, 0}}, [4]int{1, 1, 0, 1},
		},
		"the busiest task is not what holds it back": { // all but the first two are idle for their inputs
			[][2]float64{{0.2, 0.8}, {0.7, 0.02}, {0.8, 0}}, [4]int{1, 2, 0, 1},
		},
		"what passes it on is not blamed by all": {
			[][2]float64{{0.3, 0.7}, {0.1, 0.9}, {0.95, 0}}, [4]int{2, 2, 1, 2},
		},
		"one subtask of it works and another waits": { // its highest shares are those of two subtasks
			[][2]float64{{0.1, 0.9}, {0.6, 0.6}, {0.9, 0}}, [4]int{2, 2, 0, 2},
		},
		"healthy, but busy": {
			[][2]float64{{0.3, 0}, {0.9, 0}, {0.3, 0}}, [4]int{-1, 1, -1, 1},
		},
		"healthy and at rest": {
			[][2]float64{{0.1, 0}, {0.4, 0.1}, {0.3, 0}}, [4]int{-1, -1, -1, -1},
		},
		"work that is not measured": { // plain takes any that is busy at all
			[][2]float64{{0.1, 0.9}, {0.04, 0}, {0.02, 0}}, [4]int{1, -1, 0, -1},
		},
		"a wait of its own that counts as backpressure": {
			[][2]float64{{0.1, 0.9}, {0.1, 0.9}, {0.02, 0}}, [4]int{2, -1, 0, -1},
		},
		"a busy source": {
			[][2]float64{{1, 0}, {0.3, 0}}, [4]int{-1, 0, -1, 0},
		},
		"nothing is measured": {
			[][2]float64{{math.NaN(), math.NaN()}, {math.NaN(), math.NaN()}}, [4]int{-1, -1, -1, -1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			snapshot := snapshotOf(c.shares...)
			for i, rival := range rivals {
				if got := rival.names(snapshot); got != c.want[i] {
					t.Errorf("%q names %d, want %d", rival.name, got, c.want[i])
				}
			}
		})
	}
}
