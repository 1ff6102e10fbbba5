package frame_test

import (
	"fmt"
	"testing"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// tenThousand is a job of 50 tasks of 200 subtasks each.
func tenThousand() frame.Result {
	nodes := make([]node, 50)
	for i := range nodes {
		nodes[i] = task(fmt.Sprintf("task-%d", i))
		for k := range 200 {
			nodes[i].subtasks = append(nodes[i].subtasks, at(float64(k%10)/10, 0.05).flow(int64(k), int64(k)))
		}
	}
	return frame.Result{Jobs: []frame.Job{jobOf("default", "large", chain(nodes...)...)}}
}

func BenchmarkViews(b *testing.B) {
	result := tenThousand()
	for name, view := range views {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				view(result)
			}
		})
	}
	b.Run("measure by subtask", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			frame.Measure(result, diagnosis.Measures[0], diagnosis.BySubtask)
		}
	})
	b.Run("subtasks in Arrow", func(b *testing.B) {
		frames := frame.Subtasks(result, false)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := frames.MarshalArrow(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
