//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

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
			deadline := time.After(patience)
			tick := time.NewTicker(pause)
			defer tick.Stop()
			for {
				err := ds.checkTaskManagers(t, flink.URL())
				if err == nil {
					return
				}
				select {
				case <-tick.C:
				case <-deadline:
					t.Fatalf("after %s: %v", patience, err)
				}
			}
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
	now := time.Now()
	response, err := ds.plugin.QueryData(t.Context(), ds.settings, backend.DataQuery{
		RefID: "A", QueryType: "taskmanagers", TimeRange: ending(now.Add(-5*time.Minute), now),
		JSON: []byte(`{"refId":"A","schemaVersion":1,"queryType":"taskmanagers"}`),
	})
	if err != nil || response.Responses["A"].Error != nil {
		t.Fatalf("%v, %v", err, response.Responses["A"].Error)
	}
	var listed struct{ TaskManagers []process }
	read(t, url+"/taskmanagers", &listed)
	shown := rows(response.Responses["A"].Frames[0])
	if len(shown) != len(listed.TaskManagers) || len(shown) == 0 {
		t.Fatalf("%d rows of %d TaskManagers", len(shown), len(listed.TaskManagers))
	}
	running := int64(0)
	for _, row := range shown {
		var flink process
		read(t, fmt.Sprint(url, "/taskmanagers/", row["taskmanager"]), &flink)
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

// read reads an answer of Flink's.
func read(t *testing.T, url string, into any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}
