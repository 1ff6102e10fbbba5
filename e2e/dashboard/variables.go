package dashboard

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Variable is one of a dashboard's variables.
type Variable struct {
	Name       string     `json:"name"`
	Type       string     `json:"type"`
	Label      string     `json:"label"`
	Datasource Datasource `json:"datasource"`
	// Query is an object for type query, the plugin's id for type datasource.
	Query      json.RawMessage `json:"query"`
	Multi      bool            `json:"multi"`
	IncludeAll bool            `json:"includeAll"`
	AllValue   *string         `json:"allValue"`
	// Refresh is 2 where the values are queried on every change of the time range.
	Refresh int `json:"refresh"`
	Sort    int `json:"sort"`
	Current struct {
		Value any `json:"value"`
	} `json:"current"`
}

// All is the value of a variable that stands at "All".
const All = "$__all"

// reference is a variable as texts name it, with a field or format or none.
var reference = regexp.MustCompile(`\$\{(\w+)[^}]*\}`)

// References are the variables that a text names, but for Grafana's own.
func References(text []byte) (names []string) {
	for _, match := range reference.FindAllSubmatch(text, -1) {
		if name := string(match[1]); !strings.HasPrefix(name, "__") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Interpolated fills values into the lists of a query: each value becomes an
// element of its own, as it is. A variable without an entry is an error, and so
// is a text around one.
func Interpolated(query json.RawMessage, values map[string][]string) ([]byte, error) {
	var keys map[string]any
	if err := json.Unmarshal(query, &keys); err != nil {
		return nil, err
	}
	for key, value := range keys {
		list, ok := value.([]any)
		if !ok {
			continue
		}
		filled, err := elements(list, values)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		keys[key] = filled
	}
	return json.Marshal(keys)
}

func elements(list []any, values map[string][]string) (filled []any, err error) {
	filled = []any{}
	for _, element := range list {
		text, _ := element.(string)
		match := reference.FindStringSubmatch(text)
		if match == nil {
			filled = append(filled, element)
			continue
		}
		chosen, known := values[match[1]]
		if !known || match[0] != text {
			return nil, fmt.Errorf("%s is not one variable that there is", text)
		}
		for _, value := range chosen {
			filled = append(filled, value)
		}
	}
	return filled, nil
}
