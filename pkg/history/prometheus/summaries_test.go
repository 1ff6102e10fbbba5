package prometheus_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/prometheus"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// summarized are the summaries of a job, a point a minute.
func summarized(t *testing.T, reader *prometheus.Reader, of history.Job, over history.Range, columns ...diagnosis.Column) history.Summaries {
	t.Helper()
	summaries, _, err := reader.Summaries(t.Context(), history.Query{
		Job: of, Range: over, Step: time.Minute, Columns: columns, Records: slices.Contains(columns, diagnosis.RecordSkew),
	})
	if err != nil {
		t.Fatal(err)
	}
	return summaries
}

// The summaries are those of the verdicts on the snapshots: each column, at each
// point, in the order of the graph.
func TestSummariesAreOfTheSnapshots(t *testing.T) {
	graph := connected(map[string]int{"a": 1, "b": 2}, "b", "a")
	reader := readerOf(t, fake(t, scraped(always("a", 0, job.Shares{Busy: 0.95, Idle: 0.05}), always("b", 0, mixed), always("b", 1, job.Shares{Backpressured: 1}))))
	columns := []diagnosis.Column{diagnosis.RootSeverity, diagnosis.StatusCode, diagnosis.MaxBusy, diagnosis.MaxBackpressured, diagnosis.MinIdle, diagnosis.RecordSkew, diagnosis.RootSince}
	got := summarized(t, reader, ordersWith(graph), minutes(-5, 5), columns...)
	found := snapshots(t, reader, ordersWith(graph), minutes(-5, 5), time.Minute)
	if len(got.At) != 11 || len(got.Jobs) != 11 || len(found) != 11 || len(got.Tasks) != 2 || got.Tasks[0].ID != "b" || got.Tasks[1].Name != "a" {
		t.Fatalf("got %+v", got)
	}
	for point, snapshot := range found {
		want := diagnosis.Diagnose(snapshot).Summary()
		if at := got.At[point]; !at.At.Equal(snapshot.At) || !at.From.Equal(snapshot.From) || at.MaxGap != 2*time.Minute {
			t.Errorf("an instant %+v", at)
		}
		if job := got.Jobs[point]; job.Name != "orders" || job.Running != 1 || job.Source != want.Job.Source || !math.IsNaN(job.Figures[diagnosis.RestartCount]) {
			t.Errorf("the job is %+v", job)
		}
		for i, task := range got.Tasks {
			for n, column := range columns {
				if value, want := task.Columns[n][point], want.Tasks[i][column]; value != want && !(math.IsNaN(value) && math.IsNaN(want)) {
					t.Errorf("column %d of %s is %v, want %v", column, task.ID, value, want)
				}
			}
		}
	}
	if severity := got.Task("a").Columns[0]; severity[5] < 0.5 || !math.IsNaN(got.Task("a").Columns[6][5]) {
		t.Errorf("the severity of a is %v", severity)
	}
}

// A task that the metrics name only later, or no more, is not known at the other
// points; those of the latest graph come first.
func TestSummariesOfTasksThatComeAndGo(t *testing.T) {
	early, late := always("b", 0, mixed), always("a", 0, mixed)
	early.to, late.from = noon.Add(-20*time.Minute), noon.Add(20*time.Minute)
	reader := readerOf(t, fake(t, scraped(always("z", 0, mixed), early, late))).AtOnce(20) // in several chunks
	got := summarized(t, reader, orders, minutes(-25, 25), diagnosis.MaxBusy)
	if len(got.Tasks) != 3 || got.Tasks[0].ID != "a" {
		t.Fatalf("got %+v", got.Tasks)
	}
	for _, task := range got.Tasks {
		if column := task.Columns[0]; len(column) != 51 || len(got.At) != 51 || math.IsNaN(column[0]) != (task.ID == "a") || math.IsNaN(column[50]) != (task.ID == "b") {
			t.Errorf("%s is %v", task.ID, column)
		}
	}
}

func TestSummariesOfNothing(t *testing.T) {
	reader := readerOf(t, fake(t, scraped(always("a", 0, mixed))))
	if got := summarized(t, reader, orders, minutes(100, 200), diagnosis.MaxBusy); len(got.At) != 0 || len(got.Tasks) != 0 {
		t.Errorf("got %+v", got)
	}
}

// While nothing is scraped of a job it does not run; while some of it is, it is
// not known to fail.
func TestRunning(t *testing.T) {
	graph := func(parallelism, finished int) *job.Graph {
		of := connected(map[string]int{"a": parallelism}, "a")
		of.Tasks[0].Finished = finished
		return of
	}
	one, lost := always("a", 0, mixed), always("a", 1, mixed)
	lost.to = noon.Add(-10 * time.Minute)
	gap, after := one, one
	gap.to, after.from = noon.Add(-10*time.Minute), noon
	for name, c := range map[string]struct {
		attempts []ran
		graph    *job.Graph
		want     float64 // 5 minutes before noon
		measured bool
		warns    bool
	}{
		"all":                            {[]ran{one}, graph(1, 0), 1, true, false},
		"without a graph":                {[]ran{one}, nil, 1, true, false},
		"none, for a while":              {[]ran{gap, after}, graph(1, 0), 0, false, false},
		"one is not there":               {[]ran{one, lost}, graph(2, 0), math.NaN(), false, true},
		"one is not there, no graph":     {[]ran{one, lost}, nil, math.NaN(), false, true},
		"one was never there":            {[]ran{one}, graph(2, 0), math.NaN(), false, true},
		"one has finished":               {[]ran{one, lost}, graph(2, 1), 1, true, true},
		"one has finished, one may have": {[]ran{one, lost}, graph(3, 1), math.NaN(), false, true},
	} {
		t.Run(name, func(t *testing.T) {
			reader := readerOf(t, fake(t, scraped(c.attempts...)))
			got, warnings, err := reader.Summaries(t.Context(), history.Query{Job: ordersWith(c.graph), Range: minutes(-25, 20), Step: time.Minute, Columns: []diagnosis.Column{diagnosis.MaxBusy}})
			if err != nil || len(got.Jobs) != 46 {
				t.Fatalf("%d points, %v", len(got.Jobs), err)
			}
			if running := got.Jobs[20].Running; running != c.want && !(math.IsNaN(running) && math.IsNaN(c.want)) {
				t.Errorf("running is %v, want %v", running, c.want)
			}
			if busy := got.Tasks[0].Columns[0][20]; math.IsNaN(busy) == c.measured {
				t.Errorf("busy is %v", busy)
			}
			if len(warnings) > 0 != c.warns {
				t.Errorf("warnings are %q", warnings)
			}
		})
	}
}

