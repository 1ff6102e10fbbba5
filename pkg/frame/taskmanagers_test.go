package frame_test

import (
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// taskManagers is the view of the TaskManagers that the jobs run on: one that is known
// in full, and others that are listed no more. Without any it has one of which nothing
// is known.
func taskManagers(result frame.Result) data.Frames {
	loads := diagnosis.TaskManagerLoads{}
	for _, j := range result.Jobs {
		loads.Add(j.Snapshot, j.Tasks)
	}
	for i, id := range slices.Sorted(maps.Keys(loads)) {
		row := frame.TaskManager{Cluster: "default", TaskManager: job.UnknownTaskManager(id), Load: *loads[id]}
		if row.Host = loads[id].Host; i == 0 {
			row.Slots, row.FreeSlots, row.Cores, row.Heartbeat = 8, 2, 4, begun
			row.Usage = job.Usage{CPU: 0.98, GC: 0.4, HeapUsed: 786432000, HeapMax: 1048576000, Network: 0.25}
		}
		result.TaskManagers = append(result.TaskManagers, row)
	}
	if len(loads) == 0 && len(result.Jobs) > 0 {
		result.TaskManagers = []frame.TaskManager{{TaskManager: job.UnknownTaskManager("tm-1"), Load: diagnosis.NoLoad, Uncounted: true}}
	}
	return frame.TaskManagers(result)
}

// A heap without a limit, as the JVM reports none, has no share; nor has one that is
// not known.
func TestHeapWithoutALimit(t *testing.T) {
	for _, limit := range []float64{0, math.NaN(), -1} {
		manager := job.UnknownTaskManager("tm-1")
		manager.HeapUsed, manager.HeapMax, manager.Heartbeat = 5, limit, time.Time{}
		shown := frame.TaskManagers(frame.Result{TaskManagers: []frame.TaskManager{{TaskManager: manager, Load: diagnosis.NoLoad}}})[0]
		if heap := field(t, shown, "heap"); !heap.NilAt(0) {
			t.Errorf("with a limit of %g the share is %v", limit, heap.At(0))
		}
		if used := field(t, shown, "heap_used"); used.NilAt(0) {
			t.Errorf("what is used is not known with a limit of %g", limit)
		}
	}
}
