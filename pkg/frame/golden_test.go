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
				frames := view(answer)
				raw, err := frames.MarshalArrow()
				if err != nil {
					t.Fatal(err)
				}
				beyond, err := data.UnmarshalArrowFrames(raw)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(inJSON(t, frames), inJSON(t, beyond)); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
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
