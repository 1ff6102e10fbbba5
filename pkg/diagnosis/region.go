package diagnosis

import "github.com/flinkscope/flinkscope-flink-datasource/pkg/job"

// region is a connected part of a job's graph in which backpressure runs
// upstream: the tasks that are held back and those that they wait for.
type region struct {
	// candidates are the tasks that some held-back task feeds and that are
	// not backpressured themselves, by index into Graph.Tasks.
	candidates []int
	// worst is the highest backpressure of a task that is held back.
	worst job.Share
}

// checkpoints is how much backpressure aligned checkpoints alone can cause
// (0.06 to 0.23 was seen), though nothing below is slow.
const checkpoints job.Share = 0.25

// heldBack tells whether a task waits for a task below it more than
// checkpoints explain.
func heldBack(load job.TaskLoad) bool { return load.Backpressured.Max > checkpoints }

// joins tells whether a task waits for a task below it often enough for Flink
// to speak of backpressure at all: then they are of one region.
func joins(load job.TaskLoad) bool { return load.Backpressured.Max > lowest }

// regions finds the regions of a job, each with the tasks that may hold it
// back. An edge belongs to one if its upper task is held back.
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
		fed := fedByHeldBack(snapshot, i)
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
		if fed && !(load.Backpressured.Max > half) {
			part.candidates = append(part.candidates, i)
		}
	}
	return found
}

// fedByHeldBack tells whether a direct input of the task is held back.
func fedByHeldBack(snapshot *job.Snapshot, task int) bool {
	for _, input := range snapshot.Graph.Tasks[task].Inputs {
		if joins(snapshot.Tasks[input]) {
			return true
		}
	}
	return false
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
