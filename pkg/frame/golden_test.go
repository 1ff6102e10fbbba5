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

// -update writes the golden frames anew: go test ./pkg/frame -update.
var update = flag.Bool("update", false, "write the golden frames anew")

// The frames of each view are these, to the byte.
func TestGoldenFrames(t *testing.T) {
	for name, view := range views {
		t.Run(name, func(t *testing.T) {
			experimental.CheckGoldenJSONResponse(t, "testdata", name, &backend.DataResponse{Frames: view(threeJobs())}, *update)
		})
	}
}

// No jobs are a result too: the same columns without a row.
func TestGoldenFramesOfNoJobs(t *testing.T) {
	for name, view := range views {
		t.Run(name, func(t *testing.T) {
			experimental.CheckGoldenJSONResponse(t, "testdata", name+"-empty", &backend.DataResponse{Frames: view(frame.Result{})}, *update)
		})
	}
}

// So are those over time.
func TestGoldenFramesOverTime(t *testing.T) {
	for name, view := range overTime {
		for suffix, result := range map[string]frame.Result{"": twoJobs(), "-empty": {}} {
			t.Run(name+suffix, func(t *testing.T) {
				experimental.CheckGoldenJSONResponse(t, "testdata", name+suffix, &backend.DataResponse{Frames: view(result)}, *update)
			})
		}
	}
}

// A frame leaves the process in Arrow's format, and is the same when read.
func TestFramesSurviveArrow(t *testing.T) {
	for name, view := range views {
		for situation, result := range map[string]frame.Result{"three jobs": threeJobs(), "no jobs": {}} {
			t.Run(name+" of "+situation, func(t *testing.T) {
				survivesArrow(t, view(result))
			})
		}
	}
	for name, view := range overTime {
		for situation, result := range map[string]frame.Result{"two jobs": twoJobs(), "no jobs": {}} {
			t.Run(name+" of "+situation, func(t *testing.T) {
				survivesArrow(t, view(result))
			})
		}
	}
}

// survivesArrow checks that frames are the same when read from Arrow's format.
func survivesArrow(t *testing.T, frames data.Frames) {
	t.Helper()
	if diff := cmp.Diff(inJSON(t, frames), inJSON(t, throughArrow(t, frames))); diff != "" {
		t.Error(diff)
	}
}

// throughArrow are the frames as Grafana gets them.
func throughArrow(t *testing.T, frames data.Frames) data.Frames {
	t.Helper()
	raw, err := frames.MarshalArrow()
	if err != nil {
		t.Fatal(err)
	}
	received, err := data.UnmarshalArrowFrames(raw)
	if err != nil {
		t.Fatal(err)
	}
	return received
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
