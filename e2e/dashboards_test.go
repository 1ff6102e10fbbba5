//go:build e2e

package e2e

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
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

// answersPanel checks that there are rows, or none where nothing runs, and
// the fields that the panel names.
func (ds dataSource) answersPanel(t *testing.T, p dashboard.Panel, chosen map[string][]string, rows bool) {
	t.Helper()
	names, err := p.Fields()
	if err != nil {
		t.Fatalf("panel %q: %v", p.Title, err)
	}
	if p.Type == "alertlist" {
		return // it lists Grafana's own alerts
	}
	var frames data.Frames
	var query struct{ QueryType, Measure string }
	for _, target := range p.Targets {
		frames = append(frames, ds.answer(t, target, chosen)...)
		if err := json.Unmarshal(target, &query); err != nil {
			t.Fatal(err)
		}
	}
	any := slices.Contains([]string{"checkpoints", "events", "exceptions", "flameGraph", "taskmanagers"}, query.QueryType) // there may be none of a job that is well, and TaskManagers without any job
	rows = rows || query.Measure == "up"
	if len(frames) == 0 || (frames[0].Rows() > 0) != rows && !any {
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

// answer is the plugin's answer to a stored query, with the variables filled
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

// The first row of the dashboard of all jobs, and what stands above it, are of the worst
// root cause, else of a job that nothing is known of.
func TestTheFirstGlanceIsRight(t *testing.T) {
	for name, c := range map[string]struct {
		jobs     []string
		task     any
		severity func(share float64) bool // nil where it is not known
	}{
		"healthy":     {[]string{"healthy"}, nil, func(share float64) bool { return share == 0 }},
		"held back":   {[]string{"bottleneck"}, "slow-window", func(share float64) bool { return share > 0.5 }},
		"both":        {[]string{"healthy", "bottleneck"}, "slow-window", func(share float64) bool { return share > 0.5 }},
		"not known":   {[]string{"healthy", "restarting"}, nil, nil},
		"nothing yet": {[]string{"no-slots"}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			ds, d := simulated(t, c.jobs...), bundled(t)["all-jobs.json"]
			until(t, func() ([]row, bool) {
				verdicts := ds.verdicts(t, d)
				return verdicts, complete(c.jobs, verdicts)
			})
			task, severity := ds.first(t, d, "Worst job and its bottleneck", "bottleneck"), ds.first(t, d, "Jobs, worst first", "severity")
			share, known := severity.(float64)
			if task != c.task || known != (c.severity != nil) || known && !c.severity(share) {
				t.Errorf("the task is %v, the severity %v", task, severity)
			}
		})
	}
}

// verdicts are the rows of the table below.
func (ds dataSource) verdicts(t *testing.T, d dashboard.Dashboard) []row {
	return rows(ds.panel(t, d, "Jobs, worst first")[0])
}

// complete reports whether all is known that will be: nothing of jobs that do not
// run.
func complete(jobs []string, verdicts []row) bool {
	known := map[any]bool{"restarting": true, "no-slots": true}
	for _, verdict := range verdicts {
		if verdict["severity"] != nil {
			known[verdict["job"]] = true
		}
	}
	for _, job := range jobs {
		if !known[job] {
			return false
		}
	}
	return true
}

// first is the value of a field in the first row, which a panel shows; nil for null.
func (ds dataSource) first(t *testing.T, d dashboard.Dashboard, title, name string) any {
	t.Helper()
	p := panelOf(t, d, title)
	if calcs := p.Options.ReduceOptions.Calcs; p.Type == "stat" && !slices.Equal(calcs, []string{"first"}) {
		t.Fatalf("%q shows the %v of its rows", title, calcs)
	}
	frame := ds.panel(t, d, title)[0]
	if field, _ := frame.FieldByName(name); field == nil || len(dashboard.Missing([]string{p.Options.ReduceOptions.Fields}, data.Frames{data.NewFrame("", field)})) > 0 && p.Type == "stat" {
		t.Fatalf("%q shows no field %s", title, name)
	}
	return rows(frame)[0][name]
}

func panelOf(t *testing.T, d dashboard.Dashboard, title string) dashboard.Panel {
	t.Helper()
	for _, p := range d.Panels {
		if p.Title == title {
			return p
		}
	}
	t.Fatalf("there is no panel %q", title)
	return dashboard.Panel{}
}

func (ds dataSource) panel(t *testing.T, d dashboard.Dashboard, title string) data.Frames {
	t.Helper()
	return ds.answer(t, panelOf(t, d, title).Targets[0], ds.variables(t, d, choices["all"]))
}

// A colour never stands alone: each status has a word.
func TestColouredCellsHaveWords(t *testing.T) {
	ds, d := simulated(t, "bottleneck"), bundled(t)["one-job.json"]
	for _, title := range []string{"Tasks", "Subtasks"} {
		status, _ := ds.panel(t, d, title)[0].FieldByName("status")
		if status == nil || len(status.Config.Mappings) == 0 {
			t.Fatalf("%s have no words for a status", title)
		}
		for _, mapping := range status.Config.Mappings {
			mapper, _ := mapping.(data.ValueMapper)
			for value, shown := range mapper {
				if strings.TrimSpace(shown.Text) == "" || shown.Color == "" {
					t.Errorf("%s: %s is shown as %+v", title, value, shown)
				}
			}
		}
	}
}
