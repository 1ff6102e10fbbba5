package memory_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/raced"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// closely compares snapshots as exactly as they are kept.
var closely = cmp.Options{
	cmp.Comparer(func(a, b job.Share) bool { return near(float64(a), float64(b), 0, 1.0/60000) }),
	cmp.Comparer(func(a, b float64) bool { return near(a, b, 0.001, 0) }),
	cmp.Comparer(func(a, b error) bool { return (a == nil) == (b == nil) }),
	cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) }),
	cmpopts.IgnoreUnexported(job.SubtaskLoad{}), cmpopts.EquateEmpty(),
}

func near(a, b, fraction, margin float64) bool {
	return math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= max(margin, fraction*math.Abs(a))
}

// erratic is a job to which anything may happen between two samples.
type erratic struct {
	*rand.Rand
	at     time.Time
	tasks  []job.Task
	loads  [][]job.SubtaskLoad
	edges  []job.Edge
	named  string
	states []job.State
	why    []job.Reason
	places []string
}

func newErratic(seed uint64) *erratic {
	return &erratic{
		Rand: rand.New(rand.NewPCG(seed, 1)), at: began,
		states: []job.State{job.Running, job.Running, job.Running, "", "CREATED", "DEPLOYING", job.Failed, job.Finished},
		why:    []job.Reason{"", job.NotRunning, job.WarmingUp, job.NoMetrics, job.Stale, job.Unmeasured, "something else"},
		places: []string{"", "host-1", "10.0.0.7", "flink-taskmanager-3-1", "flink-taskmanager-4-1"},
	}
}

func pick[T any](e *erratic, from []T) T { return from[e.IntN(len(from))] }

// next changes a little of everything, and now and then much.
func (e *erratic) next() *job.Snapshot {
	e.at = e.at.Add(time.Duration(1 + e.Int64N(int64(20*time.Second))))
	if e.IntN(25) == 0 || e.tasks == nil {
		e.deploy()
	}
	snapshot := &job.Snapshot{At: e.at, Job: job.Info{
		ID: "a", Name: e.named, State: pick(e, e.states), Type: job.Streaming, Start: began.Add(time.Duration(e.IntN(3)) * time.Hour),
		Subtasks: e.IntN(9), Active: e.IntN(9), Duration: e.at.Sub(began),
	}}
	if e.IntN(5) > 0 {
		snapshot.From, snapshot.To = e.at.Add(-time.Duration(e.Int64N(int64(time.Minute)))), e.at.Add(-time.Duration(e.Int64N(int64(time.Second))))
		snapshot.Source = pick(e, []job.Source{job.FromCounters, job.FromGauge60s})
	}
	for i := range e.tasks {
		e.tasks[i].State, e.tasks[i].Running, e.tasks[i].Finished = pick(e, e.states), e.IntN(2), e.IntN(2)
		if e.IntN(30) == 0 { // a rescale
			e.tasks[i].Parallelism = 1 + e.IntN(5)
			e.loads[i] = make([]job.SubtaskLoad, e.tasks[i].Parallelism)
		}
	}
	snapshot.Graph = job.NewGraph(e.tasks, e.edges)
	snapshot.Graph.EdgesUnknown = e.IntN(10) == 0
	for _, task := range snapshot.Graph.Tasks {
		at := slices.IndexFunc(e.tasks, func(t job.Task) bool { return t.ID == task.ID })
		snapshot.Tasks = append(snapshot.Tasks, e.task(at))
	}
	return snapshot
}

// deploy begins with other tasks.
func (e *erratic) deploy() {
	e.named, e.tasks, e.edges, e.loads = fmt.Sprintf("orders %d", e.IntN(3)), nil, nil, nil
	for i := range 1 + e.IntN(4) {
		id := fmt.Sprintf("task-%d", (i+e.IntN(2))*2+e.IntN(2))
		e.tasks = append(e.tasks, job.Task{ID: fmt.Sprint(id, "-", i), Name: "map", Parallelism: 1 + e.IntN(5), MaxParallelism: 128})
		e.edges = append(e.edges, job.Edge{From: e.tasks[0].ID, To: e.tasks[i].ID})
		e.loads = append(e.loads, make([]job.SubtaskLoad, e.tasks[i].Parallelism))
	}
}

