package provision

import (
	"slices"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// State is that of an alert.
type State string

// The states of an alert, as Grafana calls them.
const (
	Normal     State = "Normal"
	Pending    State = "Pending"
	Alerting   State = "Alerting"
	Recovering State = "Recovering"
	NoData     State = "NoData"
	Error      State = "Error"
)

// Result is what one evaluation of a rule's condition says of a label set: Normal,
// Alerting or NoData.
type Result struct {
	Labels data.Labels
	State  State
	// Values are those of the rule's nodes for annotations, by refId.
	Values map[string]Value
}

// Results are those of an evaluation by the answers to the rule's queries. loaded are the
// label sets that fire or are about to, by which a recovery threshold decides. The error
// is that of a query or expression: then there are none.
func (r Rule) Results(answers backend.Responses, loaded map[data.Fingerprint]bool) (results []Result, err error) {
	evaluation := evaluation{rule: r, answers: answers, loaded: loaded, sets: map[string]Set{}}
	condition, err := evaluation.node(r.Condition)
	if err != nil {
		return nil, err
	}
	for _, node := range r.Data { // those that only annotations use; their errors are not the rule's
		_, _ = evaluation.node(node.RefID)
	}
	for _, number := range condition.Numbers {
		result := Result{Labels: number.Labels, State: Alerting, Values: evaluation.values(number.Labels)}
		switch {
		case number.Value == nil:
			result.State = NoData
		case *number.Value == 0:
			result.State = Normal
		}
		results = append(results, result)
	}
	return results, nil
}

// values are the numbers of all nodes whose labels are those of an alert, or some of them,
// or more.
func (e *evaluation) values(of data.Labels) map[string]Value {
	found := map[string]Value{}
	for refID, set := range e.sets {
		for _, number := range set.Numbers {
			if of.Contains(number.Labels) || number.Labels.Contains(of) {
				value := Value{Labels: number.Labels, Value: nan}
				if number.Value != nil {
					value.Value = *number.Value
				}
				if found[refID] = value; of.Equals(number.Labels) {
					break
				}
			}
		}
	}
	return found
}

// Alert is an alert of a rule, which Grafana calls an instance.
type Alert struct {
	Labels data.Labels
	State  State
	// Since is when it came into that state.
	Since time.Time
	// Values are the last ones for annotations.
	Values map[string]Value
	// kept is set while it keeps its state, as nothing is known of it.
	kept bool
	// missing is in how many evaluations in a row it was missing.
	missing int
}

// Fires reports whether Grafana sends notifications of it.
func (a Alert) Fires() bool { return a.State == Alerting || a.State == Recovering }

// Alerts are those of a rule over its evaluations, by the rules that Grafana documents
// for states.
type Alerts struct {
	rule   Rule
	alerts map[data.Fingerprint]*Alert
}

// NewAlerts are the alerts of a rule that has not been evaluated yet.
func NewAlerts(rule Rule) *Alerts { return &Alerts{rule, map[data.Fingerprint]*Alert{}} }

// missingToResolve is after how many evaluations without its series an alert is resolved.
const missingToResolve = 2

// Evaluate evaluates the rule by the answers to its queries. The error is why that was
// not possible, which is part of the state.
func (a *Alerts) Evaluate(at time.Time, answers backend.Responses) error {
	results, err := a.rule.Results(answers, a.loaded())
	a.next(at, results, err)
	return err
}

// loaded are the label sets whose alerts fire or are about to. Of those that keep their
// state as nothing is known Grafana does not count any.
func (a *Alerts) loaded() map[data.Fingerprint]bool {
	loaded := map[data.Fingerprint]bool{}
	for of, alert := range a.alerts {
		loaded[of] = !alert.kept && (alert.State == Alerting || alert.State == Pending)
	}
	return loaded
}

// next changes the alerts by the results of an evaluation.
func (a *Alerts) next(at time.Time, results []Result, err error) {
	nothing := !slices.ContainsFunc(results, func(r Result) bool { return r.State != NoData })
	switch {
	case err != nil && a.rule.ExecErrState != string(Error):
		a.all(at, Error)
		return
	case err != nil:
		results = []Result{{State: Error}}
	case nothing && a.rule.NoDataState != string(NoData) && len(a.alerts) > 0:
		a.all(at, NoData)
		return
	case len(results) == 0:
		results = []Result{{State: NoData}}
	}
	seen := map[data.Fingerprint]bool{}
	for _, result := range results {
		of := result.Labels.Fingerprint()
		alert := a.alerts[of]
		if alert == nil {
			alert = &Alert{Labels: result.Labels, State: Normal, Since: at}
			a.alerts[of] = alert
		}
		seen[of], alert.missing = true, 0
		if result.State == Normal || result.State == Alerting {
			alert.Values = result.Values
		}
		a.change(alert, at, result.State)
	}
	for of, alert := range a.alerts {
		if seen[of] {
			continue
		}
		if alert.missing++; alert.missing >= missingToResolve {
			delete(a.alerts, of)
		}
	}
}

// all changes all alerts there are, as nothing is known of any.
func (a *Alerts) all(at time.Time, result State) {
	for _, alert := range a.alerts {
		alert.missing = 0
		a.change(alert, at, result)
	}
}

// change changes an alert by a result, by what the rule says of errors and of no data.
func (a *Alerts) change(alert *Alert, at time.Time, result State) {
	as := string(result)
	switch result {
	case NoData:
		as = a.rule.NoDataState
	case Error:
		as = a.rule.ExecErrState
	}
	alert.kept = as == "KeepLast"
	switch as {
	case "KeepLast":
		// A pending one begins to fire all the same, once it has been for long enough.
		if alert.State == Pending {
			a.met(alert, at)
		}
	case "OK":
		alert.become(Normal, at)
	case string(Normal):
		a.unmet(alert, at)
	case string(Alerting):
		a.met(alert, at)
	default:
		alert.become(State(as), at)
	}
}

func (a *Alert) become(state State, at time.Time) {
	if a.State != state {
		a.State, a.Since = state, at
	}
}

// met changes an alert whose condition is met: it is pending first.
func (a *Alerts) met(alert *Alert, at time.Time) {
	switch {
	case alert.State == Alerting || alert.State == Recovering || a.rule.For == 0:
		alert.become(Alerting, at)
	case alert.State != Pending:
		alert.become(Pending, at)
	case at.Sub(alert.Since) >= a.rule.For:
		alert.become(Alerting, at)
	}
}

// unmet changes an alert whose condition is not met.
func (a *Alerts) unmet(alert *Alert, at time.Time) {
	switch {
	case a.rule.KeepFiringFor > 0 && alert.State == Alerting:
		alert.become(Recovering, at)
	case alert.State == Recovering && at.Sub(alert.Since) < a.rule.KeepFiringFor:
	default:
		alert.become(Normal, at)
	}
}

// All are the alerts there are, by their labels in order.
func (a *Alerts) All() []Alert {
	var all []Alert
	for _, alert := range a.alerts {
		all = append(all, *alert)
	}
	slices.SortFunc(all, func(a, b Alert) int { return strings.Compare(a.Labels.String(), b.Labels.String()) })
	return all
}

// Firing are those of them that fire.
func (a *Alerts) Firing() []Alert {
	return slices.DeleteFunc(a.All(), func(alert Alert) bool { return !alert.Fires() })
}
