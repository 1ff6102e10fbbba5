package frame_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// custom is meta.custom of a frame as Grafana reads it.
func custom(t *testing.T, of any) map[string]any {
	t.Helper()
	raw, err := json.Marshal(of)
	if err != nil {
		t.Fatal(err)
	}
	var read map[string]any
	if err := json.Unmarshal(raw, &read); err != nil {
		t.Fatal(err)
	}
	return read
}

// Every frame has its window, where its shares come from and what it cost.
func TestCustomOfEveryFrame(t *testing.T) {
	for name, view := range views {
		for _, f := range view(threeJobs()) {
			got := custom(t, f.Meta.Custom)
			for key, want := range map[string]any{
				"from": "2026-01-15T10:59:50Z", "to": "2026-01-15T11:00:00Z", "source": "counters", "requests": 12.,
			} {
				if got[key] != want {
					t.Errorf("%s: %s of frame %s is %v, want %v", name, key, f.Name, got[key], want)
				}
			}
		}
		for _, f := range view(frame.Result{}) {
			got := custom(t, f.Meta.Custom)
			for _, key := range []string{"from", "to", "source"} {
				if value, there := got[key]; !there || value != nil {
					t.Errorf("%s of no jobs: %s of frame %s is %v, want null", name, key, f.Name, value)
				}
			}
		}
	}
}

// Several jobs are measured over several windows: the widest is there, and the
// source that averages most. A job that was not measured changes neither.
func TestCustomSumsUpTheJobs(t *testing.T) {
	result := threeJobs()
	earlier, later := started.Add(-time.Minute), started.Add(2*time.Hour)
	result.Jobs[0].Snapshot.From = earlier
	result.Jobs[0].Snapshot.Source = job.FromGauge60s
	result.Jobs[1].Snapshot.Source = job.FromGauge5s
	result.Jobs[2].Snapshot.To = later
	result.Jobs = append(result.Jobs, jobOf("default", "new", task("in", noMetrics)))
	got := frame.Jobs(result, false)[0].Meta.Custom.(frame.Custom)
	if !got.From.Equal(earlier) || !got.To.Equal(later) || *got.Source != job.FromGauge60s {
		t.Errorf("the window is %v to %v from %v", got.From, got.To, *got.Source)
	}
}

// A notice on anything partial is there once, on the first frame.
func TestNotices(t *testing.T) {
	for name, view := range views {
		result := threeJobs()
		frames := view(result)
		if got := frames[0].Meta.Notices; len(got) != 1 || got[0] != result.Notices[0] {
			t.Errorf("%s: the notices are %v", name, got)
		}
		for _, f := range frames[1:] {
			if len(f.Meta.Notices) > 0 {
				t.Errorf("%s: frame %s repeats %v", name, f.Name, f.Meta.Notices)
			}
		}
		if len(result.Notices) != 1 {
			t.Errorf("%s: the result's own notices changed", name)
		}
	}
}

// The same notice of several jobs or clusters is there once.
func TestNoticesAreAddedOnce(t *testing.T) {
	info, warning := data.Notice{Severity: data.NoticeSeverityInfo, Text: "a"}, data.Notice{Severity: data.NoticeSeverityWarning, Text: "a"}
	var result frame.Result
	result.Add(info, info)
	result.Add()
	result.Add(warning, info)
	if want := []data.Notice{info, warning}; !slices.Equal(result.Notices, want) {
		t.Errorf("the notices are %v, want %v", result.Notices, want)
	}
}
