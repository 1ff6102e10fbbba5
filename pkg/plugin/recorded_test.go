package plugin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/flinktest"
)

// The answers to one request, by their place in everyQuery.
const (
	subtasksAt = iota
	tasksAt
	graphAt
	bottlenecksAt
	jobsAt
	severityAt
	runningAt
	restartsAt
	upAt
)

// everyQuery asks for the job in all ways there are, those that are looked at
// closely first.
func everyQuery(name string) (queries []string) {
	kinds := []string{
		`"queryType": "subtasks", "detail": true`, `"queryType": "tasks"`, `"queryType": "nodeGraph"`, `"queryType": "bottlenecks"`, `"queryType": "jobs"`,
		`"queryType": "measure"`, `"queryType": "measure", "measure": "running"`, `"queryType": "measure", "measure": "restarts"`, `"queryType": "measure", "measure": "up"`,
		`"queryType": "subtasks"`,
	}
	for _, measure := range []string{"bottleneck", "status", "busy", "backpressured", "idle", "skew", "blame"} {
		for _, by := range []string{"job", "task", "subtask"} {
			kinds = append(kinds, fmt.Sprintf(`"queryType": "measure", "measure": %q, "by": %q`, measure, by))
		}
	}
	for _, variable := range []string{"clusters", "jobs", "tasks", "subtasks", "taskmanagers"} {
		kinds = append(kinds, fmt.Sprintf(`"queryType": "variable", "variable": %q`, variable))
	}
	chosen, _ := json.Marshal([]string{name})
	for _, kind := range kinds {
		queries = append(queries, fmt.Sprintf(`{%s, "jobs": %s}`, kind, chosen))
	}
	return queries
}

// recorded is a data source over a recording.
type recorded struct {
	source
	ctx context.Context
	*flinktest.Moment
}

// over opens a data source over what a recorded cluster answers, varied or not.
func over(t *testing.T, m *flinktest.Moment, answers http.Handler) recorded {
	t.Helper()
	return recorded{at(t, "http://flink:8081"), inMemory(t.Context(), map[string]http.Handler{"flink:8081": answers}), m}
}

// every asks for the job in all ways, each of which must be answered with
// frames that Grafana can read.
func (r recorded) every(t *testing.T) []*data.Frame {
	t.Helper()
	queries := everyQuery(r.Name)
	responses := queried(r.ctx, t, r, queries...)
	frames := make([]*data.Frame, len(queries))
	for i := range queries {
		refID := string(rune('A' + i))
		frames[i] = answer(t, responses, refID)
		for _, each := range responses[refID].Frames {
			wellFormed(t, queries[i], each)
		}
		if i == graphAt {
			edgesHaveEnds(t, frames[i], responses[refID].Frames[1])
		}
	}
	return frames
}

// column is the first row of some columns.
func column(t *testing.T, of *data.Frame, names ...string) (first []string) {
	t.Helper()
	for _, name := range names {
		values := cells(t, of, name)
		if len(values) != 1 {
			t.Errorf("frame %s has %d rows, want 1", of.Name, len(values))
		}
		first = append(first, append(values, "no row")[0])
	}
	return first
}

// columns are the rows of some columns, each as one text.
func columns(t *testing.T, of *data.Frame, names ...string) []string {
	t.Helper()
	rows := make([]string, of.Rows())
	for _, name := range names {
		for i, cell := range cells(t, of, name) {
			rows[i] = strings.TrimPrefix(rows[i]+" "+cell, " ")
		}
	}
	return rows
}

// value is the only value of a measure.
func value(t *testing.T, of *data.Frame) string {
	t.Helper()
	if len(of.Fields) != 1 || of.Rows() != 1 {
		t.Errorf("a measure has %d series of %d values, want one of one", len(of.Fields), of.Rows())
		return "none"
	}
	return cells(t, of, of.Fields[0].Name)[0]
}

// quoted is a text as JSON has it.
func quoted(t *testing.T, text string) string {
	t.Helper()
	written, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(written)
}
