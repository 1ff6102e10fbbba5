package dashboard

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// Every place in which a panel means a field by its name.
func TestFieldsOfAPanel(t *testing.T) {
	for name, c := range map[string]struct{ panel, want string }{
		"none":                   {`{}`, ""},
		"override by name":       {`{"fieldConfig": {"overrides": [{"matcher": {"id": "byName", "options": "busy"}}]}}`, "busy"},
		"override by expression": {`{"fieldConfig": {"overrides": [{"matcher": {"id": "byRegexp", "options": "/max$/"}}]}}`, "/max$/"},
		"one value":              {`{"options": {"reduceOptions": {"fields": "/^task$/"}}}`, "/^task$/"},
		"left out":               {`{"transformations": [{"id": "organize", "options": {"excludeByName": {"color": true}}}]}`, "color"},
		"ordered":                {`{"transformations": [{"id": "organize", "options": {"indexByName": {"job": 0, "task": 1}}}]}`, "job task"},
		"renamed":                {`{"transformations": [{"id": "organize", "options": {"renameByName": {"job": "Job"}}}]}`, "job"},
		"sorted":                 {`{"options": {"sortBy": [{"displayName": "busy"}]}}`, "busy"},
		"sorted by another name": {`{"options": {"sortBy": [{"displayName": "Busy"}]},
			"fieldConfig": {"overrides": [{"matcher": {"id": "byName", "options": "busy"}, "properties": [{"id": "displayName", "value": "Busy"}]}]}}`, "busy"},
		"taken along by a link": {`{"fieldConfig": {"overrides": [{"matcher": {"id": "byName", "options": "task"},
			"properties": [{"id": "links", "value": [{"url": "/d/x?var-job=${__data.fields.job:percentencode}&${__url_time_range}"}]}]}]}}`, "job task"},
		"filtered":               {`{"transformations": [{"id": "filterByValue", "options": {"filters": [{"fieldName": "state"}]}}]}`, "state"},
		"its rows sorted":        {`{"transformations": [{"id": "sortBy", "options": {"sort": [{"field": "busy"}]}}, {"id": "limit"}]}`, "busy"},
		"reduced":                {`{"transformations": [{"id": "reduce"}], "options": {"reduceOptions": {"fields": "/^Range$/"}}}`, ""},
		"another matcher":        {`{"fieldConfig": {"overrides": [{"matcher": {"id": "byType", "options": "number"}}]}}`, "an override matches byType"},
		"another transformation": {`{"transformations": [{"id": "groupBy"}]}`, "a transformation is groupBy"},
	} {
		t.Run(name, func(t *testing.T) {
			var panel Panel
			if err := json.Unmarshal([]byte(c.panel), &panel); err != nil {
				t.Fatal(err)
			}
			names, err := panel.Fields()
			got := strings.Join(names, " ")
			if err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("the fields are %q, want %q", got, c.want)
			}
		})
	}
}

func TestMissing(t *testing.T) {
	frames := data.Frames{
		data.NewFrame("nodes", data.NewField("id", nil, []string{}), data.NewField("busy_max", nil, []float64{})),
		data.NewFrame("edges", data.NewField("source", nil, []string{})),
	}
	got := strings.Join(Missing([]string{"id", "source", "/max$/", "busy", "/^max/", "/(/"}, frames), " ")
	if want := "busy /^max/ /(/"; got != want {
		t.Errorf("missing are %q, want %q", got, want)
	}
}
