package diagnosis

import (
	"math"
	"slices"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// A source that is busy all the time while nothing is backpressured is as fast as the
// job gets, or it waits on the task's thread between records, for a poll or a rate
// limit, which Flink counts as busy time. The two look alike in all that is measured of
// time.

const (
	// fewRecords is how many records a second a subtask emits of which each takes so
	// long that it rather waits than works.
	fewRecords = 100
	// doubt is by how much a source counts less than a task that others are known to
	// wait for: it may always only wait, unless records pile up before it. So a rule that
	// fires above a half does not for such a source alone.
	doubt job.Share = 0.5
	// calm is how busy the tasks below a source are that has next to nothing for them.
	calm job.Share = 0.1

	// piledUp is for how long a source emits what is pending, at its present rate, where it
	// does not keep up with what it reads from; and keepsUp where it does, as what arrives
	// is pending until it is read.
	piledUp, keepsUp = 10 * time.Second, time.Second / 2
)

// backlog is what the records that a source reports as pending show.
type backlog int

const (
	backlogUnknown backlog = iota
	noBacklog              // it keeps up with what it reads from
	someBacklog            // that is not known
	largeBacklog           // it does not
)

// pending counts the records that a source has not read yet; NaN for not known.
func pending(snapshot *job.Snapshot, source int) float64 {
	if pending := snapshot.Lag(source).Pending; !math.IsNaN(pending) || source >= len(snapshot.Answers) {
		return pending
	}
	return snapshot.Answers[source].Pending
}

// backlogOf compares what is pending with what the source emits, which may be more or
// fewer records than it reads where a flat map or a filter is chained to it.
func backlogOf(snapshot *job.Snapshot, source int) backlog {
	pending, rate := pending(snapshot, source), snapshot.Tasks[source].RecordsOut
	switch {
	case math.IsNaN(pending) || math.IsNaN(rate):
		return backlogUnknown
	case pending > rate*piledUp.Seconds():
		return largeBacklog
	case pending <= rate*keepsUp.Seconds():
		return noBacklog
	default:
		return someBacklog
	}
}

// heads are the tasks that a part of the job begins with: those that run and whose
// inputs have all ended, as sources, which have none, and the next stage of a batch job
// or of a stream that has an end.
func heads(graph *job.Graph) (found []int) {
	for i, task := range graph.Tasks {
		runs := func(input int) bool { return !graph.Tasks[input].State.Terminal() }
		if !task.State.Terminal() && !slices.ContainsFunc(task.Inputs, runs) {
			found = append(found, i)
		}
	}
	return found
}

// sourcesAtLimit finds the sources that are busy all the time: the job goes as fast as
// they do. A job that is one chained task is such a source, and so is a task whose inputs
// have all ended. Those that may only wait are returned apart, by their index, and
// so are the tasks that such a source waits a little for, as they are at their limit, too.
//
// Each source is judged by its own busiest subtasks: those do not wait, whatever holds
// back its other subtasks, or another source.
func (s *search) sourcesAtLimit() (roots []Root, below []ending, mayWait []int) {
	for _, head := range heads(s.snapshot.Graph) {
		load := s.snapshot.Tasks[head]
		if !(load.Busy.Max > limit) || !load.Known() {
			continue
		}
		slower := s.slowerBelow(head)
		below = append(below, slower...)
		if len(slower) > 0 && load.Busy.Max < atLimit { // it waits for them
			continue
		}
		behind := s.backlog(head)
		if behind != largeBacklog && s.onlyWaits(head) {
			if behind != noBacklog {
				mayWait = append(mayWait, head)
			}
			continue
		}
		root := Root{Task: head, Kind: AtSource, Severity: load.Busy.Max * doubt, Upstream: -1, Instead: -1}
		if behind == largeBacklog {
			root.Severity = load.Busy.Max
		}
		root.setHot(load)
		roots = append(roots, root)
	}
	return roots, below, mayWait
}

// backlog is that of a head of the job, and notes that it would show more where it is not
// known, but how many records are emitted is. Tasks that are no sources have none.
func (s *search) backlog(head int) backlog {
	if !s.snapshot.Graph.Tasks[head].Source() {
		return backlogUnknown
	}
	if s.snapshot.Lags == nil && !math.IsNaN(s.snapshot.Tasks[head].RecordsOut) {
		s.ask(Question{head, AboutPending})
	}
	return backlogOf(s.snapshot, head)
}

// slowerBelow are the tasks that a source which is nearly at its limit waits for a
// little, as they are at theirs.
func (s *search) slowerBelow(source int) []ending {
	waits := job.Share(0)
	for i := range s.snapshot.Tasks[source].Subtasks {
		if subtask := &s.snapshot.Tasks[source].Subtasks[i]; subtask.Busy > limit {
			waits = max(waits, subtask.Backpressured)
		}
	}
	if !(waits > slight) || len(s.snapshot.Graph.Tasks[source].Outputs) == 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(s.endsBelow(source)), func(end ending) bool {
		busy, _ := s.work(end.task)
		return end.kind != "" || !(busy >= atLimit)
	})
}

// onlyWaits reports whether a source that is busy all the time may wait rather than
// work: it emits few records, or all that is below it is idle. Of a job that is one
// chained task neither is known. A task whose inputs have ended has all its records: it
// works.
func (s *search) onlyWaits(source int) bool {
	if task := s.snapshot.Graph.Tasks[source]; !task.Source() || len(task.Outputs) == 0 {
		return false
	}
	load := s.snapshot.Tasks[source]
	few := true
	for i := range load.Subtasks {
		if subtask := &load.Subtasks[i]; subtask.Busy > limit && !(subtask.RecordsOut < fewRecords) {
			few = false
		}
	}
	return few || busiestBelow(s.snapshot, source) < calm
}

// busiestBelow is how busy the busiest task is that the source's records reach; Unknown
// where one was not measured.
func busiestBelow(snapshot *job.Snapshot, source int) (busiest job.Share) {
	reached := map[int]bool{source: true}
	for i, task := range snapshot.Graph.Tasks { // in topological order
		for _, input := range task.Inputs {
			reached[i] = reached[i] || reached[input]
		}
		if !reached[i] || i == source || task.State.Terminal() {
			continue
		}
		if !snapshot.Tasks[i].Busy.Max.Known() {
			return job.Unknown
		}
		busiest = max(busiest, snapshot.Tasks[i].Busy.Max)
	}
	return busiest
}
