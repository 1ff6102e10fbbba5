package plugin

import (
	"math"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/look"
)

// blamed is for how much of the time in which a task was measured it was a root
// cause. Looks that follow each other are apart at most.
type blamed struct{ root, measured, apart time.Duration }

// look adds the time until a look, at which the task was of that severity; of
// longer than looks are apart, the last part.
func (b *blamed) look(lasted time.Duration, severity float64) {
	if math.IsNaN(severity) {
		return
	}
	lasted = min(lasted, b.apart)
	b.measured += lasted
	if severity > 0 {
		b.root += lasted
	}
}

// share is unknown if the task was not measured.
func (b *blamed) share() job.Share {
	if b.measured == 0 {
		return job.Unknown
	}
	return job.Share(b.root.Seconds() / b.measured.Seconds())
}

// blame is the share of the measured time from then on in which the task was a
// root cause; unknown if none was measured.
func blame(rows history.Rows, severity []float32, from time.Time, apart time.Duration) job.Share {
	of := blamed{apart: apart}
	for i, value := range severity {
		if !rows.Times[i].Before(from) {
			of.look(lasted(rows, i, from), float64(value))
		}
	}
	return of.share()
}

// blameSoFar is, at each look, what blame was then.
func blameSoFar(rows spaced, severity []float32, from time.Time) []float32 {
	var of blamed
	shares := make([]float32, len(severity))
	for i, value := range severity {
		of.apart = rows.apart[i]
		of.look(lasted(rows.Rows, i, from), float64(value))
		shares[i] = float32(of.share())
	}
	return shares
}

// lasted is the time from the look before, or of the first one that over which
// its shares are measured, as far as it is not before from.
func lasted(rows history.Rows, row int, from time.Time) time.Duration {
	begin := rows.Jobs[0].From
	if row > 0 {
		begin = rows.Times[row-1]
	}
	return within(begin, from, rows.Times[row])
}

// within is how long it is from begin to end, as far as it is after from.
func within(begin, from, end time.Time) time.Duration {
	if begin.IsZero() || begin.Before(from) {
		begin = from
	}
	return max(end.Sub(begin), 0)
}

// blames are those of a job's tasks, by id, while one goes through its
// snapshots.
type blames struct {
	// from is when the time begins that they are told of, then the last look.
	from  time.Time
	apart time.Duration
	of    map[string]*blamed
}

// past is what the snapshots so far tell of the job's tasks.
func (b *blames) past(shown frame.Job) (past []frame.TaskPast) {
	lasted := within(shown.Snapshot.From, b.from, shown.Snapshot.At)
	b.from = shown.Snapshot.At
	for i, row := range look.Row(shown.Snapshot).Tasks {
		id := shown.Snapshot.Graph.Tasks[i].ID
		if b.of[id] == nil {
			b.of[id] = &blamed{apart: b.apart}
		}
		b.of[id].look(lasted, float64(row[history.Bottleneck]))
		past = append(past, frame.TaskPast{Blame: b.of[id].share()})
	}
	return past
}
