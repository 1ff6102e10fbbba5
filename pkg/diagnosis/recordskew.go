package diagnosis

import (
	"math"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Skew is how unevenly records reach a task's subtasks: 0 where all get the
// same, at most 1. It is the rule of Flink's UI (1.20 on), the mean distance
// from the mean as a share of it, over records in per second; for a source,
// which has none, over records out. Unknown with less than two subtasks, when
// a rate is unknown or nothing flows.
func Skew(task job.Task, load job.TaskLoad) job.Share {
	rates := make([]float64, 0, len(load.Subtasks))
	for i := range load.Subtasks {
		switch subtask := &load.Subtasks[i]; {
		case subtask.State != job.Running:
		case task.Source():
			rates = append(rates, subtask.RecordsOut)
		default:
			rates = append(rates, subtask.RecordsIn)
		}
	}
	if len(rates) < 2 {
		return job.Unknown
	}
	return distance(rates)
}

// distance is the mean distance of the rates from their mean, relative to it.
func distance(rates []float64) job.Share {
	sum := 0.0
	for _, rate := range rates {
		sum += rate
	}
	mean := sum / float64(len(rates))
	if !(mean > 0) {
		return job.Unknown
	}
	off := 0.0
	for _, rate := range rates {
		off += math.Abs(rate - mean)
	}
	return job.Share(min(off/float64(len(rates))/mean, 1))
}
