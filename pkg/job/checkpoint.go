package job

import "time"

// Checkpoint is a checkpoint or savepoint of a job. Durations and sizes that are not
// known are negative, as Flink reports them.
type Checkpoint struct {
	// ID counts the job's checkpoints; it goes on over restarts.
	ID int64
	// Type is Flink's: CHECKPOINT, UNALIGNED_CHECKPOINT, SAVEPOINT and others.
	Type      string
	Savepoint bool
	Status    CheckpointStatus
	// Triggered is when it began, and Ended when it was completed or failed; zero while
	// it is in progress. Both are by Flink's clock.
	Triggered, Ended time.Time
	// Duration is the time from its trigger to the last acknowledgement, or to its
	// failure.
	Duration time.Duration
	// Size is what it wrote in bytes, and FullSize the state as a whole; the two differ
	// where checkpoints are incremental. Up to 1.14 Flink reports one of them alone.
	Size, FullSize int64
	// Subtasks and Acknowledged count those that take part, and that have finished.
	Subtasks, Acknowledged int
	// Failure is why it failed, in Flink's words; bounded.
	Failure string
	// Details are of its slowest task; nil where nobody has read them.
	Details *CheckpointDetails
}

// CheckpointStatus is how far a checkpoint is.
type CheckpointStatus string

// The statuses.
const (
	CheckpointInProgress CheckpointStatus = "IN_PROGRESS"
	CheckpointCompleted  CheckpointStatus = "COMPLETED"
	CheckpointFailed     CheckpointStatus = "FAILED"
)

// Ended reports whether a checkpoint in this status does not change any more.
func (s CheckpointStatus) Ended() bool { return s == CheckpointCompleted || s == CheckpointFailed }

// CheckpointDetails are the parts of a checkpoint at its slowest task. The durations
// are the highest over the subtasks that have acknowledged; negative if none has.
type CheckpointDetails struct {
	// Task is the name of the slowest task; empty if that is not known.
	Task string
	// Subtask is the slowest one; negative if that is not known.
	Subtask int
	// Unaligned reports whether a subtask took an unaligned checkpoint.
	Unaligned bool
	CheckpointPhases
}

// CheckpointPhases are what a subtask's part in a checkpoint consists of, one after
// the other: until the first barrier arrives, until the last one does, the
// synchronous and the asynchronous part of writing its state.
type CheckpointPhases struct {
	StartDelay, Alignment, Sync, Async time.Duration
}

// UnknownCheckpointDetails are those of a checkpoint that Flink no longer has.
var UnknownCheckpointDetails = CheckpointDetails{Subtask: -1, CheckpointPhases: CheckpointPhases{-1, -1, -1, -1}}

// Checkpoints are those of a job that Flink remembers, at a time.
type Checkpoints struct {
	// At is when they were read.
	At time.Time
	CheckpointState
	// Completed is how many there were since the job started.
	Completed int64
	// Recent are the last ones, newest first.
	Recent []Checkpoint
}

// CheckpointState is how well a job's checkpoints went so far.
type CheckpointState struct {
	// On reports whether the job makes checkpoints at all.
	On bool
	// Interval is how often it makes one; 0 where that is not known, as nobody has asked.
	Interval time.Duration
	// Failures is how many failed since the job started.
	Failures int64
	// Last is when the last one was completed, by Flink's clock, and Took how long that
	// took; zero if none was. Savepoints do not count.
	Last time.Time
	Took time.Duration
}
