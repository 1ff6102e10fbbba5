package sim

import (
	"strings"
	"time"
)

// The metrics of how far behind a task is; those of a source are of its operator.
const (
	inputWatermark  = "currentInputWatermark"
	outputWatermark = "currentOutputWatermark"
	pendingRecords  = "pendingRecords"
)

// operatorName is a task's name as Flink has it in the names of its metrics.
func operatorName(task Task) string {
	return strings.NewReplacer(" ", "_", ":", "_").Replace(task.Name)
}

// lagNames are the metrics of how far behind the task is: a source that is offered
// records reports how many it has not read yet.
func lagNames(task Task) []string {
	switch {
	case !task.source():
		return []string{inputWatermark}
	case task.Rate > 0:
		return []string{operatorName(task) + "." + outputWatermark, operatorName(task) + "." + pendingRecords}
	default:
		return []string{operatorName(task) + "." + outputWatermark}
	}
}

// lag is one of these metrics of a subtask. known is false for what the task does not
// have, and for what has not arrived.
func (m moment) lag(task, subtask int, name string) (value float64, known bool) {
	of := m.phase.tasks[task]
	if _, arrived := m.counted(task, subtask); !arrived {
		return 0, false
	}
	operator, isOfSource := strings.CutPrefix(name, operatorName(of)+".")
	switch {
	case !of.source() && name == inputWatermark, of.source() && isOfSource && operator == outputWatermark:
		return float64(m.Start.Add(m.shown - m.behind(task)).UnixMilli()), true
	case of.source() && of.Rate > 0 && isOfSource && operator == pendingRecords:
		return m.pending(task) / float64(of.subtasks()), true
	default:
		return 0, false
	}
}

// pending is how many records a source was offered, but has not read yet.
func (m moment) pending(source int) float64 {
	of, read := m.phase.tasks[source], 0.0
	for subtask := range of.subtasks() {
		done, _ := m.counted(source, subtask)
		read += done.out / of.selectivity()
	}
	return max(of.Rate*(m.shown-m.attempt.begun).Seconds()-read, 0)
}

// behind is how old the records are that the task reads: as old as those that its
// slowest source has not read yet, and some time for a record to arrive.
func (m moment) behind(task int) time.Duration {
	oldest := 0.0
	for source, of := range m.phase.tasks {
		if of.source() && of.Rate > 0 && m.reaches(source, task) {
			oldest = max(oldest, m.pending(source)/of.Rate)
		}
	}
	return time.Second + time.Duration(oldest*float64(time.Second))
}

// reaches reports whether records of a task reach another, which may be itself.
func (m moment) reaches(from, to int) bool {
	if from == to {
		return true
	}
	for _, input := range m.phase.tasks[to].Inputs {
		if m.reaches(from, input) {
			return true
		}
	}
	return false
}
