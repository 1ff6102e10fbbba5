package provision

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

func known(value float64) *float64 { return &value }

// text is a set's numbers, such as "a 1, b null".
func text(set Set) string {
	var all []string
	for _, number := range set.Numbers {
		value := "null"
		if number.Value != nil {
			value = fmt.Sprint(*number.Value)
		}
		all = append(all, strings.TrimSpace(strings.ReplaceAll(number.Labels.String(), "job=", "")+" "+value))
	}
	return strings.Join(all, "; ")
}

func TestMath(t *testing.T) {
	job := func(name string, value *float64) Number { return Number{data.Labels{"job": name}, value} }
	sets := map[string]Set{
		"A": {Numbers: []Number{job("a", known(2)), job("b", known(0)), job("c", nil)}},
		"B": {Numbers: []Number{job("a", known(3)), job("b", nil), job("d", known(1))}},
		"T": {Numbers: []Number{{data.Labels{"job": "a", "task": "x"}, known(5)}, {data.Labels{"job": "b", "task": "y"}, known(7)}}},
		"N": {},
		"C": {Numbers: []Number{job("c", known(1))}},
		"D": {Numbers: []Number{job("d", known(4))}},
		"S": {Series: []Series{{data.Labels{"job": "a"}, []*float64{known(1)}}}},
	}
	for expression, want := range map[string]string{
		"$A + 1":                       "a 3; b 1; c null",
		"$A > 1":                       "a 1; b 0; c null",
		"$A < 2 && $A >= 0":            "a 0; b 1; c null",
		"$A - $B":                      "a -1; b null",
		"$A * $T":                      "a, task=x 10; b, task=y 0",
		"is_null($A)":                  "a 0; b 0; c 1",
		"is_number($A) * 2":            "a 2; b 2; c 0",
		"is_null($B) * ($A > 1)":       "a 0; b 0",
		"$N + 1":                       "",
		"$A + $N":                      "",
		"is_null($N)":                  "",
		"$C + $D":                      "5",
		"$A || $B":                     "a 1; b null",
		"$S + 1":                       "__S are series, which are reduced first",
		"$A % 2":                       "nothing is known of the operation %",
		"sqrt($A)":                     "nothing is known of the function sqrt of 1 arguments",
		"$E + 1":                       `rule "rule" has no "E"`,
		"($A > 1) || ($A + 0.5 < 0.6)": "a 1; b 1; c null",
	} {
		rule := Rule{Title: "rule", Data: []Node{{RefID: "X", DatasourceUID: Expressions, Model: map[string]any{"type": "math", "expression": expression}}}}
		evaluation := evaluation{rule: rule, sets: map[string]Set{}}
		for refID, set := range sets {
			evaluation.sets[refID] = set
		}
		set, err := evaluation.node("X")
		got := text(set)
		if err != nil {
			got = strings.TrimPrefix(err.Error(), "X: ")
		}
		if got != want {
			t.Errorf("%s is %q, want %q", expression, got, want)
		}
	}
}

// A series is reduced to a number by what is known in it.
func TestReduce(t *testing.T) {
	frame := data.NewFrame("history",
		data.NewField("time", nil, []time.Time{time.Unix(1, 0), time.Unix(2, 0), time.Unix(3, 0), time.Unix(4, 0)}),
		data.NewField("value", data.Labels{"job": "a"}, []*float64{known(5), known(2), known(4), nil}))
	frame.Meta = &data.FrameMeta{Type: data.FrameTypeTimeSeriesMulti, TypeVersion: data.FrameTypeVersion{0, 1}}
	empty := data.NewFrame("history", data.NewField("time", nil, []time.Time{time.Unix(1, 0)}), data.NewField("value", data.Labels{"job": "b"}, []*float64{nil}))
	empty.Meta = frame.Meta
	for reducer, want := range map[string]string{"last": "a 4; b null", "min": "a 2; b null", "max": "a 5; b null", "mode": `nothing is known of the reducer "mode"`} {
		rule := Rule{Title: "rule", Data: []Node{{RefID: "H", DatasourceUID: "flink"}, {RefID: "X", DatasourceUID: Expressions, Model: map[string]any{
			"type": "reduce", "expression": "H", "reducer": reducer, "settings": map[string]any{"mode": "dropNN"},
		}}}}
		evaluation := evaluation{rule: rule, sets: map[string]Set{}, answers: backend.Responses{"H": {Frames: data.Frames{frame, empty}}}}
		set, err := evaluation.node("X")
		got := text(set)
		if err != nil {
			got = strings.TrimPrefix(err.Error(), "X: ")
		}
		if got != want {
			t.Errorf("%s is %q, want %q", reducer, got, want)
		}
	}
}

// What Grafana's expressions refuse is an error.
func TestAnswersThatAreRefused(t *testing.T) {
	twice := wide(map[string]float64{"a": 1})
	twice.Frames[0].Fields = append(twice.Frames[0].Fields, twice.Frames[0].Fields[0])
	table := backend.DataResponse{Frames: data.Frames{data.NewFrame("tasks", data.NewField("task", nil, []string{"map"}))}}
	for name, c := range map[string]struct {
		answer backend.DataResponse
		want   string
	}{
		"a table":      {table, "expressions do not read frames of the type"},
		"labels twice": {twice, "the labels {job=a} are there twice"},
		"well":         {wide(map[string]float64{"a": 1}), ""},
	} {
		if _, err := read(c.answer); (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}
