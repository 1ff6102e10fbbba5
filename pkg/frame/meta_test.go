package frame_test

import (
	"encoding/json"
	"testing"
	"time"

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

// Every frame tells its window, where its shares come from and what it cost.
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
		for _, f := range view(frame.Answer{}) {
			got := custom(t, f.Meta.Custom)
			for _, key := range []string{"from", "to", "source"} {
				if value, there := got[key]; !there || value != nil {
					t.Errorf("%s of no jobs: %s of frame %s is %v, want null", name, key, f.Name, value)
				}
			}
		}
	}
}

// Several jobs are measured over several windows: the widest is told, and the
// source that averages most. A job that was not measured changes neither.
func TestCustomSumsUpTheJobs(t *testing.T) {
	answer := threeJobs()
	earlier, later := started.Add(-time.Minute), started.Add(2*time.Hour)
	answer.Jobs[0].Snapshot.From = earlier
	answer.Jobs[0].Snapshot.Source = job.FromGauge60s
	answer.Jobs[1].Snapshot.Source = job.FromGauge5s
	answer.Jobs[2].Snapshot.To = later
	answer.Jobs = append(answer.Jobs, jobOf("default", "new", task("in", silent)))
	got := frame.Jobs(answer)[0].Meta.Custom.(frame.Custom)
	if !got.From.Equal(earlier) || !got.To.Equal(later) || *got.Source != job.FromGauge60s {
		t.Errorf("the window is %v to %v from %v", got.From, got.To, *got.Source)
	}
}

// A notice on anything partial is told once, on the first frame.
func TestNotices(t *testing.T) {
	for name, view := range views {
		answer := threeJobs()
		frames := view(answer)
		if got := frames[0].Meta.Notices; len(got) != 1 || got[0] != answer.Notices[0] {
			t.Errorf("%s: the notices are %v", name, got)
		}
		for _, f := range frames[1:] {
			if len(f.Meta.Notices) > 0 {
				t.Errorf("%s: frame %s repeats %v", name, f.Name, f.Meta.Notices)
			}
		}
		if len(answer.Notices) != 1 {
			t.Errorf("%s: the answer's own notices changed", name)
		}
	}
}
