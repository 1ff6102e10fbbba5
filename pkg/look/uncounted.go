package look

import (
	"context"
	"slices"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// placed is where a task's subtasks ran when they were last asked.
type placed struct {
	start    int64 // of the task, by Flink's clock: a restart changes it
	readings []job.SubtaskSample
}

// uncounted looks at a task of a Flink before 1.16, which has no counters: its
// gauges cost one request, and where its subtasks run one more only if an
// attempt may have changed.
func (t *taking) uncounted(ctx context.Context, answer flink.Job, task job.Task) job.TaskSample {
	at := slices.IndexFunc(answer.Vertices, func(v flink.Vertex) bool { return v.ID == task.ID })
	start := answer.Vertices[at].Start
	said := job.TaskSample{Subtasks: t.watched.placed(task, start)}
	if said.Subtasks == nil {
		if said = t.task(ctx, answer.ID, task.ID); said.Err != nil {
			return said
		}
		if task.Running == task.Parallelism {
			t.watched.place(task.ID, placed{start, said.Subtasks})
		}
		said.Subtasks = slices.Clone(said.Subtasks)
	}
	for i := range said.Subtasks {
		reading := &said.Subtasks[i]
		reading.Running = max(reading.Running, time.UnixMilli(answer.Now).Sub(reading.Start))
		reading.RecordsIn, reading.RecordsOut = nil, nil
	}
	t.pressure(ctx, answer.ID, task.ID, &said)
	return said
}

// placed is what is remembered of the task's subtasks, as a copy; nil if that
// may be out of date.
func (w *watch) placed(task job.Task, start int64) []job.SubtaskSample {
	w.trailMu.Lock()
	defer w.trailMu.Unlock()
	kept := w.places[task.ID]
	if kept.start != start || task.Running != task.Parallelism || len(kept.readings) != task.Parallelism {
		return nil
	}
	return slices.Clone(kept.readings)
}

func (w *watch) place(taskID string, at placed) {
	w.trailMu.Lock()
	defer w.trailMu.Unlock()
	w.places[taskID] = at
}
