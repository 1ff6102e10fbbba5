package provision

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Threshold is an expression that compares the values of another node.
type Threshold struct {
	Type       string      `json:"type"`
	Expression string      `json:"expression"`
	Conditions []Condition `json:"conditions"`
}

// Condition is what a threshold compares with.
type Condition struct {
	Evaluator struct {
		Type   string    `json:"type"`
		Params []float64 `json:"params"`
	} `json:"evaluator"`
	Query struct {
		Params []string `json:"params"`
	} `json:"query"`
}

// Node is the one of that refId.
func (r Rule) Node(refID string) (Node, error) {
	at := slices.IndexFunc(r.Data, func(n Node) bool { return n.RefID == refID })
	if at < 0 {
		return Node{}, fmt.Errorf("rule %q has no %q", r.Title, refID)
	}
	return r.Data[at], nil
}

// Threshold is the rule's condition and the query whose values it compares.
func (r Rule) Threshold() (threshold Threshold, query Node, err error) {
	condition, err := r.Node(r.Condition)
	if err != nil {
		return threshold, query, err
	}
	model, err := json.Marshal(condition.Model)
	if err != nil {
		return threshold, query, err
	}
	if err := json.Unmarshal(model, &threshold); err != nil {
		return threshold, query, err
	}
	if condition.DatasourceUID != Expressions || threshold.Type != "threshold" {
		return threshold, query, fmt.Errorf("the condition of %q is no threshold but %q of %s", r.Title, threshold.Type, condition.DatasourceUID)
	}
	query, err = r.Node(threshold.Expression)
	return threshold, query, err
}

// Met reports whether a value is beyond the threshold; nil is not known, and
// neither.
func (t Threshold) Met(value *float64) (bool, error) {
	if len(t.Conditions) != 1 || t.Conditions[0].Evaluator.Type != "gt" || len(t.Conditions[0].Evaluator.Params) != 1 {
		return false, fmt.Errorf("the conditions are %+v, want one that compares with gt", t.Conditions)
	}
	return value != nil && *value > t.Conditions[0].Evaluator.Params[0], nil
}
