package diagnosis

import (
	"slices"
	"strings"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Backpressure runs upstream: a subtask waits while a channel to one below it is full,
// and that is full because the one below does not read it, for want of time or because
// it waits itself. This file follows it downstream, from each task that is held back to
// the tasks that it ends at.

const (
	// checkpoints is how much backpressure aligned checkpoints alone can cause
	// (0.06 to 0.23 was seen), though nothing below is slow.
	checkpoints job.Share = 0.25
	// atLimit is the busy share from which a subtask has no time for more, and limit
	// that from which a task is blamed though others are not known. Up to 0.29 s of a
	// wait of 10 s that is under way reads as busy.
	atLimit job.Share = 0.95
	limit   job.Share = 0.9
	// surely is the busy share from which a subtask that does not wait itself, but for
	// slight waits, is at its limit whatever others of its task wait for.
	surely job.Share = 0.985
	slight job.Share = 0.01
	// noise is how much two shares differ by chance.
	noise job.Share = 0.03
)

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

// ending is a task that backpressure ends at.
type ending struct {
	task int
	// kind is set where it is not that of work that the task is busy with.
	kind Kind
	// instead is, where measurements cannot decide between the two, the task that may
	// wait for something of its own; −1 else.
	instead int
	// itself is set where the task waits for something of its own.
	itself bool
}

// works is the ending at a task whose own work takes its time, and waitsItself at one
// that waits for something of its own.
func works(task int) ending       { return ending{task: task, instead: -1} }
func waitsItself(task int) ending { return ending{task, UnmeasuredWork, -1, true} }

// search follows the backpressure of a job.
type search struct {
	snapshot *job.Snapshot
	// below are the endings of the backpressure of tasks, and at those of what is held
	// back by tasks, as far as they are known already.
	below, at map[int][]ending
	// busier are, by a task that backpressure ends at, those below it that are busier by so
	// little that they are not listed.
	busier map[int][]ending
	// doubtful is set where a task that was not measured may be what others wait for,
	// or nothing measured explains why they wait.
	doubtful bool
	// inQuestion is what would show more.
	inQuestion []Question
}

func newSearch(snapshot *job.Snapshot) *search {
	return &search{snapshot: snapshot, below: map[int][]ending{}, at: map[int][]ending{}, busier: map[int][]ending{}}
}

// run returns the tasks that backpressure ends at, that of tasks which are held back and
// of sources that wait a little.
func (s *search) run(ofSources []ending) (found []ending) {
	var ends []ending
	for task, load := range s.snapshot.Tasks {
		if heldBack(load) {
			ends = append(ends, s.endsBelow(task)...)
		}
	}
	places := map[int]int{}
	for _, end := range append(ends, ofSources...) {
		at, known := places[end.task]
		switch {
		case !known:
			places[end.task], found = len(found), append(found, end)
		case preference(end) > preference(found[at]) || preference(end) == preference(found[at]) && s.id(end.instead) < s.id(found[at].instead):
			found[at] = end // the same, in whatever order Flink lists the tasks
		}
	}
	return found
}

// preference orders what backpressure of several tasks shows of one that it ends at.
func preference(end ending) int {
	switch end.kind {
	case Alternating:
		return 2
	case "":
		return 1
	default:
		return 0
	}
}

// id is that of a task, by which equals are ordered; empty for none.
func (s *search) id(task int) string {
	if task < 0 {
		return ""
	}
	return s.snapshot.Graph.Tasks[task].ID
}

// outputs are the tasks below one, by their ids.
func (s *search) outputs(task int) []int {
	return slices.SortedFunc(slices.Values(s.snapshot.Graph.Tasks[task].Outputs), func(a, b int) int { return strings.Compare(s.id(a), s.id(b)) })
}

// endsBelow returns what a task that is backpressured waits for.
func (s *search) endsBelow(task int) []ending {
	known, found := s.below[task]
	if !found {
		s.below[task] = nil // on a cycle, which no job has, nothing more is found
		known = s.follow(task)
		s.below[task] = known
	}
	return known
}

func (s *search) follow(task int) (ends []ending) {
	load, outputs := s.snapshot.Tasks[task], s.outputs(task)
	if len(outputs) == 0 {
		if passesOn(load) {
			return []ending{waitsItself(task)}
		}
		s.doubtful = true
		return nil
	}
	fullest, at := job.Unknown, -1
	for _, output := range outputs {
		if full := s.fullness(output); full.Known() && !(full <= fullest) {
			fullest, at = full, output
		}
	}
	// Another task that was not measured may be fuller, and so may other subtasks of
	// the fullest. One that restores its state reads nothing meanwhile.
	missing := slices.ContainsFunc(outputs, func(output int) bool {
		return s.missing(output) && (output != at || !(fullest > half) || s.snapshot.Tasks[output].Starting())
	})
	waits := load.Backpressured.Max
	switch {
	case at < 0 || missing && !(fullest >= limit):
		s.doubtful = true
		return nil
	case !passesOn(s.snapshot.Tasks[at]) && s.unexplained(task, at, fullest):
		if slices.ContainsFunc(outputs, s.missing) {
			s.doubtful = true // as after a restart
			return nil
		}
		return s.unmeasured(task, outputs, at)
	case !passesOn(s.snapshot.Tasks[at]) && halfExplained(load, fullest):
		return s.halfHeld(task, outputs, at)
	case !(fullest > half) && !(waits > half):
		return s.bursts(task, outputs)
	}
	for _, output := range outputs {
		if s.fullness(output) >= fullest-noise {
			ends = joined(ends, s.endsAt(output))
		}
	}
	return ends
}

// maxEndings is how many endings below one task are followed. There are a few; but of a
// plan that connects all with all as many as tasks.
const maxEndings = 200

// joined are the endings of both, each once: by as many ways as a plan has between two
// tasks they would be many.
func joined(ends, more []ending) []ending {
	if len(ends) == 0 {
		return slices.Clip(more)
	}
	for _, end := range more {
		if len(ends) < maxEndings && !slices.Contains(ends, end) {
			ends = append(ends, end)
		}
	}
	return ends
}

// endsAt returns what holds back the tasks above one whose input is full: that task, if
// its own work takes its time, or what it waits for in turn, or both.
func (s *search) endsAt(task int) []ending {
	known, found := s.at[task]
	if !found {
		s.at[task] = nil
		known = s.decide(task)
		s.at[task] = known
	}
	return known
}

func (s *search) decide(task int) []ending {
	busy, waits := s.work(task)
	own := []ending{works(task)}
	last := len(s.snapshot.Graph.Tasks[task].Outputs) == 0
	switch {
	case last && passesOn(s.snapshot.Tasks[task]):
		return []ending{waitsItself(task)}
	case last:
		return own
	case !(waits > slight) || busy >= surely && !s.busiestWaits(task, busy):
		if busy >= atLimit && !heldBack(s.snapshot.Tasks[task]) { // else its own backpressure is followed
			own = append(s.alsoAtLimit(task), own...)
		}
		return own
	}
	lower := s.endsBelow(task)
	turning := waits > checkpoints && busy > half && s.worksAndWaits(task)
	if turning && len(lower) == 0 {
		if other := s.busyMeanwhile(task, waits); other >= 0 {
			return turns(append([]ending{works(other)}, own...))
		}
	}
	switch {
	case waits > checkpoints && len(lower) > 0 && busy < atLimit:
		if other, _ := s.work(lower[0].task); turning && lower[0].kind == "" && other > lowest && s.fullness(lower[0].task) < limit {
			return turns(append(slices.Clone(lower), own...))
		}
		if busy >= limit && !s.busiestWaits(task, busy) {
			return append(slices.Clone(lower), own...) // others of its subtasks wait
		}
		return lower
	case waits > checkpoints && passesOn(s.snapshot.Tasks[task]):
		s.doubtful = true // it waits for something that is not known
		return nil
	}
	// A task that is nearly at its limit and waits a little: one below that is busier
	// is what it waits for. Where it is at its limit too, they are named both.
	var busier, little []ending
	for _, end := range s.withBusier(lower) {
		switch other, _ := s.work(end.task); {
		case other > busy+noise || other >= atLimit:
			busier = append(busier, end)
		case other > busy:
			little = append(little, end)
		}
	}
	if busy >= atLimit {
		return append(busier, own...)
	}
	if len(busier) > 0 {
		return busier
	}
	s.busier[task] = little
	return own
}

// withBusier are endings and those that are busier than they by so little that they are
// not listed: little by little it may be much.
func (s *search) withBusier(ends []ending) []ending {
	all := slices.Clone(ends)
	for _, end := range ends {
		for _, other := range s.busier[end.task] {
			if !slices.Contains(all, other) {
				all = append(all, other)
			}
		}
	}
	return all
}

// alsoAtLimit are the tasks below one that is at its limit which are too, though it does
// not wait for them: it alone made faster, they would be the next.
func (s *search) alsoAtLimit(task int) (ends []ending) {
	seen := map[int]bool{task: true} // there may be several ways to one, or a cycle, which no job has
	var follow func(task int)
	follow = func(task int) {
		for _, output := range s.outputs(task) {
			if load := s.snapshot.Tasks[output]; !seen[output] && len(seen) <= maxEndings && load.Busy.Max >= surely && !passesOn(load) {
				seen[output] = true
				follow(output)
				ends = append(ends, works(output))
			}
		}
	}
	follow(task)
	return ends
}

// worksAndWaits reports whether some subtask of the task, of those that are about as full
// as the fullest, does both: one that works while another waits does not take turns.
func (s *search) worksAndWaits(task int) bool {
	return slices.ContainsFunc(s.full(task), func(subtask *job.SubtaskLoad) bool {
		return subtask.Busy > half && subtask.Backpressured > checkpoints
	})
}

// busyMeanwhile is a task below one that has worked for about as long as that has
// waited; −1 if there is none.
func (s *search) busyMeanwhile(task int, waits job.Share) int {
	for _, output := range s.outputs(task) {
		if other, itself := s.work(output); other >= waits-noise && itself <= noise {
			return output
		}
	}
	return -1
}

// turns are endings that take turns within the time measured.
func turns(ends []ending) []ending {
	for i := range ends {
		ends[i].kind = Alternating
	}
	return ends
}

// unexplained reports whether a task waits longer than the fullest of those below it,
// at, has been at work or waiting, beyond what checkpoints and bursts explain, or its
// buffers say so.
func (s *search) unexplained(task, at int, fullest job.Share) bool {
	load := s.snapshot.Tasks[task]
	if fullest >= limit || !passesOn(load) {
		return false
	}
	s.askBuffers(task)
	full, known := s.inputFull(s.outputs(task))
	if full >= 0 && s.answer(at).In <= fullAbove {
		return true // another than the fullest is not read
	}
	empty := full < 0 && known && fullest <= half // none of them is what it waits for
	return empty || load.Backpressured.Max-fullest > checkpoints
}

// askBuffers notes that the buffers of a task, and of those below it, would show more.
func (s *search) askBuffers(task int) {
	s.ask(Question{task, AboutOutput})
	for _, output := range s.outputs(task) {
		s.ask(Question{output, AboutInput})
	}
}

func (s *search) ask(question Question) {
	if !slices.Contains(s.inQuestion, question) {
		s.inQuestion = append(s.inQuestion, question)
	}
}

// unmeasured decides what a task waits for whose tasks below do not seem to be slow, the
// likely one the least. Flink does not measure all work, carries records through a
// network, and counts some waits of a task's own as backpressure. Full input buffers
// show the first, full output buffers alone the second, and neither the third.
func (s *search) unmeasured(task int, outputs []int, likely int) []ending {
	full, known := s.inputFull(outputs)
	out := s.answer(task).Out
	switch {
	case full >= 0:
		return []ending{{task: full, kind: UnmeasuredWork, instead: -1}}
	case !known || !out.Known():
		return []ending{{task: likely, kind: UnmeasuredWork, instead: task}}
	case out < emptyBelow:
		return []ending{waitsItself(task)}
	default:
		return []ending{{task: likely, kind: Network, instead: -1}}
	}
}

// halfExplained reports whether a task, at most half of which waits for more than half of
// the time, waits longer than the fullest of those below it has had something to do: beyond
// what checkpoints and bursts explain, or, if no time is left to it that would make up
// for them, at all.
func halfExplained(load job.TaskLoad, fullest job.Share) bool {
	longer := load.Backpressured.Max - fullest
	return !passesOn(load) && (longer > checkpoints || longer > noise && !(fullest > half) && !hasTime(load))
}

// halfHeld decides the same for a task that waits for up to half of the time, as bursts
// alone can have it do: without its buffers nothing is said. One that has time left has
// made up for its waits.
func (s *search) halfHeld(task int, outputs []int, likely int) []ending {
	s.askBuffers(task)
	full, known := s.inputFull(outputs)
	out := s.answer(task).Out
	spare := hasTime(s.snapshot.Tasks[task])
	switch {
	case slices.ContainsFunc(outputs, s.missing) || full < 0 && !known || !out.Known() || spare && (full >= 0 || out >= emptyBelow):
		s.doubtful = true
		return nil
	case spare:
		return nil
	}
	return s.unmeasured(task, outputs, likely)
}

// bursts is for a task that waits for about as long as those below it work: for bursts and
// checkpoints, unless it has no time left, nothing above it is held back, and one of those
// below it is not read.
func (s *search) bursts(task int, outputs []int) []ending {
	held := func(input int) bool { return heldBack(s.snapshot.Tasks[input]) }
	if hasTime(s.snapshot.Tasks[task]) || slices.ContainsFunc(s.snapshot.Graph.Tasks[task].Inputs, held) {
		return nil
	}
	s.askBuffers(task)
	if full, _ := s.inputFull(outputs); full >= 0 && !s.missing(full) {
		return []ending{{task: full, kind: UnmeasuredWork, instead: -1}}
	}
	return nil
}

// hasTime reports whether the subtasks that wait most have time left.
func hasTime(load job.TaskLoad) bool {
	return !slices.ContainsFunc(load.Subtasks, func(subtask job.SubtaskLoad) bool {
		return subtask.Backpressured >= load.Backpressured.Max-noise && !(subtask.Idle > 1-limit)
	})
}

// fed reports, for the subtasks of a task, which are fed by one that waits: all, unless
// only tasks that send forward do, or none waits.
func (s *search) fed(task int) func(subtask int) bool {
	graph := s.snapshot.Graph.Tasks[task]
	by := map[int]bool{}
	for i, input := range graph.Inputs {
		load := s.snapshot.Tasks[input]
		if !(load.Backpressured.Max > slight) {
			continue
		}
		if i >= len(graph.Forward) || !graph.Forward[i] {
			return func(int) bool { return true }
		}
		for n := range load.Subtasks {
			if subtask := &load.Subtasks[n]; subtask.Backpressured > min(lowest, load.Backpressured.Max/2) {
				by[subtask.Subtask] = true
			}
		}
	}
	return func(subtask int) bool { return by[subtask] || len(by) == 0 }
}

// fullness is the highest share of time that a subtask of the task, of those that are
// fed by one that waits, has had something to do; Unknown where none is known.
func (s *search) fullness(task int) job.Share {
	fed, fullest := s.fed(task), job.Unknown
	load := s.snapshot.Tasks[task]
	for i := range load.Subtasks {
		if subtask := &load.Subtasks[i]; fed(subtask.Subtask) && !(1-subtask.Idle <= fullest) && subtask.Idle.Known() {
			fullest = 1 - subtask.Idle
		}
	}
	return fullest
}

// full are the subtasks of a task that are about as full as the fullest.
func (s *search) full(task int) (full []*job.SubtaskLoad) {
	fed, fullest := s.fed(task), s.fullness(task)
	load := s.snapshot.Tasks[task]
	for i := range load.Subtasks {
		if subtask := &load.Subtasks[i]; fed(subtask.Subtask) && 1-subtask.Idle >= fullest-2*noise {
			full = append(full, subtask)
		}
	}
	return full
}

// work is, over these, the highest busy share and the highest share of waits.
func (s *search) work(task int) (busy, waits job.Share) {
	for _, subtask := range s.full(task) {
		busy, waits = max(busy, subtask.Busy), max(waits, subtask.Backpressured)
	}
	return busy, waits
}

// busiestWaits reports whether the subtasks that are as busy as the busiest all wait for
// tasks below, too.
func (s *search) busiestWaits(task int, busy job.Share) bool {
	return !slices.ContainsFunc(s.snapshot.Tasks[task].Subtasks, func(subtask job.SubtaskLoad) bool {
		return subtask.Busy >= busy && subtask.Backpressured <= slight
	})
}

// missing reports whether a task that has not ended was not measured as a whole.
func (s *search) missing(task int) bool {
	return !s.snapshot.Tasks[task].Complete() && !s.snapshot.Graph.Tasks[task].State.Terminal()
}

const (
	// emptyBelow is how full output buffers are at most of a task that does not wait
	// for the network or for those below it; fullAbove how full input buffers are
	// at least that are not read.
	emptyBelow job.Share = 0.3
	fullAbove  job.Share = 0.5
)

// answer is what was looked at further of a task.
func (s *search) answer(task int) job.Answer {
	if task >= len(s.snapshot.Answers) {
		return job.UnknownAnswer
	}
	return s.snapshot.Answers[task]
}

// inputFull is that of the tasks, the first by id, whose input buffers are full; −1 if
// that is none. known is set where all were looked at.
func (s *search) inputFull(tasks []int) (full int, known bool) {
	known = true
	for _, task := range tasks {
		switch in := s.answer(task).In; {
		case in > fullAbove:
			return task, true
		case !in.Known():
			known = false
		}
	}
	return -1, known
}
