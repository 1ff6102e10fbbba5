package frame_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// Root causes come first, worst first, whatever order the jobs have; then
// what is not known, then what is well.
func TestBottlenecksAreWorstFirst(t *testing.T) {
	hold := func(name string, held float64) frame.Job {
		return jobOf("default", name, chain(task("in", at(0, held)), task("map", at(1, 0)))...)
	}
	table := frame.Bottlenecks(frame.Result{Jobs: []frame.Job{
		jobOf("default", "well", task("in", at(0.2, 0))), hold("mild", 0.6), jobOf("default", "new", task("in", noMetrics)), hold("bad", 0.9),
	}})[0]
	var got []string
	for row := range table.Rows() {
		severity := "null"
		if value := field(t, table, "severity").At(row).(*float64); value != nil {
			severity = fmt.Sprint(*value)
		}
		got = append(got, fmt.Sprintf("%s %s %s", *field(t, table, "job").At(row).(*string), *field(t, table, "kind").At(row).(*string), severity))
	}
	if want := "bad capacity 0.9, mild capacity 0.6, new unknown null, well none 0"; strings.Join(got, ", ") != want {
		t.Errorf("the rows are %s, want %s", strings.Join(got, ", "), want)
	}
}

// A job has a row for each of its root causes, one if it has none, and only for
// the tasks chosen.
func TestBottlenecksOfAJob(t *testing.T) {
	j := jobOf("default", "etl", append(
		chain(task("in", at(0, 0.9)), task("map", at(1, 0))),
		chain(task("in 2", at(0, 0.7)), task("map 2", at(1, 0)))...)...)
	for chosen, want := range map[string]string{"": "map map 2", "map": "map", "map 2": "map 2", "in": "none"} {
		some := j
		some.Tasks = nil
		for i, task := range j.Snapshot.Graph.Tasks {
			if chosen == "" || task.Name == chosen {
				some.Tasks = append(some.Tasks, i)
			}
		}
		table := frame.Bottlenecks(frame.Result{Jobs: []frame.Job{some}})[0]
		var got []string
		for row := range table.Rows() {
			if name := field(t, table, "task").At(row).(*string); name != nil {
				got = append(got, *name)
			} else {
				got = append(got, *field(t, table, "kind").At(row).(*string))
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("of %q the rows are %v, want %s", chosen, got, want)
		}
	}
}

// Each root cause has its hot subtasks and their hosts, an explanation and
// advice; a job without one has an explanation of what was measured.
func TestBottleneckTexts(t *testing.T) {
	table := frame.Bottlenecks(threeJobs())[0]
	word := func(column string, row int) string {
		if value := field(t, table, column).At(row).(*string); value != nil {
			return *value
		}
		return "null"
	}
	for row, want := range []map[string]string{
		{"job": "orders", "task": "enrich", "task_id": taskID("enrich"), "kind": "capacity", "hot_subtasks": "0, 1", "hot_hosts": "host-0, host-1"},
		{"job": "sessions", "task": "window", "kind": "skew", "hot_subtasks": "1", "hot_hosts": "host-1"},
		{"job": "pages", "task": "null", "task_id": "null", "kind": "none", "hot_subtasks": "null", "hot_hosts": "null", "advice": "null",
			"explanation": "3 of 3 tasks measured over 10 s; the busiest, count, is 60 % busy."},
	} {
		for column, text := range want {
			if got := word(column, row); got != text {
				t.Errorf("%s of row %d is %q, want %q", column, row, got, text)
			}
		}
		if !field(t, table, "since").NilAt(row) {
			t.Errorf("row %d has since, without a history", row)
		}
	}
	if got := *field(t, table, "upstream_backpressured").At(0).(*float64); got != 0.9 {
		t.Errorf("upstream is backpressured %v, want the highest over its subtasks", got)
	}
}

// Since when a task has been the root cause is what the history has of it.
func TestBottleneckSince(t *testing.T) {
	j := jobOf("default", "orders", chain(task("in", at(0, 0.9)), task("map", at(1, 0)))...)
	since := started.Add(-time.Hour)
	j.Past = []frame.TaskPast{{Blame: 0}, {Since: since, Blame: 1}}
	column := field(t, frame.Bottlenecks(frame.Result{Jobs: []frame.Job{j}})[0], "since")
	if got, known := column.ConcreteAt(0); !known || !got.(time.Time).Equal(since) {
		t.Errorf("since %v, want %s", column.At(0), since)
	}
	j.Past[1].Since = time.Time{}
	if column := field(t, frame.Bottlenecks(frame.Result{Jobs: []frame.Job{j}})[0], "since"); !column.NilAt(0) {
		t.Errorf("since %v, which the history does not have", column.At(0))
	}
}

// How long it has been one is said in one unit, and as the least where the history begins
// with it.
func TestBottleneckLasts(t *testing.T) {
	for _, c := range []struct {
		length  time.Duration
		atLeast bool
		want    string
	}{
		{0, false, "0 s"},
		{119 * time.Second, false, "119 s"},
		{2 * time.Minute, true, "at least 2 min"},
		{2*time.Minute + 59*time.Second, true, "at least 2 min"},
		{2*time.Hour - time.Second, false, "119 min"},
		{2 * time.Hour, true, "at least 2 h"},
		{47 * time.Hour, false, "47 h"},
		{60 * time.Hour, true, "at least 2 days"},
		{7 * 24 * time.Hour, false, "7 days"},
	} {
		j := jobOf("default", "orders", chain(task("in", at(0, 0.9)), task("map", at(1, 0)))...)
		j.Past = []frame.TaskPast{{}, {Since: j.Snapshot.At.Add(-c.length), AtLeast: c.atLeast}}
		for name, view := range map[string]data.Frames{
			"bottlenecks": frame.Bottlenecks(frame.Result{Jobs: []frame.Job{j}}), "jobs": frame.Jobs(frame.Result{Jobs: []frame.Job{j}}, false),
		} {
			if got, _ := field(t, view[0], "lasts").ConcreteAt(0); got != c.want {
				t.Errorf("%s, %s: %q, want %q", name, c.length, got, c.want)
			}
		}
	}
}

// A root cause that takes turns with another is of kind alternating, since its first
// turn, with the shares of the turns and advice for that; one beside it is what it is.
func TestBottleneckThatAlternates(t *testing.T) {
	j := jobOf("default", "orders", append(
		chain(task("in", at(0, 0.9)), task("window", at(1, 0)), task("sink", at(0.1, 0))),
		chain(task("in 2", at(0, 0.7)), task("map", at(1, 0)))...)...)
	first, streak := started.Add(50*time.Minute), started.Add(59*time.Minute)
	j.Past = make([]frame.TaskPast, len(j.Snapshot.Tasks))
	for i := range j.Past {
		j.Past[i].Since = streak
	}
	j.Alternation = &diagnosis.Alternation{
		From: started.Add(55 * time.Minute), To: started.Add(time.Hour),
		Turns: map[string]diagnosis.Turn{
			taskID("window"): {Since: first, Share: 0.6},
			taskID("sink"):   {Since: first.Add(time.Minute), Share: 0.4}, // whose turn it is not
		},
	}
	table := frame.Bottlenecks(frame.Result{Jobs: []frame.Job{j}})[0]
	if table.Rows() != 2 {
		t.Fatalf("%d rows, want one for window and one for map", table.Rows())
	}
	word := func(column string, row int) string { return *field(t, table, column).At(row).(*string) }
	for row, want := range []struct {
		task, kind, advice string
		since              time.Time
	}{
		{"window", "alternating", "Speed up window and those that it takes turns with: each holds the job back for its part of the time. Where a window fires at fixed times, spreading its firing evens the load out.", first},
		{"map", "capacity", "Raise the parallelism of map, or make it cheaper per record: its flame graph shows where the time goes.", streak},
	} {
		if word("task", row) != want.task || word("kind", row) != want.kind || word("advice", row) != want.advice {
			t.Errorf("row %d is %s, %s, %q; want %+v", row, word("task", row), word("kind", row), word("advice", row), want)
		}
		if since, known := field(t, table, "since").ConcreteAt(row); !known || !since.(time.Time).Equal(want.since) {
			t.Errorf("%s is the root cause since %v, want %s", want.task, since, want.since)
		}
		turns := " It takes turns: over the last 5 min, window was the root cause 60 % of the time, sink 40 %."
		if explained := word("explanation", row); strings.HasSuffix(explained, turns) != (want.task == "window") || !strings.HasPrefix(explained, want.task+" is 100 % busy") {
			t.Errorf("%s is explained as %q", want.task, explained)
		}
	}
	j.Past = nil
	if column := field(t, frame.Bottlenecks(frame.Result{Jobs: []frame.Job{j}})[0], "since"); !column.NilAt(0) {
		t.Errorf("without a history it is since %v", column.At(0))
	}
}
