package demo

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

func TestQueriesAreAsADashboardStoresThem(t *testing.T) {
	s := session{Options: Options{URL: "http://127.0.0.1:8081", Job: "orders"}}
	queries, err := s.queries([]question{questions[0], questions[len(questions)-2]})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		`{"refId":"jobs","schemaVersion":1,"queryType":"jobs","clusters":[],"jobs":["orders"],"tasks":[]}`,
		`{"refId":"status by task","schemaVersion":1,"queryType":"measure","clusters":[],"jobs":["orders"],"tasks":[],"measure":"status","by":"task"}`,
	} {
		if got := string(queries[i].JSON); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestCollectNamesWhatWasNotAnswered(t *testing.T) {
	_, err := collect([]question{{RefID: "a", QueryType: "jobs"}, {RefID: "b", QueryType: "tasks"}, {RefID: "c", QueryType: "measure"}},
		&backend.QueryDataResponse{Responses: backend.Responses{
			"a": {Frames: data.Frames{data.NewFrame("jobs")}},
			"b": {Error: errors.New("no such job")},
		}}, 0)
	want := "query type tasks: no such job\nquery type measure: the plugin gave no answer to \"c\""
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestCollectCountsTheRequestsOfAQueryOnce(t *testing.T) {
	frames := branches()
	all, err := collect([]question{{RefID: "a", QueryType: "nodeGraph"}, {RefID: "b", QueryType: "jobs"}},
		&backend.QueryDataResponse{Responses: backend.Responses{
			"a": {Frames: frames["nodeGraph"]}, "b": {Frames: frames["jobs"]},
		}}, 0)
	if err != nil || all.requests != 14 {
		t.Errorf("got %d requests and %v, want 14", all.requests, err)
	}
}

func TestJSONIsOneObjectOfFrames(t *testing.T) {
	var out bytes.Buffer
	if err := writeJSON(&out, answer{frames: branches()}); err != nil {
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

func TestComplaintsPassWhatWentWrong(t *testing.T) {
	var out strings.Builder
	log := &complaints{to: &out}
	for _, part := range []string{
		`{"@level":"debug","@message":"Serving plugin"}` + "\n" + `{"@level":"err`,
		`or","@message":"A query failed","error":"no such job"}` + "\npanic: oh\n",
	} {
		if _, err := log.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if want := "The plugin logs: A query failed (no such job)\npanic: oh\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
