package diagnosis

import (
	"cmp"
	"math"
	"slices"
	"sync"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Kind is how a task holds a job back.
type Kind string

// The kinds of root cause, and of there being none.
const (
	Capacity       Kind = "capacity"   // most subtasks are busy
	Skewed         Kind = "skew"       // few are, the rest wait
	Machine        Kind = "machine"    // the hot subtasks are on one TaskManager or host, where each record takes longer
	AtSource       Kind = "source"     // nothing is backpressured; the source itself is at its limit
	UnmeasuredWork Kind = "unmeasured" // something waits that Flink does not measure: the task is not busy, or it is the last one and is backpressured
	None           Kind = "none"       // measured, and nothing holds the job back
	NotKnown       Kind = "unknown"    // too little was measured
)

// Verdict is what holds a job back, by one snapshot. It is made once a snapshot
// and shared by all its views; nothing changes it.
type Verdict struct {
	// Snapshot is what the verdict was made from.
	Snapshot *job.Snapshot
	// Kind is that of the worst root cause, or None or NotKnown.
	Kind Kind
	// Roots are the root causes, worst first: one for each region of
	// backpressure.
	Roots []Root

	keeps   bool
	derived sync.Map // a func() any by the key of Once
}

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
	return &Verdict{Snapshot: v.Snapshot.Renamed(name), Kind: v.Kind, Roots: v.Roots}
}