func (e *erratic) task(i int) (load job.TaskLoad) {
	if e.IntN(20) == 0 {
		load.Err = errors.New("time-out")
	}
	if e.IntN(20) == 0 {
		return load.WithSubtasks(nil)
	}
	for s := range e.loads[i] {
		of := &e.loads[i][s]
		if of.Attempt == 0 || e.IntN(20) == 0 { // an attempt begins
			*of = job.SubtaskLoad{
				Subtask: s + e.IntN(2)*e.IntN(2), Attempt: 1 + e.IntN(100_000), State: pick(e, e.states), Why: pick(e, e.why),
				Host: pick(e, e.places), TaskManager: pick(e, e.places),
			}
		}
		of.Shares, of.RecordsIn, of.RecordsOut = job.Shares{Idle: e.share(), Busy: e.share(), Backpressured: e.share()}, e.rate(), e.rate()
	}
	return load.WithSubtasks(slices.Clone(e.loads[i]))
}

func (e *erratic) share() job.Share {
	return pick(e, []job.Share{job.Unknown, 0, 1, 0.3, job.Share(e.Float64())})
}

func (e *erratic) rate() float64 {
	return pick(e, []float64{math.NaN(), 0, 1, 12345, math.Pow(10, 12*e.Float64()-3)})
}

// Whatever is added is read back, but for why a task did not answer.
func TestSnapshotsComeBack(t *testing.T) {
	raced.Skip(t)
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			e, cluster := newErratic(seed), open(roomy).Cluster("eu")
			var added []*diagnosis.Verdict
			for range 300 {
				verdict := diagnosis.Diagnose(e.next())
				if !cluster.Add(verdict, float64(e.IntN(3)), maxGap) {
					t.Fatal("a sample was not kept, though everything changes")
				}
				added = append(added, verdict)
			}
			query := history.Query{Job: history.Job{ID: "a"}, Range: always, Records: true}
			query.Columns = []diagnosis.Column{diagnosis.StatusCode, diagnosis.MaxBusy, diagnosis.RecordSkew, diagnosis.RootSeverity, diagnosis.RecordsIn, diagnosis.RecordsOut}
			summaries, _, err := cluster.Summaries(t.Context(), query)
			if err != nil || len(summaries.At) != len(added) {
				t.Fatalf("%d summaries, %v", len(summaries.At), err)
			}
			at := 0
			_, _ = cluster.Snapshots(t.Context(), query, func(got history.Snapshot) bool {
				want := added[at]
				if diff := cmp.Diff(want.Snapshot, got.Snapshot, closely); diff != "" || got.MaxGap != maxGap {
					t.Fatalf("sample %d, max gap %s (-want +got):\n%s", at, got.MaxGap, diff)
				}
				sameSummary(t, want, summaries, at, query.Columns)
				at++
				return true
			})
			if at != len(added) {
				t.Errorf("the last %d samples do not come back", len(added)-at)
			}
		})
	}
}

// sameSummary compares the summaries' row with a verdict's.
func sameSummary(t *testing.T, verdict *diagnosis.Verdict, got history.Summaries, row int, columns []diagnosis.Column) {
	t.Helper()
	want := verdict.Summary()
	want.Job.Figures = got.Jobs[row].Figures
	if diff := cmp.Diff(want.Job, got.Jobs[row], closely); diff != "" {
		t.Fatalf("job %d (-want +got):\n%s", row, diff)
	}
	for _, task := range got.Tasks {
		at := slices.IndexFunc(verdict.Snapshot.Graph.Tasks, func(t job.Task) bool { return t.ID == task.ID })
		for n, column := range columns {
			value := math.NaN()
			if at >= 0 {
				value = want.Tasks[at][column]
			}
			if !near(value, task.Columns[n][row], exactness(column), 1.0/60000) {
				t.Fatalf("column %d of %s in row %d is %g, want %g", column, task.ID, row, task.Columns[n][row], value)
			}
		}
	}
}

// exactness is the fraction by which a value that comes back may differ.
func exactness(column diagnosis.Column) float64 {
	if column == diagnosis.RecordsIn || column == diagnosis.RecordsOut {
		return 0.001
	}
	return 0
}

