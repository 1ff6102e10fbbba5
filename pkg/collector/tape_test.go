package collector_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/flinktest"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/raced"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// replaying polls a tape, which plays from now on.
func replaying(t *testing.T, tape *flinktest.Tape, maxAge time.Duration) *collector.Collector {
	t.Helper()
	client, err := flink.New(&remote.Client{Client: tape.Client(nil), Concurrency: 8}, "http://flink:8081")
	if err != nil {
		t.Fatal(err)
	}
	return collector.New(client, collector.Options{MaxAge: maxAge})
}

func verdictOf(t *testing.T, c *collector.Collector, tape *flinktest.Tape) *diagnosis.Verdict {
	t.Helper()
	verdict, _, err := c.Verdict(t.Context(), job.Info{ID: tape.JobID, Name: "job", State: job.Running})
	if err != nil {
		t.Fatal(err)
	}
	return verdict
}

// rootNames are the tasks that the verdict names, worst first.
func rootNames(verdict *diagnosis.Verdict) string {
	var names []string
	for _, root := range verdict.Roots {
		names = append(names, verdict.Snapshot.Graph.Tasks[root.Task].Name)
	}
	return strings.Join(names, ", ")
}

// Each tape is a real job on default settings, and its verdict is known.
func TestVerdictOnTapes(t *testing.T) {
	raced.Skip(t)
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
				collector := replaying(t, tape, time.Second)
				for begun := time.Now(); time.Since(begun) < tape.Length; time.Sleep(5 * time.Second) {
					verdict := verdictOf(t, collector, tape)
					if time.Since(begun) < 30*time.Second {
						continue
					}
					if verdict.Kind != c.kind || rootNames(verdict) != c.root {
						t.Errorf("after %s: %s %q, want %s %q", time.Since(begun), verdict.Kind, rootNames(verdict), c.kind, c.root)
					}
					if source := verdict.Snapshot.Source; source != job.FromCounters {
						t.Errorf("after %s: shares from %s", time.Since(begun), source)
					}
				}
			})
		})
	}
}

// A job that is polled every 100 ms has the same shares at the same time as one
// that is polled every 5 s.
func TestSharesDoNotDependOnHowOftenIsPolled(t *testing.T) {
	raced.Skip(t)
	for _, name := range []string{"moved", "skew", "healthy"} {
		t.Run(name, func(t *testing.T) {
			tape := flinktest.Open(t, "2.3.0", name)
			synctest.Test(t, func(t *testing.T) {
				often, seldom := replaying(t, tape, 0), replaying(t, tape, 0)
				compared := 0
				for begun := time.Now(); time.Since(begun) < tape.Length; {
					for next := time.Now().Add(5 * time.Second); time.Now().Before(next); time.Sleep(100 * time.Millisecond) {
						verdictOf(t, often, tape)
					}
					slow := verdictOf(t, seldom, tape)
					quick := verdictOf(t, often, tape)
					compared += same(t, time.Since(begun), quick.Snapshot, slow.Snapshot)
				}
				if compared < 200 {
					t.Errorf("compared the shares of only %d subtasks", compared)
				}
			})
		})
	}
}

// same compares the shares of all subtasks that are known by counters in both.
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
// counters show that within two fetches; Flink's gauges, averages over 60 s,
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
	collector := replaying(t, tape, time.Second)
	var moved, counters, gauges time.Duration
	t.Logf("%7s  %-12s %-12s", "s", "by counters", "by gauges")
	for begun := time.Now(); time.Since(begun) < tape.Length; time.Sleep(3 * time.Second) {
		at := time.Since(begun)
		verdict := verdictOf(t, collector, tape)
		taken, byGauges := verdict.Snapshot, byGauges(t, tape, at, verdict.Snapshot)
		t.Logf("%7.0f  %-12s %-12s", at.Seconds(), rootNames(verdict), rootNames(byGauges))
		early := slices.IndexFunc(taken.Graph.Tasks, func(task job.Task) bool { return task.Name == "early" })
		if moved == 0 && taken.Source == job.FromCounters && taken.Tasks[early].Backpressured.Max > 0.02 {
			moved = at
		}
		if counters == 0 && rootNames(verdict) == "late" {
			counters = at
		}
		if gauges == 0 && rootNames(byGauges) == "late" {
			gauges = at
		}
	}
	const fetch = 12 * time.Second // requested every 3 s, Flink fetched every 12 s
	if moved == 0 || counters == 0 || counters-moved > 2*fetch {
		t.Errorf("the bottleneck had moved at %s, the verdict followed at %s: more than two fetches", moved, counters)
	}
	if gauges != 0 && gauges-counters < fetch {
		t.Errorf("the gauges followed at %s, the counters at %s: this tape no longer shows the difference", gauges, counters)
	}
	t.Logf("moved by %s; counters show it at %s, gauges at %s", moved, counters, gauges)
}

// byGauges is the verdict that Flink's own averages give at that time.
func byGauges(t *testing.T, tape *flinktest.Tape, at time.Duration, like *job.Snapshot) *diagnosis.Verdict {
	t.Helper()
	sample := &job.Sample{Job: like.Job, Graph: like.Graph, At: time.Now(), Tasks: make([]job.TaskSample, len(like.Tasks))}
	for i, task := range like.Graph.Tasks {
		_, body := tape.At("/jobs/"+tape.JobID+"/vertices/"+task.ID+"/backpressure", at)
		var pressure flink.Backpressure
		if err := json.Unmarshal(body, &pressure); err != nil {
			t.Fatal(err)
		}
		for _, ratio := range pressure.Subtasks {
			sample.Tasks[i].Subtasks = append(sample.Tasks[i].Subtasks, job.SubtaskSample{
				Subtask: ratio.Subtask, State: job.Running, Running: time.Minute,
				Gauge: &job.Shares{Idle: job.Share(ratio.Idle), Busy: job.Share(ratio.Busy), Backpressured: job.Share(ratio.Backpressured)},
			})
		}
	}
	return diagnosis.Diagnose(job.NewDeriver(job.MetricInterval{Fetch: 10 * time.Second, Gauge: job.FromGauge60s}).Add(sample))
}
