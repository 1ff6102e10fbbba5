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
	if snapshot.Graph.EdgesUnknown {
		return Verdict{Kind: NotKnown} // nobody knows who waits for whom
	}
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

// root picks the busiest candidate. found is false where nobody can be blamed,
// as where backpressure is as little as checkpoints cause; sure is false where
// one that was not measured may be the one.
func (r region) root(snapshot *job.Snapshot) (root Root, found, sure bool) {
	if !(r.worst > checkpoints) {
		return root, false, true
	}
	busiest := job.Unknown
	for _, i := range r.candidates {
		if load := snapshot.Tasks[i]; load.Known() && !(load.Busy.Max <= busiest) {
			busiest = load.Busy.Max
		}
	}
	task := r.mostBlamed(snapshot, busiest)
	if task < 0 {
		return root, false, false
	}
	alone := !r.doubtful(snapshot, task)
	sure = alone && snapshot.Tasks[task].Complete()
	found = busiest > limit || busiest > half && alone || r.worst > half && sure
	if !found {
		return root, false, sure
	}
	return rootAt(snapshot, task), true, true
}

// doubtful tells whether a candidate beside the task, which has not ended, was
// not measured as a whole.
func (r region) doubtful(snapshot *job.Snapshot, task int) bool {
	for _, i := range r.candidates {
		if i != task && !snapshot.Tasks[i].Complete() && !snapshot.Graph.Tasks[i].State.Terminal() {
			return true
		}
	}
	return false
}

const (
	// alike is how much as busy as the busiest a candidate is to be as much to
	// blame, and equal how much less its inputs may be held back: noise must
	// not decide between them.
	alike           = 0.9
	equal job.Share = 0.05
)

// mostBlamed is, of the candidates about as busy as the busiest, the one whose
// inputs are held back most; of equals that with the lowest id, so that it
// stays the same. It is -1 if there is none.
func (r region) mostBlamed(snapshot *job.Snapshot, busiest job.Share) int {
	var near []int
	var most job.Share
	for _, i := range r.candidates {
		load := snapshot.Tasks[i]
		if load.Known() && (!busiest.Known() || load.Busy.Max >= busiest*alike) {
			near = append(near, i)
			most = max(most, rootAt(snapshot, i).Severity)
		}
	}
	blamed := -1
	for _, i := range near {
		first := blamed < 0 || snapshot.Graph.Tasks[i].ID < snapshot.Graph.Tasks[blamed].ID
		if first && rootAt(snapshot, i).Severity >= most-equal {
			blamed = i
		}
	}
	return blamed
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
