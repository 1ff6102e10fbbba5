package look_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/flinktest"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/look"
)

// keeperOver replays a tape from now on to a keeper of its own.
func keeperOver(t *testing.T, tape *flinktest.Tape, maxAge time.Duration) *look.Keeper {
	t.Helper()
	client, err := flink.New(tape.Client(nil), "http://flink:8081", flink.Slots(8))
	if err != nil {
		t.Fatal(err)
	}
	return look.New(client, maxAge)
}

func snapshot(t *testing.T, keeper *look.Keeper, tape *flinktest.Tape) *job.Snapshot {
	t.Helper()
	taken, _, err := keeper.Snapshot(t.Context(), job.Info{ID: tape.JobID, Name: "job", State: job.Running})
	if err != nil {
		t.Fatal(err)
	}
	return taken
}

// rootNames are the tasks that the verdict names, worst first.
func rootNames(s *job.Snapshot) string {
	var names []string
	for _, root := range diagnosis.Diagnose(s).Roots {
		names = append(names, s.Graph.Tasks[root.Task].Name)
	}
	return strings.Join(names, ", ")
}

// Each tape is a real job on default settings, and its verdict is known.
func TestVerdictOnTapes(t *testing.T) {
	for _, c := range []struct {
		version, tape, root string
		kind                diagnosis.Kind
	}{
		{"2.3.0", "bottleneck-middle", "slow-window", diagnosis.Capacity},
		{"2.3.0", "skew", "aggregate", diagnosis.Skewed},
		{"2.3.0", "branch", "slow-branch", diagnosis.Capacity},
		{"2.3.0", "healthy", "", diagnosis.None},
		{"1.20.5", "bottleneck-middle", "slow-window", diagnosis.Capacity},
		{"1.20.5", "skew", "aggregate", diagnosis.Skewed},
		{"1.20.5", "healthy", "", diagnosis.None},
	} {
		t.Run(c.version+"/"+c.tape, func(t *testing.T) {
			tape := flinktest.Open(t, c.version, c.tape)
			synctest.Test(t, func(t *testing.T) {
				keeper := keeperOver(t, tape, time.Second)
				for begun := time.Now(); time.Since(begun) < tape.Length; time.Sleep(5 * time.Second) {
					taken := snapshot(t, keeper, tape)
					if time.Since(begun) < 30*time.Second {
						continue
					}
					if verdict := diagnosis.Diagnose(taken); verdict.Kind != c.kind || rootNames(taken) != c.root {
						t.Errorf("after %s: %s %q, want %s %q", time.Since(begun), verdict.Kind, rootNames(taken), c.kind, c.root)
					}
					if taken.Source != job.FromCounters {
						t.Errorf("after %s: shares from %s", time.Since(begun), taken.Source)
					}
				}
			})
		})
	}
}

// Whoever looks every 100 ms and whoever looks every 5 s get the same shares
// at the same time.
func TestAnswerDoesNotDependOnHowOftenAnyoneLooks(t *testing.T) {
	for _, name := range []string{"moved", "skew", "healthy"} {
		t.Run(name, func(t *testing.T) {
			tape := flinktest.Open(t, "2.3.0", name)
			synctest.Test(t, func(t *testing.T) {
				often, seldom := keeperOver(t, tape, 0), keeperOver(t, tape, 0)
				compared := 0
				for begun := time.Now(); time.Since(begun) < tape.Length; {
					for next := time.Now().Add(5 * time.Second); time.Now().Before(next); time.Sleep(100 * time.Millisecond) {
						snapshot(t, often, tape)
					}
					slow := snapshot(t, seldom, tape)
					quick := snapshot(t, often, tape)
					compared += same(t, time.Since(begun), quick, slow)
				}
				if compared < 200 {
					t.Errorf("compared the shares of only %d subtasks", compared)
				}
			})
		})
	}
}

