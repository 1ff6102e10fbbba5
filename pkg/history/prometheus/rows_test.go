package prometheus_test

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/prometheus"
)

// summed stands in for what sums up a snapshot, which needs a verdict.
func summed(snapshot *job.Snapshot) history.Row {
	row := history.Row{Job: history.JobRow{Running: snapshot.AllRun(), Restarts: math.NaN(), Source: snapshot.Source}, Tasks: make([]history.TaskRow, len(snapshot.Tasks))}
	for i, load := range snapshot.Tasks {
		row.Tasks[i][history.BusyMax] = float32(load.Busy.Max)
		row.Tasks[i][history.Status] = float32(i)
	}
	return row
}

func TestRowsAreOfTheSnapshots(t *testing.T) {
	early, late := always("a", 0, mixed), always("b", 0, job.Shares{Busy: 1})
	late.from = noon
	reader := served(t, &fake{series: scraped(early, late)}, prometheus.Options{Row: summed, Graph: connected(map[string]int{"a": 1, "b": 1}, "b", "a")})
	rows, err := reader.Rows(t.Context(), key, minutes(-5, 5), time.Minute, history.Status, history.BusyMax)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows.Times) != 11 || len(rows.Jobs) != 11 || !rows.Times[5].Equal(noon) || rows.Jobs[0].Running || !rows.Jobs[10].Running || rows.Jobs[3].Source != job.FromPrometheus {
		t.Errorf("got %+v", rows)
	}
	if len(rows.Tasks) != 2 || rows.Tasks[0].ID != "b" || rows.Tasks[1].Name != "a" {
		t.Fatalf("got %+v", rows.Tasks)
	}
	if busy := rows.Tasks[0].Measures[1]; !math.IsNaN(float64(busy[0])) || busy[10] != 1 || len(busy) != 11 {
		t.Errorf("b is %v busy", busy)
	}
	if status := rows.Tasks[1].Measures[0]; len(status) != 11 || status[0] != 1 {
		t.Errorf("a has status %v", status)
	}
}

// A task that the metrics name only later is not known before.
func TestRowsOfTasksThatCameLater(t *testing.T) {
	late := always("a", 0, mixed)
	late.from = noon.Add(20 * time.Minute)
	prom := &fake{series: scraped(always("z", 0, mixed), late)}
	reader := served(t, prom, prometheus.Options{Row: summed}).AtOnce(20) // in several chunks
	rows, err := reader.Rows(t.Context(), key, minutes(-25, 25), time.Minute, history.BusyMax, history.Status)
	if err != nil || len(rows.Tasks) != 2 || rows.Tasks[0].ID != "a" {
		t.Fatalf("got %d tasks, %v", len(rows.Tasks), err)
	}
	for _, task := range rows.Tasks {
		for _, column := range task.Measures {
			if len(column) != len(rows.Times) {
				t.Errorf("%s has %d of %d", task.ID, len(column), len(rows.Times))
			}
		}
	}
	if a := rows.Tasks[0].Measures; !math.IsNaN(float64(a[0][0])) || a[1][0] != -1 {
		t.Errorf("a began with %v and %v", a[0][0], a[1][0])
	}
}

func TestRowsOfNothing(t *testing.T) {
	reader := served(t, &fake{series: scraped(always("a", 0, mixed))}, prometheus.Options{Row: summed})
	rows, err := reader.Rows(t.Context(), key, minutes(100, 200), time.Minute, history.BusyMax)
	if err != nil || len(rows.Times) != 0 || len(rows.Tasks) != 0 {
		t.Errorf("got %+v, %v", rows, err)
	}
}

// A TaskManager whose id is known has it, whatever the reporter made of it.
func TestTaskManagersHaveTheirIDs(t *testing.T) {
	for label, want := range map[string]string{"10_0_0_5:4021_a1b2": "10.0.0.5:4021-a1b2", "10.0.0.5:4021-a1b2": "10.0.0.5:4021-a1b2", "10_0_0_6:4021_c3d4": "10_0_0_6:4021_c3d4"} {
		of := always("a", 0, mixed)
		of.manager = label
		known := func(context.Context, history.Key) ([]string, error) {
			return []string{"10.0.0.5:4021-a1b2", "tm-2"}, nil
		}
		reader := served(t, &fake{series: scraped(of)}, prometheus.Options{TaskManagers: known})
		all := snapshots(t, reader, minutes(0, 0), time.Minute)
		if got := all[0].Tasks[0].Subtasks[0].TaskManager; got != want {
			t.Errorf("%s is named %s", label, got)
		}
	}
}
