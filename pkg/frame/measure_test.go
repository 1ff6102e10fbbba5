package frame_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/grafana/dataplane/sdata/numeric"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

const unknown = "-"

// The values of each measure of load of the three jobs. The columns are: bottleneck
// status busy backpressured idle skew blame. A task of sessions was not measured: it is not
// known where it runs, and whether it is worse than the others.
var measured = map[diagnosis.By]string{
	diagnosis.ByJob: `
		default/orders                0.85 4 1   0.9  0   0.2 -
		default/sessions              0.6  4 -   -    -   -   -
		eu/pages                      0    2 0.6 0.05 0.4 0   -`,
	diagnosis.ByTask: `
		default/orders/in             0    3 0.1 0.9  0   0.2 -
		default/orders/enrich         0.85 4 1   0    0   0   -
		default/orders/out            0    0 0.2 0    0.8 0   -
		default/sessions/in           0    3 0.2 0.6  0.2 -   -
		default/sessions/window       0.6  4 1   0    0   0.9 -
		default/sessions/report       -    - -   -    -   -   -
		eu/pages/in                   0    0 0.3 0    0.7 -   -
		eu/pages/count                0    2 0.6 0.05 0.4 0   -
		eu/pages/out                  0    0 0.1 0    0.9 -   -`,
	diagnosis.BySubtask: `
		default/orders/in/0           0    3 0.1 0.8  0.1 0.2 -
		default/orders/in/1           0    3 0.1 0.9  0   0.2 -
		default/orders/enrich/0       0.85 4 1   0    0   0   -
		default/orders/enrich/1       0.85 4 0.9 0    0.1 0   -
		default/orders/out/0          0    0 0.2 0    0.8 0   -
		default/orders/out/1          0    0 0.2 0    0.8 0   -
		default/sessions/in/0         0    3 0.2 0.6  0.2 -   -
		default/sessions/window/0     0    0 0.1 0    0.9 0.9 -
		default/sessions/window/1     0.6  4 1   0    0   0.9 -
		default/sessions/window/2     0    0 0.2 0    0.8 0.9 -
		default/sessions/window/3     0    0 0   0    1   0.9 -
		default/sessions/report/0     -    - -   -    -   -   -
		default/sessions/report/1     -    - -   -    -   -   -
		eu/pages/in/0                 0    0 0.3 0    0.7 -   -
		eu/pages/count/0              0    0 0.4 0.05 0.55 0  -
		eu/pages/count/1              0    2 0.6 0    0.4 0   -
		eu/pages/out/0                0    0 0.1 0    0.9 -   -`,
	diagnosis.ByTaskManager: `
		default/orders/10.0.0.0:6122-aa   0.85 4 1   0.8  0    0.2 -
		default/orders/10.0.0.1:6122-aa   0.85 4 0.9 0.9  0    0.2 -
		default/sessions/10.0.0.0:6122-aa -    - -   -    -    -   -
		default/sessions/10.0.0.1:6122-aa 0.6  4 -   -    -    -   -
		eu/pages/10.0.0.0:6122-aa         0    0 0.4 0.05 0.55 0   -
		eu/pages/10.0.0.1:6122-aa         0    2 0.6 0    0.4  0   -`,
}

// labelsBy are the labels of a series, in the order in which the table above
// names it; none of them is an id, which would change with a restart.
var labelsBy = map[diagnosis.By][]string{
	diagnosis.ByJob:         {"cluster", "job"},
	diagnosis.ByTask:        {"cluster", "job", "task"},
	diagnosis.BySubtask:     {"cluster", "job", "task", "subtask"},
	diagnosis.ByTaskManager: {"cluster", "job", "taskmanager"},
}

// ofLoad are the measures of load.
var ofLoad = slices.DeleteFunc(slices.Clone(diagnosis.Measures[:11]), func(m diagnosis.Measure) bool { return m.Sum || m.Lags })

// Grafana reads each measure as a series for each job, task, subtask or
// TaskManager, in the order of the jobs and of their graphs.
func TestMeasures(t *testing.T) {
	for column, measure := range ofLoad {
		for by, table := range measured {
			t.Run(fmt.Sprintf("%s by %s", measure.Name, by), func(t *testing.T) {
				got := readNumeric(t, frame.Measure(threeJobs(), measure, by))
				rows := strings.Split(strings.TrimSpace(table), "\n")
				if len(got) != len(rows) {
					t.Fatalf("there are %d series, want %d", len(got), len(rows))
				}
				for i, row := range rows {
					words := strings.Fields(row)
					if want := labelled(by, words[0]); !maps.Equal(got[i].labels, want) {
						t.Errorf("series %d is labelled %v, want %v", i, got[i].labels, want)
					}
					if !equal(got[i].value, words[1+column]) {
						t.Errorf("%s is %s, want %s", words[0], shown(got[i].value), words[1+column])
					}
					if got[i].name != measure.Name {
						t.Errorf("a series of %s is named %s", measure.Name, got[i].name)
					}
				}
			})
		}
	}
}

