package diagnosis

import (
	"slices"
	"sync"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Verdict is what holds a job back, by one snapshot. It is made once a snapshot
// and shared by all its views; nothing changes it.
type Verdict struct {
	// Snapshot is what the verdict was made from.
	Snapshot *job.Snapshot
	// Kind is that of the worst root cause, or None or NotKnown.
	Kind Kind
	// Roots are the root causes, worst first.
	Roots []Root
	// InQuestion is what would show more than the shares of time do: see
	// [job.Snapshot.Answers].
	InQuestion []Question

	mayWait []int // the sources that are always busy and may only wait
	keeps   bool
	derived sync.Map // a func() any by the key of Once
}

// Question is what would show more of a task.
type Question struct {
	Task  int // index into Graph.Tasks
	About About
}

// About is what a question is about, a field of [job.Answer].
type About int

// The kinds of questions.
const (
	AboutOutput  About = iota // output buffers
	AboutInput                // input buffers
	AboutPending              // records that a source has not read yet
)

// Keep has [Verdict.Once] keep what it returns. It is for the verdict on the present,
// which the next one replaces, before it is shared; of those on the past there may be
// many.
func (v *Verdict) Keep() { v.keeps = true }

// Once returns what make returned when it was first called for the key, if the verdict
// keeps that. So what is derived from a verdict, such as the fields of a large table,
// is derived once however many panels show it, and is dropped with the verdict. Nobody
// may change it.
func (v *Verdict) Once(key any, make func() any) any {
	if !v.keeps {
		return make()
	}
	once, found := v.derived.Load(key)
	if !found {
		once, _ = v.derived.LoadOrStore(key, sync.OnceValue(make))
	}
	return once.(func() any)()
}

// Renamed is the verdict under another name of its job.
func (v *Verdict) Renamed(name string) *Verdict {
	return &Verdict{Snapshot: v.Snapshot.Renamed(name), Kind: v.Kind, Roots: v.Roots, InQuestion: v.InQuestion, mayWait: v.mayWait}
}

// Diagnose finds what holds a job back: the tasks that its backpressure ends at, as
// it runs upstream from them; and the sources at their limit that nothing holds back, as
// which count a fully chained job and a task whose inputs have ended.
func Diagnose(snapshot *job.Snapshot) *Verdict {
	if snapshot.Graph.EdgesUnknown {
		return &Verdict{Snapshot: snapshot, Kind: NotKnown} // who waits for whom is not known
	}
	s := newSearch(snapshot)
	atLimit, below, mayWait := s.sourcesAtLimit()
	var roots []Root
	for _, end := range s.run(below) {
		roots = append(roots, s.root(end))
	}
	for _, source := range atLimit {
		if !slices.ContainsFunc(roots, func(root Root) bool { return root.Task == source.Task }) {
			roots = append(roots, source)
		}
	}
	machines(snapshot, roots)
	for i := range roots {
		roots[i].Severity = bounded(roots[i].Severity)
	}
	slices.SortFunc(roots, s.compare)
	verdict := &Verdict{Snapshot: snapshot, Roots: roots, Kind: None, InQuestion: s.inQuestion, mayWait: mayWait}
	switch {
	case len(roots) > 0:
		verdict.Kind = roots[0].Kind
	case s.doubtful || len(mayWait) > 0 || blind(snapshot):
		verdict.Kind = NotKnown
	}
	return verdict
}

// RootAt is the root cause that the task is, nil if it is none.
func (v *Verdict) RootAt(task int) *Root {
	for i := range v.Roots {
		if v.Roots[i].Task == task {
			return &v.Roots[i]
		}
	}
	return nil
}

// TaskStatus is the status of a task: bottleneck if it is a root cause, else
// by the highest shares of its subtasks.
func (v *Verdict) TaskStatus(task int) Status {
	if v.RootAt(task) != nil {
		return Bottleneck
	}
	return TaskStatus(v.Snapshot.Tasks[task])
}

// SubtaskStatus is the status of one of the task's subtasks: bottleneck if it is
// among the hot ones of a root cause, else by its shares.
func (v *Verdict) SubtaskStatus(task int, load *job.SubtaskLoad) Status {
	if root := v.RootAt(task); root != nil && root.IsHot(load.Subtask) {
		return Bottleneck
	}
	return SubtaskStatus(load.Shares)
}

// Clear reports whether these tasks are known not to hold the job back. A
// verdict that blames others is no statement about what was not measured.
func (v *Verdict) Clear(tasks []int) bool {
	doubtful := slices.ContainsFunc(tasks, func(task int) bool {
		return !v.isKnown(task) && !v.Snapshot.Graph.Tasks[task].State.Terminal()
	})
	return isClear(v.Kind == None, len(v.Roots) > 0, doubtful)
}

// isKnown reports whether so much was measured that the task is known to be no root cause
// where the verdict names it none.
func (v *Verdict) isKnown(task int) bool {
	return v.Snapshot.Tasks[task].Complete() && v.inputsKnown(task)
}

// inputsKnown reports whether it is known if the task holds its inputs back, and, of a source that
// is always busy, that it does not only wait.
func (v *Verdict) inputsKnown(task int) bool {
	snapshot := v.Snapshot
	if snapshot.Graph.EdgesUnknown || slices.Contains(v.mayWait, task) {
		return false
	}
	return !slices.ContainsFunc(snapshot.Graph.Tasks[task].Inputs, func(input int) bool {
		return !snapshot.Tasks[input].Complete() && !snapshot.Graph.Tasks[input].State.Terminal()
	})
}

// isClear is the rule for it, of a verdict and of what is kept of one: nothing holds
// the job back, or, while other tasks are blamed, none of these is in doubt.
func isClear(nothing, blamed, doubtful bool) bool { return nothing || blamed && !doubtful }

// WorstRoot is the worst root cause among these tasks, nil if there is none.
func (v *Verdict) WorstRoot(tasks []int) *Root {
	for i := range v.Roots {
		if slices.Contains(tasks, v.Roots[i].Task) {
			return &v.Roots[i]
		}
	}
	return nil
}

// Summary sums the verdict and its snapshot up. Figures and RootSince, which a
// snapshot does not show, are unknown.
func (v *Verdict) Summary() Summary {
	snapshot := v.Snapshot
	in, out := throughput(snapshot)
	summary := Summary{
		Job: JobSummary{
			Name: snapshot.Job.Name, Running: running(snapshot), Ended: snapshot.Job.State.Terminal(), Figures: UnknownFigures,
			RecordsIn: in, RecordsOut: out,
			Clear: v.Kind == None, Complete: snapshot.Complete(), EdgesUnknown: snapshot.Graph.EdgesUnknown,
			From: snapshot.From, To: snapshot.To, Source: snapshot.Source,
		},
		Tasks: make([]TaskSummary, len(snapshot.Tasks)),
	}
	for i := range snapshot.Tasks {
		summary.Tasks[i] = UnknownTaskSummary
		for _, measure := range Measures {
			if measure.task != nil {
				summary.Tasks[i][measure.Column] = measure.Task(v, i)
			}
		}
	}
	return summary
}

// blind reports whether something that was not measured could hold the job
// back unseen: a task that runs, or should, whose inputs are not known to
// flow freely.
func blind(snapshot *job.Snapshot) bool {
	if snapshot.MeasuredTasks() == 0 {
		return true
	}
	for i, load := range snapshot.Tasks {
		task := snapshot.Graph.Tasks[i]
		if load.Complete() || task.State.Terminal() || snapshot.Job.Type == job.Batch && task.NotBegun(snapshot.Job) {
			continue
		}
		if load.Starting() && !task.NotBegun(snapshot.Job) {
			return true // what holds its inputs back may be seen only when it runs
		}
		free := len(task.Inputs) > 0
		for _, input := range task.Inputs {
			held := snapshot.Tasks[input]
			free = free && held.Complete() && !heldBack(held)
		}
		if !free {
			return true
		}
	}
	return false
}
