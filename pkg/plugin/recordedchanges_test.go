package plugin_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/flinktest"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// The adaptive scheduler halves a task while the job is being read: the new
// attempts are not compared with the old, and none of the old is left.
func TestRescaledWhileBeingRead(t *testing.T) {
	before, after := flinktest.Recording(t, "2.3.0", "adaptive-before"), flinktest.Recording(t, "2.3.0", "adaptive-after-rescale")
	synctest.Test(t, func(t *testing.T) {
		now := &turning{}
		r := over(t, before, now)
		for _, stage := range []struct {
			*flinktest.Moment
			subtasks int
		}{{before, 10}, {after, 8}} {
			r.Moment, now.current = stage.Moment, stage.Advancing()
			row, _ := stateOf(r.Moment)
			for _, source := range []string{"gauge60s", "counters"} {
				frames := r.every(t)
				row.match(t, r, frames)
				subtasks := frames[subtasksAt]
				if got := sourceOf(subtasks); got != source || subtasks.Rows() != stage.subtasks {
					t.Errorf("%d subtasks measured by %s, want %d by %s", subtasks.Rows(), got, stage.subtasks, source)
				}
				if attempt := cells(t, subtasks, "attempt")[0]; attempt != row.restarts {
					t.Errorf("the first subtask is in attempt %s, want %s", attempt, row.restarts)
				}
				time.Sleep(11 * time.Second)
			}
		}
	})
}

func sourceOf(f *data.Frame) string {
	if source := f.Meta.Custom.(frame.Custom).Source; source != nil {
		return string(*source)
	}
	return "null"
}

// Where metrics are not fetched nothing is measured, and every answer says
// why. The states, which are no metrics, are known all the same.
func TestMetricFetchingTurnedOff(t *testing.T) {
	for version := range recordedVersions {
		t.Run(version, func(t *testing.T) {
			moment := flinktest.Recording(t, version, "bottleneck-middle").Unfetched()
			synctest.Test(t, func(t *testing.T) {
				r := over(t, moment, moment)
				for range 2 {
					frames := r.every(t)
					if got := column(t, frames[jobsAt], "state", "status", "bottleneck"); !slices.Equal(got, []string{"RUNNING", "unknown", "null"}) {
						t.Errorf("the job is %q", got)
					}
					if got := column(t, frames[bottlenecksAt], "kind", "severity"); !slices.Equal(got, []string{"unknown", "null"}) {
						t.Errorf("the verdict is %q", got)
					}
					r.nothingMeasured(t, frames[subtasksAt])
					for at, want := range map[int]string{severityAt: "null", restartsAt: "null", runningAt: "1", upAt: "1"} {
						if got := value(t, frames[at]); got != want {
							t.Errorf("%s is %s, want %s", everyQuery("")[at], got, want)
						}
					}
					time.Sleep(16 * time.Second) // longer than three fetches
				}
			})
		})
	}
}

// nothingMeasured checks that all numbers are null, and that it is said why.
func (r recorded) nothingMeasured(t *testing.T, subtasks *data.Frame) {
	t.Helper()
	for _, name := range []string{"idle", "busy", "backpressured", "records_in", "records_out", "soft_backpressured", "hard_backpressured", "in_pool_usage", "out_pool_usage"} {
		if slices.ContainsFunc(cells(t, subtasks, name), func(cell string) bool { return cell != "null" }) {
			t.Errorf("%s is known: %q", name, cells(t, subtasks, name))
		}
	}
	if source := sourceOf(subtasks); source != "null" {
		t.Errorf("shares come from %s", source)
	}
	told := strings.Join(notices(subtasks), "\n")
	for _, want := range []string{
		"Cluster default fetches no metrics, so nothing can be measured: metrics.fetcher.update-interval is 0 in its configuration.",
		"Not measured in job lab bottleneck-middle: Source: fast-source (no metrics yet), ",
	} {
		if !strings.Contains(told, want) {
			t.Errorf("it tells %q, want %q", told, want)
		}
	}
}

// Flame graphs are off by default, and nothing here needs them.
func TestFlameGraphsTurnedOff(t *testing.T) {
	for version := range recordedVersions {
		t.Run(version, func(t *testing.T) {
			moment := flinktest.Recording(t, version, "bottleneck-middle").Configured("rest.flamegraph.enabled", "false")
			row, _ := stateOf(moment)
			synctest.Test(t, func(t *testing.T) {
				r := over(t, moment, moment.Advancing())
				row.match(t, r, r.every(t))
			})
		})
	}
}

// Counters that stand still for longer than three fetches of 5 s speak of the
// past: what was known is unknown again.
func TestCountersThatStandStill(t *testing.T) {
	for version, want := range recordedVersions {
		t.Run(version, func(t *testing.T) {
			moment := flinktest.Recording(t, version, "bottleneck-middle")
			synctest.Test(t, func(t *testing.T) {
				r := over(t, moment, moment)
				row, _ := stateOf(moment)
				row.match(t, r, r.every(t))
				time.Sleep(16 * time.Second)
				frames := r.every(t)
				if want.later != "counters" { // gauges do not tell that they are old
					row.match(t, r, frames)
					return
				}
				if got := column(t, frames[bottlenecksAt], "kind", "severity"); !slices.Equal(got, []string{"unknown", "null"}) {
					t.Errorf("the verdict is %q", got)
				}
				const why = "enrich (its metrics have not moved for three fetches)"
				if told := strings.Join(notices(frames[tasksAt]), "\n"); !strings.Contains(told, why) {
					t.Errorf("it tells %q, want %q", told, why)
				}
			})
		})
	}
}