func labelled(by diagnosis.By, path string) data.Labels {
	labels := data.Labels{}
	for i, value := range strings.Split(path, "/") {
		labels[labelsBy[by][i]] = value
	}
	return labels
}

func equal(value *float64, want string) bool {
	if value == nil || want == unknown {
		return value == nil && want == unknown
	}
	var number float64
	_, err := fmt.Sscan(want, &number)
	return err == nil && math.Abs(*value-number) < 1e-9
}

func shown(value *float64) string {
	if value == nil {
		return unknown
	}
	return fmt.Sprint(*value)
}

// A measure of the tasks chosen has nothing of others.
func TestMeasureOfSomeTasks(t *testing.T) {
	result := threeJobs()
	result.Jobs = result.Jobs[:1]
	result.Jobs[0].Tasks = []int{0, 2}
	for by, want := range map[diagnosis.By]int{diagnosis.ByJob: 1, diagnosis.ByTask: 2, diagnosis.BySubtask: 4, diagnosis.ByTaskManager: 2} {
		for column, worst := range []string{"0", "3", "0.2", "0.9", "0", "0.2", unknown} {
			got := readNumeric(t, frame.Measure(result, ofLoad[column], by))
			if len(got) != want {
				t.Errorf("%s by %s has %d series, want %d", ofLoad[column].Name, by, len(got), want)
			}
			if by == diagnosis.ByJob && !equal(got[0].value, worst) {
				t.Errorf("%s is %s, want %s", ofLoad[column].Name, shown(got[0].value), worst)
			}
		}
	}
}

// reading is one series as Grafana's expression engine reads it.
type reading struct {
	name   string
	labels data.Labels
	value  *float64
}

// readNumeric reads frames, as Grafana gets them, the way its expression engine
// does, which for equal label sets fails.
func readNumeric(t *testing.T, frames data.Frames) (series []reading) {
	t.Helper()
	frames = throughArrow(t, frames)
	if meta := frames[0].Meta; len(frames) != 1 || meta.Type != data.FrameTypeNumericWide || meta.TypeVersion != (data.FrameTypeVersion{0, 1}) {
		t.Fatalf("%d frames, the first of type %s %v", len(frames), meta.Type, meta.TypeVersion)
	}
	reader, err := numeric.CollectionReaderFromFrames(frames)
	if err != nil {
		t.Fatal(err)
	}
	collection, err := reader.GetCollection(false)
	if err != nil || collection.Warning != nil {
		t.Fatal(err, collection.Warning)
	}
	if len(collection.Refs) != len(frames[0].Fields) {
		t.Fatalf("%d of %d fields are numbers", len(collection.Refs), len(frames[0].Fields))
	}
	seen := map[data.Fingerprint]bool{}
	for _, ref := range collection.Refs {
		value, empty, err := ref.NullableFloat64Value()
		if err != nil || empty {
			t.Fatalf("%v: empty %v, %v", ref.GetLabels(), empty, err)
		}
		if print := ref.GetLabels().Fingerprint(); seen[print] {
			t.Errorf("two series are labelled %v", ref.GetLabels())
		} else {
			seen[print] = true
		}
		series = append(series, reading{ref.GetMetricName(), ref.GetLabels(), value})
	}
	return series
}

// Measures that need no snapshot, such as whether a job runs, have values of their
// own, and none of the jobs.
func TestMeasureOfValues(t *testing.T) {
	result := threeJobs()
	result.Values = []frame.Value{
		{Labels: data.Labels{"cluster": "default", "job": "orders"}, Value: 1},
		{Labels: data.Labels{"cluster": "default", "job": "gone"}, Value: 0},
		{Labels: data.Labels{"cluster": "eu", "job": "orders"}, Value: math.NaN()},
	}
	got := readNumeric(t, frame.Measure(result, measureNamed("running"), diagnosis.ByJob))
	if len(got) != 3 || !equal(got[0].value, "1") || !equal(got[1].value, "0") || got[2].value != nil || got[0].name != "running" {
		t.Errorf("the series are %+v", got)
	}
}

