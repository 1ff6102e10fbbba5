package diagnosis

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// EventKind is what an event is.
type EventKind string

// The kinds of events.
const (
	RestartEvent          EventKind = "restart"
	RescaleEvent          EventKind = "rescale"
	BottleneckEvent       EventKind = "bottleneck"
	FailedCheckpointEvent EventKind = "failed checkpoint"
	SlowCheckpointEvent   EventKind = "slow checkpoint"
	ExceptionEvent        EventKind = "exception"
)

// Event is something that happened to a job.
type Event struct {
	// At is when it was, or began; End is when it ended, zero for a moment.
	At, End time.Time
	Kind    EventKind
	// Task is the name of the task that it is about; empty for the job as a whole.
	Task string
	// Title is a few words, Text one sentence or more.
	Title, Text string
	// Before and After are how the job did around a restart or a rescaling; unknown
	// for other kinds.
	Before, After Condition
}

// Condition is how a job did over a while. What is not known is NaN, or empty.
type Condition struct {
	// Severity is the mean of that of its bottleneck, and Records the mean of the
	// records a second that its sources emit.
	Severity, Records float64
	// Busiest is the task that was busiest on average, and Busy how busy.
	Busiest string
	Busy    float64
}

// UnknownCondition is that of a job of which nothing is known.
var UnknownCondition = Condition{Severity: math.NaN(), Records: math.NaN(), Busy: math.NaN()}

// Known reports whether anything of it is.
func (c Condition) Known() bool {
	return !math.IsNaN(c.Severity) || !math.IsNaN(c.Records) || c.Busiest != ""
}

// String is the condition in words, empty if nothing is known.
func (c Condition) String() string {
	var facts []string
	if !math.IsNaN(c.Severity) {
		facts = append(facts, fmt.Sprintf("severity %.2f", c.Severity))
	}
	if !math.IsNaN(c.Records) {
		facts = append(facts, fmt.Sprintf("%.0f records a second", c.Records))
	}
	if c.Busiest != "" {
		facts = append(facts, fmt.Sprintf("busiest task %s (%s)", c.Busiest, percent(job.Share(c.Busy))))
	}
	return strings.Join(facts, ", ")
}

// Course is how a job did over time.
type Course struct {
	At   []Instant
	Jobs []JobSummary
	// Tasks are the names of its tasks; Severities and Busy have for each a value at
	// each of the instants, NaN where that is not known.
	Tasks            []string
	Severities, Busy [][]float64
}

const (
	// aroundEvent is for how long before and after an event a job is compared.
	aroundEvent = 5 * time.Minute
	// settled is for how long a task has to be the bottleneck to count as the next
	// one: tasks that take turns faster are one bottleneck, of the kind alternating.
	settled = time.Minute
)

// Window is for how long before and after an event a course of points that far apart is
// compared.
func Window(step time.Duration) time.Duration { return max(aroundEvent, 2*step) }

// worst is the task with the highest severity at an instant, -1 if none has any; known
// is false where that may be because something is not known.
func (c Course) worst(i int) (task int, severity float64, known bool) {
	task, known = -1, true
	for n, column := range c.Severities {
		switch {
		case math.IsNaN(column[i]):
			known = false
		case column[i] > severity:
			task, severity = n, column[i]
		}
	}
	return task, severity, known || task >= 0
}

// Moves are the times at which another task became the one that holds the job back
// most, for a while: shorter turns, and times in between in which none did, are left
// out.
func (c Course) Moves() (moves []Event) {
	held := -1 // the last task that was the bottleneck for a while
	for i := 0; i < len(c.At); {
		task, _, known := c.worst(i)
		if !known || task < 0 {
			i++
			continue
		}
		var severities mean
		end := i // of its run
		for end < len(c.At) {
			other, severity, known := c.worst(end)
			if known && other != task || end > i && c.At[end-1].MaxGap > 0 && c.At[end].At.Sub(c.At[end-1].At) > c.At[end-1].MaxGap {
				break
			}
			if known {
				severities.add(severity)
			}
			end++
		}
		lasts := c.At[end-1].At.Sub(c.At[i].begin())
		if lasts >= settled {
			if held >= 0 && held != task {
				moves = append(moves, Event{
					At: c.At[i].At, Kind: BottleneckEvent, Task: c.Tasks[task],
					Title:  fmt.Sprintf("Bottleneck moved from %s to %s", c.Tasks[held], c.Tasks[task]),
					Text:   fmt.Sprintf("%s held the job back for %s from then on, with severity %.2f.", c.Tasks[task], lasts.Round(time.Second), severities.value()),
					Before: UnknownCondition, After: UnknownCondition,
				})
			}
			held = task
		}
		i = end
	}
	return moves
}

