package diagnosis

import (
	"math"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Figure is a number of a job as a whole that no snapshot has: each costs a request of
// its own, so that it is read only if somebody asks for it.
type Figure int

// The figures. What is not known is NaN.
const (
	// RestartCount is how often the job has restarted since it started.
	RestartCount Figure = iota
	// CheckpointAge is the time in seconds since the last checkpoint was completed, or
	// since the job's start if none was; not known where checkpointing is off.
	CheckpointAge
	// CheckpointIntervals is that age as a multiple of the interval at which checkpoints
	// are triggered.
	CheckpointIntervals
	// CheckpointDuration is how long the last checkpoint that was completed took, in
	// seconds.
	CheckpointDuration
	// CheckpointFailures is how many checkpoints have failed since the job started.
	CheckpointFailures
	// Figures is how many there are.
	Figures int = iota
)

// JobFigures are a job's, by [Figure].
type JobFigures [Figures]float64

// UnknownFigures are those of a job of which none is known.
var UnknownFigures = func() (unknown JobFigures) {
	for figure := range unknown {
		unknown[figure] = math.NaN()
	}
	return unknown
}()

// SetCheckpoints sets the figures of the checkpoints of a job that has run from start
// on, by how they had gone by now. Flink's clock may be ahead: no age is negative.
func (f *JobFigures) SetCheckpoints(state job.CheckpointState, start, now time.Time) {
	f[CheckpointFailures] = float64(state.Failures)
	f[CheckpointAge], f[CheckpointDuration] = math.NaN(), math.NaN()
	switch {
	case !state.Last.IsZero():
		f[CheckpointAge], f[CheckpointDuration] = max(now.Sub(state.Last).Seconds(), 0), state.Took.Seconds()
	case state.On && !start.IsZero():
		f[CheckpointAge] = max(now.Sub(start).Seconds(), 0)
	}
	f[CheckpointIntervals] = math.NaN()
	if state.Interval > 0 {
		f[CheckpointIntervals] = f[CheckpointAge] / state.Interval.Seconds()
	}
}
