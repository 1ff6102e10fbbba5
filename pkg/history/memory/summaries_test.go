package memory_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// summaries are the columns of a job in a range.
func summaries(t testing.TB, cluster history.Source, id string, over history.Range, columns ...diagnosis.Column) history.Summaries {
	t.Helper()
	got, warnings, err := cluster.Summaries(t.Context(), history.Query{Job: history.Job{ID: id}, Range: over, Columns: columns})
	if err != nil || warnings != nil || len(got.Jobs) != len(got.At) {
		t.Fatal(err, warnings)
	}
	for _, task := range got.Tasks {
		for _, column := range task.Columns {
			if len(column) != len(got.At) || len(task.Columns) != len(columns) {
				t.Fatalf("%d values at %d times", len(column), len(got.At))
			}
		}
	}
	return got
}

// Summaries have a point for each sample, and the columns asked for in their order.
func TestSummaries(t *testing.T) {
	cluster := open(roomy).Cluster("eu")
	for n, busy := range []float64{0.2, 0.95, 0.3} {
		cluster.Add(small("a", second(10*n), busy), 2, maxGap+time.Duration(n))
	}
	got := summaries(t, cluster, "a", between(5, 25), diagnosis.MaxBusy, diagnosis.StatusCode, diagnosis.RootSeverity)
	instant := func(n int) diagnosis.Instant {
		return diagnosis.Instant{At: second(10 * n), From: second(10*n - 10), MaxGap: maxGap + time.Duration(n)}
	}
	sum := func(n int, clear bool) diagnosis.JobSummary {
		figures := diagnosis.UnknownFigures
		figures[diagnosis.RestartCount] = 2
		return diagnosis.JobSummary{Name: "job a", Running: 1, Figures: figures, RecordsIn: math.NaN(), RecordsOut: math.NaN(), Clear: clear, Complete: true, From: second(10*n - 10), To: second(10 * n), Source: job.FromCounters}
	}
	want := history.Summaries{
		At:   []diagnosis.Instant{instant(1), instant(2)},
		Jobs: []diagnosis.JobSummary{sum(1, false), sum(2, true)},
		Tasks: []history.TaskSummaries{
			{ID: "source", Name: "source", Columns: [][]float64{{0.05, 0.7}, {3, 2}, {0, 0}}},
			{ID: "map", Name: "map", Columns: [][]float64{{0.95, 0.3}, {4, 0}, {0.95, 0}}},
		},
	}
	if diff := cmp.Diff(want, got, closely); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := summaries(t, cluster, "a", always); len(got.At) != 3 || len(got.Tasks) != 2 {
		t.Errorf("without columns there are %d points of %d tasks", len(got.At), len(got.Tasks))
	}
	if got := summaries(t, cluster, "b", always, diagnosis.MaxBusy); len(got.At) > 0 || len(got.Tasks) > 0 {
		t.Errorf("an unknown job has %+v", got)
	}
}

// Rates of records are what the subtasks add up to; how far behind tasks were is kept
// of the samples that have it, and is there in the snapshots, too.
func TestRecordsAndLags(t *testing.T) {
	cluster, unknown := open(roomy).Cluster("eu"), math.NaN()
	for n := range 200 { // more than a segment
		verdict := small("a", second(10*n), unlike(n))
		if n%2 == 1 {
			verdict.Snapshot.Lags = []job.Lag{{Watermark: 2, Pending: float64(1024 * n)}, {Watermark: 4, Pending: unknown}}
		}
		if !cluster.Add(verdict, unknown, maxGap) {
			t.Fatal("a sample was not kept")
		}
	}
	got, _, err := cluster.Summaries(t.Context(), history.Query{Job: history.Job{ID: "a"}, Range: between(1200, 1210), Records: true,
		Columns: []diagnosis.Column{diagnosis.RecordsIn, diagnosis.RecordsOut, diagnosis.WatermarkLag, diagnosis.PendingRecords}})
	if err != nil {
		t.Fatal(err)
	}
	want := []history.TaskSummaries{
		{ID: "source", Name: "source", Columns: [][]float64{{1000, 1000}, {10, 10}, {unknown, 2}, {unknown, 1024 * 121}}},
		{ID: "map", Name: "map", Columns: [][]float64{{1000, 1000}, {10, 10}, {unknown, 4}, {unknown, unknown}}},
	}
	if diff := cmp.Diff(want, got.Tasks, roughly); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for n, of := range got.Jobs {
		if math.Abs(of.RecordsIn-10) > 0.01 || math.Abs(of.RecordsOut-1000) > 1 {
			t.Errorf("the job's are %v and %v at %d", of.RecordsIn, of.RecordsOut, n)
		}
	}
	for at, pending := range map[int]float64{1200: unknown, 1210: 1024 * 121} {
		verdict, _, err := cluster.At(t.Context(), history.Job{ID: "a"}, second(at))
		if err != nil || verdict == nil {
			t.Fatal(verdict, err)
		}
		if got := verdict.Snapshot.Lag(0).Pending; !cmp.Equal(got, pending, roughly) {
			t.Errorf("%v records are pending at %d s, want %v", got, at, pending)
		}
	}
}

// roughly compares numbers of any size, which are kept at 0.05 %.
var roughly = cmp.Options{cmpopts.EquateApprox(0.001, 0), cmpopts.EquateNaNs()}

