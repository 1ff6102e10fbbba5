package plugin_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/dataplane/sdata/numeric"
	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// ruleStates follows the alerts of a rule as Grafana documents it, with Keep last state
// for no data and for errors: an instance is pending while its condition is met, and
// fires once that has been so for five minutes; without a value it keeps its state; one
// that is missing in two evaluations in a row is resolved.
type ruleStates struct {
	met       func(float64) bool
	since     map[data.Fingerprint]time.Time // since when it is met; not there where it is not
	missing   map[data.Fingerprint]int
	instances map[data.Fingerprint]string // its labels
}

const ruleFor = 5 * time.Minute

func newRule(met func(float64) bool) *ruleStates {
	return &ruleStates{met, map[data.Fingerprint]time.Time{}, map[data.Fingerprint]int{}, map[data.Fingerprint]string{}}
}

// evaluate takes an answer, and returns the alerts that fire.
func (r *ruleStates) evaluate(t *testing.T, answer backend.DataResponse) (firing []string) {
	t.Helper()
	now := time.Now()
	if answer.Error == nil {
		reader, err := numeric.CollectionReaderFromFrames(answer.Frames)
		if err != nil {
			t.Fatal(err)
		}
		read, err := reader.GetCollection(false)
		if err != nil || read.Warning != nil {
			t.Fatal(err, read.Warning)
		}
		seen := map[data.Fingerprint]bool{}
		for _, ref := range read.Refs {
			value, _, err := ref.NullableFloat64Value()
			of := ref.GetLabels().Fingerprint()
			if err != nil || seen[of] {
				t.Fatalf("%s is there twice, or %v", ref.GetLabels(), err)
			}
			seen[of], r.missing[of], r.instances[of] = true, 0, ref.GetLabels().String()
			switch {
			case value == nil: // keeps its state
			case !r.met(*value):
				delete(r.since, of)
			case r.since[of].IsZero():
				r.since[of] = now
			}
		}
		for of := range r.instances {
			if len(seen) == 0 || seen[of] { // nothing at all is no data
				continue
			}
			if r.missing[of]++; r.missing[of] >= 2 {
				delete(r.since, of)
			}
		}
	}
	for of, since := range r.since {
		if now.Sub(since) >= ruleFor {
			firing = append(firing, r.instances[of])
		}
	}
	slices.Sort(firing)
	return firing
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
	above := func(value float64) bool { return value > 0.5 }
	for name, c := range map[string]struct {
		query string
		met   func(float64) bool
	}{
		"by job":                {`{"queryType": "measure", "jobs": ["orders"]}`, above},
		"of all jobs":           {`{"queryType": "measure", "types": ["STREAMING"]}`, above},
		"by an expression":      {`{"queryType": "measure", "jobs": ["/^ord/"]}`, above},
		"by task":               {`{"queryType": "measure", "by": "task", "jobs": ["orders"]}`, above},
		"by task of all":        {`{"queryType": "measure", "by": "task", "measure": "backpressured", "jobs": ["/ord/"]}`, above},
		"by subtask":            {`{"queryType": "measure", "by": "subtask", "jobs": ["orders"]}`, above},
		"by TaskManager":        {`{"queryType": "measure", "by": "taskmanager", "measure": "busy", "jobs": ["orders"]}`, above},
		"not idle":              {`{"queryType": "measure", "measure": "idle", "jobs": ["orders"]}`, func(value float64) bool { return value < 0.1 }},
		"a code":                {`{"queryType": "measure", "measure": "status", "jobs": ["orders"]}`, func(value float64) bool { return value >= 3 }},
		"the bottleneck of one": {`{"queryType": "measure", "by": "job", "jobs": ["orders"], "tasks": ["task-0"], "measure": "backpressured"}`, above},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				life, rule := newLife(t), newRule(c.met)
				for _, step := range steps {
					life.become(step.do)
					fired, last := 0, 0
					for range int(step.lasts / time.Minute) {
						over := backend.TimeRange{From: time.Now().Add(-10 * time.Minute), To: time.Now()}
						answer := sendOver(life.ctx, t, life, over, fromAlert, c.query)["A"]
						last = 0
						for _, alert := range rule.evaluate(t, answer) {
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
				life, rule := newLife(t), newRule(func(value float64) bool { return value > 0.5 })
				var fires []string
				for minute := range 100 {
					if minute == 10 {
						life.cluster.Store(nil)
					}
					answer := sendOver(life.ctx, t, life, backend.TimeRange{From: time.Now().Add(-10 * time.Minute), To: time.Now()}, fromAlert, query)["A"]
					if firing := rule.evaluate(t, answer); len(firing) > 0 {
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
		life, rule := newLife(t), newRule(func(value float64) bool { return value > 0.5 })
		for minute := range 14 {
			switch minute {
			case 10:
				life.cluster.Store(newCluster())
			case 11:
				life.cluster.Store(life.lab.Cluster)
			}
			answer := sendOver(life.ctx, t, life, lastHour(), fromAlert, `{"queryType": "measure", "jobs": ["orders"]}`)["A"]
			if firing := rule.evaluate(t, answer); minute > 6 && len(firing) != 1 {
				t.Errorf("minute %d: %q fire", minute, firing)
			}
			time.Sleep(time.Minute)
		}
	})
}

// What a measure says of a job that has ended: nothing holds it back, and it does not
// run. A panel shows it only if its query names the job.
func TestMeasuresOfAJobThatHasEnded(t *testing.T) {
	for measure, want := range map[string]string{
		"bottleneck": "0", "status": "0", "busy": "0", "backpressured": "0", "idle": "1", "skew": "0", "records_in": "0", "blame": "0",
		"watermark_lag": "0", "pending_records": "0", "running": "0", "restarts": "0", "checkpoint_age": "0", "checkpoint_failures": "0",
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
