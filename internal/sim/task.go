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
	Metrics     metrics         `json:"metrics"`
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

// metrics are counters since an attempt began.
type metrics struct {
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

func (m moment) metricsOf(task Task, done work, known bool) metrics {
	in, out := int64(done.in), int64(done.out)
	told := metrics{
		ReadBytes: in * recordBytes, WriteBytes: out * recordBytes, ReadRecords: in, WriteRecords: out,
		ReadBytesComplete: known, WriteBytesComplete: known, ReadRecordsComplete: known, WriteRecordsComplete: known,
	}
	if m.release.counts() {
		told.spent = &spent{millis(done.held), millis(done.idle), decimal(millis(done.busy))}
		if task.Legacy && known {
			told.Idle, told.Busy = 0, decimal(math.NaN())
		}
	}
	return told
}

func (m moment) task(t int) taskAnswer {
	task := m.phase.tasks[t]
	answer := taskAnswer{
		ID: task.ID, Name: task.Name, Parallelism: task.subtasks(), MaxParallelism: max(maxParallelism, task.subtasks()),
		Now: m.now.UnixMilli(), Subtasks: make([]subtask, task.subtasks()),
	}
	start, end, lasted, ran := m.started(t), m.over(t), m.lasted(t), m.ran(t)
	for s := range answer.Subtasks {
		told := subtask{
			Subtask: s, State: m.state(t), Attempt: m.attempt.number,
			Start: start, End: end, Duration: lasted, StartAgain: start,
		}
		done, known := m.counted(t, s)
		told.Metrics = m.metricsOf(task, done, known)
		m.place(&told, m.placed(t))
		if m.release.counts() {
			told.In = &stateDurations{Created: 18, Scheduled: 200, Deploying: -1, Initializing: -1, Running: ran}
		}
		if slices.Contains(task.Speculative, s) {
			first := told
			told.Attempt, told.Others = told.Attempt+1, []subtask{first}
		}
		answer.Subtasks[s] = told
	}
	if m.release.counts() {
		answer.Aggregated = summed(answer.Subtasks)
	}
	return answer
}

// unassigned is where a subtask without a slot runs.
const unassigned = "(unassigned)"

// place fills in where the subtask runs, as its version tells it.
func (m moment) place(told *subtask, placed bool) {
	machine, at := m.machine(told.Subtask)
	id, port := taskManager(at)
	host, endpoint := machine.Host, net.JoinHostPort(machine.Host, port)
	if !placed {
		host, endpoint, id = unassigned, unassigned, unassigned
	}
	told.TaskManager = id
	if m.release.tellsHost() {
		told.Host = host
	}
	if m.release.tellsEndpoint() {
		told.Endpoint = endpoint
	}
}
