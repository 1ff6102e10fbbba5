//go:build e2e

package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/cluster"
)

// On each version of Flink the table of TaskManagers has Flink's own figures of slots
// and heap, and shows how its process does: the share of garbage collection from the
// second reading on where Flink has no mean of its own.
func TestTaskManagersOfRealFlink(t *testing.T) {
	if err := cluster.Available(); err != nil {
		t.Fatal(err)
	}
	for _, version := range versions() {
		t.Run(version, func(t *testing.T) {
			flink := startFlink(t, version, nil, "bottleneck")
			ds := startPlugin(t, flink.URL())
			ds.source = source(version)
			until(t, func() (wrong error, complete bool) {
				wrong = ds.checkTaskManagers(t, flink.URL())
				return wrong, wrong == nil
			})
		})
	}
}

// process is what Flink reports of a TaskManager.
type process struct {
	ID      string `json:"id"`
	Slots   int64  `json:"slotsNumber"`
	Free    int64  `json:"freeSlots"`
	Metrics struct {
		HeapMax float64 `json:"heapMax"`
	} `json:"metrics"`
}

func (ds dataSource) checkTaskManagers(t *testing.T, url string) error {
	t.Helper()
	var listed struct{ TaskManagers []process }
	readFlink(t, url+"/taskmanagers", &listed)
	now := time.Now()
	shown := rows(ds.over(t, ending(now.Add(-5*time.Minute), now), `{"schemaVersion": 1, "queryType": "taskmanagers"}`)[0])
	if len(shown) != len(listed.TaskManagers) || len(shown) == 0 {
		t.Fatalf("%d rows of %d TaskManagers", len(shown), len(listed.TaskManagers))
	}
	running := int64(0)
	for _, row := range shown {
		var flink process
		readFlink(t, fmt.Sprint(url, "/taskmanagers/", row["taskmanager"]), &flink)
		if flink.Metrics.HeapMax == 0 || row["heap_max"] == nil {
			return fmt.Errorf("no metrics of %v yet", row["taskmanager"])
		}
		if row["slots"] != flink.Slots || row["free_slots"] != flink.Free || row["heap_max"] != flink.Metrics.HeapMax {
			return fmt.Errorf("the row is %v, Flink has %+v", row, flink)
		}
		for _, column := range []string{"cpu", "gc", "cores", "heap", "heap_used", "network_buffers", "heartbeat"} {
			if row[column] == nil {
				return fmt.Errorf("%s is not known: %v", column, row)
			}
		}
		running += row["subtasks"].(int64)
	}
	if running != 10 { // of the job bottleneck
		return fmt.Errorf("%d subtasks run, want 10: %v", running, shown)
	}
	t.Log(shown)
	return nil
}
