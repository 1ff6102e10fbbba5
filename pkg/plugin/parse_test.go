package plugin_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

const (
	noObject    = `The query is no JSON object: save the panel or rule again, or write it as {"queryType": "tasks", …}.`
	queryTypes  = ": choose one of bottlenecks, checkpoints, events, exceptions, flameGraph, history, jobs, measure, nodeGraph, scaling, subtasks, taskmanagers, tasks, timeline, variable."
	allMeasures = ": choose one of bottleneck, status, busy, backpressured, idle, skew, records_in, records_out, watermark_lag, pending_records, blame, kind, running, restarts, checkpoint_age, checkpoint_intervals, checkpoint_duration, checkpoint_failures, up."
	variables   = ": choose one of clusters, hosts, jobs, subtasks, taskmanagers, tasks."
	noNorth     = `There is no cluster "north" in this data source: it has west, east.`
)

// queriesInError are queries that cannot be read, or are for something that is not
// configured, and the error of each.
var queriesInError = map[string]struct {
	query  string
	status backend.Status
	want   string
}{
	"null":           {`null`, 400, noObject},
	"a list":         {`[]`, 400, noObject},
	"a text":         {`"x"`, 400, noObject},
	"a number":       {`1`, 400, noObject},
	"nothing":        {` `, 400, noObject},
	"half a query":   {`{"queryType": "tas`, 400, `The query cannot be read (unexpected end of JSON input).`},
	"a newer schema": {`{"queryType": "tasks", "schemaVersion": 9}`, 400, `The query was written by a newer version of this plugin (schemaVersion 9, this one reads 1): update the plugin.`},

	"an unknown query type": {`{"queryType": "tables"}`, 400, `There is no query type "tables"` + queryTypes},
	"a type in capitals":    {`{"queryType": "Tasks"}`, 400, `There is no query type "Tasks"` + queryTypes},
	"an unknown measure":    {`{"queryType": "measure", "measure": "speed"}`, 400, `There is no measure "speed"` + allMeasures},
	"an unknown by":         {`{"queryType": "measure", "by": "host"}`, 400, `The measure bottleneck has no series by "host": choose job, task, subtask, taskmanager.`},
	"running by task":       {`{"queryType": "history", "measure": "running", "by": "task"}`, 400, `The measure running has no series by "task": choose job.`},
	"a job type":            {`{"queryType": "tasks", "types": ["stream"]}`, 400, `There is no job type "stream": choose STREAMING or BATCH.`},
	"an empty job type":     {`{"queryType": "tasks", "types": [""]}`, 400, `There is no job type "": choose STREAMING or BATCH.`},

	"lanes by subtask":         {`{"queryType": "timeline", "by": "subtask"}`, 400, `A timeline has no lanes by "subtask": choose task, job.`},
	"a legend's unknown key":   {`{"queryType": "history", "legend": "{{job}} {{vertex}}"}`, 400, `The legend has {{vertex}}: choose among {{cluster}}, {{job}}, {{task}}, {{subtask}}, {{taskmanager}}, {{host}}, {{measure}}.`},
	"a legend without an end":  {`{"queryType": "history", "legend": "` + strings.Repeat("x", 501) + `"}`, 400, `The legend is longer than 500 bytes: shorten it.`},
	"a legend that is no text": {`{"queryType": "history", "legend": ["{{job}}"]}`, 400, `The query cannot be read (legend cannot be an array).`},

	"a wrong expression":  {`{"queryType": "tasks", "jobs": ["/(/"]}`, 400, "The regular expression /(/ does not compile (error parsing regexp: missing closing ): `(`): Go's syntax is wanted."},
	"jobs as a number":    {`{"queryType": "tasks", "jobs": 7}`, 400, `The query cannot be read (jobs cannot be a number).`},
	"jobs as an object":   {`{"queryType": "tasks", "jobs": {"a": 1}}`, 400, `The query cannot be read (jobs cannot be an object).`},
	"jobs of numbers":     {`{"queryType": "tasks", "jobs": ["a", 7]}`, 400, `The query cannot be read (jobs cannot be a number).`},
	"a measure as a list": {`{"queryType": "measure", "measure": []}`, 400, `The query cannot be read (measure cannot be an array).`},

	"an unknown kind": {`{"queryType": "bottlenecks", "kinds": ["slow"]}`, 400, `There is no kind "slow": choose one of capacity, skew, machine, network, source, alternating, unmeasured, none, unknown.`},

	"no variable":                  {`{"queryType": "variable"}`, 400, `There is no variable ""` + variables},
	"an unknown variable":          {`{"queryType": "variable", "variable": "racks"}`, 400, `There is no variable "racks"` + variables},
	"a variable in capitals":       {`{"queryType": "variable", "variable": "Jobs"}`, 400, `There is no variable "Jobs"` + variables},
	"an unknown cluster":           {`{"queryType": "tasks", "clusters": ["north"]}`, 404, noNorth},
	"names of no cluster":          {`{"queryType": "variable", "variable": "clusters", "clusters": ["north"]}`, 404, noNorth},
	"jobs of no cluster":           {`{"queryType": "variable", "variable": "jobs", "clusters": ["north"]}`, 404, noNorth},
	"tasks of no cluster":          {`{"queryType": "variable", "variable": "tasks", "clusters": ["north"]}`, 404, noNorth},
	"TaskManagers of no cluster":   {`{"queryType": "variable", "variable": "taskmanagers", "clusters": ["north"]}`, 404, noNorth},
	"whether no cluster is up":     {`{"queryType": "measure", "measure": "up", "clusters": ["north"]}`, 404, noNorth},
	"the history of no cluster":    {`{"queryType": "history", "clusters": ["north"]}`, 404, noNorth},
	"a second cluster that is not": {`{"queryType": "tasks", "clusters": ["west", "north"]}`, 404, noNorth},
}

