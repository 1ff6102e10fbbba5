package query

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
)

// Whatever is typed as a query, it is refused with a sentence, or it is one of those that
// there are: within every bound, and the same however its JSON is written.
func FuzzParse(f *testing.F) {
	for _, name := range typeNames() {
		f.Add(fmt.Appendf(nil, `{"schemaVersion":1,"queryType":%q,"clusters":["default"],"jobs":["orders","/pay.*/"],"tasks":"map","detail":true}`, name), "", false)
	}
	for _, measure := range diagnosis.Measures {
		f.Add(fmt.Appendf(nil, `{"queryType":"measure","measure":%q,"by":%q,"legend":"{{job}} {{task}}"}`, measure.Name, measure.By[0]), "", true)
	}
	for _, query := range []string{
		``, `{}`, `null`, `[]`, `{"jobs":"$__all"}`, `{"jobs":["/(a{0,1000}){0,1000}/"]}`, `{"jobs":["/(/"]}`, `{"jobs":7}`, `{"jobs":[null,["a"]]}`,
		`{"queryType":"variable","variable":"subtasks"}`, `{"queryType":"flameGraph","subtask":"3","mode":"on_cpu"}`, `{"queryType":"flameGraph","subtask":-1}`,
		`{"queryType":"scaling","parallelism":{"map":4,"sink":"8"}}`, `{"types":["STREAMING"]}`, `{"schemaVersion":2}`, `{"legend":"{{secret}}"}`, `{"queryType":"timeline","by":"job"}`,
	} {
		f.Add([]byte(query), "tasks", false)
	}
	f.Fuzz(func(t *testing.T, source []byte, otherType string, fromAlert bool) {
		parsed, err := Parse(source, otherType, fromAlert)
		if err != nil {
			var refused *Error
			if text := err.Error(); !errors.As(err, &refused) || text == "" || len(text) > 2000 || strings.Contains(text, "json:") {
				t.Fatalf("the error is %q", err)
			}
			return
		}
		if !json.Valid(source) {
			t.Fatalf("what is no JSON is read as %+v", parsed)
		}
		if known, is := types[parsed.Type]; !is || fromAlert && !known.numeric {
			t.Errorf("the type is %q, for an alert rule %t", parsed.Type, fromAlert)
		}
		if known := types[parsed.Type]; known.measure && !slices.Contains(parsed.Measure.By, parsed.By) {
			t.Errorf("the measure %q is by %q", parsed.Measure.Name, parsed.By)
		}
		for _, selectors := range []Selectors{parsed.Clusters, parsed.Jobs, parsed.Tasks} {
			if len(selectors.all) > maxSelectors || len(selectors.expressions) > maxExpressions {
				t.Errorf("%d selectors with %d expressions", len(selectors.all), len(selectors.expressions))
			}
			for _, each := range selectors.all {
				if each.exact() && !selectors.Choose(each.text, "") {
					t.Errorf("%q does not choose itself", each.text)
				}
			}
		}
		if len(parsed.Legend) > maxLegend {
			t.Errorf("a legend of %d bytes", len(parsed.Legend))
		}
		if rewritten, same := reordered(source); same {
			again, err := Parse(rewritten, otherType, fromAlert)
			if err != nil || shown(again) != shown(parsed) {
				t.Errorf("%s is read as %s, and %s as %s, %v", source, shown(parsed), rewritten, shown(again), err)
			}
		}
	})
}

// shown is all that a query says.
func shown(of Query) string {
	texts := func(selectors Selectors) (texts []string) {
		for _, each := range selectors.all {
			texts = append(texts, each.text)
		}
		return texts
	}
	subtask := "none"
	if of.Subtask.index != nil {
		subtask = fmt.Sprint(*of.Subtask.index)
	}
	return fmt.Sprintf("%d %q %q %q %q %q %q %q %t %q %v %q %v %q", of.SchemaVersion, of.Type, texts(of.Clusters), texts(of.Jobs), texts(of.Tasks), of.Types, of.Measure.Name, of.By, of.Detail, of.Variable, subtask, of.Mode, of.Parallelism, of.Legend)
}

// reordered is the same object with its members in the order of their names; same is false
// where a name is there twice, of which encoding/json takes the last.
func reordered(source []byte) (rewritten []byte, same bool) {
	var members map[string]json.RawMessage
	if json.Unmarshal(source, &members) != nil {
		return nil, false
	}
	folded := map[string]bool{}
	for name := range members {
		folded[strings.ToLower(strings.ToUpper(name))] = true
	}
	decoder, count := json.NewDecoder(strings.NewReader(string(source))), 0
	for depth, expectsName := 0, false; ; {
		token, err := decoder.Token()
		if err != nil {
			break
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
			expectsName = depth == 1
			continue
		case json.Delim('}'), json.Delim(']'):
			depth--
		default:
			if depth == 1 && expectsName {
				count, expectsName = count+1, false
				continue
			}
		}
		expectsName = depth == 1
	}
	if count != len(folded) {
		return nil, false
	}
	rewritten, err := json.MarshalIndent(members, "", " ")
	return rewritten, err == nil
}