// The blame is what the history has of the range: of a job that of its worst task,
// of a subtask that of its task.
func TestMeasureOfBlame(t *testing.T) {
	result := threeJobs()
	result.Jobs = result.Jobs[:1]
	result.Jobs[0].Past = []frame.TaskPast{{Blame: 0.25}, {Blame: 0.75}, {Blame: math.NaN()}}
	for by, want := range map[diagnosis.By][]string{
		diagnosis.ByJob: {"0.75"}, diagnosis.ByTask: {"0.25", "0.75", unknown},
		diagnosis.BySubtask: {"0.25", "0.25", "0.75", "0.75", unknown, unknown}, diagnosis.ByTaskManager: {"0.75", "0.75"},
	} {
		got := readNumeric(t, frame.Measure(result, measureNamed("blame"), by))
		if len(got) != len(want) {
			t.Fatalf("by %s there are %d series, want %d", by, len(got), len(want))
		}
		for i := range want {
			if !equal(got[i].value, want[i]) {
				t.Errorf("by %s the blame of %v is %s, want %s", by, got[i].labels, shown(got[i].value), want[i])
			}
		}
	}
}

// The records of a TaskManager are the sum of its subtasks', and unknown if one is.
func TestRecordsByTaskManager(t *testing.T) {
	for name, c := range map[string]struct {
		rates []float64
		want  string
	}{
		"known":   {[]float64{10, 20, 5}, "30 5"},
		"unknown": {[]float64{10, math.NaN(), 5}, "- 5"},
	} {
		t.Run(name, func(t *testing.T) {
			loads := make([]job.SubtaskLoad, len(c.rates))
			for i, rate := range c.rates {
				loads[i] = job.SubtaskLoad{Subtask: i, State: job.Running, TaskManager: []string{"tm-1", "tm-1", "tm-2"}[i], RecordsIn: rate}
			}
			snapshot := job.FromLoads(job.Snapshot{Graph: &job.Graph{Tasks: make([]job.Task, 1)}}, [][]job.SubtaskLoad{loads})
			measure, _ := diagnosis.MeasureNamed("records_in")
			result := frame.Result{Jobs: []frame.Job{{Verdict: diagnosis.Diagnose(snapshot), Tasks: []int{0}}}}
			var got []string
			for _, series := range readNumeric(t, frame.Measure(result, measure, diagnosis.ByTaskManager)) {
				got = append(got, shown(series.value))
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %v, want %s", got, c.want)
			}
		})
	}
}

// The unit of a ratio is a share, of a duration seconds, of a code none.
func TestUnitsOfMeasures(t *testing.T) {
	for _, measure := range diagnosis.Measures {
		want := map[diagnosis.Unit]string{diagnosis.Ratio: "percentunit", diagnosis.Rate: "recps", diagnosis.Records: "short", diagnosis.Seconds: "s"}[measure.Unit]
		result := frame.Result{Values: []frame.Value{{Labels: data.Labels{"cluster": "default"}, Value: 1}}}
		if got := frame.Measure(result, measure, measure.By[0])[0].Fields[0].Config.Unit; got != want {
			t.Errorf("the unit of %s is %q, want %q", measure.Name, got, want)
		}
	}
}

// A cluster without jobs results with no series, which is no error.
func TestMeasureOfNoJobs(t *testing.T) {
	for _, measure := range diagnosis.Measures {
		for _, by := range measure.By {
			if got := readNumeric(t, frame.Measure(frame.Result{}, measure, by)); len(got) > 0 {
				t.Errorf("%s by %s of no jobs has series %v", measure.Name, by, got)
			}
		}
	}
}

// Jobs of one program have the same tasks: cluster and job distinguish them.
func TestLabelSetsAreUnique(t *testing.T) {
	nodes := chain(task("in", at(0.1, 0.8)), task("map", at(1, 0), at(1, 0)))
	result := frame.Result{Jobs: []frame.Job{
		jobOf("default", "etl", nodes...), jobOf("default", "etl #2", nodes...), jobOf("eu", "etl", nodes...),
	}}
	for by, want := range map[diagnosis.By]int{diagnosis.ByJob: 3, diagnosis.ByTask: 6, diagnosis.BySubtask: 9, diagnosis.ByTaskManager: 6} {
		if got := readNumeric(t, frame.Measure(result, diagnosis.Measures[0], by)); len(got) != want {
			t.Errorf("by %s there are %d series, want %d", by, len(got), want)
		}
	}
}

