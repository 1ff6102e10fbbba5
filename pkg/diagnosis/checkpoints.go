package diagnosis

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

const (
	// longCheckpoint is how long a checkpoint takes at least that is worth a word.
	longCheckpoint = time.Second
	// mostlyWaiting is the share of a checkpoint's duration above which what barriers
	// wait for makes up most of it.
	mostlyWaiting = 0.5
	// muchAligning is the share of time from which aligning may hold a job back, and
	// accountsFor the share of the severity that it must be to account for it.
	muchAligning = 0.2
	accountsFor  = 0.7
	// mayBeAligning is how busy a task is at most that is held back by aligning rather
	// than by its work.
	mayBeAligning = 0.8
)

// LastCheckpoint is the last checkpoint that was completed, savepoints aside, of those
// that Flink remembers; nil if there is none.
func LastCheckpoint(checkpoints job.Checkpoints) *job.Checkpoint {
	at := slices.IndexFunc(checkpoints.Recent, func(c job.Checkpoint) bool { return c.Status == job.CheckpointCompleted && !c.Savepoint })
	if at < 0 {
		return nil
	}
	return &checkpoints.Recent[at]
}

// ExplainCheckpoints describes in a sentence or two what a root cause has to do with the
// job's checkpoints: they time out or take long because of it, or they are aligned so
// often and for so long that they are the reason for the backpressure themselves. effect
// is false for the latter. The sentence is empty if there is nothing to say. read are the
// details of the last checkpoint at the root cause; nil if they are not known.
func ExplainCheckpoints(snapshot *job.Snapshot, root Root, checkpoints job.Checkpoints, read *job.CheckpointDetails) (sentence string, effect bool) {
	task := snapshot.Graph.Tasks[root.Task].Name
	if timedOut, after := timeouts(checkpoints); timedOut > 0 {
		return fmt.Sprintf("%s timed out after %s: barriers wait behind the records that %s holds back. Unaligned checkpoints overtake them; less backpressure helps, too.",
			lastCheckpoints(timedOut), precise(after), task), true
	}
	last := LastCheckpoint(checkpoints)
	if last == nil || read == nil || read.Unaligned || read.Alignment < 0 || read.StartDelay < 0 {
		return "", true
	}
	if interval := checkpointInterval(checkpoints); interval > 0 {
		aligned := min(float64(read.Alignment)/float64(interval), 1)
		if aligned >= muchAligning && aligned >= accountsFor*float64(root.Severity) && float64(snapshot.Tasks[root.Task].Busy.Max) < mayBeAligning {
			return fmt.Sprintf("Aligned checkpoints account for that themselves: one is triggered every %s, and each time %s reads nothing for up to %s from inputs whose barriers have arrived, %s of the time. Trigger them less often, or use unaligned checkpoints.",
				precise(interval), task, precise(read.Alignment), percent(job.Share(aligned))), false
		}
	}
	waited := min(read.StartDelay+read.Alignment, last.Duration)
	if last.Duration < longCheckpoint || float64(waited) < mostlyWaiting*float64(last.Duration) {
		return "", true
	}
	return fmt.Sprintf("Checkpoints take long because of it: the last one took %s, in which barriers waited up to %s in front of %s (start delay) and up to %s in it for those of its other inputs (alignment). Unaligned checkpoints overtake the records that wait; less backpressure helps, too.",
		precise(last.Duration), precise(read.StartDelay), task, precise(read.Alignment)), true
}

// NeedCheckpointDetails reports whether the details of the last checkpoint may show
// something: it took long, or much of the time between two.
func NeedCheckpointDetails(checkpoints job.Checkpoints) bool {
	last := LastCheckpoint(checkpoints)
	if last == nil {
		return false
	}
	if timedOut, _ := timeouts(checkpoints); timedOut > 0 {
		return false
	}
	interval := checkpointInterval(checkpoints)
	return last.Duration >= longCheckpoint || interval > 0 && float64(last.Duration) >= muchAligning*float64(interval)
}

// timeouts are how many of the newest checkpoints that have ended timed out, one after
// the other, and after what time the newest of them did.
func timeouts(checkpoints job.Checkpoints) (count int, after time.Duration) {
	for _, each := range checkpoints.Recent {
		switch {
		case each.Savepoint || !each.Status.Ended():
			continue
		case each.Status != job.CheckpointFailed || !strings.Contains(each.Failure, "expired"):
			return count, after
		case count == 0:
			after = each.Duration
		}
		count++
	}
	return count, after
}

// checkpointInterval is the median time between the triggers of the checkpoints that
// Flink remembers, 0 if it has but one.
func checkpointInterval(checkpoints job.Checkpoints) time.Duration {
	var triggers []time.Time
	for _, each := range checkpoints.Recent {
		if !each.Savepoint {
			triggers = append(triggers, each.Triggered)
		}
	}
	if len(triggers) < 2 {
		return 0
	}
	slices.SortFunc(triggers, time.Time.Compare)
	gaps := make([]time.Duration, len(triggers)-1)
	for i := range gaps {
		gaps[i] = triggers[i+1].Sub(triggers[i])
	}
	slices.Sort(gaps)
	return gaps[len(gaps)/2]
}

func lastCheckpoints(n int) string {
	if n == 1 {
		return "The last checkpoint"
	}
	return fmt.Sprintf("The last %d checkpoints", n)
}

// precise is a duration in seconds, with a decimal below ten.
func precise(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return seconds(d)
}
