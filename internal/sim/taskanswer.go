package sim

import (
	"math"
	"net"
	"slices"
)

// taskAnswer is the answer for a task: its subtasks and their counters.
type taskAnswer struct {
	ID             string                `json:"id"`
	Name           string                `json:"name"`
	Parallelism    int                   `json:"parallelism"`
	MaxParallelism int                   `json:"maxParallelism"`
	Now            int64                 `json:"now"`
	Subtasks       []subtask             `json:"subtasks"`
	Aggregated     map[string]aggregates `json:"aggregated,omitempty"`
}

// subtask is one subtask's present attempt.
type subtask struct {
	Subtask     int             `json:"subtask"`
	State       string          `json:"status"`
	Attempt     int             `json:"attempt"`
	Host        string          `json:"host,omitempty"`
	Endpoint    string          `json:"endpoint,omitempty"`
	Start       int64           `json:"start-time"`
	End         int64           `json:"end-time"`
	Duration    int64           `json:"duration"`
	Metrics     counters        `json:"metrics"`
	TaskManager string          `json:"taskmanager-id"`
	In          *stateDurations `json:"status-duration,omitempty"`
	Others      []subtask       `json:"other-concurrent-attempts,omitempty"`
	StartAgain  int64           `json:"start_time"`
}

// stateDurations are how long an attempt was in each state, in milliseconds.
type stateDurations struct {
	Created      int64 `json:"CREATED"`
	Scheduled    int64 `json:"SCHEDULED"`
	Deploying    int64 `json:"DEPLOYING"`
	Initializing int64 `json:"INITIALIZING"`
	Running      int64 `json:"RUNNING"`
}

// counters are the metrics since an attempt began.
type counters struct {
	ReadBytes            int64 `json:"read-bytes"`
	ReadBytesComplete    bool  `json:"read-bytes-complete"`
	WriteBytes           int64 `json:"write-bytes"`
	WriteBytesComplete   bool  `json:"write-bytes-complete"`
	ReadRecords          int64 `json:"read-records"`
	ReadRecordsComplete  bool  `json:"read-records-complete"`
	WriteRecords         int64 `json:"write-records"`
	WriteRecordsComplete bool  `json:"write-records-complete"`
	*spent
}

// spent are the accumulated times, in milliseconds: from 1.16 on.
type spent struct {
	Backpressured int64   `json:"accumulated-backpressured-time"`
	Idle          int64   `json:"accumulated-idle-time"`
	Busy          decimal `json:"accumulated-busy-time"`
}

// recordBytes is how large a record is on the wire.
const recordBytes = 530

func countersOf(m moment, task Task, done work, known bool) counters {
	in, out := int64(done.in), int64(done.out)
	counted := counters{
		ReadBytes: in * recordBytes, WriteBytes: out * recordBytes, ReadRecords: in, WriteRecords: out,
		ReadBytesComplete: known, WriteBytesComplete: known, ReadRecordsComplete: known, WriteRecordsComplete: known,
	}
	if m.release.hasCounters() {
		counted.spent = &spent{millis(done.held), millis(done.idle), decimal(millis(done.busy))}
		if task.Legacy && known {
			counted.Idle, counted.Busy = 0, decimal(math.NaN())
		}
	}
	return counted
}

func taskOf(m moment, t int) taskAnswer {
	task := m.phase.tasks[t]
	answer := taskAnswer{
		ID: task.ID, Name: task.Name, Parallelism: task.subtasks(), MaxParallelism: max(maxParallelism, task.subtasks()),
		Now: m.now.UnixMilli(), Subtasks: make([]subtask, task.subtasks()),
	}
	start, end, lasted, ran := m.started(t), m.over(t), m.lasted(t), m.ran(t)
	for s := range answer.Subtasks {
		attempt := subtask{
			Subtask: s, State: m.state(t), Attempt: m.attempt.number,
			Start: start, End: end, Duration: lasted, StartAgain: start,
		}
		done, known := m.counted(t, s)
		attempt.Metrics = countersOf(m, task, done, known)
		setPlace(&attempt, m, m.placed(t))
		if m.release.hasCounters() {
			attempt.In = &stateDurations{Created: 18, Scheduled: 200, Deploying: -1, Initializing: -1, Running: ran}
		}
		if slices.Contains(task.Speculative, s) {
			first := attempt
			attempt.Attempt, attempt.Others = attempt.Attempt+1, []subtask{first}
		}
		answer.Subtasks[s] = attempt
	}
	if m.release.hasCounters() {
		answer.Aggregated = summed(answer.Subtasks)
	}
	return answer
}

// unassigned is where a subtask without a slot runs.
const unassigned = "(unassigned)"

// setPlace fills in where the subtask runs, with the fields of the version.
func setPlace(s *subtask, m moment, placed bool) {
	machine, at := m.machine(s.Subtask)
	id, port := taskManager(at)
	host, endpoint := machine.Host, net.JoinHostPort(machine.Host, port)
	if !placed {
		host, endpoint, id = unassigned, unassigned, unassigned
	}
	s.TaskManager = id
	if m.release.hasHost() {
		s.Host = host
	}
	if m.release.hasEndpoint() {
		s.Endpoint = endpoint
	}
}

// aggregates are numbers by what they sum up, in Flink's words, and by how.
type aggregates map[string]map[string]int64

// summed are the metrics and times of subtasks, aggregated: from 1.16 on.
func summed(subtasks []subtask) map[string]aggregates {
	of := func(value func(subtask) int64) map[string]int64 {
		values := make([]int64, len(subtasks))
		for s := range subtasks {
			values[s] = value(subtasks[s])
		}
		return distribution(values)
	}
	return map[string]aggregates{"metrics": metricsSummed(of), "status-duration": {
		"CREATED":      of(func(s subtask) int64 { return s.In.Created }),
		"SCHEDULED":    of(func(s subtask) int64 { return s.In.Scheduled }),
		"DEPLOYING":    of(func(s subtask) int64 { return s.In.Deploying }),
		"INITIALIZING": of(func(s subtask) int64 { return s.In.Initializing }),
		"RUNNING":      of(func(s subtask) int64 { return s.In.Running }),
	}}
}

func metricsSummed(of func(func(subtask) int64) map[string]int64) aggregates {
	return aggregates{
		"read-bytes":                     of(func(s subtask) int64 { return s.Metrics.ReadBytes }),
		"write-bytes":                    of(func(s subtask) int64 { return s.Metrics.WriteBytes }),
		"read-records":                   of(func(s subtask) int64 { return s.Metrics.ReadRecords }),
		"write-records":                  of(func(s subtask) int64 { return s.Metrics.WriteRecords }),
		"accumulated-idle-time":          of(func(s subtask) int64 { return s.Metrics.Idle }),
		"accumulated-busy-time":          of(func(s subtask) int64 { return int64(s.Metrics.Busy) }),
		"accumulated-backpressured-time": of(func(s subtask) int64 { return s.Metrics.Backpressured }),
	}
}

func distribution(values []int64) map[string]int64 {
	slices.Sort(values)
	sum := int64(0)
	for _, value := range values {
		sum += value
	}
	last := len(values) - 1
	return map[string]int64{
		"min": values[0], "p25": values[last/4], "median": values[last/2], "p75": values[last*3/4], "p95": values[last*95/100],
		"max": values[last], "avg": sum / int64(len(values)), "sum": sum,
	}
}
