package provision

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// compared is a rule that compares a query's number.
func compared(condition Condition, change func(*Rule)) Rule {
	rule := Rule{Title: "rule", Condition: "B", For: 2 * time.Minute, NoDataState: "KeepLast", ExecErrState: "KeepLast", Data: []Node{
		{RefID: "A", DatasourceUID: "flink"},
		{RefID: "B", DatasourceUID: Expressions, Model: map[string]any{"type": "threshold", "expression": "A", "conditions": []Condition{condition}}},
	}}
	if change != nil {
		change(&rule)
	}
	return rule
}

func above(threshold float64) Condition {
	return Condition{Evaluator: Evaluator{Type: "gt", Params: []float64{threshold}}}
}

// wide is an answer of one number for each job; not a number is null.
func wide(values map[string]float64) backend.DataResponse {
	frame := data.NewFrame("measure")
	frame.Meta = &data.FrameMeta{Type: data.FrameTypeNumericWide, TypeVersion: data.FrameTypeVersion{0, 1}}
	for job, value := range values {
		number := &value
		if math.IsNaN(value) {
			number = nil
		}
		frame.Fields = append(frame.Fields, data.NewField("value", data.Labels{"job": job}, []*float64{number}))
	}
	return backend.DataResponse{Frames: data.Frames{frame}}
}

// The states that an alert goes through, an evaluation a minute: a value of its own job,
// beside one of another that is well. "null" is a value that is not known, "gone" no
// series, "none" no series of any, "nulls" none known of any, "error" an error.
func TestStatesOverEvaluations(t *testing.T) {
	recovery := above(0.5)
	recovery.Unload = &Evaluator{Type: "lt", Params: []float64{0.25}}
	for name, c := range map[string]struct {
		condition    Condition
		change       func(*Rule)
		values, want string
	}{
		"it is pending first":              {above(0.5), nil, "0 1 1 1 1 0", "N P P A A N"},
		"at the threshold is not above":    {above(0.5), nil, "0.5 0.6", "N P"},
		"pending begins anew":              {above(0.5), nil, "1 1 0 1 1 1", "P P N P P A"},
		"without for it fires at once":     {above(0.5), func(r *Rule) { r.For = 0 }, "1 0", "A N"},
		"null keeps a firing one":          {above(0.5), nil, "1 1 1 null null 1 0", "P P A A A A N"},
		"null keeps one that is well":      {above(0.5), nil, "0 null null null", "N N N N"},
		"null lets a pending one fire":     {above(0.5), nil, "1 null null null", "P P A A"},
		"a missing one goes on once":       {above(0.5), nil, "1 1 1 gone 1", "P P A A A"},
		"a missing one ends":               {above(0.5), nil, "1 1 1 gone gone 1", "P P A A - P"},
		"nothing at all keeps all":         {above(0.5), nil, "1 1 1 none none none 1", "P P A A A A A"},
		"none known keeps the missing":     {above(0.5), nil, "1 1 1 nulls nulls nulls 0", "P P A A A A N"},
		"an error keeps all":               {above(0.5), nil, "1 1 1 error error 0", "P P A A A N"},
		"an error in place of it":          {above(0.5), func(r *Rule) { r.ExecErrState = "Error" }, "1 1 1 error error", "P P A A -"},
		"no data is well":                  {above(0.5), func(r *Rule) { r.NoDataState = "OK" }, "1 1 1 null 1", "P P A N P"},
		"no data of any is well":           {above(0.5), func(r *Rule) { r.NoDataState = "OK" }, "1 1 1 none", "P P A N"},
		"no data fires":                    {above(0.5), func(r *Rule) { r.NoDataState = "Alerting" }, "0 null null null", "N P P A"},
		"no data is a state":               {above(0.5), func(r *Rule) { r.NoDataState = "NoData" }, "0 null 0", "N D N"},
		"it goes on till it recovers":      {recovery, nil, "0.4 0.6 0.4 0.4 0.3 0.2 0.4", "N P P A A N N"},
		"after null the first bound holds": {recovery, nil, "0.6 0.6 0.6 0.4 null 0.4", "P P A A A N"},
		"it goes on for a while":           {above(0.5), func(r *Rule) { r.KeepFiringFor = 2 * time.Minute }, "1 1 1 0 0 1 0 0 0", "P P A R R A R R N"},
		"not a number fires":               {above(0.5), func(r *Rule) { r.Condition = "A"; r.For = 0 }, "0 1", "N A"},
	} {
		t.Run(name, func(t *testing.T) {
			alerts, at := NewAlerts(compared(c.condition, c.change)), time.Unix(1_000_000, 0)
			var got []string
			for _, value := range strings.Fields(c.values) {
				_ = alerts.Evaluate(at, backend.Responses{"A": answerOf(t, value)})
				at = at.Add(time.Minute)
				state := "-"
				for _, alert := range alerts.All() {
					if alert.Labels["job"] == "orders" {
						state = map[State]string{Normal: "N", Pending: "P", Alerting: "A", Recovering: "R", NoData: "D", Error: "E"}[alert.State]
					}
				}
				got = append(got, state)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("%s becomes %s, want %s", c.values, strings.Join(got, " "), c.want)
			}
		})
	}
}

// answerOf is an answer by its word in TestStatesOverEvaluations.
func answerOf(t *testing.T, word string) backend.DataResponse {
	t.Helper()
	switch word {
	case "error":
		return backend.DataResponse{Error: errors.New("away")}
	case "none":
		return backend.DataResponse{Frames: data.Frames{data.NewFrame("")}}
	case "nulls":
		return wide(map[string]float64{"other": nan})
	case "gone":
		return wide(map[string]float64{"other": 0})
	case "null":
		return wide(map[string]float64{"other": 0, "orders": nan})
	}
	var value float64
	if _, err := fmt.Sscan(word, &value); err != nil {
		t.Fatal(err)
	}
	return wide(map[string]float64{"other": 0, "orders": value})
}
