package prometheus_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/promtest"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// reported is a subtask of a case that was reported in public: half an hour of
// scrapes from noon on, in seconds.
type reported struct {
	Job       int
	Name      string
	Task      int
	TaskName  string
	Subtask   int
	Execution string
	Share     [5]any // busy, idle, backpressured, records in and out a second
	From      int
	To        *int // half an hour if there is none
	Freeze    *int // from when on the values stand still
	Gauges    bool // no accumulated times
	Labels    map[string]string
}

// report serves the samples of a case.
func report(t *testing.T, name string) *promtest.Server {
	t.Helper()
	var all []reported
	content, err := os.ReadFile(filepath.Join("testdata", "reports", name+".json"))
	if err == nil {
		err = json.Unmarshal(content, &all)
	}
	if err != nil {
		t.Fatal(err)
	}
	server := promtest.New(t)
	for _, one := range all {
		one.add(server)
	}
	return server
}

func (r reported) add(to *promtest.Server) {
	labels := map[string]string{
		"job": "flink", "instance": "tm-1:9249", "host": "tm_1", "tm_id": "tm-1:6121-aa", "job_id": reportedJob(r.Job), "job_name": r.Name,
		"task_id": reportedTask(r.Task), "task_name": r.TaskName, "subtask_index": fmt.Sprint(r.Subtask), "task_attempt_num": "0",
		"task_attempt_id": fmt.Sprintf("%s_%s_%d_0", r.Execution, reportedTask(r.Task), r.Subtask),
	}
	for name, value := range r.Labels {
		labels[name] = value
	}
	last := 1800
	if r.To != nil {
		last = *r.To
	}
	busy, idle, backpressured := share(r.Share[0]), share(r.Share[1]), share(r.Share[2])
	// Flink adds to what was accumulated every 5 s.
	metrics := map[string]func(elapsed float64) float64{
		"busyTimeMsPerSecond":           func(float64) float64 { return 1000 * busy },
		"idleTimeMsPerSecond":           func(float64) float64 { return 1000 * idle },
		"backPressuredTimeMsPerSecond":  func(float64) float64 { return 1000 * backpressured },
		"numRecordsIn":                  func(elapsed float64) float64 { return math.Floor(elapsed * share(r.Share[3])) },
		"numRecordsOut":                 func(elapsed float64) float64 { return math.Floor(elapsed * share(r.Share[4])) },
		"accumulateBusyTimeMs":          func(elapsed float64) float64 { return busy * math.Floor(elapsed*200) * 5 },
		"accumulateIdleTimeMs":          func(elapsed float64) float64 { return idle * math.Floor(elapsed*200) * 5 },
		"accumulateBackPressuredTimeMs": func(elapsed float64) float64 { return backpressured * math.Floor(elapsed*200) * 5 },
	}
	for name, value := range metrics {
		if r.Gauges && name[:3] == "acc" {
			continue
		}
		labels["__name__"] = "flink_taskmanager_job_task_" + name
		to.Add(labels, promtest.Every(15*time.Second, afterNoon(r.From), afterNoon(last), func(after time.Duration) float64 {
			seconds := after.Seconds()
			if r.Freeze != nil {
				seconds = min(seconds, float64(*r.Freeze-r.From))
			}
			return value(seconds + 100)
		})...)
	}
}

func share(value any) float64 {
	if number, is := value.(float64); is {
		return number
	}
	return math.NaN()
}

func reportedJob(n int) string  { return fmt.Sprintf("%032x", 0x2000+n) }
func reportedTask(n int) string { return fmt.Sprintf("%032x", 0xabc000+n) }

