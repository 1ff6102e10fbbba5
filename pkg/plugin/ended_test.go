package plugin_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/provision"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/raced"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// ruleComparing is a rule whose alerts fire once the value of the query A has been beyond a
// threshold for five minutes, and keep their state without one.
func ruleComparing(by string, threshold float64) *provision.Alerts {
	condition := map[string]any{"evaluator": map[string]any{"type": by, "params": []float64{threshold}}}
	return provision.NewAlerts(provision.Rule{
		Title: by, Condition: "B", For: 5 * time.Minute, NoDataState: "KeepLast", ExecErrState: "KeepLast",
		Data: []provision.Node{{RefID: "A"}, {RefID: "B", DatasourceUID: provision.Expressions, Model: map[string]any{
			"type": "threshold", "expression": "A", "conditions": []any{condition},
		}}},
	})
}

// firing evaluates such a rule by an answer, and returns the labels of the alerts that
// fire. Only the error of a cluster that is away is one of those that are meant.
func firing(t *testing.T, rule *provision.Alerts, answer backend.DataResponse) (labels []string) {
	t.Helper()
	if err := rule.Evaluate(time.Now(), backend.Responses{"A": answer}); err != nil && answer.Error == nil {
		t.Fatal(err)
	}
	for _, alert := range rule.Firing() {
		labels = append(labels, alert.Labels.String())
	}
	return labels
}

// lifeOfAJob is a cluster whose job is held back, restarts, is cancelled, whose cluster
// goes, and which comes back under its name.
type lifeOfAJob struct {
	lab
	mu      sync.RWMutex                // held while the job changes
	cluster atomic.Pointer[sim.Cluster] // nil while there is none
	orders  *sim.Job
}

// become is what happens to the job.
func (l *lifeOfAJob) become(change func(*lifeOfAJob)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(l)
}

func newLife(t *testing.T) *lifeOfAJob {
	life := &lifeOfAJob{orders: sim.HeldBack("orders", 3, 2, 1)}
	life.lab = newSampledLab(t, life.orders)
	life.cluster.Store(life.lab.Cluster)
	life.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		life.mu.RLock()
		defer life.mu.RUnlock()
		if now := life.cluster.Load(); now != nil {
			now.ServeHTTP(w, r)
			return
		}
		respondWith(503, "away")(w, r)
	})})
	return life
}

// steps are what happens to the job, each with how long it lasts.
var steps = []struct {
	name  string
	lasts time.Duration
	do    func(*lifeOfAJob)
}{
	{"held back", 10 * time.Minute, func(*lifeOfAJob) {}},
	{"restarts", 3 * time.Minute, func(l *lifeOfAJob) { l.orders.State = "RESTARTING" }},
	{"held back again", 8 * time.Minute, func(l *lifeOfAJob) { l.orders.State = "" }},
	{"cancelled", 5 * time.Minute, func(l *lifeOfAJob) { l.orders.State = "CANCELED" }},
	{"forgotten", 10 * time.Minute, func(l *lifeOfAJob) { l.cluster.Store(newCluster(sim.HeldBack("clicks", 2, 1, 1))) }},
	{"without a cluster", 10 * time.Minute, func(l *lifeOfAJob) { l.cluster.Store(nil) }},
	{"back", 10 * time.Minute, func(l *lifeOfAJob) {
		again := sim.HeldBack("orders", 3, 2, 1)
		again.ID = strings.Repeat("ef", 16)
		l.cluster.Store(newCluster(again))
	}},
}

// No rule fires for ever: whatever it selects jobs by, and whatever it has a series
// for, it fires while the job is held back, goes on while the job restarts, ends with
// it, and fires again when it is back.
func TestARuleOverCancelAndReturn(t *testing.T) {
	raced.Skip(t)
	for name, c := range map[string]struct {
		query     string
		by        string // how it compares
		threshold float64
	}{
		"by job":                {`{"queryType": "measure", "jobs": ["orders"]}`, "gt", 0.5},
		"of all jobs":           {`{"queryType": "measure", "types": ["STREAMING"]}`, "gt", 0.5},
		"by an expression":      {`{"queryType": "measure", "jobs": ["/^ord/"]}`, "gt", 0.5},
		"by task":               {`{"queryType": "measure", "by": "task", "jobs": ["orders"]}`, "gt", 0.5},
		"by task of all":        {`{"queryType": "measure", "by": "task", "measure": "backpressured", "jobs": ["/ord/"]}`, "gt", 0.5},
		"by subtask":            {`{"queryType": "measure", "by": "subtask", "jobs": ["orders"]}`, "gt", 0.5},
		"by TaskManager":        {`{"queryType": "measure", "by": "taskmanager", "measure": "busy", "jobs": ["orders"]}`, "gt", 0.5},
		"not idle":              {`{"queryType": "measure", "measure": "idle", "jobs": ["orders"]}`, "lt", 0.1},
		"a code":                {`{"queryType": "measure", "measure": "status", "jobs": ["orders"]}`, "gt", 2.5},
		"the bottleneck of one": {`{"queryType": "measure", "by": "job", "jobs": ["orders"], "tasks": ["task-0"], "measure": "backpressured"}`, "gt", 0.5},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				life, rule := newLife(t), ruleComparing(c.by, c.threshold)
				for _, step := range steps {
					life.become(step.do)
					fired, last := 0, 0
					for range int(step.lasts / time.Minute) {
						over := backend.TimeRange{From: time.Now().Add(-10 * time.Minute), To: time.Now()}
						answer := sendOver(life.ctx, t, life, over, fromAlert, c.query)["A"]
						last = 0
						for _, alert := range firing(t, rule, answer) {
							if strings.Contains(alert, "orders") {
								last++
							}
						}
						fired += min(last, 1)
						time.Sleep(time.Minute)
					}
					all := int(step.lasts / time.Minute)
					want := map[string][2]int{ // least and most evaluations at which it fires
						"held back": {3, 5}, "restarts": {all, all}, "held back again": {all, all}, "cancelled": {0, 1},
						"forgotten": {0, 0}, "without a cluster": {0, 0}, "back": {3, 5},
					}[step.name]
					if fired < want[0] || fired > want[1] {
						t.Errorf("%s: it fires at %d of %d evaluations, want %v", step.name, fired, all, want)
					}
				}
			})
		})
	}
}

