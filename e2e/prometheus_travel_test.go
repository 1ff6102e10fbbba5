//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// testTravel asks every query type about the end of a range before the plugin
// was first asked, and compares what it tells with now.
func testTravel(t *testing.T, b *behind) {
	then := b.then(t, "bottleneck", b.before())
	t.Logf("%d subtasks before the plugin was asked: at most %.3f apart from what looks say of later", len(then.subtasks), then.apart(t, b.now, b.label))
	for _, found := range append(then.bottlenecks, then.tasks...) {
		if found["since"] != nil || found["blame"] != nil {
			t.Errorf("Prometheus does not tell since when, or for how long: %v", found)
		}
	}
	for _, column := range []string{"type", "start", "duration"} {
		if value, told := then.jobs[0][column]; told {
			t.Errorf("Prometheus does not tell the %s of a job: %v", column, value)
		}
	}
	b.measuresThen(t)
	b.detailsThen(t)
	b.timesApart(t)
}

// detailsThen asks for soft and hard backpressure and how full buffers were.
func (b *behind) detailsThen(t *testing.T) {
	t.Helper()
	frame := b.over(t, b.before(), `{"queryType":"subtasks","detail":true,"jobs":["bottleneck"]}`)[0]
	for _, column := range []string{"soft_backpressured", "hard_backpressured", "in_pool_usage", "out_pool_usage"} {
		field, _ := frame.FieldByName(column)
		for i := range field.Len() {
			if value, known := field.ConcreteAt(i); !known || value.(float64) < 0 || value.(float64) > 1 {
				t.Errorf("%s of subtask %d was %v", column, i, value)
			}
		}
	}
}

// before is a range that ended before the plugin was first asked.
func (b *behind) before() backend.TimeRange { return ending(b.scraped, b.begun.Add(-time.Second)) }

// then are the answers of Prometheus about a range that has ended: of the same
// verdict as of now.
func (b *behind) then(t *testing.T, job string, over backend.TimeRange) views {
	t.Helper()
	past := b.dataSource
	past.source = "prometheus"
	then, err := past.askOver(t, job, over)
	if err := errors.Join(err, verdicts[job](then)); err != nil {
		t.Errorf("%s at %s: %v", job, over.To, err)
	}
	return then
}

// apart compares two answers subtask by subtask, and tells how far apart the
// shares are at most.
func (v views) apart(t *testing.T, now views, label func(string) string) (apart float64) {
	t.Helper()
	if len(v.subtasks) != len(now.subtasks) || len(v.tasks) != len(now.tasks) {
		t.Fatalf("%d subtasks of %d tasks, now %d of %d", len(v.subtasks), len(v.tasks), len(now.subtasks), len(now.tasks))
	}
	for i, subtask := range v.subtasks {
		same(t, subtask, now.subtasks[i], "cluster", "job", "job_id", "task", "task_id", "subtask", "attempt", "taskmanager")
		for _, share := range []string{"idle", "busy", "backpressured"} {
			apart = max(apart, math.Abs(subtask[share].(float64)-now.subtasks[i][share].(float64)))
		}
		if host, told := subtask["host"]; told && host != label(now.subtasks[i]["host"].(string)) { // a Flink in one JVM does not label it
			t.Errorf("subtask %d ran on %v, and runs on %v", i, host, now.subtasks[i]["host"])
		}
	}
	for i, task := range v.tasks {
		same(t, task, now.tasks[i], "cluster", "job", "job_id", "task", "task_id", "parallelism", "max_parallelism", "level")
	}
	same(t, v.jobs[0], now.jobs[0], "cluster", "job", "job_id", "state", "tasks", "status", "bottleneck")
	if !(apart <= alike) {
		t.Errorf("shares are up to %.3f apart from now", apart)
	}
	return apart
}

// same compares columns of two rows.
func same(t *testing.T, then, now row, columns ...string) {
	t.Helper()
	for _, column := range columns {
		if then[column] != now[column] || now[column] == nil {
			t.Errorf("%s of %v was %v, and is %v", column, now["task"], then[column], now[column])
		}
	}
}

// measuresThen asks for every measure.
func (b *behind) measuresThen(t *testing.T) {
	t.Helper()
	for _, by := range []string{"job", "task", "subtask", "taskmanager"} {
		for _, measure := range []string{"bottleneck", "status", "busy", "backpressured", "idle", "skew"} {
			b.measured(t, measure, by, func(value float64) bool { return value >= 0 && (value <= 1 || measure == "status" && value <= 4) })
		}
	}
	b.measured(t, "blame", "task", math.IsNaN)
	b.measured(t, "running", "job", func(value float64) bool { return value == 1 })
	b.measured(t, "restarts", "job", func(value float64) bool { return value == 0 })
}

// measured asks for one measure, of whose series each has to be right.
func (b *behind) measured(t *testing.T, measure, by string, right func(float64) bool) {
	t.Helper()
	frame := b.over(t, b.before(), fmt.Sprintf(`{"queryType":"measure","jobs":["bottleneck"],"measure":%q,"by":%q}`, measure, by))[0]
	if len(frame.Fields) != b.series(by) || sourceOf(frame) != "prometheus" {
		t.Errorf("%s by %s: %d series from %v, want %d", measure, by, len(frame.Fields), sourceOf(frame), b.series(by))
	}
	for _, field := range frame.Fields {
		if value, err := field.FloatAt(0); err != nil || !right(value) {
			t.Errorf("%s of %v was %v, %v", measure, field.Labels, value, err)
		}
	}
}

// timesApart looks whether the window that shares are measured over ends with
// the range.
func (b *behind) timesApart(t *testing.T) {
	t.Helper()
	for _, queryType := range []string{"subtasks", "tasks", "nodeGraph", "bottlenecks", "jobs"} {
		for _, frame := range b.over(t, b.before(), fmt.Sprintf(`{"queryType":%q,"jobs":["bottleneck"]}`, queryType)) {
			if from, to := window(t, frame); to.Sub(b.before().To).Abs() > time.Second || to.Sub(from) < 30*time.Second {
				t.Errorf("%s of %s tells of %s to %s, want the end of the range, %s", frame.Name, queryType, from, to, b.before().To)
			}
		}
	}
}
