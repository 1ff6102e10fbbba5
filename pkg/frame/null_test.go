package frame_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// randomResult is a few jobs of random shape and load, parts of them unknown.
func randomResult(seed uint64) (result frame.Result) {
	random := rand.New(rand.NewPCG(seed, 2))
	for n := range random.IntN(4) {
		nodes := make([]node, random.IntN(8))
		for i := range nodes {
			nodes[i] = task(fmt.Sprintf("task-%d", i))
			for range random.IntN(5) {
				s := at(random.Float64(), 0).flow(random.Int64N(3), random.Int64N(1000))
				s.backpressured = (1 - s.busy) * random.Float64()
				s.unmeasured = random.IntN(5) == 0
				nodes[i].subtasks = append(nodes[i].subtasks, s)
			}
			for input := range i {
				if random.IntN(3) == 0 {
					nodes[i].from = append(nodes[i].from, nodes[input].name)
				}
			}
		}
		result.Jobs = append(result.Jobs, jobOf("default", fmt.Sprintf("job-%d", n), nodes...))
	}
	return result
}

// NaN counts as alerting in a rule, and no panel draws it.
func TestNoFrameHoldsNaN(t *testing.T) {
	for seed := range uint64(200) {
		result := randomResult(seed)
		for name, view := range views {
			wantNumbers(t, fmt.Sprintf("%s of seed %d", name, seed), view(result))
		}
		for _, measure := range diagnosis.Measures {
			for _, by := range measure.By {
				wantNumbers(t, fmt.Sprintf("%s by %s of seed %d", measure.Name, by, seed), frame.Measure(result, measure, by))
			}
		}
	}
}

func wantNumbers(t *testing.T, what string, frames data.Frames) {
	t.Helper()
	for _, f := range frames {
		if _, err := f.RowLen(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		for _, column := range f.Fields {
			if !column.Type().Numeric() {
				continue
			}
			for row := range column.Len() {
				if value, err := column.NullableFloatAt(row); err != nil || value != nil && (math.IsNaN(*value) || math.IsInf(*value, 0)) {
					t.Errorf("%s: %s holds %v, %v in row %d", what, column.Name, value, err, row)
				}
			}
		}
	}
}

// What is not known is null in every column that may be unknown, never 0.
func TestUnknownIsNull(t *testing.T) {
	result := frame.Result{Jobs: []frame.Job{jobOf("default", "new", chain(task("in", noMetrics), task("out", noMetrics, noMetrics))...)}}
	always := map[string][]string{ // known without a measurement
		"subtasks": {"subtask", "attempt"}, "details": {"subtask", "attempt"},
		"tasks": {"parallelism", "max_parallelism"}, "scaling": {"parallelism", "max_parallelism"}, "jobs": {"duration", "tasks"}, "trends": {"duration", "tasks", "restarts"}, "nodeGraph": {"nodeRadius", "fixedX", "fixedY", "thickness"},
		"flameGraph": {"level", "value", "self"},
	}
	for name, view := range views {
		for _, f := range view(result) {
			for _, column := range f.Fields {
				if !column.Type().Numeric() || slices.Contains(always[name], column.Name) {
					continue
				}
				for row := range column.Len() {
					if !column.NilAt(row) {
						t.Errorf("%s: %s is %v in row %d, want null", name, column.Name, column.At(row), row)
					}
				}
			}
		}
	}
	for _, column := range []string{"host", "taskmanager"} {
		if f := field(t, frame.Subtasks(result, false)[0], column); !f.NilAt(0) {
			t.Errorf("%s is %q, which is not known", column, *f.At(0).(*string))
		}
	}
	for name, want := range map[string]string{"subtasks": "unknown", "tasks": "unknown", "jobs": "unknown"} {
		if got := field(t, views[name](result)[0], "status").At(0); got != want {
			t.Errorf("%s: status is %v, want %s", name, got, want)
		}
	}
}

// Nor is what Prometheus does not have of a job.
func TestWhatPrometheusLacksIsNull(t *testing.T) {
	j := jobOf("default", "gone", task("in", at(0, 0.9)))
	j.Snapshot.Job = job.Info{ID: j.Snapshot.Job.ID, Name: j.Snapshot.Job.Name, State: job.Running}
	j.Snapshot.Graph.Tasks[0].MaxParallelism = 0
	result := frame.Result{Jobs: []frame.Job{j}}
	for name, columns := range map[string][]string{"jobs": {"type", "start", "duration"}, "tasks": {"max_parallelism", "blame"}, "bottlenecks": {"since"}} {
		for _, column := range columns {
			if f := field(t, views[name](result)[0], column); !f.NilAt(0) {
				t.Errorf("%s: %s is %v", name, column, f.At(0))
			}
		}
	}
}

// A task chosen that is not measured is not cleared by a verdict on others.
func TestRootCauseDoesNotClearUnmeasuredTasks(t *testing.T) {
	j := jobOf("default", "orders", append(chain(task("in", at(0, 0.9)), task("map", at(1, 0))), task("other", noMetrics))...)
	for i, task := range j.Snapshot.Graph.Tasks {
		if task.Name == "other" {
			j.Tasks = []int{i}
		}
	}
	result := frame.Result{Jobs: []frame.Job{j}}
	if f := frame.Measure(result, diagnosis.Measures[0], diagnosis.ByJob)[0].Fields[0]; !f.NilAt(0) {
		t.Errorf("severity is %v, want null", *f.At(0).(*float64))
	}
	row := frame.Bottlenecks(result)[0]
	if kind := *field(t, row, "kind").At(0).(*string); kind != "unknown" || !field(t, row, "severity").NilAt(0) {
		t.Errorf("the row is of kind %s, severity %v", kind, field(t, row, "severity").At(0))
	}
}