// Where they are wanted, summaries have how often the job has restarted, at the
// same points; a standby, which has 0, makes them no less.
func TestRestarts(t *testing.T) {
	manager := func(labels map[string]string, value func(time.Duration) float64) series {
		of := always("a", 0, mixed)
		of.labels = labels
		return of.series("flink_jobmanager_job_numRestarts", value)
	}
	scrapedToo := append(scraped(always("a", 0, mixed)), manager(map[string]string{"instance": "jm-1"}, func(after time.Duration) float64 {
		return math.Floor(after.Minutes() / 20) // it was 1 from 20 minutes on
	}), manager(map[string]string{"instance": "jm-2"}, func(time.Duration) float64 { return 0 }))
	for name, c := range map[string]struct {
		series []series
		want   [3]float64 // after 10, 30 and 50 minutes
	}{
		"scraped":     {scrapedToo, [3]float64{0, 1, 2}},
		"not scraped": {scraped(always("a", 0, mixed)), [3]float64{math.NaN(), math.NaN(), math.NaN()}},
	} {
		t.Run(name, func(t *testing.T) {
			got, _, err := readerOf(t, fake(t, c.series)).Summaries(t.Context(), history.Query{Job: orders, Range: minutes(-20, 20), Step: time.Minute, Figures: []diagnosis.Figure{diagnosis.RestartCount}})
			if err != nil || len(got.Jobs) != 41 {
				t.Fatalf("%d points, %v", len(got.Jobs), err)
			}
			for i, want := range c.want {
				if got := got.Jobs[20*i].Figures[diagnosis.RestartCount]; got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
					t.Errorf("after %d minutes %v, want %v", 10+20*i, got, want)
				}
			}
		})
	}
}

// The figures of checkpoints are in seconds, and not known while Flink reports -1.
func TestCheckpointFigures(t *testing.T) {
	of := func(metric string, value func(time.Duration) float64) series {
		one := always("a", 0, mixed)
		one.labels = nil
		return one.series("flink_jobmanager_job_"+metric, value)
	}
	first := minutes(-30, 0).From // when the series begin
	all := append(scraped(always("a", 0, mixed)),
		of("lastCheckpointDuration", func(after time.Duration) float64 {
			if after < 20*time.Minute {
				return -1
			}
			return 2500
		}),
		of("numberOfFailedCheckpoints", func(after time.Duration) float64 { return math.Floor(after.Minutes() / 20) }),
		of("lastCheckpointCompletedTimestamp", func(after time.Duration) float64 {
			if after < 20*time.Minute {
				return -1
			}
			return float64(first.Add(20 * time.Minute).UnixMilli())
		}),
	)
	query := history.Query{Job: orders, Range: minutes(-20, 20), Step: time.Minute, Figures: []diagnosis.Figure{diagnosis.CheckpointAge, diagnosis.CheckpointDuration, diagnosis.CheckpointFailures}}
	got, _, err := readerOf(t, fake(t, all)).Summaries(t.Context(), query)
	if err != nil || len(got.Jobs) != 41 {
		t.Fatalf("%d points, %v", len(got.Jobs), err)
	}
	nan := math.NaN()
	for i, want := range [][3]float64{{nan, nan, 0}, {600, 2.5, 1}, {1800, 2.5, 2}} { // after 10, 30 and 50 minutes
		figures := got.Jobs[20*i].Figures
		for n, figure := range query.Figures {
			if value := figures[figure]; value != want[n] && !(math.IsNaN(value) && math.IsNaN(want[n])) {
				t.Errorf("after %d minutes figure %d is %v, want %v", 10+20*i, figure, value, want[n])
			}
		}
		if !math.IsNaN(figures[diagnosis.RestartCount]) {
			t.Errorf("restarts nobody asked for are %v", figures[diagnosis.RestartCount])
		}
	}
}

// A TaskManager whose id is known has it, whatever the reporter made of it.
func TestTaskManagersHaveTheirIDs(t *testing.T) {
	for label, want := range map[string]string{"10_0_0_5:4021_a1b2": "10.0.0.5:4021-a1b2", "10.0.0.5:4021-a1b2": "10.0.0.5:4021-a1b2", "10_0_0_6:4021_c3d4": "10_0_0_6:4021_c3d4"} {
		one := always("a", 0, mixed)
		one.manager = label
		of := history.Job{ID: jobID, TaskManagers: []string{"10.0.0.5:4021-a1b2", "tm-2"}}
		all := snapshots(t, readerOf(t, fake(t, scraped(one))), of, minutes(0, 0), time.Minute)
		if got := all[0].Tasks[0].Subtasks[0].TaskManager; got != want {
			t.Errorf("%s is named %s", label, got)
		}
	}
}
