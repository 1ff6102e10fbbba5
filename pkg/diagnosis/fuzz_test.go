package diagnosis_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// bytesOf reads choices from the bytes of a fuzz input; zeros where it has ended.
type bytesOf []byte

func (b *bytesOf) below(n int) int {
	if len(*b) == 0 {
		return 0
	}
	next := int((*b)[0])
	*b = (*b)[1:]
	return next % n
}

func choice[T any](b *bytesOf, of []T) T { return of[b.below(len(of))] }

// What subtasks report in fuzz inputs, some of which no Flink does.
var (
	fuzzShares = []job.Share{job.Unknown, 0, 0.02, 0.05, 0.12, 0.3, 0.5, 0.7, 0.9, 0.96, 0.99, 1, 3, -1, job.Share(math.Inf(1)), job.Share(math.Inf(-1))}
	fuzzRates  = []float64{math.NaN(), 0, 1, 99, 5000, math.Inf(1), math.Inf(-1), -7}
	fuzzStates = []job.State{job.Running, "INITIALIZING", job.Finished, "CREATED", job.Failed, ""}
	fuzzWhys   = []job.Reason{"", job.NoMetrics, job.WaitsForSlot, job.Restarted}
)

// fuzzSnapshot makes a snapshot of the bytes: of a graph that may have cycles and edges
// to nowhere, and of shares that may add up to anything. In order they are: the number of
// tasks; whether edges are unknown; the job's type and state; for each task its
// parallelism and state and the number of its subtasks, and for each of those its three
// shares, two rates, state and reason; the number of edges, and for each its ends and
// whether it is forward; by how much the Forward of tasks is too long or too short; the
// number of pools, and for each how full they are.
func fuzzSnapshot(data []byte) *job.Snapshot {
	b := bytesOf(data)
	tasks := make([]job.Task, b.below(9))
	unknown := b.below(8) == 1
	info := job.Info{ID: "j", Name: "orders", Type: choice(&b, []job.Type{job.Streaming, job.Batch}), State: choice(&b, fuzzStates)}
	loads := make([][]job.SubtaskLoad, len(tasks))
	byID := map[string][]job.SubtaskLoad{}
	for t := range tasks {
		tasks[t] = job.Task{ID: fmt.Sprint("id-", t), Name: fmt.Sprint("task-", t), Parallelism: b.below(6) - 1, State: choice(&b, fuzzStates)}
		for s := range b.below(6) {
			shares := job.Shares{Idle: choice(&b, fuzzShares), Busy: choice(&b, fuzzShares), Backpressured: choice(&b, fuzzShares)}
			byID[tasks[t].ID] = append(byID[tasks[t].ID], job.SubtaskLoad{
				Subtask: s, Shares: shares, RecordsIn: choice(&b, fuzzRates), RecordsOut: choice(&b, fuzzRates),
				State: choice(&b, fuzzStates), Why: choice(&b, fuzzWhys), Host: fmt.Sprint("host-", s%2), TaskManager: fmt.Sprint("tm-", s%3),
			})
		}
	}
	var edges []job.Edge
	for range b.below(20) {
		edges = append(edges, job.Edge{From: fmt.Sprint("id-", b.below(9)), To: fmt.Sprint("id-", b.below(9)), Forward: b.below(2) == 1})
	}
	graph := job.NewGraph(tasks, edges)
	graph.EdgesUnknown = unknown
	longer := b.below(4) - 1
	for t := range graph.Tasks {
		if task := &graph.Tasks[t]; longer < 0 { // as it should be
			continue
		} else if longer == 0 {
			task.Forward = nil
		} else {
			task.Forward = append(slices.Clone(task.Forward), true, true)[:max(len(task.Forward)+3-2*longer, 0)]
		}
	}
	for t, task := range graph.Tasks {
		loads[t] = byID[task.ID]
	}
	at := time.Unix(1_700_000_000, 0)
	snapshot := job.FromLoads(job.Snapshot{Job: info, Graph: graph, At: at, From: at.Add(-window), To: at, Source: job.FromCounters}, loads)
	for range b.below(12) {
		snapshot.Answers = append(snapshot.Answers, job.Answer{Out: choice(&b, fuzzShares), In: choice(&b, fuzzShares)})
	}
	return snapshot
}

