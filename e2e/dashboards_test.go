//go:build e2e

package e2e

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/dashboard"
)

// choices are what somebody may choose of a variable's values. Without values
// Grafana fills in nothing.
var choices = map[string]func(values []string) []string{
	"all":   func([]string) []string { return []string{dashboard.All} },
	"one":   func(values []string) []string { return append(values, "")[:1] },
	"every": func(values []string) []string { return values },
}

// Every target of every panel and every variable is answered, whatever runs
// and is chosen, with the fields that the panel names.
func TestDashboardsAreAnswered(t *testing.T) {
	for name, jobs := range map[string][]string{
		"healthy":   {"healthy"},
		"held back": {"bottleneck"},
		"both":      {"healthy", "bottleneck"},
		"no jobs":   nil,
	} {
		t.Run(name, func(t *testing.T) {
			ds := simulated(t, jobs...)
			for file, d := range bundled(t) {
				for choice, choose := range choices {
					t.Run(file+"/"+choice, func(t *testing.T) {
						chosen := ds.variables(t, d, choose)
						for _, p := range d.Panels {
							ds.answersPanel(t, p, chosen, len(jobs) > 0)
						}
					})
				}
			}
		})
	}
}

// bundled are the dashboards that the plugin brings.
func bundled(t *testing.T) map[string]dashboard.Dashboard {
	t.Helper()
	dashboards, err := dashboard.Read(filepath.Join("..", "src", "dashboards"))
	if err != nil || len(dashboards) == 0 {
		t.Fatalf("%d dashboards, %v", len(dashboards), err)
	}
	return dashboards
}

// answersPanel looks whether there are rows, or none where nothing runs, and
// the fields that the panel names.
func (ds dataSource) answersPanel(t *testing.T, p dashboard.Panel, chosen map[string][]string, rows bool) {
	t.Helper()
	names, err := p.Fields()
	if err != nil {
		t.Fatalf("panel %q: %v", p.Title, err)
	}
	var frames data.Frames
	for _, target := range p.Targets {
		frames = append(frames, ds.answer(t, target, chosen)...)
	}
	if len(frames) == 0 || (frames[0].Rows() > 0) != rows {
		t.Errorf("panel %q has %d frames, the first of %d rows", p.Title, len(frames), frames[0].Rows())
	}
	if missing := dashboard.Missing(names, frames); len(missing) > 0 {
		t.Errorf("panel %q names the fields %q, which are not there", p.Title, missing)
	}
}

// variables fills the dashboard's variables in one after the other, each with
// what the plugin lists for those before it.
func (ds dataSource) variables(t *testing.T, d dashboard.Dashboard, choose func([]string) []string) map[string][]string {
	t.Helper()
	chosen := map[string][]string{}
	for _, v := range d.Templating.List {
		if v.Type != "query" {
			continue
		}
		listed := ds.answer(t, v.Query, chosen)
		values, at := listed[0].FieldByName("value")
		if _, text := listed[0].FieldByName("text"); at < 0 || text < 0 {
			t.Fatalf("variable %s has the fields %v", v.Name, listed[0].Fields)
		}
		chosen[v.Name] = choose(texts(values))
	}
	return chosen
}

func texts(field *data.Field) []string {
	all := make([]string, field.Len())
	for i := range all {
		all[i], _ = field.At(i).(string)
	}
	return all
}

// answer is what the plugin says to a stored query, with the variables filled
// in, on a dashboard of the last quarter of an hour.
func (ds dataSource) answer(t *testing.T, stored json.RawMessage, chosen map[string][]string) data.Frames {
	t.Helper()
	filled, err := dashboard.Interpolated(stored, chosen)
	if err != nil {
		t.Fatal(err)
	}
	var query struct{ RefID, QueryType string }
	if err := json.Unmarshal(filled, &query); err != nil || query.RefID == "" {
		t.Fatalf("a query without a refId, %v: %s", err, filled)
	}
	now := time.Now()
	response, err := ds.plugin.QueryData(t.Context(), ds.settings, backend.DataQuery{
		RefID: query.RefID, QueryType: query.QueryType, JSON: filled,
		TimeRange: backend.TimeRange{From: now.Add(-15 * time.Minute), To: now},
	})
	if err != nil {
		t.Fatal(err)
	}
	answer, answered := response.Responses[query.RefID]
	if !answered || answer.Error != nil || len(answer.Frames) == 0 {
		t.Fatalf("%d frames, %v: %s", len(answer.Frames), answer.Error, filled)
	}
	return answer.Frames
}
