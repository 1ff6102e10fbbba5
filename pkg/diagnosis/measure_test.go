package diagnosis_test

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// wide is a task whose first subtask is hot, on one of two hosts.
func wide(name string) node { return task(name, at(1, 0), at(0.1, 0), at(0.2, 0)) }

// The values of each measure of load: of each task, of each of its subtasks, and
// of the job. What is measured and well is 0, what is not known is "-". Of a task
// that was not measured as a whole only a root cause, or backpressure, is known, and of
// its job a root cause alone.
func TestMeasuresOfLoad(t *testing.T) {
	for name, c := range map[string]struct {
		nodes        []node
		edgesUnknown bool
		values       string // bottleneck, status, busy, backpressured, idle
	}{
		"one hot subtask": {chain(task("in", at(0.1, 0.8)), wide("map"), task("out", at(0.3, 0))), false, `
			in      0   3 0.1 0.8 0.1
			in/0    0   3 0.1 0.8 0.1
			map     0.8 4 1   0   0
			map/0   0.8 4 1   0   0
			map/1   0   0 0.1 0   0.9
			map/2   0   0 0.2 0   0.8
			out     0   0 0.3 0   0.7
			out/0   0   0 0.3 0   0.7
			the job 0.8 4 1   0.8 0`},
		"a subtask of the task below is not measured": {chain(task("in", at(0.1, 0.9)), task("map", at(0.1, 0), noMetrics), task("out", at(0, 0))), false, `
			in      0   3 0.1 0.9 0
			in/0    0   3 0.1 0.9 0
			map     -   - -   -   -
			map/0   0   0 0.1 0   0.9
			map/1   -   - -   -   -
			out     -   0 0   0   1
			out/0   -   0 0   0   1
			the job -   - -   -   -`},
		"a subtask of the root cause is not measured": {chain(task("in", at(0.1, 0.9)), task("map", at(1, 0), noMetrics)), false, `
			in      0   3 0.1 0.9 0
			in/0    0   3 0.1 0.9 0
			map     0.9 4 -   -   -
			map/0   0.9 4 1   0   0
			map/1   -   - -   -   -
			the job 0.9 4 -   -   -`},
		"a subtask of the backpressured task is not measured": {chain(task("in", at(0.1, 0.9), noMetrics), task("map", at(1, 0))), false, `
			in      -   3 -   -   -
			in/0    0   3 0.1 0.9 0
			in/1    -   - -   -   -
			map     0.9 4 1   0   0
			map/0   0.9 4 1   0   0
			the job 0.9 4 -   -   -`},
		"nothing is measured": {chain(task("in", noMetrics), task("map", noMetrics)), false, `
			in      - - - - -
			in/0    - - - - -
			map     - - - - -
			map/0   - - - - -
			the job - - - - -`},
		"edges unknown": {[]node{task("in", at(0, 1)), task("map", at(1, 0))}, true, `
			in      - 3 0 1 0
			in/0    - 3 0 1 0
			map     - 2 1 0 0
			map/0   - 2 1 0 0
			the job - 3 1 1 0`},
	} {
		t.Run(name, func(t *testing.T) {
			snapshot := snapshotOf(c.nodes...)
			snapshot.Graph.EdgesUnknown = c.edgesUnknown
			verdict := diagnosis.Diagnose(snapshot)
			if got, want := strings.Join(valuesOf(verdict, 5), "\n"), fields(c.values); got != want {
				t.Errorf("the values are\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// valuesOf are the values of the first so many measures, a line for each task,
// subtask, and the job.
func valuesOf(verdict *diagnosis.Verdict, measures int) (lines []string) {
	line := func(name string, value func(diagnosis.Measure) float64) {
		words := []string{name}
		for _, measure := range diagnosis.Measures[:measures] {
			word := strconv.FormatFloat(math.Round(value(measure)*1e9)/1e9, 'g', -1, 64)
			words = append(words, strings.ReplaceAll(word, "NaN", "-"))
		}
		lines = append(lines, strings.Join(words, " "))
	}
	var all []int
	for i, task := range verdict.Snapshot.Graph.Tasks {
		all = append(all, i)
		line(task.Name, func(m diagnosis.Measure) float64 { return m.Task(verdict, i) })
		for s := range verdict.Snapshot.Tasks[i].Subtasks {
			load := &verdict.Snapshot.Tasks[i].Subtasks[s]
			line(fmt.Sprint(task.Name, "/", s), func(m diagnosis.Measure) float64 { return m.Subtask(verdict, i, load) })
		}
	}
	line("the job", func(m diagnosis.Measure) float64 { return m.Job(verdict, all) })
	return lines
}

// fields is a text with single blanks, line by line.
func fields(text string) string {
	var lines []string
	for line := range strings.Lines(strings.TrimSpace(text)) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return strings.Join(lines, "\n")
}

// A job's value is that of the worst of the tasks chosen, and of no other.
func TestMeasureOfSomeTasks(t *testing.T) {
	_, verdict := diagnosed(chain(task("in", at(0.1, 0.8)), wide("map"), task("out", at(0.3, 0)))...)
	for name, want := range map[string]float64{"bottleneck": 0, "status": 3, "busy": 0.3, "backpressured": 0.8, "idle": 0.1} {
		measure, _ := diagnosis.MeasureNamed(name)
		if got := measure.Job(verdict, []int{0, 2}); math.Abs(got-want) > 1e-9 {
			t.Errorf("%s without the bottleneck is %v, want %v", name, got, want)
		}
		if got := measure.Job(verdict, nil); !math.IsNaN(got) && name != "bottleneck" {
			t.Errorf("%s of no task is %v", name, got)
		}
	}
}

// The skew of records is a task's, and so of each of its subtasks.
func TestMeasureOfSkew(t *testing.T) {
	verdict := diagnosis.Diagnose(&job.Snapshot{
		Graph: &job.Graph{Tasks: []job.Task{{Inputs: []int{1}}, {}}}, Tasks: []job.TaskLoad{rates([]float64{10, 0}, []float64{0, 0}), rates([]float64{0}, []float64{10})},
	})
	skew, _ := diagnosis.MeasureNamed("skew")
	if task, subtask := skew.Task(verdict, 0), skew.Subtask(verdict, 0, &verdict.Snapshot.Tasks[0].Subtasks[1]); task != 1 || subtask != 1 {
		t.Errorf("the skew is %v, of a subtask %v; want 1", task, subtask)
	}
	if task := skew.Task(verdict, 1); !math.IsNaN(task) {
		t.Errorf("the skew of one subtask is %v", task)
	}
	if worst := skew.Job(verdict, []int{0, 1}); worst != 1 {
		t.Errorf("the skew of the job is %v", worst)
	}
}

// The names are what queries and alert rules have, the default first.
func TestMeasureNames(t *testing.T) {
	want := []string{"bottleneck", "status", "busy", "backpressured", "idle", "skew", "records_in", "records_out", "watermark_lag", "pending_records", "blame", "kind", "running", "restarts", "checkpoint_age", "checkpoint_intervals", "checkpoint_duration", "checkpoint_failures", "up"}
	var names []string
	for _, measure := range diagnosis.Measures {
		names = append(names, measure.Name)
		if found, ok := diagnosis.MeasureNamed(measure.Name); !ok || found.Name != measure.Name {
			t.Errorf("%s is not found by its name", measure.Name)
		}
	}
	if !slices.Equal(names, want) {
		t.Errorf("the measures are %v, want %v", names, want)
	}
	if found, ok := diagnosis.MeasureNamed("latency"); ok || found.Name != "" {
		t.Errorf("latency is %+v", found)
	}
}

// What a measure has series for follows from where its values come from; one
// that is of no load has no value by a verdict.
func TestMeasuresByOrigin(t *testing.T) {
	byLoad := []diagnosis.By{diagnosis.ByJob, diagnosis.ByTask, diagnosis.BySubtask, diagnosis.ByTaskManager}
	_, verdict := diagnosed(chain(task("in", at(0.1, 0.8)), wide("map"))...)
	columns := map[diagnosis.Column]string{}
	for _, measure := range diagnosis.Measures {
		by := map[diagnosis.Origin][]diagnosis.By{
			diagnosis.FromLoad: byLoad, diagnosis.FromRange: byLoad,
			diagnosis.FromJobState: {diagnosis.ByJob}, diagnosis.FromFigure: {diagnosis.ByJob}, diagnosis.FromAnswers: {diagnosis.ByCluster},
		}[measure.Origin]
		if measure.Lags {
			by = by[:2] // Flink has them of a task
		}
		if !slices.Equal(measure.By, by) || measure.OfLoad() != (len(by) > 1) {
			t.Errorf("%s is by %v and of load %t, want by %v", measure.Name, measure.By, measure.OfLoad(), by)
		}
		if measure.Origin == diagnosis.FromLoad {
			if other, taken := columns[measure.Column]; taken {
				t.Errorf("%s and %s are read from the same column", measure.Name, other)
			}
			columns[measure.Column] = measure.Name
			continue
		}
		for what, value := range map[string]float64{
			"job": measure.Job(verdict, []int{0, 1}), "task": measure.Task(verdict, 1), "subtask": measure.Subtask(verdict, 1, &verdict.Snapshot.Tasks[1].Subtasks[0]),
		} {
			if !math.IsNaN(value) {
				t.Errorf("%s of a %s is %v by a verdict", measure.Name, what, value)
			}
		}
	}
}

// The worse of two values is the higher, of idle, running and up the lower; a
// known value is worse than an unknown one.
func TestWorse(t *testing.T) {
	unknown := math.NaN()
	for _, measure := range diagnosis.Measures {
		lowIsWorse := slices.Contains([]string{"idle", "running", "up"}, measure.Name)
		for _, c := range []struct{ a, b, high, low float64 }{
			{0, 1, 1, 0}, {1, 0, 1, 0}, {0.5, 0.5, 0.5, 0.5}, {unknown, 0, 0, 0}, {1, unknown, 1, 1}, {unknown, unknown, unknown, unknown},
		} {
			want := c.high
			if lowIsWorse {
				want = c.low
			}
			if got := measure.Worse(c.a, c.b); !alike(got, want) {
				t.Errorf("%s: of %v and %v %v is worse, want %v", measure.Name, c.a, c.b, got, want)
			}
		}
	}
}

// Where an answer has not room for all, the unknown are kept before the well, and
// after all that is worse: a rule that fired for one must not lose its series.
func TestBadness(t *testing.T) {
	for name, order := range map[string][]float64{
		"busy": {1, 0.5, 1e-9, math.NaN(), 0}, "idle": {0, 0.5, 1 - 1e-9, math.NaN(), 1},
		"status": {4, 3, 1, math.NaN(), 0}, "running": {0, math.NaN(), 1},
	} {
		measure, _ := diagnosis.MeasureNamed(name)
		for i := 1; i < len(order); i++ {
			if before, after := measure.Badness(order[i-1]), measure.Badness(order[i]); !(before > after) {
				t.Errorf("%s: %v comes not before %v: %v, %v", name, order[i-1], order[i], before, after)
			}
		}
	}
}

// A summary has the value of every measure of load of each task, so that history
// and alert rules agree.
func TestSummary(t *testing.T) {
	for name, c := range map[string]struct {
		nodes        []node
		edgesUnknown bool
		clear        bool
	}{
		"a root cause":    {chain(task("in", at(0.1, 0.8)), wide("map"), task("new", noMetrics)), false, false},
		"well":            {chain(task("in", at(0.1, 0)), task("out", at(0.1, 0))), false, true},
		"partly measured": {chain(task("in", at(0.1, 0.9), noMetrics), task("out", at(0.1, 0), noMetrics)), false, false},
		"edges unknown":   {[]node{task("in", at(0.1, 0.9)), task("out", at(0.1, 0))}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			snapshot := snapshotOf(c.nodes...)
			snapshot.Graph.EdgesUnknown = c.edgesUnknown
			verdict := diagnosis.Diagnose(snapshot)
			summary := verdict.Summary()
			if j := summary.Job; j.Name != "orders" || j.Clear != c.clear || j.EdgesUnknown != c.edgesUnknown ||
				!j.From.Equal(snapshot.From) || !j.To.Equal(snapshot.To) || j.Source != job.FromCounters || !math.IsNaN(j.Figures[diagnosis.RestartCount]) {
				t.Errorf("the job's is %+v", j)
			}
			if len(summary.Tasks) != len(c.nodes) {
				t.Fatalf("%d tasks, want %d", len(summary.Tasks), len(c.nodes))
			}
			for i, columns := range summary.Tasks {
				for _, measure := range diagnosis.Measures[:10] {
					if got, want := columns[measure.Column], measure.Task(verdict, i); !alike(got, want) {
						t.Errorf("%s of task %d is %v, want %v", measure.Name, i, got, want)
					}
				}
				if since := columns[diagnosis.RootSince]; !math.IsNaN(since) {
					t.Errorf("task %d is a root cause since %v, which one snapshot does not show", i, since)
				}
			}
		})
	}
}

// Whether a job runs, and how often it has restarted, is read from its summary.
func TestMeasuresOfASummary(t *testing.T) {
	snapshot := snapshotOf(task("map", at(0, 0), at(0, 0)))
	running, _ := diagnosis.MeasureNamed("running")
	restarts, _ := diagnosis.MeasureNamed("restarts")
	busy, _ := diagnosis.MeasureNamed("busy")
	for _, c := range []struct {
		running  int
		restarts float64
		want     float64
	}{{2, 7, 1}, {1, math.NaN(), 0}} {
		snapshot.Graph.Tasks[0].Running = c.running
		summary := diagnosis.Diagnose(snapshot).Summary().Job
		summary.Figures[diagnosis.RestartCount] = c.restarts
		if got := running.FromSummary(summary); got != c.want {
			t.Errorf("with %d of 2 subtasks running is %v, want %v", c.running, got, c.want)
		}
		if got := restarts.FromSummary(summary); !alike(got, c.restarts) {
			t.Errorf("restarts are %v, want %v", got, c.restarts)
		}
		if got := busy.FromSummary(summary); !math.IsNaN(got) {
			t.Errorf("busy by a job's summary is %v", got)
		}
	}
	for column, value := range diagnosis.UnknownTaskSummary {
		if !math.IsNaN(value) {
			t.Errorf("column %d of an unknown task is %v", column, value)
		}
	}
}

// What enters a job is what its sources send, and what leaves it what reaches its last
// tasks; where one of them is not known, neither is the sum.
func TestThroughput(t *testing.T) {
	unknown, well := math.NaN(), at(0.1, 0)
	for name, c := range map[string]struct {
		nodes        []node
		records      [][2]float64 // in and out, of each task
		enter, leave float64
	}{
		"a chain":          {chain(task("in", well), task("map", well), task("out", well)), [][2]float64{{0, 100}, {100, 50}, {50, 0}}, 100, 50},
		"two sources":      {[]node{task("a", well), task("b", well), task("out", well).after("a", "b")}, [][2]float64{{0, 100}, {0, 20}, {120, 0}}, 120, 120},
		"two last tasks":   {[]node{task("in", well), task("a", well).after("in"), task("b", well).after("in")}, [][2]float64{{0, 100}, {100, 0}, {100, 0}}, 100, 200},
		"an unknown one":   {chain(task("in", well), task("out", well)), [][2]float64{{0, unknown}, {100, 0}}, unknown, 100},
		"one chained task": {[]node{task("in", well)}, [][2]float64{{0, 0}}, unknown, unknown},
		"no task":          {nil, nil, unknown, unknown},
	} {
		t.Run(name, func(t *testing.T) {
			snapshot := snapshotOf(c.nodes...)
			for i, records := range c.records {
				snapshot.Tasks[i].RecordsIn, snapshot.Tasks[i].RecordsOut = records[0], records[1]
			}
			verdict := diagnosis.Diagnose(snapshot)
			summary := verdict.Summary().Job
			for measure, want := range map[string]float64{"records_in": c.enter, "records_out": c.leave} {
				of, _ := diagnosis.MeasureNamed(measure)
				if got := of.Job(verdict, nil); !alike(got, want) {
					t.Errorf("%s is %v, want %v", measure, got, want)
				}
				if got := of.FromSummary(summary); !alike(got, want) {
					t.Errorf("%s by the summary is %v, want %v", measure, got, want)
				}
			}
		})
	}
}

// Alert rules know the kind of a root cause by its number.
func TestKindAsANumber(t *testing.T) {
	kind, _ := diagnosis.MeasureNamed("kind")
	for name, c := range map[string]struct {
		nodes                  []node
		job, task, hot, feeder float64 // the job, its second task, that's first subtask, the first task
	}{
		"capacity":     {chain(task("in", at(0.1, 0.8)), task("map", at(1, 0), at(1, 0)), task("out", at(0.1, 0))), 1, 1, 1, 0},
		"skew":         {chain(task("in", at(0.1, 0.8)), wide("map"), task("out", at(0.1, 0))), 2, 2, 2, 0},
		"unmeasured":   {chain(task("in", at(0.1, 0.8)), task("map", at(0.1, 0)), task("out", at(0, 0))), 6, 6, 0, 0},
		"none":         {chain(task("in", at(0.1, 0)), task("map", at(0.1, 0)), task("out", at(0, 0))), 0, 0, 0, 0},
		"not measured": {chain(task("in", noMetrics), task("map", noMetrics)), math.NaN(), math.NaN(), math.NaN(), math.NaN()},
	} {
		snapshot, verdict := diagnosed(c.nodes...)
		all := []int{0, 1}
		for what, value := range map[string][2]float64{
			"the job": {kind.Job(verdict, all), c.job}, "the task": {kind.Task(verdict, 1), c.task},
			"its subtask": {kind.Subtask(verdict, 1, &snapshot.Tasks[1].Subtasks[0]), c.hot}, "the task above": {kind.Task(verdict, 0), c.feeder},
		} {
			if !alike(value[0], value[1]) {
				t.Errorf("%s: the kind of %s is %v, want %v", name, what, value[0], value[1])
			}
		}
	}
}

// A task of which it is not known whether it holds another back is not known to be no
// bottleneck: a rule that fired for it must not resolve.
func TestBottleneckOfATaskThatMayBeOne(t *testing.T) {
	for name, c := range map[string]struct {
		nodes []node
		task  int
	}{
		"its input is not measured":      {chain(task("in", noMetrics), task("map", at(1, 0)), task("out", at(0.1, 0))), 1},
		"a source that may only wait":    {chain(task("in", at(1, 0)), task("map", at(0.05, 0))), 0},
		"one of two inputs not measured": {[]node{task("a", at(0.1, 0)), task("b", noMetrics), task("map", at(1, 0)).after("a", "b")}, 2},
	} {
		_, verdict := diagnosed(c.nodes...)
		for _, of := range []string{"bottleneck", "kind"} {
			measure, _ := diagnosis.MeasureNamed(of)
			if value := measure.Task(verdict, c.task); !math.IsNaN(value) {
				t.Errorf("%s: %s is %v", name, of, value)
			}
			if value := measure.Subtask(verdict, c.task, &verdict.Snapshot.Tasks[c.task].Subtasks[0]); !math.IsNaN(value) {
				t.Errorf("%s: %s of its subtask is %v", name, of, value)
			}
		}
	}
}

// A task that has finished, while its job goes on, holds nothing back, and does nothing:
// that is known, or a rule that fired for it would fire until the job ends.
func TestMeasuresOfATaskThatHasFinished(t *testing.T) {
	_, verdict := diagnosed(ended("bounded"), task("live", at(0.1, 0).handling(100)), task("map", at(0.5, 0).handling(100)).after("bounded", "live"))
	for name, want := range map[string]float64{"bottleneck": 0, "kind": 0, "busy": 0, "backpressured": 0, "idle": 1, "skew": 0} {
		measure, _ := diagnosis.MeasureNamed(name)
		if got := measure.Task(verdict, 0); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
		if got := verdict.Summary().Tasks[0][measure.Column]; got != want {
			t.Errorf("%s is kept as %v, want %v", name, got, want)
		}
	}
	for name, want := range map[string]float64{"records_in": 100, "records_out": 100, "busy": 0.5} {
		measure, _ := diagnosis.MeasureNamed(name)
		if got := measure.Job(verdict, []int{0, 1, 2}); got != want {
			t.Errorf("%s of the job is %v, want %v", name, got, want)
		}
	}
	for _, name := range []string{"status", "records_in", "records_out"} { // too few records may be what a rule fires for
		measure, _ := diagnosis.MeasureNamed(name)
		if got := measure.Task(verdict, 0); !math.IsNaN(got) {
			t.Errorf("%s is %v, want null", name, got)
		}
	}
	busy, _ := diagnosis.MeasureNamed("busy")
	for name, change := range map[string]func(*job.Snapshot){
		"of a job that has ended":               func(of *job.Snapshot) { of.Job.State = "FAILED" },
		"of a job that restarts":                func(of *job.Snapshot) { of.Job.State = "RESTARTING" },
		"of a time of which nothing is known":   func(of *job.Snapshot) { of.Source = "" },
		"in Prometheus, which may have no more": func(of *job.Snapshot) { of.Source = job.FromPrometheus },
	} {
		_, verdict := diagnosed(ended("bounded"), task("live", at(0.1, 0)), task("map", at(0.5, 0)).after("bounded", "live"))
		change(verdict.Snapshot)
		if got := busy.Task(verdict, 0); !math.IsNaN(got) {
			t.Errorf("%s it is %v busy", name, got)
		}
	}
	_, verdict = diagnosed(ended("bounded"), task("map", at(0.5, 0).handling(100)).after("bounded"))
	in, _ := diagnosis.MeasureNamed("records_in")
	if got := in.Job(verdict, []int{0, 1}); !math.IsNaN(got) {
		t.Errorf("records_in of a job whose sources have all finished is %v", got)
	}
}
