package diagnosis

import (
	"slices"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// A slow machine takes longer for each record, where a hot key brings more records:
// this file decides which of the two makes a few subtasks hot.

// machines turns skew into machine where the cause is what the subtasks run on, a
// TaskManager or a host, though the job runs on others too: see [slows].
func machines(snapshot *job.Snapshot, roots []Root) {
	for i := range roots {
		root := &roots[i]
		if root.Kind != Skewed {
			continue
		}
		for _, on := range []func(*job.SubtaskLoad) string{taskManagerOf, hostOf} {
			place := onlyPlace(snapshot.Tasks[root.Task], root, on)
			if place != "" && slows(snapshot, root.Task, place, on) {
				root.Kind = Machine
			}
		}
	}
}

// slows reports whether the place is what slows the root cause: a record takes longer
// there than elsewhere, in this task and in most others, and there are not many times
// as many. Where no other task can be compared, several subtasks there have to. Sources
// that work little are compared only where no other task can be: what they read from may be
// what takes their time, wherever they run.
//
// With slots that tasks share, subtask i of each task is in one slot: a hot key that
// goes through several tasks makes them hot in one place, too. It brings more records
// there, where a slow machine takes longer for each.
//
// Where that is not known, as before Flink 1.16, all subtasks there have to be hot and
// none elsewhere, in this task and in another.
func slows(snapshot *job.Snapshot, root int, place string, on func(*job.SubtaskLoad) string) bool {
	own := shareOf(snapshot, root, place, on)
	hot := false
	var tasks, sources struct{ agree, differ int }
	for i := range snapshot.Tasks {
		other, votes := shareOf(snapshot, i, place, on), &tasks
		if snapshot.Graph.Tasks[i].Source() && !(snapshot.Tasks[i].Busy.Max > sourceWorks) {
			votes = &sources
		}
		switch {
		case i == root:
		case !other.comparable():
			hot = hot || other.hot && !other.manyRecords()
		case other.costs():
			votes.agree++
		default:
			votes.differ++
		}
	}
	if tasks.agree+tasks.differ == 0 {
		tasks = sources
	}
	agree, differ := tasks.agree, tasks.differ
	switch {
	case !own.comparable():
		return own.hot && !own.manyRecords() && hot && agree >= differ
	case agree+differ == 0: // one subtask may have a key that is dear
		return own.costs() && len(own.here) > 1 && !own.manyRecords()
	default: // where as many tasks agree as not, it is the root cause that decides
		most := agree > differ || agree == differ && len(own.here) > 1
		return own.costs() && most && !own.manyRecords()
	}
}

func hostOf(load *job.SubtaskLoad) string        { return load.Host }
func taskManagerOf(load *job.SubtaskLoad) string { return load.TaskManager }

// onlyPlace is the place where all hot subtasks of a root cause run; empty if there
// are several, or none is known.
func onlyPlace(load job.TaskLoad, root *Root, on func(*job.SubtaskLoad) string) (place string) {
	for i := range load.Subtasks {
		subtask := &load.Subtasks[i]
		if !root.IsHot(subtask.Subtask) {
			continue
		}
		if at := on(subtask); at == "" || place != "" && at != place {
			return ""
		} else {
			place = at
		}
	}
	return place
}

// placeShare compares the subtasks of a task in a place with those elsewhere.
type placeShare struct {
	here      []placed
	elsewhere placed // their sum
	count     int    // of those elsewhere
	// hot is set where all subtasks here are hot, and none elsewhere.
	hot bool
}

// placed is how busy subtasks are, and their records a second, NaN where those are not
// known.
type placed struct{ busy, records float64 }

func shareOf(snapshot *job.Snapshot, task int, place string, on func(*job.SubtaskLoad) string) (share placeShare) {
	load := snapshot.Tasks[task]
	least := hotAbove(load)
	share.hot = load.Busy.Max > half
	for i := range load.Subtasks {
		subtask := &load.Subtasks[i]
		if !subtask.Busy.Known() {
			continue
		}
		work := placed{float64(subtask.Busy), subtask.RecordsIn}
		if snapshot.Graph.Tasks[task].Source() {
			work.records = subtask.RecordsOut
		}
		there := on(subtask) == place
		if there {
			share.here = append(share.here, work)
		} else {
			share.elsewhere.busy, share.elsewhere.records = share.elsewhere.busy+work.busy, share.elsewhere.records+work.records
			share.count++
		}
		share.hot = share.hot && there == (subtask.Busy > least)
	}
	share.hot = share.hot && len(share.here) > 0 && len(share.here) <= share.count
	return share
}

const (
	// Subtasks with more than manyTimes the mean records of the others have a hot
	// key.
	manyTimes = 2
	// costlier is how many times longer a slow machine takes for a record, and
	// leastBusy how busy a subtask has to be for that to be measured.
	costlier  = 1.5
	leastBusy = 0.05
	// sourceWorks is from what busy share on a source takes its time for work, which a slow
	// machine would show.
	sourceWorks job.Share = 0.25
)

// manyRecords reports whether the subtasks here have many times the records of those
// elsewhere.
func (s placeShare) manyRecords() bool {
	records := 0.0
	for _, work := range s.here {
		records += work.records
	}
	return records/float64(len(s.here)) > manyTimes*s.elsewhere.records/float64(s.count)
}

// comparable reports whether it is known how long records take here and elsewhere.
func (s placeShare) comparable() bool {
	return s.elsewhere.records > 0 && slices.ContainsFunc(s.here, placed.measurable)
}

func (p placed) measurable() bool { return p.busy > leastBusy && p.records > 0 }

// costs reports whether a record takes longer here than elsewhere, whichever subtask
// works on it.
func (s placeShare) costs() bool {
	return !slices.ContainsFunc(s.here, func(work placed) bool {
		return work.measurable() && work.busy/work.records <= costlier*s.elsewhere.busy/s.elsewhere.records
	})
}
