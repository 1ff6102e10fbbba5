package diagnosis

import "github.com/flinkscope/flinkscope-flink-datasource/pkg/job"

// A source that is busy all the time while nothing is backpressured is as fast as the
// job gets, or it waits on the task's thread between records, for a poll or a rate
// limit, which Flink counts as busy time. The two look alike in all that is measured of
// time.

const (
	// fewRecords is how many records a second a subtask emits of which each takes so
	// long that it rather waits than works.
	fewRecords = 100
	// doubt is by how much a source counts less than a task that others are known to
	// wait for: it may always only wait. So a rule that fires above a half does not for a
	// source alone.
	doubt job.Share = 0.5
	// calm is how busy the tasks below a source are that has next to nothing for them.
	calm job.Share = 0.1
)

// sourcesAtLimit finds, in the connected parts of a job that nothing holds
// back, the sources that are busy all the time: the job goes as fast as they
// do. A job that is one chained task is such a source. Those that may only wait are
// returned apart, by their index.
func sourcesAtLimit(snapshot *job.Snapshot) (roots []Root, mayWait []int) {
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
		if !snapshot.Graph.Tasks[i].Source() || !(load.Busy.Max > limit) || !load.Known() || held[parts.root(i)] {
			continue
		}
		if onlyWaits(snapshot, i) {
			mayWait = append(mayWait, i)
			continue
		}
		root := Root{Task: i, Kind: AtSource, Severity: load.Busy.Max * doubt, Upstream: -1, Instead: -1}
		root.setHot(load)
		roots = append(roots, root)
	}
	return roots, mayWait
}

// onlyWaits reports whether a source that is busy all the time may wait rather than
// work: it emits few records, or all that is below it is idle. Of a job that is one
// chained task neither is known.
func onlyWaits(snapshot *job.Snapshot, source int) bool {
	if len(snapshot.Graph.Tasks[source].Outputs) == 0 {
		return false
	}
	load := snapshot.Tasks[source]
	few := true
	for i := range load.Subtasks {
		if subtask := &load.Subtasks[i]; subtask.Busy > limit && !(subtask.RecordsOut < fewRecords) {
			few = false
		}
	}
	return few || busiestBelow(snapshot, source) < calm
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