// Each is one sentence with its status, which the user can act on, and costs no
// request; another query of the same request is answered.
func TestQueriesInError(t *testing.T) {
	for name, c := range queriesInError {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newTwoClusters(t, nil)
				checkError(t, send(l.ctx, t, l, c.query)["A"], c.status, c.want)
				if sent := l.Requests(); len(sent) != 0 {
					t.Errorf("the cluster got %s", sent)
				}
				responses := send(l.ctx, t, l, c.query, `{"queryType": "tasks"}`)
				checkError(t, responses["A"], c.status, c.want)
				if rows := firstFrame(t, responses, "B").Rows(); rows != 4 {
					t.Errorf("the other query has %d rows, want 4", rows)
				}
			})
		})
	}
}

// What a user typed is shortened to the length of a sentence, and not quoted where
// it is no text.
func TestLongNamesInErrors(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	source := sourceAt(t, "http://flink:8081")
	for _, query := range []string{`{"queryType": "tasks", "clusters": [%q]}`, `{"queryType": "tasks", "types": [%q]}`} {
		if failed := send(t.Context(), t, source, fmt.Sprintf(query, long))["A"].Error; failed == nil || len(failed.Error()) > 300 {
			t.Errorf("%s: %v", query, failed)
		}
	}
}

// Grafana does not save a query that was never edited: it has no type. It is
// answered as the editor shows it: in a rule a measure of the streaming jobs, in a
// panel the bottlenecks.
func TestQueryWithoutAType(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		report := sim.HeldBack("report", 3, 2, 1)
		report.Type = "BATCH"
		l := newLab(t, sim.HeldBack("orders", 3, 2, 1), report)
		l.warm(t)
		rule := l.frameOver(t, lastHour(), fromAlert, `{"refId": "A"}`)
		if len(rule.Fields) != 1 || rule.Fields[0].Name != "bottleneck" || rule.Fields[0].Labels["job"] != "orders" {
			t.Errorf("an alert rule gets %v", seriesOf(rule))
		}
		panel := l.frame(t, `{"refId": "A"}`)
		if jobs := strings.Join(cells(t, panel, "job"), " "); panel.Name != "bottlenecks" || jobs != "orders report" {
			t.Errorf("a panel gets %s of %s", panel.Name, jobs)
		}
	})
}
