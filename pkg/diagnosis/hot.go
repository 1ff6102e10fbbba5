package diagnosis

import (
	"cmp"
	"slices"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

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