// Where some running subtasks of a task are not measured, the hottest may be among
// them: an alert rule gets no value rather than one that seems well.
func TestMeasureOfAPartlyMeasuredTask(t *testing.T) {
	result := frame.Result{Jobs: []frame.Job{jobOf("default", "orders", chain(
		task("in", at(0.1, 0.9)), task("map", at(0.1, 0), noMetrics), task("out", at(0, 0)),
	)...)}}
	for name, want := range map[string]string{
		"bottleneck": "0.0000 null null", "busy": "0.1000 null 0.0000", "status": "3.0000 null 0.0000", "idle": "0.0000 null 1.0000",
	} {
		if got := values(frame.Measure(result, measureNamed(name), diagnosis.ByTask)); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if got := values(frame.Measure(result, diagnosis.Measures[0], diagnosis.ByJob)); got != "null" {
		t.Errorf("the job's bottleneck is %s, want null", got)
	}
}

// values are those of a measure's series, in order.
func values(frames data.Frames) string {
	var texts []string
	for _, field := range frames[0].Fields {
		if value, _ := field.NullableFloatAt(0); value == nil {
			texts = append(texts, "null")
		} else {
			texts = append(texts, fmt.Sprintf("%.4f", *value))
		}
	}
	return strings.Join(texts, " ")
}

// graded is a job of 30 tasks of 40 subtasks, each a little busier than the
// one before it; the first hundred are not measured.
func graded() frame.Result {
	var nodes []node
	for i := range 30 {
		n := task(fmt.Sprintf("task-%d", i))
		for k := range 40 {
			s := at(float64(i*40+k)/1200, 0)
			s.unmeasured = i*40+k < 100
			n.subtasks = append(n.subtasks, s)
		}
		nodes = append(nodes, n)
	}
	return frame.Result{Jobs: []frame.Job{jobOf("default", "wide", nodes...)}}
}

// An answer holds a thousand series: the worst.
func TestMeasureHoldsTheWorstThousandSeries(t *testing.T) {
	for name, bounds := range map[string][2]float64{"busy": {200. / 1200, 1}, "idle": {0, 1000. / 1200}} {
		frames := frame.Measure(graded(), measureNamed(name), diagnosis.BySubtask)
		got := readNumeric(t, frames)
		lowest, highest := math.Inf(1), math.Inf(-1)
		for _, s := range got {
			if s.value == nil {
				t.Fatalf("%s: %v is unknown, and in the place of a known one", name, s.labels)
			}
			lowest, highest = min(lowest, *s.value), max(highest, *s.value)
		}
		if len(got) != 1000 || lowest < bounds[0]-1e-9 || highest > bounds[1]+1e-9 {
			t.Errorf("%s: %d series from %v to %v, want 1000 within %v", name, len(got), lowest, highest, bounds)
		}
		notices := frames[0].Meta.Notices
		if len(notices) != 1 || notices[0].Severity != data.NoticeSeverityWarning || !strings.Contains(notices[0].Text, "worst 1000 of 1200") {
			t.Errorf("%s: the notices are %v", name, notices)
		}
	}
	exactly := graded()
	exactly.Jobs[0].Tasks = exactly.Jobs[0].Tasks[:25]
	if frames := frame.Measure(exactly, diagnosis.Measures[2], diagnosis.BySubtask); len(frames[0].Fields) != 1000 || len(frames[0].Meta.Notices) > 0 {
		t.Errorf("of a thousand there are %d, with notices %v", len(frames[0].Fields), frames[0].Meta.Notices)
	}
}

// What is not known comes before what is well: a rule that fired for it must
// not lose its series.
func TestUnknownSeriesAreKeptBeforeHealthyOnes(t *testing.T) {
	unknown := 0
	for _, s := range readNumeric(t, frame.Measure(graded(), diagnosis.Measures[0], diagnosis.BySubtask)) {
		if s.value == nil {
			unknown++
		}
	}
	if unknown != 100 {
		t.Errorf("%d of 100 unknown series are kept", unknown)
	}
}

// A subtask that has finished sends nothing: its TaskManager does what the others do.
func TestRatesOfATaskManagerWithAFinishedSubtask(t *testing.T) {
	shown := jobOf("default", "orders", chain(task("in", at(0.1, 0), at(0.2, 0)), task("map", at(0.5, 0)))...)
	for i, load := range shown.Snapshot.Tasks {
		for n := range load.Subtasks {
			load.Subtasks[n].TaskManager, load.Subtasks[n].RecordsIn = "tm-1", 100
		}
		if i == 0 {
			load.Subtasks[1] = job.UnknownLoad(1, job.Finished, job.NotRunning)
			load.Subtasks[1].TaskManager = "tm-1"
		}
		shown.Snapshot.Tasks[i] = load.WithSubtasks(load.Subtasks)
	}
	result := frame.Result{Jobs: []frame.Job{shown}}
	for name, want := range map[string]string{"records_in": "200.0000", "busy": "0.5000"} {
		if got := values(frame.Measure(result, measureNamed(name), diagnosis.ByTaskManager)); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}
