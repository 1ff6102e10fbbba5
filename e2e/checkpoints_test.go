//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/cluster"
)

// flinkCheckpoint is a checkpoint as Flink lists it.
type flinkCheckpoint struct {
	ID               int64
	Status           string
	Type             string `json:"checkpoint_type"`
	Trigger          int64  `json:"trigger_timestamp"`
	Duration         int64  `json:"end_to_end_duration"`
	StateSize        int64  `json:"state_size"`
	CheckpointedSize *int64 `json:"checkpointed_size"`
	Subtasks         int64  `json:"num_subtasks"`
	Acknowledged     int64  `json:"num_acknowledged_subtasks"`
}

// ask reads an answer of Flink's.
func ask(t *testing.T, url string, into any) {
	t.Helper()
	response, err := newClient(t).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}

// On each version of Flink the rows of checkpoints are Flink's own figures, those of a
// job that fails have where, and the measures are those of the last checkpoint.
func TestCheckpointsOfRealFlink(t *testing.T) {
	if err := cluster.Available(); err != nil {
		t.Fatal(err)
	}
	for _, version := range hardVersions() {
		t.Run(version, func(t *testing.T) {
			flink := startFlink(t, version, nil, "checkpoints", "restart")
			ds := startPlugin(t, flink.URL())
			shown := until(t, func() (found []row, complete bool) {
				found = rows(ds.over(t, ending(time.Now().Add(-time.Hour), time.Now()), `{"queryType": "checkpoints", "jobs": ["checkpoints"]}`)[0])
				return found, len(found) > 8
			})
			var answer struct{ History []flinkCheckpoint }
			ask(t, flink.URL()+"/jobs/"+fmt.Sprint(shown[0]["job_id"])+"/checkpoints", &answer)
			compared := 0
			for _, each := range shown {
				for _, own := range answer.History {
					if own.ID != each["checkpoint"] || own.Status != each["status"] || own.Status == "IN_PROGRESS" {
						continue
					}
					compared++
					size, full := any(float64(own.StateSize)), any(nil)
					if own.CheckpointedSize != nil {
						size, full = float64(*own.CheckpointedSize), float64(own.StateSize)
					}
					for column, want := range map[string]any{
						"trigger": own.Type, "duration": float64(own.Duration), "size": size, "full_size": full, "subtasks": own.Subtasks, "acknowledged": own.Acknowledged,
					} {
						if each[column] != want {
							t.Errorf("%s of checkpoint %d is %v, want %v", column, own.ID, each[column], want)
						}
					}
					if at := each["time"].(time.Time); at.UnixMilli() != own.Trigger {
						t.Errorf("checkpoint %d was triggered at %s, want %d", own.ID, at, own.Trigger)
					}
					compareDetails(t, flink.URL(), each, own)
				}
			}
			if compared < 5 {
				t.Errorf("%d checkpoints were compared, of %v", compared, shown)
			}
			age := rows(ds.over(t, ending(time.Now().Add(-time.Hour), time.Now()), `{"queryType": "measure", "measure": "checkpoint_age", "jobs": ["checkpoints"]}`)[0])
			if value, known := age[0]["checkpoint_age"].(float64); !known || value < 0 || value > 60 {
				t.Errorf("the age is %v", age)
			}
			var config struct{ Interval float64 }
			ask(t, flink.URL()+"/jobs/"+fmt.Sprint(shown[0]["job_id"])+"/checkpoints/config", &config)
			intervals := rows(ds.over(t, ending(time.Now().Add(-time.Hour), time.Now()), `{"queryType": "measure", "measure": "checkpoint_intervals", "jobs": ["checkpoints"]}`)[0])
			if value, known := intervals[0]["checkpoint_intervals"].(float64); !known || value < 0 || value > 60_000/config.Interval {
				t.Errorf("the age is %v intervals of %v ms", intervals, config.Interval)
			}
			failed := until(t, func() (found []row, complete bool) {
				found = rows(ds.over(t, ending(time.Now().Add(-time.Hour), time.Now()), `{"queryType": "exceptions", "jobs": ["restart"]}`)[0])
				return found, len(found) > 0
			})
			for _, each := range failed {
				if each["what"] == "exception" && (each["task"] == nil || each["host"] == nil || each["text"] == nil || !strings.Contains(fmt.Sprint(each["stack"]), "\tat ")) {
					t.Errorf("an exception is %v", each)
				}
			}
		})
	}
}

// compareDetails compares a row's slowest task and subtask with Flink's figures.
func compareDetails(t *testing.T, url string, shown row, own flinkCheckpoint) {
	t.Helper()
	task, known := shown["slowest_task"].(string)
	if !known {
		return
	}
	job := url + "/jobs/" + fmt.Sprint(shown["job_id"])
	var graph struct {
		Vertices []struct{ ID, Name string }
	}
	ask(t, job, &graph)
	for _, vertex := range graph.Vertices {
		if vertex.Name != task {
			continue
		}
		var answer struct {
			Summary struct {
				Alignment struct{ Duration struct{ Max float64 } }
				Phases    struct{ Sync, Async struct{ Max float64 } } `json:"checkpoint_duration"`
				Delay     struct{ Max float64 }                       `json:"start_delay"`
			}
		}
		ask(t, fmt.Sprintf("%s/checkpoints/details/%d/subtasks/%s", job, own.ID, vertex.ID), &answer)
		s := answer.Summary
		for column, want := range map[string]float64{"alignment": s.Alignment.Duration.Max, "start_delay": s.Delay.Max, "sync": s.Phases.Sync.Max, "async": s.Phases.Async.Max} {
			if shown[column] != want {
				t.Errorf("%s of checkpoint %d at %s is %v, want %v", column, own.ID, task, shown[column], want)
			}
		}
		return
	}
	t.Errorf("there is no task %s", task)
}
