package diagnosis_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// randomJobs is how many jobs each property is tried on.
const randomJobs = 2000

// randomJob is an acyclic graph of up to twelve tasks with up to five
// subtasks each; a few of them are not measured, have ended, or do nothing.
func randomJob(random *rand.Rand) []node {
	nodes := make([]node, random.IntN(13))
	for i := range nodes {
		nodes[i] = task(fmt.Sprintf("task-%d", i))
		for range random.IntN(6) {
			nodes[i].subtasks = append(nodes[i].subtasks, randomSub(random))
		}
		for input := range i {
			if random.IntN(4) == 0 {
				nodes[i].from = append(nodes[i].from, nodes[input].name)
			}
		}
		if random.IntN(15) == 0 {
			nodes[i].state = job.Finished
		}
	}
	return nodes
}

func randomSub(random *rand.Rand) sub {
	host := fmt.Sprintf("host-%d", random.IntN(3))
	busy := random.Float64()
	switch random.IntN(8) {
	case 0:
		return noMetrics.on(host)
	case 1:
		return at(busy/10, 0).on(host)
	case 2, 3:
		return at(1-busy*busy, 0).on(host)
	default:
		return at(busy, (1-busy)*random.Float64()).on(host)
	}
}

// forRandomJobs tries a property on many jobs, the same ones each time.
func forRandomJobs(t *testing.T, holds func(t *testing.T, nodes []node, snapshot *job.Snapshot, verdict *diagnosis.Verdict)) {
	t.Helper()
	roots := 0
	for seed := range uint64(randomJobs) {
		nodes := randomJob(rand.New(rand.NewPCG(seed, 1)))
		snapshot, verdict := diagnosed(nodes...)
		roots += len(verdict.Roots)
		if holds(t, nodes, snapshot, verdict); t.Failed() {
			t.Fatalf("the job of seed %d: %+v", seed, nodes)
		}
	}
	if roots < randomJobs/4 {
		t.Errorf("only %d roots in %d jobs: the property was hardly tried", roots, randomJobs)
	}
}

// In any job a root cause is below a task that is backpressured, and some subtask of it
// is not backpressured most of the time itself; the worst comes first.
func TestEveryRootIsBelowSomethingHeldBackAndIsItselfNot(t *testing.T) {
	forRandomJobs(t, func(t *testing.T, _ []node, snapshot *job.Snapshot, verdict *diagnosis.Verdict) {
		seen := map[int]bool{}
		for _, root := range verdict.Roots {
			load := snapshot.Tasks[root.Task]
			waits := !slices.ContainsFunc(load.Subtasks, func(subtask job.SubtaskLoad) bool { return subtask.Backpressured <= 0.5 })
			last := len(snapshot.Graph.Tasks[root.Task].Outputs) == 0 // what it waits for is its own
			if !load.Known() || waits && !last {
				t.Errorf("%d is a root though all of its subtasks are backpressured", root.Task)
			}
			if !(root.Severity >= 0 && root.Severity <= 1) {
				t.Errorf("%d has severity %v", root.Task, root.Severity)
			}
			held := func(input int) bool { return snapshot.Tasks[input].Backpressured.Max > 0.01 }
			if inputs := snapshot.Graph.Tasks[root.Task].Inputs; root.Kind != diagnosis.AtSource && !slices.ContainsFunc(inputs, held) && !(last && root.Kind == diagnosis.UnmeasuredWork) {
				t.Errorf("%d is a root of kind %s though none of its inputs is held back", root.Task, root.Kind)
			}
			if seen[root.Task] {
				t.Errorf("%d is a root twice", root.Task)
			}
			seen[root.Task] = true
		}
		if !slices.IsSortedFunc(verdict.Roots, func(a, b diagnosis.Root) int { return int(100 * (b.Severity - a.Severity)) }) {
			t.Errorf("the roots are not worst first: %+v", verdict.Roots)
		}
		if (verdict.Kind == diagnosis.None || verdict.Kind == diagnosis.NotKnown) != (len(verdict.Roots) == 0) {
			t.Errorf("a verdict of kind %s has %d roots", verdict.Kind, len(verdict.Roots))
		}
	})
}

// The hot subtasks of a root cause are the busiest of its task, hottest first.
func TestHotSubtasksAreThoseOfTheTask(t *testing.T) {
	forRandomJobs(t, func(t *testing.T, _ []node, snapshot *job.Snapshot, verdict *diagnosis.Verdict) {
		for _, root := range verdict.Roots {
			load := snapshot.Tasks[root.Task]
			last := job.Share(1)
			for _, hot := range root.Hot {
				subtask := load.Subtasks[hot]
				if !(subtask.Busy <= last) || !slices.Contains(root.Hosts, subtask.Host) {
					t.Errorf("subtask %d of %d is hot: %v busy on %s, after %v on %v", hot, root.Task, subtask.Busy, subtask.Host, last, root.Hosts)
				}
				last = subtask.Busy
			}
			if len(root.Hot) > 0 && load.Subtasks[root.Hot[0]].Busy != load.Busy.Max {
				t.Errorf("the hottest subtask of %d is not the busiest", root.Task)
			}
			if (root.Kind == diagnosis.UnmeasuredWork) != (len(root.Hot) == 0) {
				t.Errorf("%d is of kind %s with hot subtasks %v", root.Task, root.Kind, root.Hot)
			}
		}
	})
}

// Flink lists tasks in whatever order its planner made them: the verdict is the same.
func TestVerdictDoesNotDependOnTheOrderOfTasks(t *testing.T) {
	sorted := func(verdict *diagnosis.Verdict) []root {
		roots := named(verdict)
		slices.SortFunc(roots, func(a, b root) int { return strings.Compare(a.task, b.task) })
		return roots
	}
	random := rand.New(rand.NewPCG(7, 7))
	forRandomJobs(t, func(t *testing.T, nodes []node, _ *job.Snapshot, verdict *diagnosis.Verdict) {
		shuffled := slices.Clone(nodes)
		random.Shuffle(len(shuffled), func(a, b int) { shuffled[a], shuffled[b] = shuffled[b], shuffled[a] })
		_, other := diagnosed(shuffled...)
		want, got := sorted(verdict), sorted(other)
		if !slices.EqualFunc(got, want, same) || verdict.Kind != other.Kind {
			t.Errorf("in another order %s %+v, want %s %+v", other.Kind, got, verdict.Kind, want)
		}
	})
}

// Each explanation and advice is a sentence that names the task, or the machine.
func TestEveryVerdictIsExplained(t *testing.T) {
	forRandomJobs(t, func(t *testing.T, _ []node, snapshot *job.Snapshot, verdict *diagnosis.Verdict) {
		for _, root := range verdict.Roots {
			name := snapshot.Graph.Tasks[root.Task].Name
			explained, advice := diagnosis.Explain(snapshot, root), diagnosis.Advise(snapshot, root)
			isSentence(t, explained)
			isSentence(t, advice)
			if !strings.Contains(explained, name) {
				t.Errorf("%q does not name %s", explained, name)
			}
			if root.Kind == diagnosis.Machine {
				name = root.Hosts[0] // the machine is to be looked at
			}
			if !strings.Contains(advice, name) {
				t.Errorf("%q does not name %s", advice, name)
			}
		}
		isSentence(t, diagnosis.Looked(snapshot, verdict.Kind))
	})
}

func isSentence(t *testing.T, text string) {
	t.Helper()
	if !strings.HasSuffix(text, ".") || strings.Contains(text, "NaN") || strings.Contains(text, "Inf") || strings.Contains(text, "%!") {
		t.Errorf("the text is %q", text)
	}
}
