package sim_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// mayBeUnknown is a job that nothing holds back, whose verdict may be unknown:
// from Flink 1.13 one cannot see that it is a batch job, whose tasks have yet to
// begin, and not one that lacks slots.
const mayBeUnknown = "batch 1.13.6"

// changing are jobs that change within a window, so that no one moment is the
// truth of it.
var changing = []string{"varying", "failing", "just-submitted", "alternating", "alternating-fast"}

// What the plugin finds in each ready-made job is what the simulation knows of
// it, at any version.
func TestVerdictsOfReadyJobs(t *testing.T) {
	for _, name := range sim.Names() {
		for _, version := range []string{"1.13.6", "1.16.3", "1.20.5", "2.3.0"} {
			if slices.Contains(changing, name) {
				continue
			}
			t.Run(name+" "+version, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					cluster := ready(t, version, name)
					snapshot := measured(t, cluster)
					verdict, truth := diagnosis.Diagnose(snapshot), cluster.Jobs[0].Truth(time.Now())
					if string(verdict.Kind) != truth.Kind && !(verdict.Kind == diagnosis.NotKnown && name+" "+version == mayBeUnknown) {
						t.Errorf("the kind is %s, truly %s", verdict.Kind, truth.Kind)
					}
					if len(verdict.Roots) != len(truth.Bottlenecks) {
						t.Fatalf("found %+v, truly %+v", verdict.Roots, truth.Bottlenecks)
					}
					for i, root := range verdict.Roots {
						if !same(snapshot, root, cluster.Jobs[0], truth.Bottlenecks[i]) {
							t.Errorf("found %+v, truly %+v", root, truth.Bottlenecks[i])
						}
					}
				})
			})
		}
	}
}

// same reports whether a root cause is the true bottleneck. Gauges of old
// versions are whole milliseconds a second.
func same(snapshot *job.Snapshot, root diagnosis.Root, made *sim.Job, truth sim.Bottleneck) bool {
	kind, tolerance := string(root.Kind) == truth.Kind, 0.005
	if len(made.Truth(snapshot.At).Bottlenecks) > 1 { // which of the two a task waits for may be within the noise
		tolerance = 0.03
	}
	severity := truth.Severity
	if truth.Kind == "source" && math.IsNaN(snapshot.Tasks[root.Task].RecordsOut) { // what is pending has nothing to be compared with
		severity = most(made, snapshot.At, truth.Task, busy) / 2
	}
	if root.Kind == diagnosis.Skewed && truth.Kind == "machine" {
		kind = looksLikeAKey(snapshot.Tasks[root.Task], root)
	}
	return snapshot.Graph.Tasks[root.Task].ID == made.Tasks[truth.Task].ID && kind &&
		slices.Equal(slices.Sorted(slices.Values(root.Hot)), truth.Hot) && len(root.Hosts) == len(truth.Hosts) &&
		math.Abs(float64(root.Severity)-severity) < tolerance
}

// looksLikeAKey reports whether a slow machine cannot be distinguished from a hot key,
// or is not the only cause: no records are counted, as before Flink 1.16, one subtask
// alone is hot, or the hot ones have many times the records of the others.
func looksLikeAKey(load job.TaskLoad, root diagnosis.Root) bool {
	hot, others := 0.0, 0.0
	for _, subtask := range load.Subtasks {
		if root.IsHot(subtask.Subtask) {
			hot += subtask.RecordsIn / float64(len(root.Hot))
		} else {
			others += subtask.RecordsIn / float64(len(load.Subtasks)-len(root.Hot))
		}
	}
	return math.IsNaN(hot+others) || len(root.Hot) == 1 || hot > 2*others
}

// The bottleneck moves, and the verdict with it.
func TestVerdictMovesWithTheBottleneck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := &sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second, Jobs: []*sim.Job{sim.Moved(time.Hour + time.Minute)}}
		for _, want := range []string{"early", "late"} {
			snapshot := measured(t, cluster)
			verdict := diagnosis.Diagnose(snapshot)
			truth := cluster.Jobs[0].Truth(time.Now())
			if len(verdict.Roots) != 1 || len(truth.Bottlenecks) != 1 || snapshot.Graph.Tasks[verdict.Roots[0].Task].Name != want || truth.Bottlenecks[0].Name != want {
				t.Errorf("found %+v, truly %+v, want %s", verdict.Roots, truth.Bottlenecks, want)
			}
			time.Sleep(time.Minute)
		}
	})
}

// While a job is too young, or fails too often, to be measured, there is no
// verdict.
func TestNoVerdictInTheWarmUp(t *testing.T) {
	for _, name := range []string{"just-submitted", "failing"} {
		for _, version := range []string{"1.13.6", "1.16.3", "2.3.0"} {
			t.Run(fmt.Sprint(name, version), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					cluster := ready(t, version, name)
					cluster.Fetch = time.Second
					for range 4 {
						if verdict := diagnosis.Diagnose(measured(t, cluster)); verdict.Kind != diagnosis.NotKnown {
							t.Errorf("%s after the start the verdict is %+v", time.Since(cluster.Jobs[0].Start), verdict)
						}
					}
				})
			})
		}
	}
}

// Unfinished waits that count as busy do not change what is named.
func TestVerdictsSurviveNoise(t *testing.T) {
	for _, name := range []string{"bottleneck", "healthy", "skew", "slow-sink", "two-sources", "slow-machine", "uncounted"} {
		for seed := range uint64(5) {
			t.Run(fmt.Sprint(name, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					cluster := ready(t, "2.3.0", name)
					cluster.Noise, cluster.Seed = 286*time.Millisecond, seed
					verdict, truth := diagnosis.Diagnose(measured(t, cluster)), cluster.Jobs[0].Truth(time.Now())
					if string(verdict.Kind) != truth.Kind || len(verdict.Roots) != len(truth.Bottlenecks) {
						t.Errorf("found %+v, truly %+v", verdict, truth)
					}
				})
			})
		}
	}
}