// Whatever changes of a task, alone, is read back from then on.
func TestChangesOfATask(t *testing.T) {
	for i := range reflect.TypeFor[job.Task]().NumField() {
		cluster := open(roomy).Cluster("eu")
		before, after := small("a", second(1), 0.5), small("a", second(2), 0.5)
		switch field := reflect.ValueOf(&after.Snapshot.Graph.Tasks[1]).Elem().Field(i); field.Kind() {
		case reflect.String:
			field.SetString("other")
		case reflect.Int:
			field.SetInt(7)
		case reflect.Bool:
			field.SetBool(true)
		default:
			field.Set(reflect.MakeSlice(field.Type(), 3, 3))
		}
		cluster.Add(before, math.NaN(), maxGap)
		cluster.Add(after, math.NaN(), maxGap)
		verdict, _, _ := cluster.At(t.Context(), history.Job{ID: "a"}, second(2))
		if diff := cmp.Diff(after.Snapshot, verdict.Snapshot, closely); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// Common decimals come back as they were, and rates with three digits at least.
func TestValuesThatAreKeptExactly(t *testing.T) {
	cluster := open(roomy).Cluster("eu")
	for n := range 1001 {
		verdict := small("a", second(n+1), float64(n)/1000)
		load := &verdict.Snapshot.Tasks[0].Subtasks[0]
		load.RecordsIn, load.RecordsOut = float64(n), 1.23*math.Pow(10, float64(n%13)-3)
		cluster.Add(verdict, math.NaN(), maxGap)
	}
	n := 0
	_, _ = cluster.Snapshots(t.Context(), history.Query{Job: history.Job{ID: "a"}, Range: always}, func(got history.Snapshot) bool {
		load := got.Tasks[0].Subtasks[0]
		if want := job.Share(float64(n) / 1000); got.Tasks[1].Subtasks[0].Busy != want || load.RecordsIn != float64(n) {
			t.Errorf("%g comes back as %g, %d records/s as %g", want, got.Tasks[1].Subtasks[0].Busy, n, load.RecordsIn)
		}
		if want := 1.23 * math.Pow(10, float64(n%13)-3); !near(want, load.RecordsOut, 0.0005, 0) {
			t.Errorf("%g records/s come back as %g", want, load.RecordsOut)
		}
		n++
		return true
	})
	if n != 1001 {
		t.Errorf("%d samples", n)
	}
}

// Time travel finds the newest sample that is not older than its max gap.
func TestAt(t *testing.T) {
	cluster := open(roomy).Cluster("eu")
	add(cluster, "a", 100, 110)
	cluster.Add(small("a", second(500), 0.95), math.NaN(), 10*time.Second)
	for at, want := range map[int]int{99: 0, 100: 100, 109: 100, 110: 110, 170: 110, 171: 0, 499: 0, 500: 500, 510: 500, 511: 0} {
		verdict, warnings, err := cluster.At(t.Context(), history.Job{ID: "a"}, second(at))
		if err != nil || warnings != nil || (verdict == nil) != (want == 0) {
			t.Errorf("at %d s: %v, %v, %v", at, verdict, warnings, err)
		} else if want > 0 && !verdict.Snapshot.At.Equal(second(want)) {
			t.Errorf("at %d s it is %s, want %d s", at, verdict.Snapshot.At, want)
		}
	}
	verdict, _, _ := cluster.At(t.Context(), history.Job{ID: "a"}, second(501))
	want := small("a", second(500), 0.95)
	if diff := cmp.Diff(want.Roots, verdict.Roots, closely, cmpopts.IgnoreUnexported(diagnosis.Root{})); diff != "" || verdict.Kind != want.Kind || len(want.Roots) != 1 {
		t.Errorf("another verdict, %s (-want +got):\n%s", verdict.Kind, diff)
	}
	if verdict, _, err := cluster.At(t.Context(), history.Job{ID: "b"}, second(100)); verdict != nil || err != nil {
		t.Errorf("an unknown job has %v, %v", verdict, err)
	}
}

// A task that did not answer comes back as one.
func TestAtWithoutAnAnswer(t *testing.T) {
	cluster := open(roomy).Cluster("eu")
	of := small("a", second(1), 0.5)
	cluster.Add(diagnosis.Diagnose(job.UnknownSnapshot(of.Snapshot.Job, of.Snapshot.Graph, second(1), errors.New("time-out"))), math.NaN(), maxGap)
	verdict, _, _ := cluster.At(t.Context(), history.Job{ID: "a"}, second(1))
	task := verdict.Snapshot.Tasks[1]
	if !errors.Is(task.Err, memory.ErrNoAnswer) || task.Known() || task.Subtasks[0].Why != job.NoAnswer {
		t.Errorf("it is %+v", task)
	}
	if !verdict.Snapshot.From.IsZero() || verdict.Snapshot.Source != "" || verdict.Kind != diagnosis.NotKnown {
		t.Errorf("it was measured from %s, %s", verdict.Snapshot.From, verdict.Kind)
	}
}

// One moment is restored once for all who ask for it within a minute.
func TestVerdictsAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := open(roomy).Cluster("eu")
		large := newChained(20, 50, 1)
		cluster.Add(large.next(10*time.Second), math.NaN(), maxGap)
		at := func() *diagnosis.Verdict {
			verdict, _, _ := cluster.At(t.Context(), history.Job{ID: large.info.ID}, second(11))
			return verdict
		}
		verdicts := make([]*diagnosis.Verdict, 8)
		var all sync.WaitGroup
		for n := range verdicts {
			all.Go(func() { verdicts[n] = at() })
		}
		all.Wait()
		for _, verdict := range append(verdicts, at()) {
			if verdict == nil || verdict != verdicts[0] {
				t.Fatal("it was restored twice")
			}
		}
		time.Sleep(time.Minute + time.Second)
		if at() == verdicts[0] {
			t.Error("it is kept for longer than a minute")
		}
	})
}