// Tasks that a job has no more come after those that it has.
func TestTasksOfEarlierGraphs(t *testing.T) {
	cluster := open(roomy).Cluster("eu")
	deploy := func(at int, names ...string) {
		snapshot := &job.Snapshot{Job: job.Info{ID: "a"}, Graph: &job.Graph{}, At: second(at), Source: job.FromCounters}
		for _, name := range names {
			snapshot.Graph.Tasks = append(snapshot.Graph.Tasks, job.Task{ID: name[:1], Name: name})
			snapshot.Tasks = append(snapshot.Tasks, job.TaskLoad{}.WithSubtasks([]job.SubtaskLoad{{State: job.Running, Shares: job.Shares{Busy: job.Share(float64(at) / 100)}}}))
		}
		cluster.Add(diagnosis.Diagnose(snapshot), math.NaN(), maxGap)
	}
	deploy(10, "a old", "b", "c")
	deploy(20, "d", "a new")
	deploy(30, "d", "a newer")
	unknown := math.NaN()
	want := []history.TaskSummaries{
		{ID: "d", Name: "d", Columns: [][]float64{{unknown, 0.2, 0.3}}},
		{ID: "a", Name: "a newer", Columns: [][]float64{{0.1, 0.2, 0.3}}},
		{ID: "b", Name: "b", Columns: [][]float64{{0.1, unknown, unknown}}},
		{ID: "c", Name: "c", Columns: [][]float64{{0.1, unknown, unknown}}},
	}
	got := summaries(t, cluster, "a", always, diagnosis.MaxBusy)
	if diff := cmp.Diff(want, got.Tasks, closely); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Since when a task has been the root cause goes on across short interruptions,
// rescales and left-out samples, but not across a gap.
func TestSince(t *testing.T) {
	cluster := open(roomy).Cluster("eu")
	var want []float64
	unix := func(n int) float64 { return float64(second(n).Unix()) }
	for _, c := range []struct {
		at    int
		busy  float64
		since float64
	}{
		{100, 0.2, math.NaN()},
		{110, 0.95, unix(100)},
		{120, 0.96, unix(100)},
		{130, 0.3, math.NaN()}, // for a moment
		{140, 0.94, unix(100)},
		{150, 0.31, math.NaN()},
		{250, 0.93, unix(240)}, // a gap
		{260, 0.92, unix(240)},
	} {
		if !cluster.Add(small("a", second(c.at), c.busy), math.NaN(), maxGap) {
			t.Fatal("a sample was not kept")
		}
		want = append(want, c.since)
	}
	got := summaries(t, cluster, "a", always, diagnosis.RootSince)
	if diff := cmp.Diff(want, got.Task("map").Columns[0], closely); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for n := range 200 { // more than a segment
		cluster.Add(small("a", second(270+10*n), 0.91+float64(n%2)/100), math.NaN(), maxGap)
	}
	got = summaries(t, cluster, "a", always, diagnosis.RootSince)
	for n, since := range got.Task("map").Columns[0][6:] {
		if since != unix(240) {
			t.Fatalf("since is %g in row %d, want %g", since, n, unix(240))
		}
	}
	moved := small("a", second(2280), 0.95)
	moved.Snapshot.Tasks[1] = job.TaskLoad{}.WithSubtasks(append(moved.Snapshot.Tasks[1].Subtasks, moved.Snapshot.Tasks[1].Subtasks...))
	cluster.Add(diagnosis.Diagnose(moved.Snapshot), math.NaN(), maxGap)
	got = summaries(t, cluster, "a", between(2280, 2280), diagnosis.RootSince)
	if since := got.Task("map").Columns[0]; since[0] != unix(240) {
		t.Errorf("after a rescale since is %v, want %g", since, unix(240))
	}
}

// A job has the name that it had last in a range; each point has that of its time.
func TestNamesAreOfTheirTime(t *testing.T) {
	cluster := open(roomy).Cluster("eu")
	names := []string{"orders #2", "orders #2", "orders", "orders"}
	for n, name := range names {
		verdict := small("a", second(n), unlike(n))
		verdict.Snapshot.Job.Name = name
		cluster.Add(verdict, math.NaN(), maxGap)
	}
	for last, want := range names {
		if jobs, _, err := cluster.Jobs(t.Context(), between(0, last)); len(jobs) != 1 || jobs[0].Name != want || err != nil {
			t.Errorf("until %d s there are %v, %v", last, jobs, err)
		}
		if got := summaries(t, cluster, "a", between(0, last)); got.Jobs[last].Name != want {
			t.Errorf("at %d s it is %s", last, got.Jobs[last].Name)
		}
	}
}

// Flink 1.13 has no edges for jobs of some kinds: what holds the job back is not known.
func TestUnknownEdges(t *testing.T) {
	cluster := open(roomy).Cluster("eu")
	snapshot := small("a", second(1), 0.95).Snapshot
	snapshot.Graph.EdgesUnknown = true
	cluster.Add(diagnosis.Diagnose(snapshot), math.NaN(), maxGap)
	if got := summaries(t, cluster, "a", always); !got.Jobs[0].EdgesUnknown || got.Jobs[0].Clear {
		t.Errorf("it is %+v", got.Jobs[0])
	}
	if verdict, _, _ := cluster.At(t.Context(), history.Job{ID: "a"}, second(1)); verdict.Kind != diagnosis.NotKnown {
		t.Errorf("the verdict is %s", verdict.Kind)
	}
}
