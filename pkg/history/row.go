package history

import (
	"math"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Measure is what a row tells of a task.
type Measure uint8

// The measures of a task. Shares, Skew and Bottleneck are 0 to 1, kept to a
// thousandth; records are a second and of the whole task, kept to
// three digits. Status is the code of diagnosis.Status, and Whole 1 if every running
// subtask was measured, else 0.
const (
	BusyMax Measure = iota
	BusyAvg
	BackpressuredMax
	BackpressuredAvg
	IdleMin
	IdleAvg
	Skew
	Bottleneck
	RecordsIn
	RecordsOut
	Status
	Whole
	measures int = iota
)

// TaskRow is what a look told of a task, by measure. What is not known is NaN;
// a status that is not known may be -1 too, and comes back as -1.
type TaskRow [measures]float32

// JobRow is what a look told of a job.
type JobRow struct {
	// Name is the job's at the time, which comes of the look; empty where it
	// is not told.
	Name string
	// Running is set while the job runs and all its tasks do.
	Running bool
	// Clear is set where it was known that nothing held the job back.
	Clear bool
	// EdgesUnknown is set where nobody knew how the tasks are connected, and so
	// whether any holds the job back.
	EdgesUnknown bool
	// Restarts are those since the job started; NaN if not known.
	Restarts float64
	// From and To bound the time that the shares are measured over, to the
	// millisecond; zero where nothing was measured.
	From, To time.Time
	// Source is where the shares come from; empty where nothing was measured.
	Source job.Source
}

// Row is what is told of a job and its tasks beside a look, so that graphs
// over time need not go back to the subtasks.
type Row struct {
	Job JobRow
	// Tasks is in the order of the look's graph.
	Tasks []TaskRow
}

// unknownTask is the row of a task of which nothing is known.
var unknownTask = func() (row TaskRow) {
	for i := range row {
		row[i] = float32(math.NaN())
	}
	row[Status] = -1
	return row
}()

const (
	unit      = 1000 // a share of 1, as Flink tells gauges
	mantissa  = 11   // the bits of a float32 that a rate does without
	notKnown  = -1   // no measure is below 0 but the status, for which it means the same
	greatest  = 1 << 20
	rateRound = 1 << (mantissa - 1)
)

// kept is the whole number that a measure is kept as.
func (m Measure) kept(value float32) int64 {
	switch {
	case !(value >= 0) || math.IsInf(float64(value), 1):
		return notKnown
	case m == RecordsIn || m == RecordsOut:
		return int64(math.Float32bits(value)+rateRound) >> mantissa
	case m == Status || m == Whole:
		return int64(value)
	}
	return int64(math.Round(unit * float64(min(value, greatest))))
}

// told is the measure that was kept as a whole number.
func (m Measure) told(kept int64) float32 {
	switch {
	case m == Status:
		return float32(kept)
	case kept == notKnown:
		return float32(math.NaN())
	case m == RecordsIn || m == RecordsOut:
		return math.Float32frombits(uint32(kept << mantissa))
	case m == Whole:
		return float32(kept)
	}
	return float32(float64(kept) / unit)
}
