package diagnosis

import (
	"cmp"
	"slices"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Kind says in what way a task holds a job back.
type Kind string

// The kinds of root cause, and of there being none.
const (
	Capacity       Kind = "capacity"   // most subtasks are busy
	Skewed         Kind = "skew"       // few are, the rest wait
	Machine        Kind = "machine"    // the hot subtasks of several tasks sit on one host
	AtSource       Kind = "source"     // nothing is backpressured; the source itself is at its limit
	UnmeasuredWork Kind = "unmeasured" // upstream is held back, yet the task is not busy
	None           Kind = "none"       // measured, and nothing holds the job back
	NotKnown       Kind = "unknown"    // too little was measured to tell
)

// Root is one root cause: a task that holds others, or the job, back.
type Root struct {
	// Task is the index into Graph.Tasks.
	Task     int
	Kind     Kind
	Severity job.Share
	// Upstream is the direct input that is held back most, -1 for a source.
	Upstream int
	// Hot are the indexes of the busy subtasks, and Hosts where they run.
	Hot   []int
	Hosts []string
}

// Verdict is what holds a job back.
type Verdict struct {
	// Kind is that of the worst root cause, or None or NotKnown.
	Kind  Kind
	Roots []Root // worst first; one for each region of backpressure
}

// Diagnose finds what holds a job back: in each region of backpressure the
// busiest task below backpressured ones that is not backpressured itself;
// where nothing is, a source or fully chained job at its limit.
func Diagnose(snapshot *job.Snapshot) Verdict {
	var roots []Root
	doubtful := false
	for _, part := range regions(snapshot) {
		root, found, sure := part.root(snapshot)
		if found {
			roots = append(roots, root)
		}
		doubtful = doubtful || !sure
	}
	roots = append(roots, sourcesAtLimit(snapshot)...)
	machines(snapshot, roots)
	slices.SortStableFunc(roots, func(a, b Root) int { return cmp.Compare(b.Severity, a.Severity) })
	verdict := Verdict{Roots: roots, Kind: None}
	switch {
	case len(roots) > 0:
		verdict.Kind = roots[0].Kind
	case doubtful || blind(snapshot):
		verdict.Kind = NotKnown
	}
	return verdict
}

// checkpoints is how much backpressure aligned checkpoints alone can cause
// (0.06 to 0.23 was seen), though nothing below is slow.
const checkpoints job.Share = 0.25

// root picks the busiest candidate. found is false where the backpressure is
// too little to blame anyone; sure is false where a candidate that was not
// measured, and has not ended, may be the one.
func (r region) root(snapshot *job.Snapshot) (root Root, found, sure bool) {
	busiest, sure := -1, true
	for _, i := range r.candidates {
		load := snapshot.Tasks[i]
		if !load.Known() {
			sure = sure && snapshot.Graph.Tasks[i].State.Terminal()
			continue
		}
		if busiest < 0 || cmp.Compare(load.Busy.Max, snapshot.Tasks[busiest].Busy.Max) > 0 {
			busiest = i
		}
	}
	if busiest < 0 {
		return root, false, false
	}
	isBusy := snapshot.Tasks[busiest].Busy.Max > half
	if r.worst > half && (isBusy || sure) || r.worst > checkpoints && isBusy {
		return rootAt(snapshot, busiest), true, true
	}
	return root, false, sure
}

// rootAt describes the task as a root cause.
func rootAt(snapshot *job.Snapshot, task int) Root {
	root := Root{Task: task, Upstream: -1}
	for _, input := range snapshot.Graph.Tasks[task].Inputs {
		if held := snapshot.Tasks[input].Backpressured.Avg; held.Known() && (root.Upstream < 0 || held > root.Severity) {
			root.Upstream, root.Severity = input, held
		}
	}
	root.Hot, root.Hosts = hot(snapshot.Tasks[task])
	root.Kind = kindOf(snapshot.Tasks[task], root.Hot)
	return root
}

func kindOf(load job.TaskLoad, hot []int) Kind {
	switch {
	case len(hot) == 0:
		return UnmeasuredWork
	case 2*len(hot) > measured(load) || measured(load) == 1:
		return Capacity
	default:
		return Skewed
	}
}

// StatusOf is the status of a task, the verdict's own word included.
func (v Verdict) StatusOf(task int, load job.TaskLoad) Status {
	if v.RootAt(task) != nil {
		return Bottleneck
	}
	return TaskStatus(load)
}

// RootAt is the root cause that the task is, nil if it is none.
func (v Verdict) RootAt(task int) *Root {
	for i := range v.Roots {
		if v.Roots[i].Task == task {
			return &v.Roots[i]
		}
	}
	return nil
}
