package diagnosis

import (
	"cmp"
	"slices"
	"sync"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Kind is how a task holds a job back.
type Kind string

// The kinds of root cause, and of there being none.
const (
	Capacity       Kind = "capacity"    // most subtasks are busy
	Skewed         Kind = "skew"        // few are, the rest wait
	Machine        Kind = "machine"     // the hot subtasks are on one TaskManager or host, where each record takes longer
	Network        Kind = "network"     // records wait in the buffers between the task and its input, which it does not get
	AtSource       Kind = "source"      // nothing is backpressured; the source itself is at its limit
	Alternating    Kind = "alternating" // it takes turns with other tasks
	UnmeasuredWork Kind = "unmeasured"  // something waits that Flink does not measure: the task is not busy, or it is the last one and is backpressured
	None           Kind = "none"        // measured, and nothing holds the job back
	NotKnown       Kind = "unknown"     // too little was measured
)

// Kinds are all of them, in the order of docs/verdict.md.
var Kinds = []Kind{Capacity, Skewed, Machine, Network, AtSource, Alternating, UnmeasuredWork, None, NotKnown}

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
	return &Verdict{Snapshot: v.Snapshot.Renamed(name), Kind: v.Kind, Roots: v.Roots, InQuestion: v.InQuestion}
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
	verdict := &Verdict{Snapshot: snapshot, Roots: roots, Kind: None, InQuestion: s.inQuestion}
	switch {
	case len(roots) > 0:
		verdict.Kind = roots[0].Kind
	case s.doubtful || len(mayWait) > 0 || blind(snapshot):
		verdict.Kind = NotKnown
	}
	return verdict
}

// compare orders root causes, worst first. Of those that take turns the lowest is first: it
// is often what gives the others theirs. Of near ties one that does not wait is first, as it
// may be what the others wait for, and of those that seem equal the first of the graph, as
// the others may be no root cause in the next sample.
func (s *search) compare(a, b Root) int {
	if order := cmp.Compare(b.Severity, a.Severity); order != 0 {
		return order
	}
	if turns := a.Kind == Alternating; turns != (b.Kind == Alternating) {
		if turns {
			return 1
		}
		return -1
	} else if turns {
		return cmp.Compare(b.Task, a.Task)
	}
	of, other := s.snapshot.Tasks[a.Task], s.snapshot.Tasks[b.Task]
	return cmp.Or(
		cmp.Compare(min(other.Busy.Max, surelyFull).Percent(), min(of.Busy.Max, surelyFull).Percent()), cmp.Compare(s.waitsLittle(a.Task), s.waitsLittle(b.Task)),
		cmp.Compare(min(other.Busy.Avg, fullOnAverage).Percent(), min(of.Busy.Avg, fullOnAverage).Percent()),
		cmp.Compare(of.Backpressured.Max.Percent(), other.Backpressured.Max.Percent()), cmp.Compare(a.Task, b.Task),
	)
}

const (
	// surelyFull is the busy share from which on the busiest subtasks of two root causes
	// count as equally busy, and fullOnAverage that of all of their subtasks: which is
	// busier is then chance, and would change from sample to sample.
	surelyFull    job.Share = 0.95
	fullOnAverage job.Share = 0.85
)

// waitsLittle is 1 for a task some subtask of which is slightly backpressured, else 0.
func (s *search) waitsLittle(task int) int {
	if s.snapshot.Tasks[task].Backpressured.Max > slight {
		return 1
	}
	return 0
}

// bounded is a severity from 0 to 1, whatever the shares are that it is made of.
func bounded(severity job.Share) job.Share {
	if !(severity > 0) {
		return 0
	}
	return min(severity, 1)
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
				summary.Tasks[i][measure.Column] = measure.task(v, i)
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

// Root is one root cause: a task that holds others, or the job, back.
type Root struct {
	// Task is the index into Graph.Tasks.
	Task     int
	Kind     Kind
	Severity job.Share
	// Upstream is the task, of those that it holds back, that waits most; -1 for a
	// source. An input is preferred to a task further up if that waits at most
	// hardlyMore longer.
	Upstream int
	// Waits is for how much of its time Upstream waits for the task.
	Waits job.Share
	// Hot are the indexes of the busy subtasks, and Hosts and TaskManagers where
	// they run.
	Hot                 []int
	Hosts, TaskManagers []string
	isHot               []bool // by the subtask's index
	// Instead is the task that may be the cause in its place, as one that waits for
	// something of its own looks the same; −1 if there is none.
	Instead int
	// Itself is set where it waits for something of its own.
	Itself bool
}

// IsHot reports whether a subtask is among the busy ones.
func (r *Root) IsHot(subtask int) bool { return subtask < len(r.isHot) && r.isHot[subtask] }

// equallyHot is how much less busy than the busiest a subtask is that is about as hot.
const equallyHot = 0.05

// Hottest is the subtask to look into, -1 if none is hot: of those about as busy as the
// busiest the first by its index, so that it is the same from one snapshot to the next.
func (r *Root) Hottest(load job.TaskLoad) int {
	hottest := -1
	for i := range load.Subtasks {
		subtask := &load.Subtasks[i]
		if r.IsHot(subtask.Subtask) && subtask.Busy >= load.Busy.Max-equallyHot && (hottest < 0 || subtask.Subtask < hottest) {
			hottest = subtask.Subtask
		}
	}
	return hottest
}

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

// root describes an ending of backpressure as a root cause.
func (s *search) root(end ending) Root {
	root := Root{Task: end.task, Upstream: -1, Instead: end.instead}
	root.Severity, root.Upstream, root.Waits = s.severity(end.task)
	load := s.snapshot.Tasks[end.task]
	if end.kind == "" || end.kind == Alternating {
		root.setHot(load)
	}
	if root.Kind = end.kind; root.Kind == "" {
		root.Kind = kindOf(load, root.Hot)
	}
	if root.Itself = end.itself || end.kind == UnmeasuredWork && passesOn(load); root.Itself {
		root.Severity = max(root.Severity, waiting(load))
	}
	return root
}

// hardlyMore is a difference between two shares of time up to which it is noise.
const hardlyMore job.Share = 0.02

// severity is how much of their time the tasks wait that the task holds back: the
// highest, among its inputs and the tasks whose backpressure ends here, of how much
// each waits; of a direct input that sends forward, over the subtasks that feed hot ones.
// An input that waits for another branch alone does not count. upstream and waits are as in
// [Root].
func (s *search) severity(task int) (severity job.Share, upstream int, waits job.Share) {
	severity, upstream, waits = s.severityOf(task, func(input int) bool { return s.holds(task, input) })
	if upstream < 0 {
		return s.severityOf(task, func(int) bool { return true })
	}
	return severity, upstream, waits
}

// holds reports whether an input of the task may wait for it: it has no other below it,
// its backpressure ends at the task, or it is not held back, so that it is not known where
// that ends.
func (s *search) holds(task, input int) bool {
	return len(s.snapshot.Graph.Tasks[input].Outputs) == 1 || !heldBack(s.snapshot.Tasks[input]) || s.endsAtTask(input, task)
}

func (s *search) endsAtTask(above, task int) bool {
	return slices.ContainsFunc(s.below[above], func(end ending) bool { return end.task == task })
}

func (s *search) severityOf(task int, counts func(input int) bool) (severity job.Share, upstream int, waits job.Share) {
	upstream = -1
	held := func(above int, share, margin job.Share) {
		if !share.Known() {
			return
		}
		if upstream < 0 || share > waits+margin {
			upstream, waits = above, share
		}
		severity = max(severity, share)
	}
	graph := s.snapshot.Graph.Tasks[task]
	least := hotAbove(s.snapshot.Tasks[task])
	for i, input := range graph.Inputs {
		switch {
		case !counts(input):
		case i < len(graph.Forward) && graph.Forward[i]:
			held(input, s.feedingHot(task, input, least), 0)
		default:
			held(input, waiting(s.snapshot.Tasks[input]), 0)
		}
	}
	for above, load := range s.snapshot.Tasks {
		if s.endsAtTask(above, task) {
			held(above, waiting(load), hardlyMore)
		}
	}
	return severity, upstream, waits
}

// feedingHot is the mean backpressure of the subtasks that feed hot ones, i the one i.
func (s *search) feedingHot(task, input int, least job.Share) job.Share {
	below, above := s.snapshot.Tasks[task].Subtasks, s.snapshot.Tasks[input].Subtasks
	sum, count := job.Share(0), 0
	for i := range above {
		if i < len(below) && below[i].Busy > least && above[i].Known() {
			sum, count = sum+above[i].Backpressured, count+1
		}
	}
	if count == 0 {
		return waiting(s.snapshot.Tasks[input])
	}
	return sum / job.Share(count)
}

// waiting is the mean backpressure of a task's subtasks, without those that are idle more
// than half of the time: of a source with fewer splits than subtasks, those without
// one, or with little to read, say nothing of how much it is held back.
func waiting(load job.TaskLoad) job.Share {
	sum, count := job.Share(0), 0
	for i := range load.Subtasks {
		if subtask := &load.Subtasks[i]; subtask.Known() && !(subtask.Idle > half) {
			sum, count = sum+subtask.Backpressured, count+1
		}
	}
	if count == 0 {
		return load.Backpressured.Avg
	}
	return sum / job.Share(count)
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

// clearly is how much less busy the others are, relative to the busiest, than at most
// half of a task's subtasks that are hot. These twice as fast, the job is at least 17 %
// faster. By less, hash keys alone differ.
const clearly job.Share = 0.15

// hotAbove is the busy share above which a subtask of the task is hot: about as busy as
// the busiest, and busy more than half of the time unless none is. Where those are most,
// but a few are clearly above the rest, it is these few.
func hotAbove(load job.TaskLoad) job.Share {
	least := max(min(half, load.Busy.Max*9/10), load.Busy.Max*3/4)
	if !(load.Busy.Max-load.Busy.Min > clearly*load.Busy.Max) {
		return least
	}
	var busy []job.Share
	hot := 0
	for i := range load.Subtasks {
		share := load.Subtasks[i].Busy
		if share.Known() {
			busy = append(busy, share)
		}
		if share > least {
			hot++
		}
	}
	if 2*hot <= len(busy) {
		return least
	}
	slices.Sort(busy)
	all, widest := least, clearly*load.Busy.Max
	for i := len(busy) - 2; i >= 0 && 2*(len(busy)-1-i) <= len(busy); i-- {
		if gap := busy[i+1] - busy[i]; gap > widest {
			widest, least = gap, busy[i]
		}
	}
	if least != all && !unequal(load, least) {
		return all
	}
	return least
}

// unequally is by how much the subtasks that are busier than others differ from them, too,
// in what makes them so. It is steadier than how busy they are: that goes up and down for
// those that wait at times.
const unequally = 0.14

// unequal reports whether the subtasks that are busier than least get more records than the
// others, or take longer for each. True where the rates are not known, as of a source, which
// reads no records.
func unequal(load job.TaskLoad, least job.Share) bool {
	var hot, others placed // their sums
	var hotCount, otherCount float64
	for i := range load.Subtasks {
		switch subtask := &load.Subtasks[i]; {
		case !subtask.Busy.Known():
		case subtask.Busy > least:
			hot.busy, hot.records = hot.busy+float64(subtask.Busy), hot.records+subtask.RecordsIn
			hotCount++
		default:
			others.busy, others.records = others.busy+float64(subtask.Busy), others.records+subtask.RecordsIn
			otherCount++
		}
	}
	fewer := 1 - others.records/otherCount/(hot.records/hotCount)
	cheaper := 1 - others.busy/others.records/(hot.busy/hot.records)
	return !(fewer <= unequally && cheaper <= unequally)
}

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
