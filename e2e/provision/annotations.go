package provision

import (
	"context"
	"math"
	"net/url"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/template"
)

// Value is a node's value as annotations get it: not a number where it is null.
type Value struct {
	Labels data.Labels
	Value  float64
}

var nan = math.NaN()

// Grafana is the address of the Grafana whose annotations are filled in. Its own ends in
// a slash, too.
const Grafana = "https://grafana.example/base/"

// Annotated are the annotations of an alert with those labels, filled in by Prometheus'
// templates as in Grafana. values are by the refId of the node, and empty where a query
// had no answer.
func (r Rule) Annotated(labels data.Labels, values map[string]Value) (map[string]string, error) {
	external, err := url.Parse(Grafana)
	if err != nil {
		return nil, err
	}
	noQuery := func(context.Context, string, time.Time) (promql.Vector, error) { return nil, nil }
	filled := map[string]string{}
	for name, text := range r.Annotations {
		of := struct {
			Labels map[string]string
			Values map[string]Value
		}{labels, values}
		text = "{{- $labels := .Labels -}}{{- $values := .Values -}}" + text
		expander := template.NewTemplateExpander(context.Background(), text, name, of, model.Time(0), noQuery, external, []string{"missingkey=invalid"})
		if filled[name], err = expander.Expand(); err != nil {
			return nil, err
		}
	}
	return filled, nil
}