// Diagnose finds what holds a job back: in each region of backpressure the
// busiest task below backpressured ones that is not backpressured itself, or the
// last task, if that is; where nothing is backpressured, a source or fully chained
// job at its limit.
func Diagnose(snapshot *job.Snapshot) *Verdict {
	if snapshot.Graph.EdgesUnknown {
		return &Verdict{Snapshot: snapshot, Kind: NotKnown} // who waits for whom is not known
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
	verdict := &Verdict{Snapshot: snapshot, Roots: roots, Kind: None}
	switch {
	case len(roots) > 0:
		verdict.Kind = roots[0].Kind
	case doubtful || blind(snapshot):
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
		return !v.Snapshot.Tasks[task].Complete() && !v.Snapshot.Graph.Tasks[task].State.Terminal()
	})
	return isClear(v.Kind == None, len(v.Roots) > 0, doubtful)
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

// Summary sums the verdict and its snapshot up. Restarts and RootSince, which a
// snapshot does not show, are unknown.
func (v *Verdict) Summary() Summary {
	snapshot := v.Snapshot
	summary := Summary{
		Job: JobSummary{
			Name: snapshot.Job.Name, Running: running(snapshot), Ended: snapshot.Job.State.Terminal(), Restarts: math.NaN(),
			Clear: v.Kind == None, EdgesUnknown: snapshot.Graph.EdgesUnknown,
			From: snapshot.From, To: snapshot.To, Source: snapshot.Source,
		},
		Tasks: make([]TaskSummary, len(snapshot.Tasks)),
	}
	for i := range snapshot.Tasks {
		summary.Tasks[i] = UnknownTaskSummary
		for _, measure := range Measures {
			if measure.task != nil {
				summary.Tasks[i][measure.Column] = measure.task(v, i)
			}
		}
	}
	return summary
}

// limit is the busy share from which a task counts as unable to go faster.
const limit job.Share = 0.9

// sourcesAtLimit finds, in the connected parts of a job that nothing holds
// back, the sources that are busy all the time: the job goes as fast as they
// do. A job that is one chained task is such a source.
func sourcesAtLimit(snapshot *job.Snapshot) (roots []Root) {
	parts := newUnion(len(snapshot.Tasks))
	for i, task := range snapshot.Graph.Tasks {
		for _, to := range task.Outputs {
			parts.join(i, to)
		}
	}
	held := map[int]bool{}
	for i, load := range snapshot.Tasks {
		held[parts.root(i)] = held[parts.root(i)] || heldBack(load)
	}
	for i, load := range snapshot.Tasks {
		if snapshot.Graph.Tasks[i].Source() && load.Busy.Max > limit && !held[parts.root(i)] {
			root := Root{Task: i, Kind: AtSource, Severity: load.Busy.Max, Upstream: -1}
			root.setHot(load)
			roots = append(roots, root)
		}
	}
	return roots
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
		if load.Complete() || task.State.Terminal() || notYet(snapshot.Job, task) {
			continue
		}
		if load.Starting() {
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

// notYet reports whether a task of a batch job waits for its turn, which holds
// nothing back.
func notYet(info job.Info, task job.Task) bool {
	return info.Type == job.Batch && task.State == "CREATED"
}

// Root is one root cause: a task that holds others, or the job, back.
type Root struct {
	// Task is the index into Graph.Tasks.
	Task     int
	Kind     Kind
	Severity job.Share
	// Upstream is the direct input that is held back most, -1 for a source.
	Upstream int
	// Hot are the indexes of the busy subtasks, and Hosts and TaskManagers where
	// they run.
	Hot                 []int
	Hosts, TaskManagers []string
	isHot               []bool // by the subtask's index
}

// IsHot reports whether a subtask is among the busy ones.
func (r *Root) IsHot(subtask int) bool { return subtask < len(r.isHot) && r.isHot[subtask] }

// setHot fills in the busy subtasks and where they run.
func (r *Root) setHot(load job.TaskLoad) {
	r.Hot, r.Hosts, r.TaskManagers = hot(load)
	if len(r.Hot) > 0 {
		r.isHot = make([]bool, slices.Max(r.Hot)+1)
	}
	for _, subtask := range r.Hot {
		r.isHot[subtask] = true
	}
}

// rootAt describes the task as a root cause.
func rootAt(snapshot *job.Snapshot, task int) Root {
	root := Root{Task: task, Upstream: -1}
	for _, input := range snapshot.Graph.Tasks[task].Inputs {
		if held := snapshot.Tasks[input].Backpressured.Avg; held.Known() && (root.Upstream < 0 || held > root.Severity) {
			root.Upstream, root.Severity = input, held
		}
	}
	root.setHot(snapshot.Tasks[task])
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

// hotAbove is the busy share above which a subtask of the task is hot.
func hotAbove(load job.TaskLoad) job.Share { return min(half, load.Busy.Max*9/10) }

// hot lists the subtasks that are busy most of their time, hottest first, and
// the hosts and TaskManagers that they run on. Where none is, as the load comes in bursts, it
// lists those about as busy as the busiest; none where nothing works at all.
func hot(load job.TaskLoad) (subtasks []int, hosts, taskManagers []string) {
	least := hotAbove(load)
	if !(load.Busy.Max > lowest) {
		return nil, nil, nil
	}
	var busy []*job.SubtaskLoad
	for i := range load.Subtasks {
		if subtask := &load.Subtasks[i]; subtask.Busy > least {
			busy = append(busy, subtask)
		}
	}
	slices.SortStableFunc(busy, func(a, b *job.SubtaskLoad) int { return cmp.Compare(b.Busy, a.Busy) })
	for _, subtask := range busy {
		subtasks = append(subtasks, subtask.Subtask)
		hosts, taskManagers = withPlace(hosts, subtask.Host), withPlace(taskManagers, subtask.TaskManager)
	}
	return subtasks, hosts, taskManagers
}

// withPlace adds a place that is known and not there yet.
func withPlace(places []string, place string) []string {
	if place == "" || slices.Contains(places, place) {
		return places
	}
	return append(places, place)
}

// measured counts the subtasks whose busy share is known.
func measured(load job.TaskLoad) (known int) {
	for i := range load.Subtasks {
		if load.Subtasks[i].Busy.Known() {
			known++
		}
	}
	return known
}

// region is a connected part of a job's graph in which backpressure runs
// upstream: the tasks that are held back and those that they wait for.
type region struct {
	// candidates are the tasks that some backpressured task feeds and that do not pass
	// the backpressure on, by index into Graph.Tasks.
	candidates []int
	// worst is the highest backpressure of its tasks.
	worst job.Share
	// last are the tasks that are backpressured though nothing is below them.
	last []int
}

// checkpoints is how much backpressure aligned checkpoints alone can cause
// (0.06 to 0.23 was seen), though nothing below is slow.
const checkpoints job.Share = 0.25

// heldBack reports whether a task waits for a task below it more than
// checkpoints explain.
func heldBack(load job.TaskLoad) bool { return load.Backpressured.Max > checkpoints }

// passesOn reports whether, of a task's subtasks that have anything to do, half or
// more wait for a task below it more than half of the time: the backpressure is not
// its own then. A few that do, as where one key is hot below it, hide nothing of what
// the others do.
func passesOn(load job.TaskLoad) bool {
	waiting, known := 0, 0
	for i := range load.Subtasks {
		if subtask := &load.Subtasks[i]; subtask.Known() && !(subtask.Idle > half) {
			known++
			if subtask.Backpressured > half {
				waiting++
			}
		}
	}
	return known > 0 && 2*waiting >= known
}

// joins reports whether a task waits for a task below it often enough for Flink
// to count as backpressured: then they are of one region.
func joins(load job.TaskLoad) bool { return load.Backpressured.Max > lowest }

// regions finds the regions of a job, each with the tasks that may hold it
// back. An edge belongs to one if its upper task is backpressured.
func regions(snapshot *job.Snapshot) []region {
	joined := newUnion(len(snapshot.Tasks))
	for from, load := range snapshot.Tasks {
		if joins(load) {
			for _, to := range snapshot.Graph.Tasks[from].Outputs {
				joined.join(from, to)
			}
		}
	}
	var found []region
	at := map[int]int{}
	for i, load := range snapshot.Tasks {
		fed := fedByBackpressured(snapshot, i)
		if !joins(load) && !fed {
			continue
		}
		root := joined.root(i)
		if _, known := at[root]; !known {
			at[root] = len(found)
			found = append(found, region{})
		}
		part := &found[at[root]]
		if joins(load) {
			part.worst = max(part.worst, load.Backpressured.Max)
		}
		if passesOn(load) && len(snapshot.Graph.Tasks[i].Outputs) == 0 {
			part.last = append(part.last, i)
		}
		if fed && !passesOn(load) {
			part.candidates = append(part.candidates, i)
		}
	}
	return found
}

// fedByBackpressured reports whether a direct input of the task is backpressured.
func fedByBackpressured(snapshot *job.Snapshot, task int) bool {
	for _, input := range snapshot.Graph.Tasks[task].Inputs {
		if joins(snapshot.Tasks[input]) {
			return true
		}
	}
	return false
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
	if len(r.last) > 0 && !(busiest > limit) {
		return waitsItself(snapshot, r.last), true, true
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

// waitsItself describes, of tasks below which nothing is, the one that is backpressured
// most: it waits for something of its own that Flink counts as backpressure, such as a
// full queue of asynchronous requests or an upload of its state.
func waitsItself(snapshot *job.Snapshot, tasks []int) Root {
	most := slices.MaxFunc(tasks, func(a, b int) int {
		return cmp.Or(cmp.Compare(snapshot.Tasks[a].Backpressured.Avg, snapshot.Tasks[b].Backpressured.Avg), cmp.Compare(snapshot.Graph.Tasks[b].ID, snapshot.Graph.Tasks[a].ID))
	})
	root := rootAt(snapshot, most)
	root.Kind, root.Severity, root.Hot, root.Hosts, root.TaskManagers, root.isHot = UnmeasuredWork, snapshot.Tasks[most].Backpressured.Avg, nil, nil, nil, nil
	return root
}

// doubtful reports whether a candidate beside the task, which has not ended, was
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
	// A candidate at least this share as busy as the busiest may be the cause, and
	// among those, severities that differ by no more than equal count as equal:
	// noise must not decide.
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

// union joins tasks into connected parts.
type union []int

func newUnion(n int) union {
	parents := make(union, n)
	for i := range parents {
		parents[i] = i
	}
	return parents
}

func (u union) root(i int) int {
	for u[i] != i {
		u[i] = u[u[i]]
		i = u[i]
	}
	return i
}

func (u union) join(a, b int) { u[u.root(a)] = u.root(b) }