// Over is how the job did in a range, its end left out.
func (c Course) Over(from, to time.Time) Condition {
	var severity, records mean
	busy := make([]mean, len(c.Busy))
	for i, at := range c.At {
		if at.At.Before(from) || !at.At.Before(to) {
			continue
		}
		_, worst, known := c.worst(i)
		if known {
			severity.add(worst)
		}
		records.add(c.Jobs[i].RecordsIn)
		for n := range busy {
			busy[n].add(c.Busy[n][i])
		}
	}
	of := Condition{Severity: severity.value(), Records: records.value(), Busy: math.NaN()}
	for n := range busy {
		if value := busy[n].value(); !math.IsNaN(value) && !(value <= of.Busy) {
			of.Busiest, of.Busy = c.Tasks[n], value
		}
	}
	return of
}

// Restarts are the times at which the count of the job's restarts rose.
func (c Course) Restarts() (at []time.Time) {
	last := math.NaN()
	for i, each := range c.Jobs {
		count := each.Figures[RestartCount]
		if math.IsNaN(count) {
			continue
		}
		if count > last {
			at = append(at, c.At[i].At)
		}
		last = count
	}
	return at
}

// RunsFrom is when the job ran again after a time; zero if that is not known.
func (c Course) RunsFrom(after time.Time) time.Time {
	for i, at := range c.At {
		if at.At.After(after) && c.Jobs[i].Running == 1 {
			return at.At
		}
	}
	return time.Time{}
}

// mean sums up values, those that are known.
type mean struct {
	sum   float64
	count int
}

func (m *mean) add(value float64) {
	if !math.IsNaN(value) {
		m.sum, m.count = m.sum+value, m.count+1
	}
}

// value is NaN if none was known.
func (m mean) value() float64 { return m.sum / float64(m.count) }

// Compare adds to restarts and rescalings how the job did before and after: by before's
// course until then, by after's from then on, no further than to the next of them.
func Compare(event Event, before, after Course, window time.Duration, others []time.Time) Event {
	from, to := event.At.Add(-window), event.At.Add(window)
	for _, other := range others {
		if other.Before(event.At) && other.After(from) {
			from = other
		}
		if other.After(event.At) && other.Before(to) {
			to = other
		}
	}
	event.Before, event.After = before.Over(from, event.At), after.Over(event.At, to)
	for _, part := range []struct {
		when string
		of   Condition
	}{{"before", event.Before}, {"after", event.After}} {
		if part.of.Known() {
			event.Text += fmt.Sprintf(" In the %g minutes %s: %s.", window.Minutes(), part.when, part.of)
		}
	}
	event.Text = strings.TrimSpace(event.Text)
	return event
}

const (
	// slowerThan is how many times as long as usual a checkpoint takes that is slow, and
	// slowFrom what none is that takes less.
	slowerThan = 3
	slowFrom   = 10 * time.Second
	// usualFrom is how many checkpoints show what is usual.
	usualFrom = 5
)

// CheckpointEvents are the checkpoints that failed, and those that took three times as
// long as usual, by the median of them.
func CheckpointEvents(checkpoints []job.Checkpoint) (events []Event) {
	var durations []time.Duration
	for _, each := range checkpoints {
		if each.Status == job.CheckpointCompleted && !each.Savepoint && each.Duration >= 0 {
			durations = append(durations, each.Duration)
		}
	}
	slices.Sort(durations)
	slow := time.Duration(math.MaxInt64)
	var usual time.Duration
	if len(durations) >= usualFrom {
		usual = durations[len(durations)/2]
		slow = max(slowerThan*usual, slowFrom)
	}
	for _, each := range checkpoints {
		event := Event{At: each.Triggered, End: each.Ended, Before: UnknownCondition, After: UnknownCondition}
		if each.Details != nil {
			event.Task = each.Details.Task
		}
		switch {
		case each.Status == job.CheckpointFailed:
			event.Kind, event.Title, event.Text = FailedCheckpointEvent, fmt.Sprintf("Checkpoint %d failed", each.ID), each.Failure
		case each.Status == job.CheckpointCompleted && !each.Savepoint && each.Duration > slow:
			event.Kind, event.Title = SlowCheckpointEvent, fmt.Sprintf("Checkpoint %d took %s", each.ID, each.Duration.Round(100*time.Millisecond))
			event.Text = fmt.Sprintf("Half of the others took %s or less.", usual.Round(100*time.Millisecond))
			if event.Task != "" {
				event.Text += fmt.Sprintf(" Most of it was spent at %s.", event.Task)
			}
		default:
			continue
		}
		events = append(events, event)
	}
	return events
}

// IncidentEvents are a job's incidents as events.
func IncidentEvents(incidents []job.Incident) (events []Event) {
	for _, each := range incidents {
		event := Event{At: each.At, Task: each.Task, Text: each.Text, Before: UnknownCondition, After: UnknownCondition}
		switch each.What {
		case job.Restart:
			event.Kind, event.Title = RestartEvent, "Restart"
		case job.Rescale:
			event.Kind, event.Title = RescaleEvent, "Rescaling"
		default:
			event.Kind, event.Title = ExceptionEvent, "Exception"
			if each.Task != "" {
				event.Title += " in " + each.Task
			}
		}
		events = append(events, event)
	}
	return events
}
