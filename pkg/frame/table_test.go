package frame_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// columns are a table's public contract: their names, order and types. A share
// and a rate may be unknown, so they are nullable.
var columns = map[string]string{
	"subtasks": `
		status string, job string, task string, subtask int64, host *string,
		busy *float64, backpressured *float64, idle *float64, records_in *float64, records_out *float64,
		taskmanager *string, attempt int64, cluster string, color string, job_id string, task_id string,
		job_url *string, task_url *string, taskmanager_url *string`,
	"details": `
		status string, job string, task string, subtask int64, host *string,
		busy *float64, backpressured *float64, idle *float64, records_in *float64, records_out *float64,
		soft_backpressured *float64, hard_backpressured *float64, in_pool_usage *float64, out_pool_usage *float64,
		taskmanager *string, attempt int64, cluster string, color string, job_id string, task_id string,
		job_url *string, task_url *string, taskmanager_url *string`,
	"tasks": `
		status string, job string, task string, parallelism *int64,
		busy_max *float64, backpressured_max *float64, idle_min *float64,
		busy_avg *float64, backpressured_avg *float64, idle_avg *float64,
		records_in *float64, records_out *float64, skew *float64, blame *float64,
		level *string, max_parallelism *int64, cluster string, color string, job_id string, task_id string,
		job_url *string, task_url *string`,
	"scaling": `
		cluster string, job string, job_id string, task string, task_id string,
		parallelism *int64, max_parallelism *int64,
		true_rate *float64, target_rate *float64, utilisation *float64, recommended_parallelism *int64,
		catch_up *float64, limited_by *string, confidence string, hint *string,
		predicted_true_rate *float64, predicted_utilisation *float64, predicted_bottleneck *string, predicted_throughput *float64`,
	"bottlenecks": `
		severity *float64, job *string, task *string, kind *string, explanation *string, advice *string, effects *string, since *time.Time, lasts *string,
		busy_max *float64, busy_avg *float64, upstream_backpressured *float64, where *string, hot_subtasks *string, hot_hosts *string,
		cluster *string, job_id *string, task_id *string, job_url *string, task_url *string`,
	"jobs": `
		severity *float64, job string, bottleneck *string, kind string, since *time.Time, lasts *string, state string, status string,
		start *time.Time, duration *float64, tasks int64, type *string, cluster string, job_id string,
		job_url *string, task_url *string`,
	"variable": `text string, value string`,
}

// The columns are what dashboards refer to, with jobs and without. A table that nobody
// has arranged reads from left to right: how bad, of what, and ids last.
func TestColumns(t *testing.T) {
	for name, listed := range columns {
		want := strings.Split(strings.Join(strings.Fields(listed), " "), ", ")
		for situation, result := range map[string]frame.Result{"three jobs": threeJobs(), "no jobs": {}} {
			frames := views[name](result)
			if len(frames) != 1 {
				t.Fatalf("%s are %d frames", name, len(frames))
			}
			var got []string
			for _, f := range frames[0].Fields {
				got = append(got, f.Name+" "+strings.TrimPrefix(f.Type().ItemTypeString(), "[]"))
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s of %s have\n%v\nwant\n%v", name, situation, got, want)
			}
			if name != "variable" && frames[0].Meta.PreferredVisualization != data.VisTypeTable {
				t.Errorf("%s are no table", name)
			}
		}
	}
}

// Units are Grafana's names; a share is drawn on the scale from 0 to 1. Utilisation may be
// above that.
func TestUnits(t *testing.T) {
	rates := []string{"records_in", "records_out", "true_rate", "target_rate", "predicted_true_rate", "predicted_throughput"}
	for name := range columns {
		for _, f := range views[name](threeJobs())[0].Fields {
			if f.Type() != data.FieldTypeNullableFloat64 {
				continue
			}
			want := "percentunit"
			switch {
			case slices.Contains(rates, f.Name):
				want = "recps"
			case f.Name == "duration":
				want = "ms"
			case f.Name == "catch_up":
				want = "s"
			}
			if f.Config == nil || f.Config.Unit != want {
				t.Errorf("%s: %s has config %+v, want unit %s", name, f.Name, f.Config, want)
				continue
			}
			if want == "percentunit" && f.Name != "utilisation" && (f.Config.Min == nil || *f.Config.Min != 0 || f.Config.Max == nil || *f.Config.Max != 1) {
				t.Errorf("%s: %s is not on the scale from 0 to 1", name, f.Name)
			}
		}
	}
}

// A status is a word that a mapping colours; no colour is black, which vanishes
// on dark, and none is there twice.
func TestStatusIsAWordWithAColour(t *testing.T) {
	for _, name := range []string{"subtasks", "tasks", "jobs"} {
		statuses := field(t, views[name](threeJobs())[0], "status")
		if len(statuses.Config.Mappings) != 1 {
			t.Fatalf("%s: status has %d mappings", name, len(statuses.Config.Mappings))
		}
		mapper := statuses.Config.Mappings[0].(data.ValueMapper)
		seen := map[string]string{}
		for _, status := range []string{"bottleneck", "backpressured", "busy", "mixed", "idle", "unknown"} {
			result, mapped := mapper[status]
			if !mapped || result.Text != status || dark(t, result.Color) {
				t.Errorf("%s: %s is mapped to %+v", name, status, result)
			}
			if other, taken := seen[result.Color]; taken {
				t.Errorf("%s: %s has the colour of %s", name, status, other)
			}
			seen[result.Color] = status
		}
		for row := range statuses.Len() {
			if _, mapped := mapper[statuses.At(row).(string)]; !mapped {
				t.Errorf("%s: status %v has no colour", name, statuses.At(row))
			}
		}
	}
}

// What is bad stands out without a dashboard's help, and sentences have room.
func TestCellsOfATable(t *testing.T) {
	bottlenecks := frame.Bottlenecks(threeJobs())[0]
	severity := field(t, bottlenecks, "severity").Config
	if steps := severity.Thresholds.Steps; len(steps) != 3 || steps[1].Value != 0.25 || steps[2].Value != 0.501 || severity.Color["mode"] != "thresholds" {
		t.Errorf("severity has the steps %v, coloured by %v", steps, severity.Color)
	}
	for _, step := range severity.Thresholds.Steps { // stat panels write in it
		if dark(t, step.Color) {
			t.Errorf("%s vanishes on dark", step.Color)
		}
	}
	for name, want := range map[string]string{"severity": "color-background", "explanation": "auto", "advice": "auto"} {
		options, _ := field(t, bottlenecks, name).Config.Custom["cellOptions"].(map[string]any)
		if options["type"] != want || want == "auto" && options["wrapText"] != true {
			t.Errorf("a cell of %s has the options %v", name, options)
		}
	}
	for _, name := range []string{"subtasks", "tasks", "jobs"} {
		if options, _ := field(t, views[name](threeJobs())[0], "status").Config.Custom["cellOptions"].(map[string]any); options["type"] != "color-background" {
			t.Errorf("%s: a cell of status has the options %v", name, options)
		}
	}
}

// dark reports whether a colour vanishes on a dark background, by roughly the
// relative luminance that contrast is computed from.
func dark(t *testing.T, colour string) bool {
	t.Helper()
	var r, g, b int
	if n, err := fmt.Sscanf(colour, "#%02x%02x%02x", &r, &g, &b); n != 3 || err != nil {
		t.Fatalf("%q is no colour", colour)
	}
	return 0.2126*float64(r)+0.7152*float64(g)+0.0722*float64(b) < 80
}
