package plugin_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// Only numbers may be alerted on: the other query types say so, before they
// cost a request.
func TestQueryTypesInAlertRules(t *testing.T) {
	table := map[string]string{
		"measure":     "",
		"history":     "",
		"timeline":    "An alert rule cannot use the query type timeline, which is not numeric: use the query type measure.",
		"subtasks":    "An alert rule cannot use the query type subtasks, which is not numeric: use the query type measure.",
		"tasks":       "An alert rule cannot use the query type tasks, which is not numeric: use the query type measure.",
		"nodeGraph":   "An alert rule cannot use the query type nodeGraph, which is not numeric: use the query type measure.",
		"bottlenecks": "An alert rule cannot use the query type bottlenecks, which is not numeric: use the query type measure.",
		"jobs":        "An alert rule cannot use the query type jobs, which is not numeric: use the query type measure.",
		"variable":    "An alert rule cannot use the query type variable, which is not numeric: use the query type measure.",
	}
	// A query type that is added has its row.
	unknown := queriedOver(t.Context(), t, at(t, "http://flink:8081"), now(), fromAlert, `{"queryType": "?"}`)["A"].Error
	if known := strings.Join(slices.Sorted(maps.Keys(table)), ", "); unknown == nil || !strings.HasSuffix(unknown.Error(), ": choose one of "+known+".") {
		t.Errorf("%v; the rows are %s", unknown, known)
	}
	for queryType, want := range table {
		t.Run(queryType, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := inLab(t, sim.HeldBack("orders", 4, 2, 2))
				responses := queriedOver(l.ctx, t, l, now(), fromAlert, `{"queryType": "`+queryType+`", "variable": "jobs"}`)
				if want == "" {
					if got := cells(t, answer(t, responses, "A"), "bottleneck"); len(got) != 1 || got[0] != "0.95" {
						t.Errorf("the bottleneck's severity is %s, want 0.95", got)
					}
					return
				}
				failed := responses["A"]
				if failed.Error == nil || failed.Error.Error() != want || failed.Status != backend.StatusBadRequest || failed.ErrorSource != backend.ErrorSourceDownstream {
					t.Errorf("status %d, source %q: %v", failed.Status, failed.ErrorSource, failed.Error)
				}
				if saw := l.Asked(); len(saw) != 0 {
					t.Errorf("the cluster was asked for %s", saw)
				}
			})
		})
	}
}

// A range that ended long ago cannot be answered from now: no rows and a
// notice, or an error for a rule, which must not take it for all being well.
func TestRangeThatHasEnded(t *testing.T) {
	const text = "The time range has ended, and nothing is remembered of its end: choose a range that ends later."
	for name, c := range map[string]struct {
		fetch, ended time.Duration
		rows         int
		status       backend.Status // of an alert rule
	}{
		"ends now":                         {10 * time.Second, 0, 4, 200},
		"ends in an hour":                  {10 * time.Second, -time.Hour, 4, 200},
		"ended less than a minute ago":     {10 * time.Second, 59 * time.Second, 4, 200},
		"ended a minute ago":               {10 * time.Second, time.Minute, 0, 400},
		"ended less than two fetches ago":  {time.Minute, 119 * time.Second, 4, 200},
		"ended two fetches ago":            {time.Minute, 2 * time.Minute, 0, 400},
		"ended yesterday":                  {10 * time.Second, 24 * time.Hour, 0, 400},
		"ended yesterday, fetching is off": {0, 24 * time.Hour, 0, 400},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := inLab(t, sim.HeldBack("orders", 4, 2, 2))
				l.Fetch = c.fetch
				over := backend.TimeRange{From: time.Now().Add(-48 * time.Hour), To: time.Now().Add(-c.ended)}
				shown := answer(t, queriedOver(l.ctx, t, l, over, nil, `{"queryType": "tasks"}`), "A")
				if rows := shown.Rows(); rows != c.rows {
					t.Errorf("%d rows, want %d", rows, c.rows)
				}
				if told := notices(shown); c.rows == 0 && (len(told) != 1 || told[0] != text) {
					t.Errorf("notices are %q", told)
				}
				for _, measure := range []string{"bottleneck", "running", "restarts", "up"} {
					query := `{"queryType": "measure", "measure": "` + measure + `"}`
					shown := answer(t, queriedOver(l.ctx, t, l, over, nil, query), "A")
					if told := notices(shown); len(shown.Fields) != min(c.rows, 1) || c.rows == 0 && (len(told) != 1 || told[0] != text) {
						t.Errorf("%s has %d series with the notices %q", measure, len(shown.Fields), told)
					}
					alert := queriedOver(l.ctx, t, l, over, fromAlert, query)["A"]
					if alert.Status != c.status || (alert.Status != 200) != (alert.Error != nil) || alert.Error != nil && !strings.Contains(alert.Error.Error(), ": choose a range that ends ") {
						t.Errorf("an alert rule on %s gets status %d, %v; want %d", measure, alert.Status, alert.Error, c.status)
					}
				}
			})
		})
	}
}

// Grafana does not save what nobody has touched: a rule, or a panel, without a
// type is what the editor shows for it.
func TestQueryThatNobodyTouched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		report := sim.HeldBack("report", 3, 2, 1)
		report.Type = "BATCH"
		l := inLab(t, sim.HeldBack("orders", 3, 2, 1), report)
		l.warm(t)
		rule := answer(t, queriedOver(l.ctx, t, l, now(), fromAlert, `{"refId": "A"}`), "A")
		if len(rule.Fields) != 1 || rule.Fields[0].Name != "bottleneck" || rule.Fields[0].Labels["job"] != "orders" {
			t.Errorf("an alert rule gets %v", readings(rule))
		}
		panel := answer(t, queried(l.ctx, t, l, `{"refId": "A"}`), "A")
		if jobs := strings.Join(cells(t, panel, "job"), " "); panel.Name != "bottlenecks" || jobs != "orders report" {
			t.Errorf("a panel gets %s of %s", panel.Name, jobs)
		}
	})
}
