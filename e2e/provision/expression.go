package provision

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/grafana/dataplane/sdata/numeric"
	"github.com/grafana/dataplane/sdata/timeseries"
	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// Number is a value of one label set as Grafana's expressions have it; nil is null.
type Number struct {
	Labels data.Labels
	Value  *float64
}

// Series are the values of one label set in time; nil is null.
type Series struct {
	Labels data.Labels
	Values []*float64
}

// Set is what a query or an expression results in: numbers or series. One with neither is
// no data.
type Set struct {
	Numbers []Number
	Series  []Series
}

func (s Set) none() bool { return len(s.Numbers)+len(s.Series) == 0 }

// read reads the answer to a query as Grafana's expressions do: they take numbers and
// series, and refuse equal label sets.
func read(answer backend.DataResponse) (set Set, err error) {
	if answer.Error != nil {
		return set, answer.Error
	}
	if len(answer.Frames) == 0 || len(answer.Frames) == 1 && len(answer.Frames[0].Fields) == 0 {
		return set, nil
	}
	kind := data.FrameTypeUnknown
	if meta := answer.Frames[0].Meta; meta != nil {
		kind = meta.Type
	}
	switch {
	case kind.IsNumeric():
		set.Numbers, err = numbers(answer.Frames)
	case kind.IsTimeSeries():
		set.Series, err = series(answer.Frames)
	default:
		return set, fmt.Errorf("expressions do not read frames of the type %q", kind)
	}
	seen := map[string]bool{}
	for _, labels := range set.labels() {
		if seen[labels.String()] {
			err = errors.Join(err, fmt.Errorf("the labels {%s} are there twice", labels))
		}
		seen[labels.String()] = true
	}
	return set, err
}

func (s Set) labels() (all []data.Labels) {
	for _, number := range s.Numbers {
		all = append(all, number.Labels)
	}
	for _, each := range s.Series {
		all = append(all, each.Labels)
	}
	return all
}

func numbers(frames data.Frames) (all []Number, err error) {
	reader, err := numeric.CollectionReaderFromFrames(frames)
	if err != nil {
		return nil, err
	}
	collection, err := reader.GetCollection(false)
	if err = errors.Join(err, collection.Warning); err != nil {
		return nil, err
	}
	for _, ref := range collection.Refs {
		value, empty, err := ref.NullableFloat64Value()
		if err != nil || empty {
			return nil, fmt.Errorf("{%s} has no value: %w", ref.GetLabels(), err)
		}
		all = append(all, Number{ref.GetLabels(), value})
	}
	return all, nil
}

func series(frames data.Frames) (all []Series, err error) {
	reader, err := timeseries.CollectionReaderFromFrames(frames)
	if err != nil {
		return nil, err
	}
	collection, err := reader.GetCollection(false)
	if err = errors.Join(err, collection.Warning); err != nil {
		return nil, err
	}
	for _, ref := range collection.Refs {
		length, err := ref.Len()
		if err != nil {
			return nil, err
		}
		each := Series{Labels: ref.GetLabels(), Values: make([]*float64, length)}
		for i := range length {
			if each.Values[i], err = ref.NullableFloat64Value(i); err != nil {
				return nil, err
			}
		}
		all = append(all, each)
	}
	return all, nil
}

// expression is the model of an expression's node.
type expression struct {
	Type       string `json:"type"`
	Expression string `json:"expression"`
	Reducer    string `json:"reducer"`
	Settings   struct {
		Mode string `json:"mode"`
	} `json:"settings"`
	Conditions []Condition `json:"conditions"`
}

// Condition is what a threshold compares with.
type Condition struct {
	Evaluator Evaluator `json:"evaluator"`
	// Unload is the one of an alert that fires or is about to: it goes on until that is
	// met.
	Unload *Evaluator `json:"unloadEvaluator"`
	Query  struct {
		Params []string `json:"params"`
	} `json:"query"`
}

// Evaluator compares a value.
type Evaluator struct {
	Type   string    `json:"type"`
	Params []float64 `json:"params"`
}

