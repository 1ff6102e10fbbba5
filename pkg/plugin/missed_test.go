package plugin_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// What a query over time names and was not there is told, and never a 0: to an
// alert rule in a series without a value or an error, of a regular expression in
// a notice.
func TestNamesThatWereNotThere(t *testing.T) {
	for name, c := range map[string]struct {
		query  string
		alert  bool
		series string // the last values
		told   string // in a notice, or an error
		fails  bool
	}{
		"a job beside another":      {`"jobs": ["orders", "clicks"]`, true, "orders 0.95, clicks null", `There was no job "clicks" in this time`, false},
		"a job":                     {`"jobs": ["clicks"]`, true, "clicks null", `There was no job "clicks" in this time: there is orders`, false},
		"by task":                   {`"jobs": ["clicks"], "by": "task"`, true, "", `There was no job "clicks" in this time`, true},
		"jobs that match nothing":   {`"jobs": ["/^x/"]`, true, "", "No job of this time matches /^x/.", false},
		"a task":                    {`"tasks": ["nope"]`, true, "", `There was no task "nope" in this time in the jobs asked for.`, true},
		"a task, by task":           {`"tasks": ["nope"], "by": "task"`, false, "", `There was no task "nope" in this time in the jobs asked for.`, true},
		"a task, by subtask":        {`"tasks": ["nope"], "by": "subtask"`, false, "", `There was no task "nope" in this time in the jobs asked for.`, true},
		"tasks that match nothing":  {`"tasks": ["/nope/"]`, true, "", "No task of this time matches /nope/.", false},
		"whether a job runs":        {`"jobs": ["orders", "clicks"], "measure": "running"`, true, "orders 1, clicks null", `There was no job "clicks" in this time`, false},
		"jobs of another type":      {`"types": ["BATCH"]`, true, "", "Nothing is remembered of this time", true},
		"whether batch jobs run":    {`"types": ["BATCH"], "measure": "running"`, true, "", "Nothing is remembered of this time", true},
		"jobs of the type they are": {`"types": ["STREAMING"]`, true, "orders 0.95", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := sampling(t, sim.HeldBack("orders", 3, 2, 1))
				answer(t, queried(l.ctx, t, l, `{"queryType": "jobs"}`), "A")
				time.Sleep(10 * time.Minute)
				over := backend.TimeRange{From: time.Now().Add(-8 * time.Minute), To: time.Now().Add(-2 * time.Minute)}
				var headers map[string]string
				if c.alert {
					headers = fromAlert
				}
				response := queriedOver(l.ctx, t, l, over, headers, `{"queryType": "history", `+c.query+`}`)["A"]
				if (response.Error != nil) != c.fails || c.fails && !strings.Contains(response.Error.Error(), c.told) {
					t.Fatalf("the error is %v", response.Error)
				}
				if c.fails {
					return
				}
				if told := strings.Join(notices(response.Frames[0]), " "); !strings.Contains(told, c.told) {
					t.Errorf("the notices are %q", told)
				}
				var series []string
				for _, frame := range response.Frames {
					if len(frame.Fields) > 1 {
						all := strings.Split(points(frame), " ")
						series = append(series, frame.Fields[1].Labels["job"]+" "+all[len(all)-1])
					}
				}
				if got := strings.Join(series, ", "); got != c.series {
					t.Errorf("the series end with %q", got)
				}
			})
		})
	}
}

// Of a job that is gone it is told over time that it does not run.
func TestHistoryOfAJobThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := sampling(t, sim.HeldBack("orders", 2, 2, 1), sim.HeldBack("clicks", 2, 2, 1))
		var flink replaceable
		flink.Store(l.Cluster)
		l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": &flink})
		const running = `{"queryType": "history", "measure": "running", "jobs": ["orders"]}`
		begin := time.Now()
		answer(t, queried(l.ctx, t, l, `{"queryType": "jobs"}`), "A")
		time.Sleep(5 * time.Minute)
		flink.Store(&sim.Cluster{Version: l.Version, Fetch: l.Fetch, Jobs: l.Jobs[1:]}) // it has forgotten the first
		for _, after := range []time.Duration{30 * time.Second, 30 * time.Minute, 2 * time.Hour} {
			time.Sleep(time.Until(begin.Add(5*time.Minute + after)))
			shown := answer(t, queriedOver(l.ctx, t, l, now(), fromAlert, running), "A")
			if value, known := shown.Fields[1].ConcreteAt(shown.Rows() - 1); !known || value != 0.0 {
				t.Errorf("%s after it was last seen: %s", after, points(shown))
			}
		}
	})
}
