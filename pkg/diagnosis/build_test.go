package diagnosis_test

import (
	"cmp"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// sub is how one subtask spends its time; what is left is idle.
type sub struct {
	busy, backpressured float64
	host, taskManager   string
	records             int64 // a second, in and out, where counted
	counted             bool
	unmeasured          bool
	state               job.State // RUNNING if empty
}

func at(busy, backpressured float64) sub { return sub{busy: busy, backpressured: backpressured} }

func (s sub) on(host string) sub { s.host = host; return s }

// by runs on a TaskManager of a host.
func (s sub) by(taskManager, host string) sub { s.taskManager, s.host = taskManager, host; return s }

func (s sub) handling(records int64) sub { s.records, s.counted = records, true; return s }

// in is a subtask that does not run, as while it restores.
func in(state job.State) sub { return sub{unmeasured: true, state: state} }

// noMetrics is a subtask that runs but has no metrics yet.
var noMetrics = sub{unmeasured: true}

// node is a task of a job, named by its id.
type node struct {
	name     string
	from     []string
	state    job.State
	subtasks []sub
}

func task(name string, subtasks ...sub) node {
	return node{name: name, state: job.Running, subtasks: subtasks}
}

// ended is a task that has done its work while the job goes on.
func ended(name string) node {
	return node{name: name, state: job.Finished, subtasks: make([]sub, 2)}
}

func (n node) after(inputs ...string) node { n.from = inputs; return n }

// chain feeds each task from the one before it.
func chain(nodes ...node) []node {
	for i := 1; i < len(nodes); i++ {
		nodes[i].from = []string{nodes[i-1].name}
	}
	return nodes
}

const window = 10 * time.Second

// snapshotOf measures the tasks the way a cluster's counters do: by two samples
// that are one fetch apart.
func snapshotOf(nodes ...node) *job.Snapshot {
	deriver := job.NewDeriver(job.MetricInterval{Fetch: window, Gauge: job.FromGauge60s})
	deriver.Add(sampleOf(nodes, 0))
	return deriver.Add(sampleOf(nodes, window))
}

func sampleOf(nodes []node, after time.Duration) *job.Sample {
	var tasks []job.Task
	var edges []job.Edge
	byID := map[string]node{}
	for _, n := range nodes {
		tasks = append(tasks, job.Task{ID: n.name, Name: n.name, State: n.state, Parallelism: len(n.subtasks)})
		for _, input := range n.from {
			edges = append(edges, job.Edge{From: input, To: n.name})
		}
		byID[n.name] = n
	}
	sample := &job.Sample{
		Job:   job.Info{ID: "j", Name: "orders", State: job.Running},
		Graph: job.NewGraph(tasks, edges),
		At:    time.Unix(1_700_000_000, 0).Add(after),
	}
	for _, t := range sample.Graph.Tasks {
		answer := job.TaskSample{}
		if t.State == job.Running {
			answer.Subtasks = byID[t.ID].samples(after)
		}
		sample.Tasks = append(sample.Tasks, answer)
	}
	return sample
}

func (n node) samples(after time.Duration) (samples []job.SubtaskSample) {
	for i, s := range n.subtasks {
		sample := job.SubtaskSample{Subtask: i, State: cmp.Or(s.state, job.Running), Running: time.Hour + after, Host: s.host, TaskManager: s.taskManager}
		if s.counted {
			records := s.records * int64(after/time.Second)
			sample.RecordsIn, sample.RecordsOut = &records, &records
		}
		if !s.unmeasured {
			sample.Counters = s.counters(after)
		}
		samples = append(samples, sample)
	}
	return samples
}

func (s sub) counters(after time.Duration) *job.Counters {
	busy := time.Duration(math.Round(s.busy * float64(after)))
	backpressured := time.Duration(math.Round(s.backpressured * float64(after)))
	return &job.Counters{Idle: after - busy - backpressured, Busy: busy, Backpressured: backpressured}
}

// diagnosed is the snapshot of the tasks and its verdict.
func diagnosed(nodes ...node) (*job.Snapshot, *diagnosis.Verdict) {
	snapshot := snapshotOf(nodes...)
	return snapshot, diagnosis.Diagnose(snapshot)
}

// root is a root cause as a test names it.
type root struct {
	task     string
	kind     diagnosis.Kind
	severity float64
	upstream string
	hot      []int
	hosts    []string
}

// named are a verdict's root causes with names instead of indexes.
func named(verdict *diagnosis.Verdict) (roots []root) {
	tasks := verdict.Snapshot.Graph.Tasks
	for _, found := range verdict.Roots {
		named := root{
			task: tasks[found.Task].Name, kind: found.Kind, severity: float64(found.Severity),
			hot: found.Hot, hosts: found.Hosts,
		}
		if found.Upstream >= 0 {
			named.upstream = tasks[found.Upstream].Name
		}
		roots = append(roots, named)
	}
	return roots
}

func same(a, b root) bool {
	return a.task == b.task && a.kind == b.kind && math.Abs(a.severity-b.severity) < 1e-9 &&
		a.upstream == b.upstream && slices.Equal(a.hot, b.hot) && slices.Equal(a.hosts, b.hosts)
}

// wantRoots checks that the roots, worst first, are all that is found.
func wantRoots(t *testing.T, nodes []node, want ...root) {
	t.Helper()
	_, verdict := diagnosed(nodes...)
	if got := named(verdict); !slices.EqualFunc(got, want, same) {
		t.Fatalf("roots are %+v, want %+v", got, want)
	}
	if verdict.Kind != want[0].kind {
		t.Errorf("the verdict is of kind %s, want that of the worst root, %s", verdict.Kind, want[0].kind)
	}
}

func TestBuiltSnapshotHasTheSharesItWasGiven(t *testing.T) {
	snapshot := snapshotOf(task("map", at(0.5, 0.1).on("host-a"), at(0.25, 0), noMetrics))
	subtasks := snapshot.Tasks[0].Subtasks
	if got, want := subtasks[0].Shares, (job.Shares{Idle: 0.4, Busy: 0.5, Backpressured: 0.1}); got != want {
		t.Errorf("shares are %v, want %v", got, want)
	}
	if subtasks[0].Host != "host-a" || subtasks[2].Known() || snapshot.Window() != window {
		t.Errorf("host %q, the one without metrics known %v, window %v", subtasks[0].Host, subtasks[2].Known(), snapshot.Window())
	}
}

// alike compares values, of which what is not known equals itself.
func alike(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }
