package diagnosis

import (
	"cmp"
	"slices"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// hot lists the subtasks that are busy most of their time, hottest first, and
// the hosts that they run on. Where none is, as the load comes in bursts, it
// lists those about as busy as the busiest; none where nothing works at all.
func hot(load job.TaskLoad) (subtasks []int, hosts []string) {
	least := min(half, load.Busy.Max*9/10)
	if !(load.Busy.Max > lowest) {
		return nil, nil
	}
	var busy []job.SubtaskLoad
	for _, subtask := range load.Subtasks {
		if subtask.Busy > least {
			busy = append(busy, subtask)
		}
	}
	slices.SortStableFunc(busy, func(a, b job.SubtaskLoad) int { return cmp.Compare(b.Busy, a.Busy) })
	for _, subtask := range busy {
		subtasks = append(subtasks, subtask.Subtask)
		if subtask.Host != "" && !slices.Contains(hosts, subtask.Host) {
			hosts = append(hosts, subtask.Host)
		}
	}
	return subtasks, hosts
}

// measured counts the subtasks whose busy share is known.
func measured(load job.TaskLoad) (known int) {
	for _, subtask := range load.Subtasks {
		if subtask.Busy.Known() {
			known++
		}
	}
	return known
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
			root.Hot, root.Hosts = hot(load)
			roots = append(roots, root)
		}
	}
	return roots
}

// machines turns skew into machine where the cause is the host: all hot
// subtasks of several tasks, and of no more than half of each, sit on it,
// though the job runs on others too.
func machines(snapshot *job.Snapshot, roots []Root) {
	if len(hostsOf(snapshot)) < 2 {
		return
	}
	for i, root := range roots {
		if root.Kind == Skewed && len(root.Hosts) == 1 && hotTasksOn(snapshot, root.Hosts[0]) > 1 {
			roots[i].Kind = Machine
		}
	}
}

// hotTasksOn counts the tasks whose only hot subtasks, few of theirs, sit on
// the host.
func hotTasksOn(snapshot *job.Snapshot, host string) (tasks int) {
	for _, load := range snapshot.Tasks {
		subtasks, hosts := hot(load)
		if load.Busy.Max > half && kindOf(load, subtasks) == Skewed && len(hosts) == 1 && hosts[0] == host {
			tasks++
		}
	}
	return tasks
}

func hostsOf(snapshot *job.Snapshot) map[string]bool {
	hosts := map[string]bool{}
	for _, load := range snapshot.Tasks {
		for _, subtask := range load.Subtasks {
			if subtask.Host != "" {
				hosts[subtask.Host] = true
			}
		}
	}
	return hosts
}

// blind tells whether something that was not measured could hold the job
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

// notYet tells whether a task of a batch job waits for its turn, which holds
// nothing back.
func notYet(info job.Info, task job.Task) bool {
	return info.Type == job.Batch && task.State == "CREATED"
}