// A cluster that goes away with its job, as in application mode, does not answer that
// the job has ended: a rule goes on for half an hour, and not for ever.
func TestARuleWhoseClusterIsGone(t *testing.T) {
	for _, query := range []string{`{"queryType": "measure", "jobs": ["orders"]}`, `{"queryType": "measure"}`, `{"queryType": "measure", "by": "task"}`} {
		t.Run(query, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				life, rule := newLife(t), ruleComparing("gt", 0.5)
				var fires []string
				for minute := range 100 {
					if minute == 10 {
						life.cluster.Store(nil)
					}
					answer := sendOver(life.ctx, t, life, backend.TimeRange{From: time.Now().Add(-10 * time.Minute), To: time.Now()}, fromAlert, query)["A"]
					if firing := firing(t, rule, answer); len(firing) > 0 {
						fires = append(fires, fmt.Sprint(minute))
					}
					time.Sleep(time.Minute)
				}
				if first, last := fires[0], fires[len(fires)-1]; len(fires) < 30 || first != "5" && first != "6" || last < "38" || last > "42" {
					t.Errorf("it fires at %s", fires)
				}
			})
		})
	}
}

// A job that its cluster does not list for a moment, as after a JobManager took over,
// has not ended.
func TestARuleOverAFailover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		life, rule := newLife(t), ruleComparing("gt", 0.5)
		for minute := range 14 {
			switch minute {
			case 10:
				life.cluster.Store(newCluster())
			case 11:
				life.cluster.Store(life.lab.Cluster)
			}
			answer := sendOver(life.ctx, t, life, lastHour(), fromAlert, `{"queryType": "measure", "jobs": ["orders"]}`)["A"]
			if firing := firing(t, rule, answer); minute > 6 && len(firing) != 1 {
				t.Errorf("minute %d: %q fire", minute, firing)
			}
			time.Sleep(time.Minute)
		}
	})
}

// What a measure says of a job that has ended: nothing holds it back, and it does not
// run. A panel shows it only if its query names the job.
func TestMeasuresOfAJobThatHasEnded(t *testing.T) {
	raced.Skip(t)
	for measure, want := range map[string]string{
		"bottleneck": "0", "status": "0", "kind": "0", "busy": "0", "backpressured": "0", "idle": "1", "skew": "0", "records_in": "0", "blame": "0",
		"watermark_lag": "0", "pending_records": "0", "running": "0", "restarts": "0", "checkpoint_age": "0", "checkpoint_intervals": "0", "checkpoint_failures": "0",
	} {
		for _, step := range steps[3:5] {
			t.Run(measure+" "+step.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					life := newLife(t)
					life.frame(t, `{"queryType": "measure"}`)
					time.Sleep(5 * time.Minute)
					life.become(step.do)
					time.Sleep(3 * time.Minute)
					if got := onlyValue(t, life.frame(t, `{"queryType": "measure", "jobs": ["orders"], "measure": "`+measure+`"}`)); got != want {
						t.Errorf("%s is %s, want %s", measure, got, want)
					}
					for _, series := range seriesOf(life.frame(t, `{"queryType": "measure", "measure": "`+measure+`"}`)) {
						if strings.Contains(series, "orders") {
							t.Errorf("a panel of all jobs has %s", series)
						}
					}
					over := backend.TimeRange{From: time.Now().Add(-10 * time.Minute), To: time.Now()}
					for _, shown := range sendOver(life.ctx, t, life, over, fromAlert, `{"queryType": "history", "jobs": ["orders"], "measure": "`+measure+`"}`)["A"].Frames {
						counts := measure == "restarts" || measure == "checkpoint_failures" // a fall would look like a rise
						if last, known := shown.Fields[1].ConcreteAt(shown.Rows() - 1); known == counts || known && fmt.Sprint(last) != want {
							t.Errorf("over time it ends with %v, want %s", last, want)
						}
					}
				})
			})
		}
	}
}

// What is counted stays as it was, for an alert rule that looks at how much it rose: the
// fall to 0 would look as if it had risen. A panel's line ends with the job.
func TestCountersOfAJobThatHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		life, looping := newLife(t), restartLoop()
		const query = `{"queryType": "history", "measure": "restarts", "jobs": ["orders"]}`
		last := func(headers map[string]string) any {
			over := backend.TimeRange{From: time.Now().Add(-15 * time.Minute), To: time.Now()}
			shown := life.frameOver(t, over, headers, query)
			value, known := shown.Fields[1].ConcreteAt(shown.Rows() - 1)
			if !known {
				return nil
			}
			return value
		}
		life.cluster.Store(newCluster(looping))
		last(fromAlert)
		time.Sleep(10 * time.Minute)
		before := last(fromAlert)
		for _, ended := range []func() *sim.Cluster{with(in("CANCELED", looping)), others} {
			life.cluster.Store(ended())
			time.Sleep(20 * time.Minute)
			if got, shown := last(fromAlert), last(nil); before == nil || got != before || shown != nil {
				t.Errorf("restarts were %v, and are %v for a rule, %v in a panel", before, got, shown)
			}
		}
	})
}
