package frame_test

import (
	"encoding/json"
	"flag"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/grafana/grafana-plugin-sdk-go/experimental"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// go test ./pkg/frame -update writes the golden frames anew.
var update = flag.Bool("update", false, "write the golden frames anew")

func TestGoldenFrames(t *testing.T) {
	for name, view := range views {
		t.Run(name, func(t *testing.T) {
			experimental.CheckGoldenJSONResponse(t, "testdata", name, &backend.DataResponse{Frames: view(threeJobs())}, *update)
		})
	}
}

// No jobs are an answer too: the same columns without a row.
func TestGoldenFramesOfNoJobs(t *testing.T) {
	for name, view := range views {
		t.Run(name, func(t *testing.T) {
			experimental.CheckGoldenJSONResponse(t, "testdata", name+"-empty", &backend.DataResponse{Frames: view(frame.Answer{})}, *update)
		})
	}
}

// A frame leaves the process in Arrow's format and must be the same beyond.
func TestFramesSurviveArrow(t *testing.T) {
	for name, view := range views {
		for situation, answer := range map[string]frame.Answer{"three jobs": threeJobs(), "no jobs": {}} {
			t.Run(name+" of "+situation, func(t *testing.T) {
				survivesArrow(t, view(answer))
			})
		}
	}
}

// survivesArrow looks whether frames are the same beyond Arrow's format.
func survivesArrow(t *testing.T, frames data.Frames) {
	t.Helper()
	if diff := cmp.Diff(inJSON(t, frames), inJSON(t, beyondArrow(t, frames))); diff != "" {
		t.Error(diff)
	}
}

// beyondArrow are the frames as others get them.
func beyondArrow(t *testing.T, frames data.Frames) data.Frames {
	t.Helper()
	raw, err := frames.MarshalArrow()
	if err != nil {
		t.Fatal(err)
	}
	beyond, err := data.UnmarshalArrowFrames(raw)
	if err != nil {
		t.Fatal(err)
	}
	return beyond
}

// inJSON is the frames' schema and data, with the order of keys left open.
func inJSON(t *testing.T, frames data.Frames) any {
	t.Helper()
	raw, err := json.Marshal(frames)
	if err != nil {
		t.Fatal(err)
	}
	var parsed any
	if err := json.Unmarshal(raw, &parsed); err != nil {
		t.Fatal(err)
	}
	return parsed
}
