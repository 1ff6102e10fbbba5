package job

import "time"

// Incident is something that befell a job: an exception, a restart, or a rescaling.
// What is not known of it is empty.
type Incident struct {
	// At is when it was, by Flink's clock.
	At   time.Time
	What IncidentKind
	// Task is the name of the task, Subtask which of its subtasks, negative if that is
	// not known.
	Task    string
	Subtask int
	// Host and TaskManager are where it was.
	Host, TaskManager string
	// Labels are Flink's failure labels, as "key=value", sorted.
	Labels []string
	// Text is one line, Stack the whole of an exception's text; both are bounded.
	Text, Stack string
}

// Same reports whether another is the same incident, maybe with other words.
func (i Incident) Same(other Incident) bool {
	return i.At.Equal(other.At) && i.What == other.What && i.Task == other.Task && i.Subtask == other.Subtask
}

// IncidentKind is what befell a job.
type IncidentKind string

// The kinds of incidents.
const (
	Exception IncidentKind = "exception"
	Restart   IncidentKind = "restart"
	Rescale   IncidentKind = "rescale"
)
