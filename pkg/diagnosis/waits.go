package diagnosis

import (
	"fmt"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Waits is how a task waits, by the mean over its subtasks of Flink's gauges
// (softBackPressuredTimeMsPerSecond and hardBackPressuredTimeMsPerSecond, from 1.15 on):
// softly before it takes the next record, when it still answers what else is asked of it,
// such as a checkpoint; hard in the middle of a record, for whose output no buffer is free.
type Waits struct{ Soft, Hard job.Share }

// Explain describes what it means that a task waits hard; empty where it does not, or that
// is not known.
func (w Waits) Explain(task string) string {
	if !(w.Hard > slight) || !(w.Hard > w.Soft/2) {
		return ""
	}
	return fmt.Sprintf("%s is stuck in the middle of a record for %d %% of the time (hard backpressure; %d %% is soft): "+
		"one record becomes many, as in a flatMap, a window that fires or the loop of a legacy source, and meanwhile it answers no checkpoint.",
		task, w.Hard.Percent(), w.Soft.Percent())
}
