package demo

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// A failed query does not cost the others their frames.
func TestFailedQueries(t *testing.T) {
	a := answerOf([]query{{RefID: "a", QueryType: "jobs"}, {RefID: "b", QueryType: "tasks"}, {RefID: "c", QueryType: "measure"}},
		&backend.QueryDataResponse{Responses: backend.Responses{
			"a": {Frames: data.Frames{data.NewFrame("jobs")}},
			"b": {Error: errors.New("no such job")},
		}}, 0)
	if want := []string{"Not answered: b: no such job", "Not answered: c: the plugin returned no response for it"}; !slices.Equal(a.reasons(), want) {
		t.Errorf("reasons are %q, want %q", a.reasons(), want)
	}
	if err := a.incomplete(); err == nil || err.Error() != "2 of 3 queries were not answered" {
		t.Errorf("got %v", err)
	}
	if a.failed("jobs") || !a.failed("tasks") || a.frames["jobs"][0].Name != "jobs" {
		t.Errorf("got %+v", a)
	}
	if notice := a.frames["tasks"][0].Meta.Notices[0]; notice.Text != "no such job" || notice.Severity != data.NoticeSeverityError {
		t.Errorf("the notice in the place of the table is %+v", notice)
	}
}

func TestRequestsOfAQueryCountOnce(t *testing.T) {
	frames := branches()
	a := answerOf([]query{{RefID: "a", QueryType: "nodeGraph"}, {RefID: "b", QueryType: "jobs"}},
		&backend.QueryDataResponse{Responses: backend.Responses{
			"a": {Frames: frames["nodeGraph"]}, "b": {Frames: frames["jobs"]},
		}}, 0)
	if a.requests != 14 {
		t.Errorf("got %d requests, want 14", a.requests)
	}
}

func TestJSONIsOneObjectOfFrames(t *testing.T) {
	var out bytes.Buffer
	if err := (answer{frames: branches()}).writeJSON(&out); err != nil {
		t.Fatal(err)
	}
	var object map[string][]struct {
		Schema struct{ Name string }
		Data   struct{ Values [][]any }
	}
	if err := json.Unmarshal(out.Bytes(), &object); err != nil {
		t.Fatal(err)
	}
	if edges := object["nodeGraph"][1]; edges.Schema.Name != "edges" || edges.Data.Values[1][0] != "a1/merge" {
		t.Errorf("the edges are %+v", edges)
	}
}

func TestProgress(t *testing.T) {
	half := progressOf(branches()["subtasks"])
	if half != (progress{source: "counters", measured: 1, subtasks: 2}) || half.complete() {
		t.Errorf("got %+v", half)
	}
	for _, test := range []struct {
		progress
		want bool
	}{
		{progress{}, true},
		{progress{"counters", 4, 4}, true},
		{progress{"gauge60s", 4, 4}, false},
	} {
		if test.complete() != test.want {
			t.Errorf("%+v is complete: %v", test.progress, !test.want)
		}
	}
}
