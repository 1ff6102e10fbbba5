package diagnosis_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// The load of a TaskManager is that of the subtasks that run on it, of all tasks and
// jobs; what is not measured or runs nowhere does not count as idle.
func TestTaskManagerLoads(t *testing.T) {
	orders := snapshotOf(chain(
		task("in", at(0.1, 0.8).by("tm-1", "a"), at(0.1, 0.9).by("tm-2", "b")),
		task("out", at(1, 0).by("tm-1", "a"), at(0.3, 0).by("tm-2", "b"), noMetrics.by("tm-2", "b"), in("SCHEDULED").by("tm-2", "b"), at(1, 0)))...)
	clicks := snapshotOf(task("in", at(0.4, 0).by("tm-2", "b")), task("out", noMetrics.by("tm-3", "")))
	for name, c := range map[string]struct {
		add  func(diagnosis.TaskManagerLoads)
		want map[string]string
	}{
		"nothing": {func(diagnosis.TaskManagerLoads) {}, map[string]string{}},
		"one job": {func(l diagnosis.TaskManagerLoads) { l.Add(orders, []int{0, 1}) }, map[string]string{
			"tm-1": "a: 2 of 1, busy 0.55 to 1.00, backpressured 0.80",
			"tm-2": "b: 3 of 1, busy 0.20 to 0.30, backpressured 0.90",
		}},
		"one task": {func(l diagnosis.TaskManagerLoads) { l.Add(orders, []int{0}) }, map[string]string{
			"tm-1": "a: 1 of 1, busy 0.10 to 0.10, backpressured 0.80",
			"tm-2": "b: 1 of 1, busy 0.10 to 0.10, backpressured 0.90",
		}},
		"two jobs": {func(l diagnosis.TaskManagerLoads) { l.Add(orders, []int{0, 1}); l.Add(clicks, []int{0, 1}) }, map[string]string{
			"tm-1": "a: 2 of 1, busy 0.55 to 1.00, backpressured 0.80",
			"tm-2": "b: 4 of 2, busy 0.27 to 0.40, backpressured 0.90",
			"tm-3": ": 1 of 1, busy NaN to NaN, backpressured NaN",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			loads, got := diagnosis.TaskManagerLoads{}, map[string]string{}
			c.add(loads)
			for id, l := range loads {
				got[id] = fmt.Sprintf("%s: %d of %d, busy %.2f to %.2f, backpressured %.2f", l.Host, l.Running, l.Jobs, l.BusyAvg, l.BusyMax, l.BackpressuredMax)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The worst load comes first; what is not known comes last.
func TestOrderOfTaskManagerLoads(t *testing.T) {
	load := func(running int, average, highest job.Share) diagnosis.TaskManagerLoad {
		return diagnosis.TaskManagerLoad{Running: running, BusyAvg: average, BusyMax: highest}
	}
	want := []diagnosis.TaskManagerLoad{load(2, 0.5, 1), load(9, 0.4, 1), load(3, 0.4, 0.9), load(2, 0.4, 0.9), load(8, 0, 0), load(1, job.Unknown, job.Unknown), diagnosis.NoLoad}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, diagnosis.TaskManagerLoad.Compare)
	for i := range want {
		if got[i].Compare(want[i]) != 0 {
			t.Errorf("the %dth is %+v, want %+v", i, got[i], want[i])
		}
	}
}

// manager is a TaskManager whose usage is known in part.
func manager(id string, cpu, gc job.Share, cores float64) job.TaskManager {
	of := job.UnknownTaskManager(id)
	of.CPU, of.GC, of.Cores = cpu, gc, cores
	return of
}

// What is short on a TaskManager is named with its figure, and how that differs from
// the others'; what is not known, or not short, is not.
func TestExplainTaskManagers(t *testing.T) {
	const no = -1
	unknown := job.Unknown
	all := func(managers ...job.TaskManager) []job.TaskManager { return managers }
	for name, c := range map[string]struct {
		kind        diagnosis.Kind
		hot, others []job.TaskManager
		want        string
	}{
		"garbage collection": {
			diagnosis.Machine, all(manager("tm-3", 0.5, 0.4, 4)), all(manager("tm-1", 0.3, 0.02, 4), manager("tm-2", 0.3, 0.01, 4)),
			"TaskManager tm-3 spends 40 % of its time in garbage collection (others up to 2 %).",
		},
		"the CPU": {
			diagnosis.Capacity, all(manager("tm-3", 0.98, 0.02, 4)), all(manager("tm-1", 0.3, 0.02, 4)),
			"TaskManager tm-3 has its CPU at the limit (98 % of 4 cores) (another 30 %).",
		},
		"both": {
			diagnosis.Skewed, all(manager("tm-3", 0.9, 0.1, 1)), nil,
			"TaskManager tm-3 spends 10 % of its time in garbage collection and has its CPU at the limit (90 % of 1 core).",
		},
		"cores that are not known": {
			diagnosis.Capacity, all(manager("tm-3", 1, unknown, job.UnknownTaskManager("").Cores)), all(manager("tm-1", unknown, unknown, 4)),
			"TaskManager tm-3 has its CPU at the limit (100 % of its cores).",
		},
		"of several one": {
			diagnosis.Capacity, all(manager("tm-1", 0.2, 0.01, 4), manager("tm-2", 0.2, 0.3, 4)), nil,
			"TaskManager tm-2 spends 30 % of its time in garbage collection.",
		},
		"each of several": {
			diagnosis.Capacity, all(manager("tm-1", 0.95, 0.01, 4), manager("tm-2", 0.99, 0.03, 4)), nil,
			"TaskManager tm-1 has its CPU at the limit (95 % of 4 cores). TaskManager tm-2 has its CPU at the limit (99 % of 4 cores).",
		},
		"a machine that is slow for another reason": {
			diagnosis.Machine, all(manager("tm-3", 0.35, 0.02, 8)), all(manager("tm-1", 0.3, 0.02, 8)),
			"TaskManager tm-3 uses 35 % of 8 cores and spends 2 % of its time in garbage collection: neither is at its limit.",
		},
		"a machine of which one is not known": {diagnosis.Machine, all(manager("tm-3", 0.35, unknown, 8)), nil, ""},
		"nothing stands out":                  {diagnosis.Skewed, all(manager("tm-3", 0.89, 0.09, 8)), nil, ""},
		"nothing is known":                    {diagnosis.Machine, all(manager("tm-3", unknown, unknown, no)), nil, ""},
		"none":                                {diagnosis.Machine, nil, all(manager("tm-1", 1, 1, 4)), ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := diagnosis.ExplainTaskManagers(c.kind, c.hot, c.others); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// A root cause is looked at by its TaskManagers if they are few.
func TestHotTaskManagers(t *testing.T) {
	for managers, want := range map[int]int{0: 0, 1: 1, 4: 4, 5: 0} {
		root := diagnosis.Root{}
		for i := range managers {
			root.TaskManagers = append(root.TaskManagers, fmt.Sprint("tm-", i))
		}
		if got := diagnosis.HotTaskManagers(&root); len(got) != want {
			t.Errorf("of %d TaskManagers %v are looked at", managers, got)
		}
	}
}

// Whatever subtasks report, no load is a number that is none, and counts add up.
func FuzzTaskManagerLoads(f *testing.F) {
	f.Add([]byte{3, 0, 0, 0, 2, 0, 2, 1, 2, 3, 4, 5, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		snapshot, loads, running := fuzzSnapshot(data), diagnosis.TaskManagerLoads{}, 0
		for task, load := range snapshot.Tasks {
			loads.Add(snapshot, []int{task})
			for _, subtask := range load.Subtasks {
				if subtask.State == job.Running && subtask.TaskManager != "" {
					running++
				}
			}
		}
		for id := range maps.Keys(loads) {
			if running -= loads[id].Running; loads[id].Jobs != 1 || loads[id].Running < 1 || loads[id].BusyAvg > loads[id].BusyMax+1e-9 {
				t.Errorf("%s has %+v", id, loads[id])
			}
		}
		if running != 0 {
			t.Errorf("%d subtasks more run than were counted", running)
		}
	})
}
