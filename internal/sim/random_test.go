package sim_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// What the plugin finds in random jobs is what holds them back.
func TestVerdictsOfRandomJobs(t *testing.T) {
	kinds := map[string]int{}
	for seed := range uint64(400) {
		var differences []string
		synctest.Test(t, func(t *testing.T) {
			made := sim.Random(seed)
			version := []string{"1.13.6", "1.16.3", "1.20.5", "2.3.0"}[seed%4]
			snapshot := measured(t, &sim.Cluster{Version: version, Fetch: 10 * time.Second, Jobs: []*sim.Job{made}})
			differences = compare(made, snapshot)
			kinds[made.Truth(snapshot.At).Kind]++
		})
		for _, difference := range differences {
			t.Errorf("seed %d: %s", seed, difference)
		}
	}
	for _, kind := range []string{"capacity", "skew", "machine", "source", "none"} {
		if kinds[kind] < 10 {
			t.Errorf("only %d jobs whose truth is %s: %v", kinds[kind], kind, kinds)
		}
	}
}

const (
	// slight is how much backpressure does not count: checkpoints alone cause
	// as much.
	slight = 0.25
	// limit is how busy a task may be and count as at its limit. Several that
	// are so busy share the blame.
	limit = 0.9
	// heldBack is the share from which Flink calls a task backpressured.
	heldBack = 0.1
)

// compare lists what the verdict blames wrongly, and what it overlooks.
func compare(made *sim.Job, snapshot *job.Snapshot) (differences []string) {
	truth := made.Truth(snapshot.At)
	blamed := map[int]bool{}
	for _, root := range diagnosis.Diagnose(snapshot).Roots {
		task := slices.IndexFunc(made.Tasks, func(t sim.Task) bool { return t.ID == snapshot.Graph.Tasks[root.Task].ID })
		blamed[task] = true
		at := slices.IndexFunc(truth.Bottlenecks, func(b sim.Bottleneck) bool { return b.Task == task })
		switch {
		case at < 0 && most(made, snapshot.At, task, busy) < limit:
			differences = append(differences, fmt.Sprintf("%s is blamed, truly %+v", made.Tasks[task].Name, truth.Bottlenecks))
		case at >= 0 && !same(snapshot, root, made, truth.Bottlenecks[at]):
			differences = append(differences, fmt.Sprintf("found %+v, truly %+v", root, truth.Bottlenecks[at]))
		}
	}
	parts := regions(made, snapshot.At)
	for _, bottleneck := range truth.Bottlenecks {
		shared := false
		for task := range blamed {
			shared = shared || parts[task] == parts[bottleneck.Task]
		}
		if bottleneck.Severity > slight && !shared && !sleeps(made, snapshot.At, bottleneck) {
			differences = append(differences, fmt.Sprintf("%+v is overlooked", bottleneck))
		}
	}
	return differences
}

// sleeps reports whether a source at its limit cannot be distinguished from one that
// waits on the task's thread: it emits few records, or what is below has little to do.
func sleeps(made *sim.Job, at time.Time, source sim.Bottleneck) bool {
	below, few, reached := 0.0, true, map[int]bool{source.Task: true}
	for t, task := range made.Tasks {
		if slices.ContainsFunc(task.Inputs, func(input int) bool { return reached[input] }) {
			reached[t] = true
			below = max(below, most(made, at, t, busy))
		}
	}
	for _, s := range source.Hot {
		few = few && made.Load(source.Task, s, at).RecordsOut < 100
	}
	return source.Kind == "source" && (few || below < 0.1)
}

func busy(load sim.Load) float64          { return load.Busy }
func backpressured(load sim.Load) float64 { return load.Backpressured }

// most is the highest share over a task's subtasks.
func most(made *sim.Job, at time.Time, task int, share func(sim.Load) float64) (highest float64) {
	for s := range made.Tasks[task].Parallelism {
		highest = max(highest, share(made.Load(task, s, at)))
	}
	return highest
}

// regions number the tasks by the region of backpressure that they are in.
func regions(made *sim.Job, at time.Time) []int {
	region := make([]int, len(made.Tasks))
	for t := range region {
		region[t] = t
	}
	for t, task := range made.Tasks {
		for _, input := range task.Inputs {
			if most(made, at, input, backpressured) > heldBack {
				joined, into := region[t], region[input]
				for other := range region {
					if region[other] == joined {
						region[other] = into
					}
				}
			}
		}
	}
	return region
}