func afterNoon(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

// two is the graph of two tasks in a row, of which subtasks of the first have
// finished.
func two(parallelism, finished int) *job.Graph {
	first, second := reportedTask(1), reportedTask(2)
	graph := connected(map[string]int{first: parallelism, second: parallelism}, first, second)
	graph.Tasks[0].Finished = finished
	return graph
}

// A Pushgateway keeps the last values of an execution that has ended. They are
// none of the execution that runs, and a job that has ended does not run
// (FLINK-11742).
func TestPushedValuesThatStay(t *testing.T) {
	reader := readerOf(t, report(t, "pushed-group-stays"))
	verdict, warnings, err := reader.At(t.Context(), history.Job{ID: reportedJob(1), Graph: two(2, 0)}, afterNoon(1500))
	if err != nil || verdict == nil || len(warnings) > 0 {
		t.Fatalf("%+v, %q, %v", verdict, warnings, err)
	}
	if worst := verdict.Roots; len(worst) != 1 || worst[0].Task != 1 || verdict.Kind != diagnosis.Capacity || verdict.Summary().Job.Running != 1 {
		t.Errorf("it is %s by %+v", verdict.Kind, worst)
	}
	for i, want := range []job.Shares{{Busy: 0.05, Backpressured: 0.95}, {Busy: 0.97, Idle: 0.03}} {
		for _, load := range verdict.Snapshot.Tasks[i].Subtasks {
			if !near(load.Shares, want) || load.Host != "new_tm" || load.Why != "" {
				t.Errorf("task %d: %+v", i, load)
			}
		}
	}
	over := history.Range{From: noon, To: afterNoon(1800)}
	running := summarized(t, reader, history.Job{ID: reportedJob(1), Graph: two(2, 0)}, over, diagnosis.MaxBusy)
	if busy := running.Tasks[1].Columns[0]; len(busy) != 30 || busy[5] < 0.96 || !math.IsNaN(busy[10]) || busy[29] < 0.96 {
		t.Errorf("it was busy %v", busy)
	}
	ended := history.Job{ID: reportedJob(2), Graph: two(2, 0)}
	if verdict, _, err := reader.At(t.Context(), ended, afterNoon(1500)); verdict != nil || err != nil {
		t.Errorf("the job that has ended has %+v, %v", verdict, err)
	}
	if got := summarized(t, reader, ended, over); len(got.At) < 5 || got.At[len(got.At)-1].At.After(afterNoon(300+75)) {
		t.Errorf("the job that has ended runs at %v", got.At)
	}
}

// A legacy source among what a Pushgateway keeps has ended with what ran beside
// it, though it has no clock.
func TestPushedLegacySourceThatStays(t *testing.T) {
	var all []series
	for n, execution := range []string{"e1", "e2"} {
		source, sink := always("a", 0, mixed), always("b", 0, mixed)
		source.legacy = true
		for _, one := range []*ran{&source, &sink} {
			one.manager, one.attempt = "tm-"+execution, fmt.Sprintf("%s_%s_0_0", execution, one.task)
			pushed := scraped(*one)
			for _, of := range pushed {
				for i := range of.samples {
					if n == 0 && i > 0 {
						of.samples[i].Value = of.samples[0].Value
					}
				}
			}
			all = append(all, pushed...)
		}
	}
	snapshot := snapshots(t, readerOf(t, fake(t, all)), orders, minutes(0, 0), time.Minute)[0]
	for i, task := range snapshot.Tasks {
		if load := task.Subtasks[0]; load.TaskManager != "tm-e2" || !load.Known() {
			t.Errorf("task %d: %+v", i, load)
		}
	}
}

// What is pushed every few minutes only has not ended meanwhile.
func TestPushedRarely(t *testing.T) {
	for _, every := range []time.Duration{time.Minute, 3 * time.Minute} {
		all := scraped(always("a", 0, mixed))
		for _, of := range all {
			for i := range of.samples {
				of.samples[i].Value = of.samples[i-i%int(every/(15*time.Second))].Value
			}
		}
		reader := readerOf(t, fake(t, all))
		if got := summarized(t, reader, orders, minutes(-20, 20)); len(got.Jobs) != 41 || slices.ContainsFunc(got.Jobs, func(j diagnosis.JobSummary) bool { return j.Running != 1 }) {
			t.Errorf("every %s: %+v", every, got.Jobs)
		}
		for second := range 20 {
			if verdict, _, err := reader.At(t.Context(), orders, noon.Add(time.Duration(10*second)*time.Second)); verdict == nil || err != nil {
				t.Errorf("every %s: nothing after %d s, %v", every, 10*second, err)
			}
		}
	}
}

// A job whose first subtask has finished is there as long as any other is
// (flink-cdc#2261).
func TestFirstSubtaskThatHasFinished(t *testing.T) {
	prom := report(t, "subtask-0-finished")
	reader := readerOf(t, prom)
	for name, over := range map[string]history.Range{"the end": {From: afterNoon(1200), To: afterNoon(1500)}, "all": {From: noon, To: afterNoon(1800)}} {
		jobs, _, err := reader.Jobs(t.Context(), over)
		if err != nil || len(jobs) != 1 || jobs[0].ID != reportedJob(3) || jobs[0].Name != "cdc" || off(jobs[0].First, over.From) || off(jobs[0].Last, over.To) {
			t.Errorf("%s: %+v, %v", name, jobs, err)
		}
	}
	graph := connected(map[string]int{reportedTask(1): 3}, reportedTask(1))
	graph.Tasks[0].Finished = 2
	verdict, _, err := reader.At(t.Context(), history.Job{ID: reportedJob(3), Graph: graph}, afterNoon(1500))
	if err != nil || verdict == nil {
		t.Fatalf("%+v, %v", verdict, err)
	}
	task := verdict.Snapshot.Tasks[0]
	if verdict.Summary().Job.Running != 1 || !task.Complete() || verdict.Snapshot.Window() != 75*time.Second || !near(task.Subtasks[2].Shares, job.Shares{Busy: 0.97, Idle: 0.03}) {
		t.Errorf("over %s %+v", verdict.Snapshot.Window(), task)
	}
	if task.Subtasks[0].State != job.Finished || task.Subtasks[0].Why != job.NotRunning {
		t.Errorf("the first is %+v", task.Subtasks[0])
	}
}

// Subtasks that have finished are no fault of a job that runs: what runs is
// measured, with a warning (flink-cdc#2202, flink-cdc#2301).
func TestSubtasksThatHaveFinished(t *testing.T) {
	for name, c := range map[string]struct {
		graph   *job.Graph
		running float64
		busy    float64
	}{
		"as Flink has it":                 {two(3, 2), 1, 0.3},
		"or are missing":                  {two(3, 0), math.NaN(), math.NaN()},
		"or are missing, without a graph": {nil, math.NaN(), math.NaN()},
	} {
		t.Run(name, func(t *testing.T) {
			query := history.Query{
				Job: history.Job{ID: reportedJob(4), Graph: c.graph}, Range: history.Range{From: noon, To: afterNoon(1620)},
				Step: time.Minute, Columns: []diagnosis.Column{diagnosis.MaxBusy},
			}
			got, warnings, err := readerOf(t, report(t, "finished-subtasks-in-prometheus")).Summaries(t.Context(), query)
			if err != nil || len(got.At) != 27 {
				t.Fatalf("%d points, %v", len(got.At), err)
			}
			for point, at := range got.At {
				running, busy, sink := got.Jobs[point].Running, task(got, 1).Columns[0][point], task(got, 2).Columns[0][point]
				if after := at.At.Sub(noon); running == 0 || after > 7*time.Minute && (differs(running, c.running) || differs(busy, c.busy)) || after > 2*time.Minute && differs(sink, 0.2) {
					t.Errorf("after %s running is %v, busy %v and %v", after, running, busy, sink)
				}
			}
			if want := "Prometheus has no metrics of 2 of the 6 subtasks of job cdc3: they have finished, or are not scraped."; len(warnings) != 1 || warnings[0] != want {
				t.Errorf("warnings are %q", warnings)
			}
		})
	}
}

func task(of history.Summaries, n int) *history.TaskSummaries { return of.Task(reportedTask(n)) }

func differs(a, b float64) bool { return math.IsNaN(a) != math.IsNaN(b) || math.Abs(a-b) > 0.002 }

// VictoriaMetrics keeps the metric's name where Prometheus does not
// (VictoriaMetrics#674), and stores no NaN: what is read is the same.
func TestVictoriaMetricsReadsAsPrometheus(t *testing.T) {
	for name, c := range map[string]struct {
		job   int
		wants [2]job.Shares
		why   job.Reason
	}{
		"victoriametrics-keeps-names": {5, [2]job.Shares{{Busy: 0.05, Backpressured: 0.95}, {Busy: 0.97, Idle: 0.03}}, ""},
		"victoriametrics-drops-nan":   {6, [2]job.Shares{{Busy: job.Unknown, Idle: job.Unknown, Backpressured: 0.9}, {Busy: 0.97, Idle: 0.03}}, job.Unmeasured},
	} {
		t.Run(name, func(t *testing.T) {
			var all []string
			for _, victoriaMetrics := range []bool{false, true} {
				prom := report(t, name)
				if victoriaMetrics {
					prom.VictoriaMetrics()
				}
				reader := readerOf(t, prom)
				jobs, _, err := reader.Jobs(t.Context(), history.Range{From: noon, To: afterNoon(1800)})
				if err != nil || len(jobs) != 1 {
					t.Errorf("%+v, %v", jobs, err)
				}
				verdict, warnings, err := reader.At(t.Context(), history.Job{ID: reportedJob(c.job), Graph: two(2, 0)}, afterNoon(1500))
				if err != nil || verdict == nil || len(warnings) > 0 {
					t.Fatalf("%+v, %q, %v", verdict, warnings, err)
				}
				for i, want := range c.wants {
					for _, load := range verdict.Snapshot.Tasks[i].Subtasks {
						if !near(load.Shares, want) || i == 0 && load.Why != c.why {
							t.Errorf("task %d: %+v", i, load)
						}
					}
				}
				if verdict.RootAt(1) == nil {
					t.Errorf("it is %s by %+v", verdict.Kind, verdict.Roots)
				}
				all = append(all, fmt.Sprintf("%+v", verdict.Snapshot.Tasks))
			}
			if all[0] != all[1] {
				t.Errorf("Prometheus has\n%s\nVictoriaMetrics\n%s", all[0], all[1])
			}
		})
	}
}
