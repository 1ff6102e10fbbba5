package frame_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

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
