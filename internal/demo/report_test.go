package demo

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestReport(t *testing.T) {
	for name, r := range map[string]report{
		"plain.txt":    branchReport(false),
		"coloured.txt": branchReport(true),
		"no-jobs.txt":  empty(),
	} {
		t.Run(name, func(t *testing.T) {
			text, err := r.text()
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name, text)
		})
	}
}

// empty is the report on a cluster without jobs.
func empty() report {
	r := branchReport(false)
	r.answer.frames = map[string]data.Frames{"jobs": {data.NewFrame("jobs",
		data.NewField("job", nil, []string{}), data.NewField("job_id", nil, []string{}), data.NewField("state", nil, []string{}))}}
	return r
}

// A query that failed costs its own part of the text, which has the reason once.
func TestReportOfFailedQueries(t *testing.T) {
	r := branchReport(false)
	late := errors.New("the plugin did not answer in time")
	r.answer.failures = []failure{{queries[2], late}, {queries[4], late}}
	text, err := r.text()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "failed.txt", text)

	r.answer.failures = []failure{{queries[0], late}}
	if text, err = r.text(); err != nil || !strings.Contains(text, "The jobs are not known.") || !strings.Contains(text, "Not answered: jobs: the plugin did not") {
		t.Errorf("got %v and %s", err, text)
	}
}

// What a frame lacks is an error; the other parts are printed.
func TestReportOfBrokenFrames(t *testing.T) {
	r := branchReport(false)
	frame := r.answer.frames["subtasks"][0]
	frame.Fields = frame.Fields[:3]
	text, err := r.text()
	if err == nil || err.Error() != "the frame subtasks has no field host" || !strings.Contains(text, "Verdict: score") {
		t.Errorf("got %v and %s", err, text)
	}
	delete(r.answer.frames, "nodeGraph")
	if _, err := r.text(); err == nil || !strings.Contains(err.Error(), "no frame nodes") {
		t.Errorf("got %v", err)
	}
}

func TestHeadlineWithoutARootCause(t *testing.T) {
	for kind, want := range map[string]string{
		"none":    "Verdict: nothing holds the job back",
		"unknown": "Verdict: not known yet",
	} {
		frame := branchVerdict()
		frame.Fields[2].Set(0, &kind)
		r, err := rowsOf(data.Frames{frame}, "bottlenecks", "kind")
		if err != nil {
			t.Fatal(err)
		}
		if got := headline(r, 0); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
