package flink_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
)

// Flink writes numbers as numbers or as text; what is none is unknown.
func TestNumber(t *testing.T) {
	unknown := math.NaN()
	for text, want := range map[string]float64{
		`1.5`: 1.5, `"1.5"`: 1.5, `0`: 0, `"0"`: 0, `740.0`: 740, `-286`: -286, `1e3`: 1000,
		`"NaN"`: unknown, `"Infinity"`: unknown, `"-Infinity"`: unknown, `""`: unknown, `"fast"`: unknown,
		`null`: unknown, `true`: unknown, `{}`: unknown, `[1]`: unknown,
	} {
		var number flink.Number
		if err := json.Unmarshal([]byte(text), &number); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		got := float64(number)
		if got != want && !(math.IsNaN(got) && math.IsNaN(want)) || number.Known() == math.IsNaN(want) {
			t.Errorf("%s is read as %f, known %t; want %f", text, got, number.Known(), want)
		}
	}
}

// Times that Flink does not report, before 1.16, are no zeros.
func TestMetricsThatAreMissing(t *testing.T) {
	var subtask flink.Subtask
	if err := json.Unmarshal([]byte(`{"subtask":3,"metrics":{"read-records":7,"accumulated-busy-time":"NaN"}}`), &subtask); err != nil {
		t.Fatal(err)
	}
	if m := subtask.Metrics; m.Idle.Reported || m.Backpressured.Reported || !m.Busy.Reported || m.Busy.Known() || m.ReadRecords != 7 {
		t.Errorf("read %+v", m)
	}
}

// The machine is in "host" up to 1.20, and in "endpoint" from 1.19 on.
func TestHost(t *testing.T) {
	for body, want := range map[string]string{
		`{"host":"worker-1"}`:                             "worker-1",
		`{"host":"worker-1","endpoint":"worker-2:41289"}`: "worker-1",
		`{"endpoint":"worker-2:41289"}`:                   "worker-2",
		`{"endpoint":"[2001:db8::7]:41289"}`:              "2001:db8::7",
		`{"endpoint":"worker-2"}`:                         "worker-2",
		`{"endpoint":"(unassigned)"}`:                     "",
		`{"host":"(unassigned)"}`:                         "",
		`{}`:                                              "",
	} {
		var subtask flink.Subtask
		if err := json.Unmarshal([]byte(body), &subtask); err != nil {
			t.Fatal(err)
		}
		if got := subtask.Host(); got != want {
			t.Errorf("%s is on %q, want %q", body, got, want)
		}
	}
}

// An attempt without a slot runs nowhere.
func TestTaskManager(t *testing.T) {
	for body, want := range map[string]string{
		`{"taskmanager-id":"127.0.0.1:40471-927344"}`: "127.0.0.1:40471-927344",
		`{"taskmanager-id":"(unassigned)"}`:           "",
		`{}`:                                          "",
	} {
		var subtask flink.Subtask
		if err := json.Unmarshal([]byte(body), &subtask); err != nil {
			t.Fatal(err)
		}
		if got := subtask.TaskManager(); got != want {
			t.Errorf("%s runs at %q, want %q", body, got, want)
		}
	}
}
