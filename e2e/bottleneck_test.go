//go:build e2e

package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/dashboard"
)

// The two panels at the top show the first row: of the worst root cause, else
// of a job that nothing is known of.
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
			ds, d := simulated(t, c.jobs...), bundled(t)["bottleneck.json"]
			until(t, func() ([]row, bool) {
				verdicts := ds.verdicts(t, d)
				return verdicts, knows(c.jobs, verdicts)
			})
			task, severity := ds.first(t, d, "Task to look at first"), ds.first(t, d, "Worst severity")
			share, known := severity.(float64)
			if task != c.task || known != (c.severity != nil) || known && !c.severity(share) {
				t.Errorf("the task is %v, the severity %v", task, severity)
			}
		})
	}
}

// verdicts are the rows of the table below.
func (ds dataSource) verdicts(t *testing.T, d dashboard.Dashboard) []row {
	return rows(ds.panel(t, d, "What holds jobs back, and what to do")[0])
}

// knows tells whether all is known that will be: of jobs that do not run nothing.
func knows(jobs []string, verdicts []row) bool {
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

// first is the value of the one field that a stat panel shows, of the first
// row; nil for null.
func (ds dataSource) first(t *testing.T, d dashboard.Dashboard, title string) any {
	t.Helper()
	p := panelOf(t, d, title)
	if calcs := p.Options.ReduceOptions.Calcs; !slices.Equal(calcs, []string{"first"}) {
		t.Fatalf("%q shows the %v of its rows", title, calcs)
	}
	frame := ds.panel(t, d, title)[0]
	for _, field := range frame.Fields {
		if len(dashboard.Missing([]string{p.Options.ReduceOptions.Fields}, data.Frames{data.NewFrame("", field)})) == 0 {
			return rows(frame)[0][field.Name]
		}
	}
	t.Fatalf("%q shows no field", title)
	return nil
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
	ds, d := simulated(t, "bottleneck"), bundled(t)["bottleneck.json"]
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
