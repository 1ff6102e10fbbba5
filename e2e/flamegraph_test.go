//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/cluster"
)

// slowMethod is the method that the slow window of the job bottleneck spends its time in,
// and waitsIn what it calls there.
const (
	slowMethod = "io.flinkscope.e2e.SlowMap.map"
	waitsIn    = "java.util.concurrent.locks.LockSupport.parkNanos"
)

// The flame graph of a job whose hot method is known shows it, and the verdict names it, on
// each version of Flink; before 1.17 of all subtasks together.
func TestHotMethodOfRealFlinks(t *testing.T) {
	if err := cluster.Available(); err != nil {
		t.Fatal(err)
	}
	for _, version := range hardVersions() {
		t.Run(version, func(t *testing.T) {
			flink := startFlink(t, version, nil, "bottleneck")
			ds := startPlugin(t, flink.URL())
			subtasks := !strings.HasPrefix(version, "1.1") || version >= "1.17"
			ds.testVerdictNamesMethod(t, subtasks)
			for mode, samples := range map[string]bool{"full": true, "off_cpu": true, "on_cpu": false} {
				ds.testFlameGraph(t, mode, subtasks, samples)
			}
		})
	}
}

// testVerdictNamesMethod waits for the verdict to name the method first, and checks that it
// did not wait for the samples.
func (ds dataSource) testVerdictNamesMethod(t *testing.T, subtask bool) {
	t.Helper()
	whose := "its subtasks"
	if subtask {
		whose = "subtask "
	}
	text := until(t, func() (string, bool) {
		now := time.Now()
		frames := ds.over(t, ending(now.Add(-5*time.Minute), now), `{"schemaVersion": 1, "queryType": "bottlenecks", "jobs": ["bottleneck"]}`)
		verdict := rows(frames[0])
		if len(verdict) != 1 {
			return fmt.Sprint(verdict), false
		}
		text := fmt.Sprint(verdict[0]["explanation"])
		return text, verdict[0]["task"] == "slow-window" && strings.Contains(text, "flame graph")
	})
	_, sentence, _ := strings.Cut(text, "By the flame graph of "+whose)
	if !strings.Contains(sentence, "of its busy time in "+waitsIn+", called from "+slowMethod+" (line ") {
		t.Errorf("the verdict is %s", text)
	}
	t.Log(text)
}

// testFlameGraph checks the flame graph that the query chooses by itself.
func (ds dataSource) testFlameGraph(t *testing.T, mode string, subtask, samples bool) {
	t.Helper()
	now := time.Now()
	graph := ds.over(t, ending(now.Add(-5*time.Minute), now), fmt.Sprintf(`{"schemaVersion": 1, "queryType": "flameGraph", "jobs": ["bottleneck"], "mode": %q}`, mode))[0]
	calls := rows(graph)
	if len(calls) == 0 {
		if samples {
			t.Errorf("%s: no rows, %q", mode, noticesOf(graph))
		}
		return
	}
	name := "slow-window of bottleneck"
	if subtask {
		name += ", subtask "
	}
	total, hot := calls[0]["value"].(int64), int64(0)
	for i, call := range calls {
		level := call["level"].(int64)
		if i == 0 && level != 0 || i > 0 && (level < 1 || level > calls[i-1]["level"].(int64)+1) || call["self"].(int64) < 0 {
			t.Fatalf("%s: row %d is %v", mode, i, call)
		}
		if strings.HasPrefix(call["label"].(string), slowMethod+":") && !strings.HasPrefix(calls[max(i-1, 0)]["label"].(string), slowMethod+":") {
			hot += call["value"].(int64)
		}
	}
	if !strings.HasPrefix(graph.Name, name) || graph.Meta.PreferredVisualization != data.VisTypeFlameGraph {
		t.Errorf("%s: the frame is %s for %q", mode, graph.Name, graph.Meta.PreferredVisualization)
	}
	if samples && (total < 90 || 2*hot < total) {
		t.Errorf("%s: %d of %d samples are in %s", mode, hot, total, slowMethod)
	}
	t.Logf("%s: %d of %d samples are in %s, %d calls", mode, hot, total, slowMethod, len(calls))
}
