package accuracy

import (
	"slices"
	"time"

	df "github.com/flinkscope/flinkscope-flink-datasource/internal/dataflow"
)

// indexOf is the stratum of that name.
func indexOf(name string) int {
	return slices.IndexFunc(Strata, func(s Stratum) bool { return s.Name == name })
}

// waitLongest is how long a new root cause is waited for.
const waitLongest = 3 * time.Minute

// Delay is how long it takes, in a job whose root cause moves, until the verdict names
// the new one, and until the plain rule does on Flink's gauges of a minute: from the
// moment from which the tasks that feed it are more than half held back. Polls are as
// the sampler makes them.
func Delay(seed uint64) (ours, gauges time.Duration) {
	made, found := movedJob(seed)
	begin := heldSince(made, found)
	o := newObserver(made, seed)
	for ours == 0 || gauges == 0 {
		at := o.next
		snapshot := o.poll()
		if at < begin {
			continue
		}
		verdict := o.diagnose(snapshot)
		if ours == 0 && (len(verdict.Roots) > 0 && verdict.Roots[0].Task == found || at-begin > waitLongest) {
			ours = at - begin
		}
		if gauges == 0 && (plain(o.gauges(snapshot)) == found || at-begin > waitLongest) {
			gauges = at - begin
		}
	}
	return ours, gauges
}

// movedJob is a job whose root cause moves, and the task that it moves to.
func movedJob(seed uint64) (made Case, to int) {
	stratum := indexOf("moved within the last minute")
	made = caseOf(stratum, seed)
	for t, task := range made.Job.Tasks {
		for _, change := range task.Changes {
			if change.Cost > task.Cost {
				to = t
			}
		}
	}
	return made, to
}

// heldSince is the first second after the move in which a task that feeds the new root
// cause is backpressured more than half of the time, over its subtasks.
func heldSince(made Case, to int) time.Duration {
	run := df.Start(made.Job)
	run.Until(made.Moved)
	before := waited(run, made.Job)
	for at := made.Moved + time.Second; at < made.Moved+waitLongest; at += time.Second {
		run.Until(at)
		now := waited(run, made.Job)
		for _, e := range made.Job.Exchanges {
			if e.To == to && now[e.From]-before[e.From] > 0.5 {
				return at - time.Second
			}
		}
		before = now
	}
	return made.Moved
}

// waited is, by task, how long its subtasks have waited so far, on average, in seconds.
func waited(run *df.Run, of *df.Job) []float64 {
	sums := make([]float64, len(of.Tasks))
	for t, task := range of.Tasks {
		for s := range task.Parallelism {
			sums[t] += run.Observe(t, s).Backpressured / float64(task.Parallelism)
		}
	}
	return sums
}

// Changes reports whether the verdict on a job that one task holds back, and that does
// not change, does: the task that is named first, or its kind.
func Changes(seed uint64, lasts time.Duration) bool {
	stratum := indexOf("one task at its capacity")
	made := caseOf(stratum, seed)
	o := newObserver(made, seed)
	named := map[string]bool{}
	for o.next < lasts {
		at := o.next
		snapshot := o.poll()
		if at < settledAfter {
			continue
		}
		verdict := o.diagnose(snapshot)
		name := string(verdict.Kind)
		if len(verdict.Roots) > 0 {
			name += snapshot.Graph.Tasks[verdict.Roots[0].Task].ID
		}
		named[name] = true
	}
	return len(named) > 1
}

// settledAfter is when the buffers of a job are as full as they get.
const settledAfter = 90 * time.Second
