package job

import "math"

// Trail remembers of earlier looks at one job what a snapshot needs: for each
// subtask the distinct readings of its counters, back to the newest that is
// old enough to be a baseline. Looks that say the same leave no trace in it,
// so the snapshot does not depend on how often anyone looks, and its size
// depends on the number of subtasks alone.
type Trail struct {
	pace   Pace
	tracks map[string][]track
}

// NewTrail starts an empty trail for a cluster of that pace.
func NewTrail(pace Pace) *Trail {
	return &Trail{pace: pace, tracks: map[string][]track{}}
}

// Pace is how often the metrics move that the trail was started for.
func (t *Trail) Pace() Pace { return t.pace }

// Add derives the snapshot at the look and remembers the look's readings for
// later ones. Looks are added in the order they were taken.
func (t *Trail) Add(look *Look) *Snapshot {
	tracks := make(map[string][]track, len(look.Graph.Tasks))
	snapshot := &Snapshot{Job: look.Job, Graph: look.Graph, At: look.At, Tasks: make([]TaskLoad, len(look.Graph.Tasks))}
	for i, task := range look.Graph.Tasks {
		said := look.Tasks[i]
		tracks[task.ID] = t.tracks[task.ID]
		if len(said.Subtasks) > 0 {
			tracks[task.ID] = t.followed(task.ID, said.Subtasks, look)
		}
		snapshot.Tasks[i] = summed(t.task(look, task, said, tracks[task.ID]))
	}
	t.tracks = tracks
	return bounded(snapshot)
}

// Lacks tells whether some running subtask of the task cannot be measured by
// its counters once the look is added, so that its gauges are worth a request.
func (t *Trail) Lacks(look *Look, taskID string, subtasks []Reading) bool {
	for i, track := range t.followed(taskID, subtasks, look) {
		reading := subtasks[i]
		if reading.State != Running || reading.Running < t.pace.settled() {
			continue
		}
		if _, found := track.baseline(t.pace); !found {
			return true
		}
	}
	return false
}

// followed is the task's tracks with the readings added; the old ones stay as
// they were.
func (t *Trail) followed(taskID string, subtasks []Reading, look *Look) []track {
	before := t.tracks[taskID]
	tracks := make([]track, len(subtasks))
	for i, reading := range subtasks {
		if i < len(before) {
			tracks[i] = before[i]
		}
		tracks[i] = tracks[i].with(reading, look, t.pace)
	}
	return tracks
}

// task derives one task's load.
func (t *Trail) task(look *Look, task Task, said TaskLook, tracks []track) TaskLoad {
	if len(said.Subtasks) == 0 {
		return unasked(task, said.Err)
	}
	load := TaskLoad{Subtasks: make([]SubtaskLoad, len(said.Subtasks)), Err: said.Err}
	for i, reading := range said.Subtasks {
		load.Subtasks[i] = t.subtask(look, reading, tracks[i])
	}
	return load
}

// unasked is the load of a task of which nothing is known.
func unasked(task Task, err error) TaskLoad {
	why := NotRunning
	if err != nil {
		why = NoAnswer
	}
	load := TaskLoad{Subtasks: make([]SubtaskLoad, task.Parallelism), Err: err}
	for i := range load.Subtasks {
		load.Subtasks[i] = unknown(Reading{Subtask: i, State: task.State}, why)
	}
	return load
}

// unknown is the load of a subtask that was not measured.
func unknown(reading Reading, why Reason) SubtaskLoad {
	return SubtaskLoad{
		Subtask: reading.Subtask, Attempt: reading.Attempt, State: reading.State,
		Host: reading.Host, TaskManager: reading.TaskManager,
		Shares: UnknownShares(), Why: why, RecordsIn: math.NaN(), RecordsOut: math.NaN(),
	}
}
