package provision

import (
	"fmt"
	"strings"
	"text/template"
)

// Value is a node's value as annotations get it.
type Value struct {
	Labels map[string]string
	Value  float64
}

// Annotated are the annotations of an alert with those labels. values are by
// the refId of the node, and empty where a query had no answer.
func (r Rule) Annotated(labels map[string]string, values map[string]Value) (map[string]string, error) {
	filled := map[string]string{}
	for name, text := range r.Annotations {
		parsed, err := template.New(name).Funcs(functions).Parse("{{ $labels := .Labels }}{{ $values := .Values }}" + text)
		if err != nil {
			return nil, err
		}
		var written strings.Builder
		if err := parsed.Execute(&written, map[string]any{"Labels": labels, "Values": values}); err != nil {
			return nil, err
		}
		filled[name] = written.String()
	}
	return filled, nil
}

// functions are those of Grafana's that the rules use.
var functions = template.FuncMap{
	"humanizePercentage": func(share float64) string { return fmt.Sprintf("%.4g%%", share*100) },
}