// A job that is too large to be cached is restored each time.
func TestVerdictsAreBounded(t *testing.T) {
	cluster := open(roomy).Cluster("eu")
	large := newChained(100, 1000, 1)
	cluster.Add(large.next(10*time.Second), math.NaN(), maxGap)
	verdict, _, err := cluster.At(t.Context(), history.Job{ID: large.info.ID}, second(11))
	if again, _, _ := cluster.At(t.Context(), history.Job{ID: large.info.ID}, second(11)); verdict == nil || err != nil || again == verdict {
		t.Errorf("%v, %v", verdict == again, err)
	}
}

// A query that was given up reads no further.
func TestReadingEndsWithItsContext(t *testing.T) {
	cluster := open(roomy).Cluster("eu")
	add(cluster, "a", 1, 2, 3)
	ctx, cancel := context.WithCancel(t.Context())
	query := history.Query{Job: history.Job{ID: "a"}, Range: always}
	read := 0
	_, err := cluster.Snapshots(ctx, query, func(history.Snapshot) bool { read++; cancel(); return true })
	if read != 1 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d samples were read, %v", read, err)
	}
	if _, _, err := cluster.Summaries(ctx, query); !errors.Is(err, context.Canceled) {
		t.Errorf("summaries: %v", err)
	}
	if _, _, err := cluster.At(ctx, query.Job, second(3)); !errors.Is(err, context.Canceled) {
		t.Errorf("a moment: %v", err)
	}
	if _, err := cluster.Snapshots(t.Context(), query, func(history.Snapshot) bool { read++; return false }); read != 2 || err != nil {
		t.Errorf("%d samples were read after visit returned false, %v", read-1, err)
	}
}

// What cannot be kept is not.
func TestWhatIsNotKept(t *testing.T) {
	cluster := open(roomy).Cluster("eu")
	good := small("a", second(1), 0.5)
	for name, change := range map[string]func(*job.Snapshot){
		"no graph":             func(s *job.Snapshot) { s.Graph = nil },
		"a task too few":       func(s *job.Snapshot) { s.Tasks = s.Tasks[:1] },
		"a time of no sample":  func(s *job.Snapshot) { s.At = time.Time{} },
		"more tasks than ever": func(s *job.Snapshot) { s.Tasks = append(slices.Clone(s.Tasks), job.TaskLoad{}) },
	} {
		snapshot := *good.Snapshot
		change(&snapshot)
		if cluster.Add(&diagnosis.Verdict{Snapshot: &snapshot}, math.NaN(), maxGap) {
			t.Errorf("%s: it was kept", name)
		}
	}
	if cluster.Add(nil, 0, maxGap) || cluster.Add(&diagnosis.Verdict{}, 0, maxGap) {
		t.Error("nothing was kept")
	}
	empty := diagnosis.Diagnose(&job.Snapshot{Job: job.Info{ID: "a"}, Graph: &job.Graph{}, At: second(1)})
	if !cluster.Add(empty, math.NaN(), maxGap) || len(seconds(t, cluster, "a")) != 1 {
		t.Error("a job without tasks was not kept")
	}
}

// Whatever buffers showed decides the verdict on the past, too, and is kept once while
// it stays the same.
func TestPoolsAreKept(t *testing.T) {
	bytes := map[bool]int{}
	for _, looked := range []bool{false, true} {
		store := open(roomy)
		cluster := store.Cluster("eu")
		var last *diagnosis.Verdict
		for n := range 500 {
			last = small("a", second(n+1), unlike(n))
			if looked {
				snapshot := *last.Snapshot
				snapshot.Answers = []job.Answer{{Out: 0.5, In: job.Unknown}, job.UnknownAnswer}
				last = diagnosis.Diagnose(&snapshot)
			}
			cluster.Add(last, math.NaN(), maxGap)
		}
		kept, _, _ := cluster.At(t.Context(), history.Job{ID: "a"}, second(500))
		if diff := cmp.Diff(last.Snapshot, kept.Snapshot, closely); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		bytes[looked] = store.Bytes()
	}
	if more := bytes[true] - bytes[false]; more < 0 || more > 1000 {
		t.Errorf("with them the history takes %d bytes more", more)
	}
}