// met reports whether the comparison holds. Those are known that every version of
// Grafana since 10.4 has.
func (e Evaluator) met(value float64) (bool, error) {
	switch {
	case e.Type == "gt" && len(e.Params) == 1:
		return value > e.Params[0], nil
	case e.Type == "lt" && len(e.Params) == 1:
		return value < e.Params[0], nil
	case e.Type == "within_range" && len(e.Params) == 2:
		return value > e.Params[0] && value < e.Params[1], nil
	case e.Type == "outside_range" && len(e.Params) == 2:
		return value < e.Params[0] || value > e.Params[1], nil
	default:
		return false, fmt.Errorf("nothing is known of the comparison %s with %v", e.Type, e.Params)
	}
}

// expression reads the model of an expression.
func (n Node) expression() (of expression, err error) {
	model, err := json.Marshal(n.Model)
	if err != nil {
		return of, err
	}
	return of, json.Unmarshal(model, &of)
}

// evaluation computes the nodes of a rule, each once.
type evaluation struct {
	rule    Rule
	answers backend.Responses
	// loaded are the label sets that fire or are about to.
	loaded map[data.Fingerprint]bool
	sets   map[string]Set
}

// node is what the node of that refId results in.
func (e *evaluation) node(refID string) (set Set, err error) {
	if set, known := e.sets[refID]; known {
		return set, nil
	}
	node, err := e.rule.Node(refID)
	if err != nil {
		return set, err
	}
	if node.DatasourceUID != Expressions {
		answer, there := e.answers[refID]
		if !there {
			return set, fmt.Errorf("%s was not answered", refID)
		}
		set, err = read(answer)
	} else {
		set, err = e.compute(node)
	}
	if err != nil {
		return set, fmt.Errorf("%s: %w", refID, err)
	}
	e.sets[refID] = set
	return set, nil
}

func (e *evaluation) compute(node Node) (set Set, err error) {
	of, err := node.expression()
	if err != nil {
		return set, err
	}
	switch of.Type {
	case "reduce":
		return e.reduce(of)
	case "threshold":
		return e.threshold(of)
	case "math":
		tree, err := parser.ParseExpr(strings.ReplaceAll(of.Expression, "$", "__"))
		if err != nil {
			return set, fmt.Errorf("%s: %w", of.Expression, err)
		}
		return e.math(tree)
	default:
		return set, fmt.Errorf("nothing is known of expressions of the type %q", of.Type)
	}
}

// reduce makes a number of each series. Without the mode dropNN a null would make it not
// a number, which fires.
func (e *evaluation) reduce(of expression) (set Set, err error) {
	input, err := e.node(of.Expression)
	if err != nil {
		return set, err
	}
	if of.Settings.Mode != "dropNN" || len(input.Numbers) > 0 {
		return set, fmt.Errorf("%d numbers are reduced in the mode %q, want series alone in dropNN", len(input.Numbers), of.Settings.Mode)
	}
	for _, each := range input.Series {
		var known []float64
		for _, value := range each.Values {
			if value != nil && !math.IsNaN(*value) && !math.IsInf(*value, 0) {
				known = append(known, *value)
			}
		}
		reduced := Number{Labels: each.Labels}
		switch {
		case of.Reducer == "last" && len(known) > 0:
			reduced.Value = new(known[len(known)-1])
		case of.Reducer == "min" && len(known) > 0:
			reduced.Value = new(slices.Min(known))
		case of.Reducer == "max" && len(known) > 0:
			reduced.Value = new(slices.Max(known))
		case len(known) > 0:
			return set, fmt.Errorf("nothing is known of the reducer %q", of.Reducer)
		}
		set.Numbers = append(set.Numbers, reduced)
	}
	return set, nil
}

