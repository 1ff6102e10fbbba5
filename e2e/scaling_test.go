//go:build e2e

package e2e

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/cluster"
)

const (
	// The source of ScaledJob.java is offered so many records a second, of which a subtask
	// of its slow task takes each: four subtasks are the fewest that are enough, and three
	// are not.
	demand, each = 900, 250
	fewest       = 4
)

// scalingConf has buffers fill within seconds, and metrics fetched five times as often
// as by default.
var scalingConf = map[string]string{
	"taskmanager.memory.segment-size": "4kb", "taskmanager.network.memory.floating-buffers-per-gate": "2",
	"metrics.fetcher.update-interval": "2000",
}

// A job on a real Flink that needs four subtasks is held back with two, and no longer with
// as many as are recommended. These are four at least and six at most, so that one less
// than recommended may be enough, too: with three it is held back.
func TestRecommendedParallelism(t *testing.T) {
	if err := cluster.Available(); err != nil {
		t.Fatal(err)
	}
	held := scaledJob(2)
	before := startPlugin(t, startFlink(t, cluster.Newest, scalingConf, held).URL())
	shown := until(t, func() (shown map[string]row, complete bool) {
		shown = before.scaling(t, held, "")
		return shown, shown["slow"]["confidence"] == "high" && isHeldBack(before, t, held)
	})
	slow := shown["slow"]
	t.Logf("with 2 subtasks: %v", slow)
	if off := math.Abs(figure(slow, "true_rate")/(2*each) - 1); off > 0.1 {
		t.Errorf("two subtasks could process %v records a second, want %d", slow["true_rate"], 2*each)
	}
	// What is pending is to be read within half an hour: that adds a little.
	if target := figure(slow, "target_rate"); target < 0.9*demand || target > 1.25*demand {
		t.Errorf("it has to process %g records a second, want %d and what is pending", target, demand)
	}
	if catchUp, known := shown["Source: orders"]["catch_up"]; known {
		t.Errorf("what grows is read in %v s", catchUp)
	}
	recommended, _ := slow["recommended_parallelism"].(int64)
	if recommended < fewest || recommended > fewest*3/2 {
		t.Fatalf("%d subtasks are recommended, and %d are enough", recommended, fewest)
	}
	for subtasks, want := range map[int]any{int(recommended): nil, fewest - 1: "slow"} {
		predicted := before.scaling(t, held, fmt.Sprintf(`,"parallelism":{"slow":%d}`, subtasks))["slow"]
		if got := predicted["predicted_bottleneck"]; got != want {
			t.Errorf("with %d subtasks the bottleneck is predicted to be %v, want %v", subtasks, got, want)
		}
	}

	enough, less := scaledJob(int(recommended)), scaledJob(fewest-1)
	after := startPlugin(t, startFlink(t, cluster.Newest, scalingConf, enough, less).URL())
	// Those that are too few fall behind all the time, and the others, which run beside
	// them, do not.
	shown = until(t, func() (shown map[string]row, complete bool) {
		slower, shown := after.scaling(t, less, ""), after.scaling(t, enough, "")
		_, catchesUp := slower["Source: orders"]["catch_up"]
		return shown, !catchesUp && slower["slow"]["confidence"] == "high" && shown["slow"]["confidence"] == "high" && isHeldBack(after, t, less)
	})
	t.Logf("with %d subtasks: %v", recommended, shown["slow"])
	if isHeldBack(after, t, enough) {
		t.Errorf("with %d subtasks the job is held back still", recommended)
	}
	if got := figure(shown["Source: orders"], "catch_up"); got != 0 {
		t.Errorf("with %d subtasks the source keeps up, and takes %g s to read what is pending", recommended, got)
	}
	if busy := figure(shown["slow"], "utilisation"); busy < 0.9*demand/float64(recommended*each) || busy > 0.95 {
		t.Errorf("with %d subtasks %g of their time is needed", recommended, busy)
	}
}

func scaledJob(subtasks int) string { return fmt.Sprintf("scaled-%d", subtasks) }

// scaling is the answer to a query for it with more keys, by task.
func (ds dataSource) scaling(t *testing.T, job, more string) map[string]row {
	t.Helper()
	now := time.Now()
	shown := map[string]row{}
	for _, each := range rows(ds.over(t, ending(now.Add(-5*time.Minute), now), fmt.Sprintf(`{"queryType":"scaling","jobs":[%q]%s}`, job, more))[0]) {
		name, _ := each["task"].(string)
		shown[name] = each
	}
	return shown
}

// isHeldBack reports whether the verdict on the job names its slow task.
func isHeldBack(ds dataSource, t *testing.T, job string) bool {
	t.Helper()
	now := time.Now()
	for _, each := range rows(ds.over(t, ending(now.Add(-time.Minute), now), fmt.Sprintf(`{"queryType":"bottlenecks","jobs":[%q]}`, job))[0]) {
		if each["task"] == "slow" {
			return true
		}
	}
	return false
}

// figure is that in a column, NaN where it is null.
func figure(of row, column string) float64 {
	if value, known := of[column].(float64); known {
		return value
	}
	return math.NaN()
}
