package frame_test

import (
	"math/rand/v2"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// flameGraphOf is a flame graph of a subtask of the job.
func flameGraphOf(j frame.Job) frame.FlameGraphOf {
	subtask := 0
	return frame.FlameGraphOf{
		Cluster: j.Cluster, Job: j.Snapshot.Job.Name, JobID: j.Snapshot.Job.ID, Task: "enrich", TaskID: taskID("enrich"), Subtask: &subtask, Mode: "full",
		Graph: job.NewFlameGraph(begun, []job.Call{
			{Level: 0, Name: "root", Samples: 100},
			{Level: 1, Name: "java.lang.Thread.run:840", Samples: 100},
			{Level: 2, Name: "org.example.Enrich.map:12", Samples: 90},
			{Level: 3, Name: "java.lang.Thread.sleep:-2", Samples: 85},
			{Level: 2, Name: "jdk.internal.misc.Unsafe.park:-2", Samples: 10},
		}, false),
	}
}

// A flame graph obeys the panel's contract, whatever its calls are: one root, levels
// without gaps, and children that add up to no more than their parent.
func TestFlameGraphsAreNestedSets(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		calls := make([]job.Call, 1+random.IntN(100))
		for i := 1; i < len(calls); i++ {
			calls[i] = job.Call{Level: 1 + random.IntN(calls[i-1].Level+1), Name: "a.B.c:1", Samples: random.Int64N(50) - 5}
		}
		isNestedSet(t, frame.FlameGraph(frame.Result{}, frame.FlameGraphOf{Task: "map", Job: "orders", Graph: job.NewFlameGraph(begun, calls, false)}))
	}
}

// isNestedSet checks what the Flame graph panel reads.
func isNestedSet(t *testing.T, frames data.Frames) {
	t.Helper()
	if len(frames) != 1 || frames[0].Meta.PreferredVisualization != data.VisTypeFlameGraph {
		t.Fatalf("%d frames, the first for %q", len(frames), frames[0].Meta.PreferredVisualization)
	}
	levels, values, self := field(t, frames[0], "level"), field(t, frames[0], "value"), field(t, frames[0], "self")
	if labels := field(t, frames[0], "label"); labels.Type() != data.FieldTypeString || levels.Type() != data.FieldTypeInt64 || !values.Type().Numeric() || !self.Type().Numeric() {
		t.Fatalf("the fields are %s, %s, %s, %s", levels.Type(), values.Type(), self.Type(), labels.Type())
	}
	at := func(of *data.Field, row int) int64 { return of.At(row).(int64) }
	left := []int64{} // of the value of the calls above, by level
	for row := range frames[0].Rows() {
		level := at(levels, row)
		if row == 0 && level != 0 || row > 0 && (level < 1 || level > at(levels, row-1)+1) {
			t.Fatalf("row %d has level %d", row, level)
		}
		left = append(left[:level], at(values, row)-at(self, row))
		if level > 0 {
			left[level-1] -= at(values, row)
		}
		if left[level] < 0 || at(self, row) < 0 || level > 0 && left[level-1] < 0 {
			t.Fatalf("row %d: its value is %d, of which %d its own; its parent has %v left", row, at(values, row), at(self, row), left)
		}
	}
}

// The root is named for what the graph is of, and so is the frame; the metadata has the
// rest.
func TestFlameGraphNamesWhatItIsOf(t *testing.T) {
	of := flameGraphOf(threeJobs().Jobs[0])
	for name, c := range map[string]struct {
		change func(*frame.FlameGraphOf)
		name   string
		rows   int
	}{
		"of a subtask":     {func(*frame.FlameGraphOf) {}, "enrich of orders, subtask 0", 5},
		"of a task":        {func(of *frame.FlameGraphOf) { of.Subtask = nil }, "enrich of orders", 5},
		"not sampled yet":  {func(of *frame.FlameGraphOf) { of.Graph = nil }, "enrich of orders, subtask 0", 0},
		"without a sample": {func(of *frame.FlameGraphOf) { of.Graph = job.NewFlameGraph(begun, []job.Call{{Name: "root"}}, false) }, "enrich of orders, subtask 0", 0},
		"of nothing":       {func(of *frame.FlameGraphOf) { *of = frame.FlameGraphOf{} }, "flameGraph", 0},
	} {
		t.Run(name, func(t *testing.T) {
			of := of
			c.change(&of)
			frames := frame.FlameGraph(frame.Result{Requests: 7}, of)
			isNestedSet(t, frames)
			shown := frames[0]
			custom := shown.Meta.Custom.(frame.Custom)
			if shown.Name != c.name || shown.Rows() != c.rows || custom.Requests != 7 || custom.FlameGraph.Task != of.Task || custom.FlameGraph.Subtask != of.Subtask {
				t.Errorf("the frame is %s with %d rows, %+v of %+v", shown.Name, shown.Rows(), custom, custom.FlameGraph)
			}
			if c.rows == 0 {
				if custom.FlameGraph.Samples != 0 || custom.FlameGraph.Sampled != nil {
					t.Errorf("it has %d samples of %v", custom.FlameGraph.Samples, custom.FlameGraph.Sampled)
				}
				return
			}
			if root := field(t, shown, "label").At(0); root != c.name {
				t.Errorf("the root is %s", root)
			}
			if !custom.FlameGraph.Sampled.Equal(begun) || custom.FlameGraph.Samples != 100 {
				t.Errorf("it has %d samples of %s", custom.FlameGraph.Samples, custom.FlameGraph.Sampled)
			}
		})
	}
}
