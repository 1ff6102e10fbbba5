package sim

import "time"

func (c *Cluster) overview(now time.Time) any {
	jobs := []any{}
	for _, job := range c.Jobs {
		jobs = append(jobs, map[string]any{
			"jid": job.ID, "name": job.Name, "state": job.State, "jobType": job.Type,
			"start-time": job.Start.UnixMilli(), "duration": now.Sub(job.Start).Milliseconds(),
		})
	}
	return map[string]any{"jobs": jobs}
}

func (j *Job) details(now time.Time) any {
	vertices, nodes := []any{}, []any{}
	for _, task := range j.Tasks {
		vertices = append(vertices, map[string]any{
			"id": task.ID, "name": task.Name, "parallelism": len(task.Loads), "maxParallelism": 128,
			"status": j.State, "tasks": map[string]int{j.State: len(task.Loads)},
		})
		inputs := []any{}
		for _, input := range task.Inputs {
			inputs = append(inputs, map[string]any{"id": j.Tasks[input].ID})
		}
		nodes = append(nodes, map[string]any{"id": task.ID, "inputs": inputs})
	}
	return map[string]any{
		"jid": j.ID, "name": j.Name, "state": j.State, "job-type": j.Type, "now": now.UnixMilli(),
		"start-time": j.Start.UnixMilli(), "duration": now.Sub(j.Start).Milliseconds(),
		"vertices": vertices, "plan": map[string]any{"type": j.Type, "nodes": nodes},
	}
}

func (j *Job) vertex(task Task, now, shown time.Time) any {
	since := max(shown.Sub(j.Start), 0)
	subtasks := make([]any, len(task.Loads))
	for i, load := range task.Loads {
		subtasks[i] = map[string]any{
			"subtask": i, "status": j.State, "attempt": 0, "endpoint": "host-1:6121", "taskmanager-id": "tm-1",
			"start-time": j.Start.UnixMilli(), "duration": now.Sub(j.Start).Milliseconds(),
			"status-duration": map[string]int64{j.State: now.Sub(j.Start).Milliseconds()},
			"metrics":         load.metrics(since, !shown.IsZero()),
		}
	}
	return map[string]any{"id": task.ID, "name": task.Name, "now": now.UnixMilli(), "parallelism": len(task.Loads), "subtasks": subtasks}
}

// metrics are the counters after that long; zeros until metrics have arrived.
func (l Load) metrics(since time.Duration, arrived bool) map[string]any {
	spent := func(share float64) int64 { return int64(share * float64(since.Milliseconds())) }
	records := func(rate float64) int64 { return int64(rate * since.Seconds()) }
	return map[string]any{
		"read-records": records(l.RecordsIn), "read-records-complete": arrived,
		"write-records": records(l.RecordsOut), "write-records-complete": arrived,
		"accumulated-idle-time": spent(l.Idle), "accumulated-busy-time": float64(spent(l.Busy)),
		"accumulated-backpressured-time": spent(l.Backpressured),
	}
}

func (t Task) backpressure(shown time.Time) any {
	if shown.IsZero() {
		return map[string]any{"status": "deprecated"}
	}
	subtasks := make([]any, len(t.Loads))
	for i, load := range t.Loads {
		subtasks[i] = map[string]any{"subtask": i, "ratio": load.Backpressured, "idleRatio": load.Idle, "busyRatio": load.Busy}
	}
	return map[string]any{"status": "ok", "subtasks": subtasks}
}