// Whatever Flink, or Prometheus, may answer, a verdict is made of it that keeps its
// promises, and it can be explained.
func FuzzDiagnose(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		snapshot := fuzzSnapshot(data)
		verdict := diagnosis.Diagnose(snapshot)
		checkRoots(t, verdict)
		tasks := make([]int, len(snapshot.Tasks))
		for i := range tasks {
			tasks[i] = i
			verdict.TaskStatus(i)
			for s := range snapshot.Tasks[i].Subtasks {
				verdict.SubtaskStatus(i, &snapshot.Tasks[i].Subtasks[s])
			}
			if skew := diagnosis.Skew(snapshot.Graph.Tasks[i], snapshot.Tasks[i]); skew < 0 || skew > 1 {
				t.Errorf("the skew of %d is %v", i, skew)
			}
		}
		if len(verdict.Roots) > 0 && verdict.Clear(tasks) && verdict.WorstRoot(tasks) == nil {
			t.Error("no task is to blame, though there are root causes")
		}
		if summary := verdict.Summary(); len(summary.Tasks) != len(tasks) || summary.Job.Clear != (verdict.Kind == diagnosis.None) {
			t.Errorf("the summary has %d tasks, and is clear %v", len(summary.Tasks), summary.Job.Clear)
		}
		if again := diagnosis.Diagnose(snapshot); again.Kind != verdict.Kind || !slices.EqualFunc(named(again), named(verdict), same) || !slices.Equal(again.InQuestion, verdict.InQuestion) {
			t.Errorf("made again it is %s %+v, and was %s %+v", again.Kind, named(again), verdict.Kind, named(verdict))
		}
		if snapshot.MeasuredTasks() == 0 && verdict.Kind != diagnosis.NotKnown {
			t.Errorf("of what is not measured at all the verdict is %s", verdict.Kind)
		}
		isSentence(t, diagnosis.Looked(snapshot, verdict.Kind))
	})
}

// checkRoots checks the root causes of a verdict, and what is in question.
func checkRoots(t *testing.T, verdict *diagnosis.Verdict) {
	t.Helper()
	snapshot := verdict.Snapshot
	tasks := len(snapshot.Tasks)
	if (verdict.Kind == diagnosis.None || verdict.Kind == diagnosis.NotKnown) != (len(verdict.Roots) == 0) {
		t.Fatalf("a verdict of kind %q has %d roots", verdict.Kind, len(verdict.Roots))
	}
	if len(verdict.Roots) > 0 && verdict.Kind != verdict.Roots[0].Kind {
		t.Errorf("a verdict of kind %q has a root of kind %q first", verdict.Kind, verdict.Roots[0].Kind)
	}
	seen, last := map[int]bool{}, job.Share(1)
	for _, root := range verdict.Roots {
		if root.Task < 0 || root.Task >= tasks || root.Upstream < -1 || root.Upstream >= tasks || root.Instead < -1 || root.Instead >= tasks || seen[root.Task] {
			t.Fatalf("of %d tasks a root is %+v", tasks, root)
		}
		seen[root.Task] = true
		if !(root.Severity >= 0 && root.Severity <= last) {
			t.Errorf("the severity of %d is %v, after %v", root.Task, root.Severity, last)
		}
		last = root.Severity
		for _, hot := range root.Hot {
			if hot < 0 || hot >= len(snapshot.Tasks[root.Task].Subtasks) || !root.IsHot(hot) {
				t.Errorf("subtask %d of %d is hot", hot, root.Task)
			}
		}
		isSentence(t, diagnosis.Explain(snapshot, root))
		isSentence(t, diagnosis.Advise(snapshot, root))
	}
	for i, question := range verdict.InQuestion {
		if question.Task < 0 || question.Task >= tasks || slices.Contains(verdict.InQuestion[:i], question) {
			t.Errorf("of %d tasks in question are %+v", tasks, verdict.InQuestion)
		}
	}
}
