package history_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

// Where two pasts meet each task goes on under its id; one that only one of
// them knows is not known in the other.
func TestJoined(t *testing.T) {
	nan := float32(math.NaN())
	rows := func(from time.Time, tasks map[string][]float32, order ...string) (rows history.Rows) {
		for _, id := range order {
			rows.Tasks = append(rows.Tasks, history.TaskRows{ID: id, Name: "task " + id, Measures: [][]float32{tasks[id]}})
		}
		for i := range tasks[order[0]] {
			rows.Times = append(rows.Times, from.Add(time.Duration(i)*time.Minute))
			rows.Jobs = append(rows.Jobs, history.JobRow{Running: true})
		}
		return rows
	}
	far := rows(began, map[string][]float32{"a": {0.1, 0.2}, "gone": {0.5, 0.6}}, "gone", "a")
	near := rows(began.Add(time.Hour), map[string][]float32{"a": {0.3, 0.4, 0.5}, "new": {0.7, 0.8, 0.9}}, "a", "new")

	got := history.Joined(far, near)
	want := history.Rows{
		Times: []time.Time{began, began.Add(time.Minute), began.Add(time.Hour), began.Add(61 * time.Minute), began.Add(62 * time.Minute)},
		Jobs:  got.Jobs,
		Tasks: []history.TaskRows{
			{ID: "a", Name: "task a", Measures: [][]float32{{0.1, 0.2, 0.3, 0.4, 0.5}}},
			{ID: "new", Name: "task new", Measures: [][]float32{{nan, nan, 0.7, 0.8, 0.9}}},
			{ID: "gone", Name: "task gone", Measures: [][]float32{{0.5, 0.6, nan, nan, nan}}},
		},
	}
	if difference := cmp.Diff(want, got, cmpopts.EquateNaNs()); difference != "" || len(got.Jobs) != 5 {
		t.Errorf("%d job rows: %s", len(got.Jobs), difference)
	}
	for name, alone := range map[string]history.Rows{"far": history.Joined(far, history.Rows{}), "near": history.Joined(history.Rows{}, near)} {
		if len(alone.Times) != map[string]int{"far": 2, "near": 3}[name] {
			t.Errorf("%s alone has %d times", name, len(alone.Times))
		}
	}
}