// same compares the shares of all subtasks that both know by their counters.
func same(t *testing.T, at time.Duration, a, b *job.Snapshot) (compared int) {
	t.Helper()
	if a.Source != job.FromCounters || b.Source != job.FromCounters {
		return 0
	}
	for i := range a.Tasks {
		for s := range a.Tasks[i].Subtasks {
			if x, y := a.Tasks[i].Subtasks[s].Shares, b.Tasks[i].Subtasks[s].Shares; x != y {
				t.Errorf("at %s, %s subtask %d: %v and %v", at, a.Graph.Tasks[i].Name, s, x, y)
			}
			compared++
		}
	}
	return compared
}

// The bottleneck of this job moves from the task early to the task late. The
// counters tell so within two fetches; Flink's gauges, averages over 60 s,
// blame early for much longer.
func TestVerdictFollowsAMovedBottleneck(t *testing.T) {
	for _, version := range []string{"2.3.0", "1.20.5"} {
		t.Run(version, func(t *testing.T) {
			tape := flinktest.Open(t, version, "moved")
			synctest.Test(t, func(t *testing.T) { followMoved(t, tape) })
		})
	}
}

func followMoved(t *testing.T, tape *flinktest.Tape) {
	keeper := keeperOver(t, tape, time.Second)
	var moved, counters, gauges time.Duration
	t.Logf("%7s  %-12s %-12s", "s", "by counters", "by gauges")
	for begun := time.Now(); time.Since(begun) < tape.Length; time.Sleep(3 * time.Second) {
		at := time.Since(begun)
		taken := snapshot(t, keeper, tape)
		byGauges := gauged(t, tape, at, taken)
		t.Logf("%7.0f  %-12s %-12s", at.Seconds(), rootNames(taken), rootNames(byGauges))
		early := slices.IndexFunc(taken.Graph.Tasks, func(task job.Task) bool { return task.Name == "early" })
		if moved == 0 && taken.Source == job.FromCounters && taken.Tasks[early].Backpressured.Max > 0.02 {
			moved = at
		}
		if counters == 0 && rootNames(taken) == "late" {
			counters = at
		}
		if gauges == 0 && rootNames(byGauges) == "late" {
			gauges = at
		}
	}
	const fetch = 12 * time.Second // asked every 3 s, Flink fetched every 12 s
	if moved == 0 || counters == 0 || counters-moved > 2*fetch {
		t.Errorf("the bottleneck had moved at %s, the verdict followed at %s: more than two fetches", moved, counters)
	}
	if gauges != 0 && gauges-counters < fetch {
		t.Errorf("the gauges followed at %s, the counters at %s: this tape no longer shows the difference", gauges, counters)
	}
	t.Logf("moved by %s; counters tell so at %s, gauges at %s", moved, counters, gauges)
}

// gauged is the snapshot that Flink's own averages make at that time.
func gauged(t *testing.T, tape *flinktest.Tape, at time.Duration, like *job.Snapshot) *job.Snapshot {
	t.Helper()
	taken := &job.Sample{Job: like.Job, Graph: like.Graph, At: time.Now(), Tasks: make([]job.TaskSample, len(like.Tasks))}
	for i, task := range like.Graph.Tasks {
		_, body := tape.At("/jobs/"+tape.JobID+"/vertices/"+task.ID+"/backpressure", at)
		var pressure flink.Backpressure
		if err := json.Unmarshal(body, &pressure); err != nil {
			t.Fatal(err)
		}
		for _, ratio := range pressure.Subtasks {
			taken.Tasks[i].Subtasks = append(taken.Tasks[i].Subtasks, job.SubtaskSample{
				Subtask: ratio.Subtask, State: job.Running, Running: time.Minute,
				Gauge: &job.Shares{Idle: job.Share(ratio.Idle), Busy: job.Share(ratio.Busy), Backpressured: job.Share(ratio.Backpressured)},
			})
		}
	}
	return job.NewDeriver(job.MetricInterval{Fetch: 10 * time.Second, Gauge: job.FromGauge60s}).Add(taken)
}