// threshold is 1 for each number that is beyond it, else 0; null stays null.
func (e *evaluation) threshold(of expression) (set Set, err error) {
	input, err := e.node(of.Expression)
	if err != nil {
		return set, err
	}
	if len(of.Conditions) != 1 || len(input.Series) > 0 {
		return set, fmt.Errorf("a threshold has %d conditions and %d series, want one and none", len(of.Conditions), len(input.Series))
	}
	condition := of.Conditions[0]
	for _, number := range input.Numbers {
		compared := Number{Labels: number.Labels}
		if number.Value != nil {
			var met bool
			if condition.Unload != nil && e.loaded[number.Labels.Fingerprint()] {
				met, err = condition.Unload.met(*number.Value)
				met = !met
			} else {
				met, err = condition.Evaluator.met(*number.Value)
			}
			if err != nil {
				return set, err
			}
			compared.Value = new(truth(met))
		}
		set.Numbers = append(set.Numbers, compared)
	}
	return set, nil
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// math computes an expression of numbers. Its syntax is Go's, but for the names.
func (e *evaluation) math(tree ast.Expr) (set Set, err error) {
	switch of := tree.(type) {
	case *ast.ParenExpr:
		return e.math(of.X)
	case *ast.BasicLit:
		value, err := strconv.ParseFloat(of.Value, 64)
		return Set{Numbers: []Number{{Value: &value}}}, err
	case *ast.Ident:
		set, err = e.node(strings.TrimPrefix(of.Name, "__"))
		if len(set.Series) > 0 {
			err = fmt.Errorf("%s are series, which are reduced first", of.Name)
		}
		return set, err
	case *ast.CallExpr:
		return e.call(of)
	case *ast.BinaryExpr:
		a, err := e.math(of.X)
		if err != nil {
			return set, err
		}
		b, err := e.math(of.Y)
		if err != nil {
			return set, err
		}
		return joined(a, b, of.Op)
	default:
		return set, fmt.Errorf("nothing is known of %T", tree)
	}
}

// call computes one of the functions is_null and is_number.
func (e *evaluation) call(of *ast.CallExpr) (set Set, err error) {
	name, is := of.Fun.(*ast.Ident)
	if !is || len(of.Args) != 1 || name.Name != "is_null" && name.Name != "is_number" {
		return set, fmt.Errorf("nothing is known of the function %v of %d arguments", of.Fun, len(of.Args))
	}
	input, err := e.math(of.Args[0])
	for _, number := range input.Numbers {
		set.Numbers = append(set.Numbers, Number{number.Labels, new(truth((number.Value == nil) == (name.Name == "is_null")))})
	}
	return set, err
}

// joined computes an operation on the numbers whose labels are equal, or of which one has
// those of the other and more. Two that are alone are joined whatever labels they have,
// and then have none.
func joined(a, b Set, op token.Token) (set Set, err error) {
	if a.none() || b.none() {
		return set, nil
	}
	for _, x := range a.Numbers {
		for _, y := range b.Numbers {
			labels := x.Labels
			switch {
			case x.Labels.Contains(y.Labels):
			case y.Labels.Contains(x.Labels):
				labels = y.Labels
			case len(a.Numbers) == 1 && len(b.Numbers) == 1:
				labels = nil
			default:
				continue
			}
			value, err := operation(x.Value, y.Value, op)
			if err != nil {
				return set, err
			}
			set.Numbers = append(set.Numbers, Number{labels, value})
		}
	}
	return set, nil
}

// operation is null where either value is.
func operation(a, b *float64, op token.Token) (*float64, error) {
	if a == nil || b == nil {
		return nil, nil
	}
	x, y := *a, *b
	switch op {
	case token.ADD:
		return new(x + y), nil
	case token.SUB:
		return new(x - y), nil
	case token.MUL:
		return new(x * y), nil
	case token.GTR:
		return new(truth(x > y)), nil
	case token.LSS:
		return new(truth(x < y)), nil
	case token.GEQ:
		return new(truth(x >= y)), nil
	case token.LAND:
		return new(truth(x != 0 && y != 0)), nil
	case token.LOR:
		return new(truth(x != 0 || y != 0)), nil
	default:
		return nil, fmt.Errorf("nothing is known of the operation %s", op)
	}
}
