package diagnosis

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// TaskManagerLoad is how the subtasks spend their time that run on one TaskManager, of all
// jobs that were looked at.
type TaskManagerLoad struct {
	// Host is the machine by what Flink reports of the subtasks; empty if it is not
	// known.
	Host string
	// Running counts the subtasks that run there, and Jobs how many jobs they are of.
	Running, Jobs int
	// BusyAvg is the mean of those whose busy share is known, BusyMax and
	// BackpressuredMax the highest share; Unknown if none is known.
	BusyAvg, BusyMax, BackpressuredMax job.Share

	busy  job.Share // their sum
	known int
	last  *job.Snapshot // the job that was added last
}

// NoLoad is that of a TaskManager on which no subtask runs.
var NoLoad = TaskManagerLoad{BusyAvg: job.Unknown, BusyMax: job.Unknown, BackpressuredMax: job.Unknown}

// TaskManagerLoads are those of a cluster's TaskManagers, by id.
type TaskManagerLoads map[string]*TaskManagerLoad

// Add adds the subtasks of these tasks of a job.
func (l TaskManagerLoads) Add(snapshot *job.Snapshot, tasks []int) {
	for _, task := range tasks {
		subtasks := snapshot.Tasks[task].Subtasks
		for i := range subtasks {
			if subtask := &subtasks[i]; subtask.State == job.Running && subtask.TaskManager != "" {
				l.add(snapshot, subtask)
			}
		}
	}
}

func (l TaskManagerLoads) add(snapshot *job.Snapshot, subtask *job.SubtaskLoad) {
	load := l[subtask.TaskManager]
	if load == nil {
		first := NoLoad
		load = &first
		l[subtask.TaskManager] = load
	}
	load.Host = cmp.Or(load.Host, subtask.Host)
	load.Running++
	if load.last != snapshot {
		load.last = snapshot
		load.Jobs++
	}
	if subtask.Busy.Known() {
		load.busy, load.known = load.busy+subtask.Busy, load.known+1
		load.BusyAvg, load.BusyMax = load.busy/job.Share(load.known), higher(load.BusyMax, subtask.Busy)
	}
	if subtask.Backpressured.Known() {
		load.BackpressuredMax = higher(load.BackpressuredMax, subtask.Backpressured)
	}
}

// higher is the higher of two shares, of which the first may be Unknown.
func higher(a, b job.Share) job.Share {
	if a > b {
		return a
	}
	return b
}

// Compare orders loads, the worst first: the busiest subtask, then how busy they are on
// average, then how many there are.
func (p TaskManagerLoad) Compare(other TaskManagerLoad) int {
	order := func(a, b job.Share) int { return cmp.Compare(orLeast(b), orLeast(a)) }
	return cmp.Or(order(p.BusyMax, other.BusyMax), order(p.BusyAvg, other.BusyAvg), cmp.Compare(other.Running, p.Running))
}

func orLeast(share job.Share) job.Share {
	if !share.Known() {
		return -1
	}
	return share
}

const (
	// muchGC is the share of time in garbage collection from which it is named: a process
	// that is well spends a few per cent on it.
	muchGC = 0.10
	// cpuLimit is the load from which a CPU has next to nothing left, as a mean of some
	// seconds seldom reaches 1.
	cpuLimit = 0.90
)

// ExplainTaskManagers describes in sentences which resource is short on the TaskManagers that
// the hot subtasks of a root cause run on; others are those of the cluster whose usage is
// known, too. It is empty where nothing stands out: of a root cause of kind [Machine] it
// has the figures even so, as they show what it is not.
func ExplainTaskManagers(kind Kind, hot, others []job.TaskManager) string {
	var sentences []string
	for _, manager := range hot {
		var facts []string
		if manager.GC >= muchGC {
			facts = append(facts, fmt.Sprintf("spends %s of its time in garbage collection%s", percent(manager.GC), compared(others, func(m job.TaskManager) job.Share { return m.GC })))
		}
		if manager.CPU >= cpuLimit {
			facts = append(facts, fmt.Sprintf("has its CPU at the limit (%s of %s)%s", percent(manager.CPU), cores(manager.Cores), compared(others, func(m job.TaskManager) job.Share { return m.CPU })))
		}
		switch {
		case len(facts) > 0:
			sentences = append(sentences, fmt.Sprintf("TaskManager %s %s.", manager.ID, strings.Join(facts, " and ")))
		case kind == Machine && manager.CPU.Known() && manager.GC.Known():
			sentences = append(sentences, fmt.Sprintf("TaskManager %s uses %s of %s and spends %s of its time in garbage collection: neither is at its limit.", manager.ID, percent(manager.CPU), cores(manager.Cores), percent(manager.GC)))
		}
	}
	return strings.Join(sentences, " ")
}

// compared is the highest value of the other TaskManagers, in brackets; empty if none
// is known.
func compared(others []job.TaskManager, value func(job.TaskManager) job.Share) string {
	highest, known := job.Unknown, 0
	for _, other := range others {
		if of := value(other); of.Known() {
			highest, known = higher(highest, of), known+1
		}
	}
	switch known {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf(" (another %s)", percent(highest))
	default:
		return fmt.Sprintf(" (others up to %s)", percent(highest))
	}
}

// cores names the processors of a TaskManager.
func cores(n float64) string {
	if !(n >= 1) || math.IsInf(n, 0) {
		return "its cores"
	}
	return count(int(n), "core")
}

// HotTaskManagers are the TaskManagers on which the hot subtasks of a root cause run, if they
// are so few that one or another may be the reason; nil if they are many, or none is
// known.
func HotTaskManagers(root *Root) []string {
	if len(root.TaskManagers) == 0 || len(root.TaskManagers) > maxHotTaskManagers {
		return nil
	}
	return slices.Clone(root.TaskManagers)
}

// maxHotTaskManagers is how many TaskManagers are looked at for one root cause.
const maxHotTaskManagers = 4
