package frame

import (
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// TaskManager is one row: a TaskManager with the subtasks that run on it.
type TaskManager struct {
	// Cluster is the name of the cluster.
	Cluster string
	// Pages are those of the cluster's own UI.
	Pages Pages
	job.TaskManager
	Load diagnosis.TaskManagerLoad
	// Uncounted is set where it is not known which subtasks run there.
	Uncounted bool
}

// TaskManagers is a table with a row a TaskManager: how busy the subtasks are that it
// runs, and how much of its resources its process uses. Shares are 0 to 1, heap is in
// bytes; null is not known.
func TaskManagers(result Result) data.Frames {
	counted := func(name string, value func(*TaskManager) int) column[TaskManager] {
		return optional(name, func(r *TaskManager) (int64, bool) { return int64(value(r)), !r.Uncounted })
	}
	return table(result, "taskmanagers", result.TaskManagers,
		linked(of("taskmanager", func(r *TaskManager) string { return r.ID }), taskManagerLinks...),
		linked(word("host", func(r *TaskManager) string { return r.Host }), taskManagerLinks...),
		share("busy_max", func(r *TaskManager) job.Share { return r.Load.BusyMax }),
		share("backpressured_max", func(r *TaskManager) job.Share { return r.Load.BackpressuredMax }),
		share("busy_avg", func(r *TaskManager) job.Share { return r.Load.BusyAvg }),
		counted("subtasks", func(r *TaskManager) int { return r.Load.Running }),
		counted("jobs", func(r *TaskManager) int { return r.Load.Jobs }),
		share("cpu", func(r *TaskManager) job.Share { return r.CPU }),
		share("gc", func(r *TaskManager) job.Share { return r.GC }),
		share("heap", func(r *TaskManager) job.Share { return r.Heap() }),
		share("network_buffers", func(r *TaskManager) job.Share { return r.Network }),
		whole("slots", func(r *TaskManager) float64 { return r.Slots }),
		whole("free_slots", func(r *TaskManager) float64 { return r.FreeSlots }),
		whole("cores", func(r *TaskManager) float64 { return r.Cores }),
		number("heap_used", bytesUnit, func(r *TaskManager) float64 { return r.HeapUsed }),
		number("heap_max", bytesUnit, func(r *TaskManager) float64 { return r.HeapMax }),
		instant("heartbeat", "When the JobManager last got a sign of it", func(r *TaskManager) time.Time { return r.Heartbeat }),
		of("cluster", func(r *TaskManager) string { return r.Cluster }),
		page("taskmanager_url", func(r *TaskManager) string { return r.Pages.TaskManager(r.ID) }),
	)
}
