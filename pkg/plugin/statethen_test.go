package plugin_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// steps are the values of a frame over time, each as often as it changes, and
// when it did, in minutes after a time; a value that is not known is "?".
func steps(of *data.Frame, since time.Time) string {
	var all []string
	for i := range of.Rows() {
		value := "?"
		if known, ok := of.Fields[1].ConcreteAt(i); ok {
			value = fmt.Sprint(known)
		}
		if len(all) == 0 || !strings.HasSuffix(all[len(all)-1], " "+value) {
			at := of.Fields[0].At(i).(time.Time)
			all = append(all, fmt.Sprintf("%.0fm %s", at.Sub(since).Minutes(), value))
		}
	}
	return strings.Join(all, ", ")
}

// From the first query on that asks for them, the restarts of a job that is
// sampled are remembered, for one request a look.
func TestRestartsOverTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		orders := sim.HeldBack("orders", 2, 2, 1) // has run for an hour
		orders.Phases = []sim.Phase{{Lasts: time.Hour + 10*time.Minute, Restart: true}, {Lasts: 5 * time.Minute, Restart: true}, {Lasts: time.Hour, Restart: true}}
		l := sampling(t, orders)
		begin := time.Now()
		l.warm(t) // nobody asks for restarts
		time.Sleep(2 * time.Minute)
		const restarts = `{"queryType": "history", "measure": "restarts"}`
		answer(t, queried(l.ctx, t, l, restarts), "A")
		time.Sleep(5 * time.Minute)
		l.Asked()
		time.Sleep(time.Minute)
		counted, looks := 0, 0
		for _, path := range l.Asked() {
			counted += strings.Count(path, "/metrics")
			looks += strings.Count(path, "/vertices/")
		}
		if looks == 0 || counted != looks/2 { // of two tasks
			t.Errorf("%d requests for restarts, and %d for tasks", counted, looks)
		}
		time.Sleep(12 * time.Minute)
		if got, want := steps(answer(t, queried(l.ctx, t, l, restarts), "A"), begin), "0m ?, 2m 0, 10m 1, 15m 2"; got != want {
			t.Errorf("restarts %q, want %q", got, want)
		}
		over := backend.TimeRange{From: begin, To: begin.Add(13 * time.Minute)}
		for _, headers := range []map[string]string{nil, fromAlert} {
			then := answer(t, queriedOver(l.ctx, t, l, over, headers, `{"queryType": "measure", "measure": "restarts"}`), "A")
			if got := readings(then); len(got) != 1 || got[0] != "restarts{cluster=default, job=orders} 1" {
				t.Errorf("after 13 minutes they were %q", got)
			}
		}
	})
}

// Of a job that is named exactly and that nobody saw then it is not known
// whether it ran: an alert rule keeps its state.
func TestRunningOfAJobThatNobodySaw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := sampling(t, sim.HeldBack("orders", 2, 2, 1))
		l.warm(t)
		then := time.Now()
		time.Sleep(5 * time.Minute)
		over := backend.TimeRange{From: then.Add(-time.Minute), To: then}
		shown := answer(t, queriedOver(l.ctx, t, l, over, fromAlert, `{"queryType": "measure", "measure": "running", "jobs": ["orders", "clicks"]}`), "A")
		if got := strings.Join(readings(shown), ", "); got != "running{cluster=default, job=orders} 1, running{cluster=default, job=clicks} null" {
			t.Errorf("it was told that %s", got)
		}
		if told := strings.Join(notices(shown), " "); !strings.Contains(told, `There is no job "clicks"`) {
			t.Errorf("notices are %q", told)
		}
	})
}

// That a cluster does not answer is remembered, also while nobody asks, and what
// nobody tried is not known.
func TestUpOverTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := sampling(t, sim.HeldBack("orders", 3, 2, 1))
		away := l.mayBeAway(t)
		begin := time.Now()
		answer(t, queried(l.ctx, t, l, `{"queryType": "jobs"}`), "A")
		for range 2 {
			time.Sleep(5 * time.Minute)
			away.Store(!away.Load())
		}
		time.Sleep(5 * time.Minute)
		shown := answer(t, queried(l.ctx, t, l, `{"queryType": "history", "measure": "up", "by": "cluster"}`), "A")
		if got, want := steps(shown, begin), "0m 1, 5m 0, 10m 1"; got != want {
			t.Errorf("up was %q, want %q", got, want)
		}
		if labels := shown.Fields[1].Labels.String(); labels != "cluster=default" {
			t.Errorf("labels are %s", labels)
		}
		for minute, want := range map[time.Duration]string{4: "1", 7: "0", 12: "1"} {
			over := backend.TimeRange{From: begin, To: begin.Add(minute * time.Minute)}
			then := answer(t, queriedOver(l.ctx, t, l, over, fromAlert, `{"queryType": "measure", "measure": "up"}`), "A")
			if got := readings(then); len(got) != 1 || got[0] != "up{cluster=default} "+want {
				t.Errorf("after %d minutes it was %q", minute, got)
			}
		}
	})
}
