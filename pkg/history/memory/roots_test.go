package memory_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/raced"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// state is what a task is in a sample.
type state byte

const (
	absent     state = iota // the job has no such task
	unmeasured              // it is not known whether it is a root cause
	fine
	rootCause
)

// wandering is a job whose root causes come and go, as its tasks do at times.
type wandering struct {
	*rand.Rand
	at     time.Time
	maxGap time.Duration
	tasks  []string // in the order of the graph
	states map[string]state
	width  int // subtasks of a task
}

func newWandering(seed uint64) *wandering {
	return &wandering{Rand: rand.New(rand.NewPCG(seed, 2)), at: began, maxGap: maxGap, tasks: []string{"a", "b", "c", "d"}, states: map[string]state{}, width: 1}
}

// next is the verdict on the next sample.
func (w *wandering) next() *diagnosis.Verdict {
	w.at = w.at.Add(time.Duration(5000+w.IntN(15_000)) * time.Millisecond)
	switch w.IntN(40) {
	case 0:
		w.at = w.at.Add(w.maxGap + time.Duration(w.IntN(60))*time.Second)
	case 1:
		w.maxGap = time.Duration(30+w.IntN(60)) * time.Second
	case 2: // a rescale
		w.width = 1 + w.IntN(3)
	case 3: // another graph
		w.tasks = []string{"a", "b", "c", "d", "e"}[w.IntN(2):]
		w.tasks = slices.Clone(w.tasks[:2+w.IntN(len(w.tasks)-1)])
		w.Shuffle(len(w.tasks), func(i, j int) { w.tasks[i], w.tasks[j] = w.tasks[j], w.tasks[i] })
	}
	snapshot := &job.Snapshot{Job: job.Info{ID: "a", State: job.Running}, Graph: &job.Graph{}, At: w.at}
	if w.IntN(10) > 0 {
		snapshot.From, snapshot.To, snapshot.Source = w.at.Add(-11*time.Second), w.at.Add(-time.Second), job.FromGauge60s
	}
	verdict := &diagnosis.Verdict{Snapshot: snapshot}
	for i, id := range w.tasks {
		if w.states[id] == absent || w.IntN(8) == 0 {
			w.states[id] = []state{unmeasured, fine, rootCause}[w.IntN(3)]
		}
		load := job.SubtaskLoad{State: job.Running, Shares: job.Shares{Idle: 1}}
		switch w.states[id] {
		case unmeasured:
			load.Shares = job.UnknownShares()
		case rootCause:
			verdict.Roots = append(verdict.Roots, diagnosis.Root{Task: i, Severity: job.Share(0.1 + 0.9*w.Float64())})
		}
		snapshot.Graph.Tasks = append(snapshot.Graph.Tasks, job.Task{ID: id, Name: id})
		snapshot.Tasks = append(snapshot.Tasks, job.TaskLoad{}.WithSubtasks(slices.Repeat([]job.SubtaskLoad{load}, w.width)))
	}
	return verdict
}

// followed is since when each task has been a root cause at each sample, followed from
// the first one on: what was dropped counts, too.
type followed struct {
	streaks map[string]diagnosis.Streak
	since   map[time.Time]map[string]time.Time
}

func (f *followed) add(verdict *diagnosis.Verdict, maxGap time.Duration) {
	snapshot, summary := verdict.Snapshot, verdict.Summary()
	before, now := f.streaks, map[string]time.Time{}
	f.streaks = map[string]diagnosis.Streak{}
	for i, task := range snapshot.Graph.Tasks {
		streak := before[task.ID]
		now[task.ID] = streak.Add(diagnosis.Instant{At: snapshot.At, From: snapshot.From, MaxGap: maxGap}, summary.Tasks[i][diagnosis.RootSeverity])
		f.streaks[task.ID] = streak
	}
	f.since[snapshot.At] = now
}

// check compares what the history has in a range.
func (f *followed) check(t *testing.T, cluster *memory.Cluster, over history.Range) (rows int) {
	t.Helper()
	got := summaries(t, cluster, "a", over, diagnosis.RootSeverity, diagnosis.RootSince)
	columns := make([][]float64, len(got.Tasks))
	for n, task := range got.Tasks {
		columns[n] = task.Columns[0]
		for row, at := range got.At {
			since, want := task.Columns[1][row], f.since[at.At][task.ID]
			if math.IsNaN(since) != want.IsZero() || !want.IsZero() && math.Abs(since-float64(want.UnixMicro())/1e6) > 1e-4 {
				t.Fatalf("at %s task %s is a root cause since %f, want %s", at.At, task.ID, since, want)
			}
		}
	}
	want := diagnosis.RootSets(got.At, nil, columns, func(severity float64) bool { return severity > 0 })
	sets, since := cluster.Roots("a", over)
	if len(sets) != len(want) {
		t.Fatalf("the root causes are known at %d samples, want %d", len(sets), len(want))
	}
	numbers := map[int]int{0: 0}
	for i, set := range sets {
		number, known := numbers[want[i].Tasks]
		if !known {
			number = len(numbers)
			numbers[want[i].Tasks] = number
		}
		if set.At != want[i].At || set.Tasks != number {
			t.Fatalf("set %d is %v, want %v", i, set, want[i])
		}
	}
	if len(got.At) == 0 {
		return 0
	}
	for id, want := range f.since[got.At[len(got.At)-1].At] {
		if !since[id].Equal(want) {
			t.Fatalf("task %s is a root cause since %s, want %s", id, since[id], want)
		}
	}
	return len(got.At)
}

