package diagnosis

import (
	"cmp"
	"slices"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

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
