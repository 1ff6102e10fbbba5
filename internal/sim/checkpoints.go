package sim

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// How a simulated checkpoint goes: its barriers wait at each task whose inputs are
// backpressured, the longer the more they are, most of that in its queues and the rest
// until those of all inputs have arrived.
const (
	// barrierDelay is how long they wait at a task that holds its inputs back all the
	// time, and barrierStep at any task.
	barrierDelay = 4 * time.Second
	barrierStep  = 20 * time.Millisecond
	aligning     = 0.25
	syncPart     = 3 * time.Millisecond
	asyncPart    = 12 * time.Millisecond
	stateSize    = 24_464
	// checkpointHistory is web.checkpoints.history.
	checkpointHistory = 10
)

// checkpoint is a simulated one.
type checkpoint struct {
	id      int64
	trigger time.Duration // after the start of the job
	// tasks are how long after that each task's subtasks have acknowledged it, and
	// delays how long the barriers waited there.
	tasks, delays []time.Duration
	lasts         time.Duration
	failure       string
}

// checkpoints are all that were triggered until then, oldest first: each interval, as
// long as the job runs.
func (j *Job) checkpoints(until time.Duration) (all []checkpoint) {
	if j.Checkpoints <= 0 {
		return nil
	}
	for at := j.Checkpoints; at <= until; at += j.Checkpoints {
		phase, _, _ := j.lifetime().at(at)
		if j.stateIn(phase) == running {
			all = append(all, j.checkpointAt(int64(len(all))+1, at, phase))
		}
	}
	return all
}

func (j *Job) checkpointAt(id int64, at time.Duration, phase *steadyPhase) checkpoint {
	c := checkpoint{id: id, trigger: at, tasks: make([]time.Duration, len(phase.tasks)), delays: make([]time.Duration, len(phase.tasks))}
	for t, task := range phase.tasks {
		var before time.Duration
		var held float64
		for _, input := range task.Inputs {
			before = max(before, c.tasks[input])
			for _, load := range phase.loads[input] {
				held = max(held, load.Backpressured)
			}
		}
		c.delays[t] = time.Duration(held * float64(barrierDelay)).Truncate(time.Millisecond)
		c.tasks[t] = before + barrierStep + c.delays[t] + syncPart + asyncPart
		c.lasts = max(c.lasts, c.tasks[t])
	}
	if limit := j.CheckpointTimeout; limit > 0 && c.lasts > limit {
		c.lasts, c.failure = limit, "Checkpoint expired before completing."
	}
	if end := j.endsRunning(at); end > 0 && end < at+c.lasts {
		c.lasts, c.failure = end-at, "Checkpoint Coordinator is suspending."
	}
	return c
}

// endsRunning is when the phase of a time ends, if the job does not run after it; else
// 0.
func (j *Job) endsRunning(at time.Duration) time.Duration {
	life := j.lifetime()
	n := life.nth(at)
	if phase, _ := life.phaseAt(n); phase.Lasts == 0 || n+1 >= len(life.phases) && life.cycle == 0 {
		return 0
	}
	next, begin := life.phaseAt(n + 1)
	if j.stateIn(next) == running {
		return 0
	}
	return begin
}

// status is Flink's at a time.
func (c checkpoint) status(at time.Duration) string {
	switch {
	case at < c.trigger+c.lasts:
		return "IN_PROGRESS"
	case c.failure != "":
		return "FAILED"
	default:
		return "COMPLETED"
	}
}

// acknowledged are the subtasks of a task that have acknowledged it at a time.
func (c checkpoint) acknowledged(m moment, task int) int {
	if after := min(m.sinceStart()-c.trigger, c.lasts); c.tasks[task] > after {
		return 0
	}
	return m.phase.tasks[task].subtasks()
}

// sinceStart is the time of the request after the job's start.
func (m moment) sinceStart() time.Duration { return m.now.Sub(m.Start) }

// belowCheckpoints is the answer for a path below /jobs/:jid/checkpoints.
func belowCheckpoints(m moment, parts []string, r *http.Request) (int, any) {
	all := m.checkpoints(m.sinceStart())
	switch {
	case m.kind() == "BATCH":
		return http.StatusNotFound, failure{[]string{"org.apache.flink.runtime.rest.handler.RestHandlerException: Checkpointing has not been enabled." + trace}}
	case len(parts) == 0:
		return http.StatusOK, checkpointList(m, all)
	case len(parts) == 1 && parts[0] == "config":
		return http.StatusOK, checkpointConfig(m.Job)
	case len(parts) < 2 || parts[0] != "details" || len(parts) > 4 || len(parts) > 2 && parts[2] != "subtasks":
		return notThere(r.URL.Path)
	}
	id, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return unreadable("path parameter (checkpointid)", parts[1])
	}
	at := slices.IndexFunc(all, func(c checkpoint) bool { return c.id == id })
	if at < max(len(all)-checkpointHistory, 0) {
		return notFound(fmt.Sprintf("Could not find checkpointing statistics for checkpoint %d", id))
	}
	if len(parts) == 2 {
		return http.StatusOK, checkpointDetails(m, all[at])
	}
	task := -1
	if len(parts) == 4 {
		task = m.task(parts[3])
	}
	if task < 0 {
		return notFound("There is no checkpoint statistics for task")
	}
	return http.StatusOK, checkpointSubtasks(m, all[at], task)
}

func checkpointConfig(j *Job) any {
	interval := int64(1<<63 - 1)
	if j.Checkpoints > 0 {
		interval = j.Checkpoints.Milliseconds()
	}
	return map[string]any{"mode": "exactly_once", "interval": interval, "timeout": cmp.Or(j.CheckpointTimeout, 10*time.Minute).Milliseconds(), "min_pause": 0, "max_concurrent": 1, "unaligned_checkpoints": false}
}

// checkpointList is the answer for all of a job's checkpoints.
func checkpointList(m moment, all []checkpoint) any {
	counts := map[string]int{"restored": 0, "total": len(all), "in_progress": 0, "completed": 0, "failed": 0}
	latest := map[string]any{"completed": nil, "savepoint": nil, "failed": nil, "restored": nil}
	history := []any{}
	for i, c := range all {
		status := map[string]string{"IN_PROGRESS": "in_progress", "COMPLETED": "completed", "FAILED": "failed"}[c.status(m.sinceStart())]
		counts[status]++
		shown := checkpointSummary(m, c)
		if status != "in_progress" {
			latest[status] = shown
		}
		if i >= len(all)-checkpointHistory {
			history = append(history, shown)
		}
	}
	slices.Reverse(history)
	return map[string]any{"counts": counts, "latest": latest, "history": history}
}

// checkpointSummary is what Flink lists of a checkpoint.
func checkpointSummary(m moment, c checkpoint) map[string]any {
	status, subtasks, acknowledged := c.status(m.sinceStart()), 0, 0
	trigger := m.Start.Add(c.trigger).UnixMilli()
	var last time.Duration
	for t, task := range m.phase.tasks {
		subtasks += task.subtasks()
		if done := c.acknowledged(m, t); done > 0 {
			acknowledged, last = acknowledged+done, max(last, c.tasks[t])
		}
	}
	shown := map[string]any{
		classKey(m.release): map[string]string{"IN_PROGRESS": "in_progress", "COMPLETED": "completed", "FAILED": "failed"}[status],
		"id":                c.id, "status": status, "is_savepoint": false, "trigger_timestamp": trigger, "latest_ack_timestamp": trigger + last.Milliseconds(),
		"state_size": stateSize, "end_to_end_duration": last.Milliseconds(), "alignment_buffered": 0, "processed_data": 0, "persisted_data": 0,
		"num_subtasks": subtasks, "num_acknowledged_subtasks": acknowledged, "checkpoint_type": "CHECKPOINT", "tasks": map[string]any{},
	}
	if m.release.from(1, 15) {
		shown["checkpointed_size"] = stateSize
	}
	switch status {
	case "COMPLETED":
		shown["external_path"], shown["discarded"] = "file:/checkpoints/"+m.ID+"/chk-"+fmt.Sprint(c.id), false
	case "FAILED":
		shown["end_to_end_duration"] = c.lasts.Milliseconds()
		shown["failure_timestamp"], shown["failure_message"] = trigger+c.lasts.Milliseconds(), c.failure
	}
	return shown
}

// classKey is the key by which Flink says what an object is.
func classKey(version release) string {
	if version.from(1, 15) {
		return "className"
	}
	return "@class"
}

// checkpointDetails is the answer for a checkpoint, by task.
func checkpointDetails(m moment, c checkpoint) any {
	shown, tasks := checkpointSummary(m, c), map[string]any{}
	for t, task := range m.phase.tasks {
		tasks[task.ID] = taskCheckpoint(m, c, t)
	}
	shown["tasks"] = tasks
	return shown
}

func taskCheckpoint(m moment, c checkpoint, task int) map[string]any {
	duration, ack := int64(-1), int64(-1)
	acknowledged := c.acknowledged(m, task)
	if acknowledged > 0 {
		duration = c.tasks[task].Milliseconds()
		ack = m.Start.Add(c.trigger + c.tasks[task]).UnixMilli()
	}
	return map[string]any{
		"id": c.id, "status": c.status(m.sinceStart()), "latest_ack_timestamp": ack, "state_size": 0, "end_to_end_duration": duration,
		"num_subtasks": m.phase.tasks[task].subtasks(), "num_acknowledged_subtasks": acknowledged,
	}
}

// checkpointSubtasks is the answer for a checkpoint of the subtasks of a task: its
// busiest one is the slowest.
func checkpointSubtasks(m moment, c checkpoint, task int) any {
	shown, subtasks := taskCheckpoint(m, c, task), []any{}
	loads, busiest := m.phase.loads[task], 0
	for s := range loads {
		if loads[s].Busy > loads[busiest].Busy {
			busiest = s
		}
	}
	for s := range loads {
		if c.acknowledged(m, task) == 0 {
			subtasks = append(subtasks, map[string]any{classKey(m.release): "pending", "index": s, "status": "pending_or_failed"})
			continue
		}
		waited, all := c.delays[task], c.tasks[task]
		if s != busiest {
			waited, all = waited/2, all-waited/2
		}
		aligned := time.Duration(aligning * float64(waited)).Truncate(time.Millisecond)
		subtasks = append(subtasks, map[string]any{
			classKey(m.release): "completed", "index": s, "ack_timestamp": m.Start.Add(c.trigger + all).UnixMilli(), "end_to_end_duration": all.Milliseconds(),
			"state_size": 0, "checkpoint": map[string]int64{"sync": syncPart.Milliseconds(), "async": asyncPart.Milliseconds()},
			"alignment":   map[string]int64{"buffered": 0, "processed": 0, "persisted": 0, "duration": aligned.Milliseconds()},
			"start_delay": (all - aligned - syncPart - asyncPart).Milliseconds(), "unaligned_checkpoint": false, "aborted": false, "status": "completed",
		})
	}
	shown["subtasks"] = subtasks
	return shown
}