// The root causes that are kept with each sample are those that following all samples
// from the first one on would show, whatever was dropped, and whatever else comes and
// goes.
func TestRootsAreThoseOfAllSamples(t *testing.T) {
	raced.Skip(t)
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w, store := newWandering(seed), open(memory.Limits{Retention: 20 * time.Minute, MaxBytes: mib})
			cluster := store.Cluster("eu")
			all := followed{since: map[time.Time]map[string]time.Time{}}
			rows := 0
			for n := range 600 {
				verdict := w.next()
				if cluster.Add(verdict, float64(n%3), w.maxGap) {
					all.add(verdict, w.maxGap)
				}
				from := w.at.Add(-time.Duration(w.IntN(30*60)) * time.Second)
				rows += all.check(t, cluster, history.Range{From: from, To: from.Add(time.Duration(w.IntN(30*60)) * time.Second)})
				rows += all.check(t, cluster, history.Range{From: w.at.Add(-5 * time.Minute), To: w.at})
			}
			all.check(t, cluster, always)
			if kept := seconds(t, cluster, "a"); len(kept) > 300 || rows < 10_000 {
				t.Errorf("%d samples are kept, and %d rows were compared", len(kept), rows)
			}
		})
	}
}

// A task stays the root cause since it became one, when the sample of that is dropped.
func TestSinceReachesBeyondTheRetention(t *testing.T) {
	cluster := open(memory.Limits{Retention: 20 * time.Minute, MaxBytes: mib}).Cluster("eu")
	for n := range 1000 {
		cluster.Add(small("a", second(10*n+10), 0.91+float64(n%2)/100), math.NaN(), maxGap)
	}
	if _, since := cluster.Roots("a", between(10_000, 10_000)); !since["map"].Equal(began) {
		t.Errorf("since %v, want %s", since, began)
	}
	got := summaries(t, cluster, "a", always, diagnosis.RootSince)
	if got.At[0].At.Before(second(8000)) || got.Task("map").Columns[0][0] != float64(began.Unix()) {
		t.Errorf("at %s since %v, want %d", got.At[0].At, got.Task("map").Columns[0][0], began.Unix())
	}
	if sets, since := cluster.Roots("b", always); sets != nil || since != nil {
		t.Errorf("a job that is not kept has %v, %v", sets, since)
	}
}

// Samples follow each other up to a gap, from which on they are unbroken, whatever
// segments they are in.
func TestUnbroken(t *testing.T) {
	cluster := open(roomy).Cluster("eu")
	for n := 10; n <= 2000; n += 10 {
		if n <= 500 || n > 600 { // the gap is of 100 s, of which the next sample covers 10
			add(cluster, "a", n)
		}
	}
	for at, want := range map[int]time.Time{5: {}, 10: began, 15: began, 500: began, 600: began, 610: second(600), 1000: second(600), 9000: second(600)} {
		if got := cluster.Unbroken("a", second(at)); !got.Equal(want) {
			t.Errorf("at second %d samples are unbroken since %s, want %s", at, got, want)
		}
	}
	if got := cluster.Unbroken("b", second(1000)); !got.IsZero() {
		t.Errorf("a job that is not kept is unbroken since %s", got)
	}
}

// Root causes that change with each sample are counted, and with the segment dropped.
func TestRootsAreCounted(t *testing.T) {
	bytes := func(roots int) int {
		store := open(roomy)
		of := newChained(100, 1, 1)
		for range 60 {
			verdict := of.next(10 * time.Second)
			verdict.Roots = nil
			for i := range roots {
				verdict.Roots = append(verdict.Roots, diagnosis.Root{Task: (i + of.random.IntN(2)) % 100, Severity: 0.5})
			}
			store.Cluster("eu").Add(verdict, math.NaN(), maxGap)
		}
		return store.Bytes()
	}
	if more := (bytes(50) - bytes(0)) / 60; more < 300 || more > 1000 {
		t.Errorf("%d bytes more for each sample", more)
	}
}
