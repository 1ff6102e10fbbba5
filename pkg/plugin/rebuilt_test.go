package plugin_test

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// rebuilding is a data source of a cluster that is rebuilt in the end.
type rebuilding struct {
	lab
	cluster atomic.Pointer[sim.Cluster] // nil while there is none
}

// rebuild samples a job for ten minutes, has no cluster for a while, and then
// samples another job of the same id, which begins anew, for ten minutes. It
// tells when the one ended and the other began.
func rebuild(t *testing.T, first, second *sim.Job, away time.Duration) (r *rebuilding, ended, began time.Time) {
	t.Helper()
	r = &rebuilding{lab: sampling(t, first)}
	r.cluster.Store(r.Cluster)
	r.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if cluster := r.cluster.Load(); cluster != nil {
			cluster.ServeHTTP(w, request)
			return
		}
		says(503, "away")(w, request)
	})})
	answer(t, queried(r.ctx, t, r, `{"queryType": "tasks"}`), "A")
	time.Sleep(10 * time.Minute)
	r.cluster.Store(nil)
	ended = time.Now()
	time.Sleep(away)
	began = time.Now()
	second.ID, second.Start = first.ID, began
	r.cluster.Store(&sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second, Jobs: []*sim.Job{second}})
	time.Sleep(10 * time.Minute)
	return r, ended, began
}

// What a rebuilt cluster runs under the same id.
var rebuilt = map[string]func() *sim.Job{
	"the same job":               func() *sim.Job { return sim.HeldBack("orders", 3, 2, 1) },
	"the same, held back lower":  func() *sim.Job { return sim.HeldBack("orders", 3, 2, 2) },
	"another graph":              func() *sim.Job { return titled("orders", renamed(sim.HeldBack("payments", 5, 2, 3))) },
	"another graph, names alike": func() *sim.Job { return titled("orders", sim.HeldBack("payments", 5, 2, 3)) },
	"another job":                func() *sim.Job { return renamed(sim.HeldBack("payments", 5, 2, 3)) },
	"another job, tasks alike":   func() *sim.Job { return sim.HeldBack("payments", 5, 2, 3) },
}

// titled is a job of another name.
func titled(name string, job *sim.Job) *sim.Job {
	job.Name = name
	return job
}

// renamed has tasks of other names than those of other jobs.
func renamed(job *sim.Job) *sim.Job {
	for i := range job.Tasks {
		job.Tasks[i].Name = fmt.Sprint("new-", i)
	}
	return job
}

// Traces of the old job's tasks end with it and those of the new one's begin;
// whatever is told of either is what it did, and nothing of the time between.
func TestAJobIDSeenAgain(t *testing.T) {
	for name, second := range rebuilt {
		for _, away := range []time.Duration{0, 5 * time.Minute} {
			t.Run(fmt.Sprint(name, ", after ", away), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					then := second()
					slow := [2]string{"task-1", slowest(then)}
					r, ended, began := rebuild(t, sim.HeldBack("orders", 3, 2, 1), then, away)
					for _, by := range []string{"task", "subtask"} {
						for _, shown := range queried(r.ctx, t, r, `{"queryType": "history", "measure": "busy", "by": "`+by+`"}`)["A"].Frames {
							wellFormed(t, by, shown)
							task := shown.Fields[1].Labels["task"]
							for i, at := range told(shown.Fields[0], shown.Fields[1]) {
								job, busy := 0, measuredAt(shown.Fields[1], i)
								if at.After(ended) {
									job = 1
								}
								if name := [2]string{"orders", then.Name}[job]; shown.Fields[1].Labels["job"] != name {
									t.Errorf("by %s, the job is %s at %s", by, shown.Fields[1].Labels["job"], at.Sub(began))
								}
								has := strings.HasPrefix(task, "task-") != (job == 1 && then.Tasks[0].Name == "new-0")
								if want := truly(task == slow[job]); !has || math.Abs(busy-want) > 0.05 && (want == 1 || busy > 0.5) {
									t.Errorf("by %s, %s is %.2f busy %s after the second job began", by, task, busy, at.Sub(began))
								}
								if at.After(ended) && at.Before(began.Add(10*time.Second)) {
									t.Errorf("by %s, %s is told of at %s", by, task, at.Sub(began))
								}
							}
						}
					}
					timeline := answer(t, queried(r.ctx, t, r, `{"queryType": "timeline"}`), "A")
					for _, field := range timeline.Fields[1:] {
						for i, at := range told(timeline.Fields[0], field) {
							job := 0
							if at.After(ended) {
								job = 1
							}
							status, _ := field.ConcreteAt(i)
							if (status == "bottleneck") != (field.Labels["task"] == slow[job]) || job == 1 && at.Before(began) {
								t.Errorf("%s is a %s %s after the second job began", field.Labels["task"], status, at.Sub(began))
							}
						}
					}
				})
			})
		}
	}
}

// told are the times at which something is known, by row.
func told(times, values *data.Field) map[int]time.Time {
	all := map[int]time.Time{}
	for i := range values.Len() {
		if _, known := values.ConcreteAt(i); known {
			all[i] = times.At(i).(time.Time)
		}
	}
	return all
}

func measuredAt(field *data.Field, i int) float64 {
	value, _ := field.ConcreteAt(i)
	return value.(float64)
}

func truly(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// slowest is the name of the task that holds the job back.
func slowest(job *sim.Job) string {
	for _, task := range job.Tasks {
		if task.Capacity == 100 {
			return task.Name
		}
	}
	return ""
}

// Since when a task holds a job back does not reach across a time of which
// nothing is known, and time travel shows each job as it was.
func TestSinceAcrossARebuiltCluster(t *testing.T) {
	for name, second := range rebuilt {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				then := second()
				r, ended, began := rebuild(t, sim.HeldBack("orders", 3, 2, 1), then, 5*time.Minute)
				now := answer(t, queried(r.ctx, t, r, `{"queryType": "bottlenecks"}`), "A")
				since, _ := now.FieldByName("since")
				at, _ := since.At(0).(*time.Time)
				if at == nil || at.Before(began) || at.Sub(began) > 30*time.Second || cells(t, now, "task")[0] != slowest(then) {
					t.Errorf("%s holds the job back since %v, and it began at %s", cells(t, now, "task"), at, began)
				}
				over := backend.TimeRange{From: ended.Add(-time.Hour), To: ended.Add(-20 * time.Second)}
				before := answer(t, queriedOver(r.ctx, t, r, over, nil, `{"queryType": "tasks"}`), "A")
				if name := cells(t, before, "job")[0]; name != "orders" {
					t.Errorf("before it the job is %s", name)
				}
				if tasks := strings.Join(cells(t, before, "task"), " "); tasks != "task-0 task-1 task-2" || cells(t, before, "status")[1] != "bottleneck" {
					t.Errorf("before it the tasks are %s, %s", tasks, cells(t, before, "status"))
				}
			})
		})
	}
}

// Nor does it where nobody looked for a while, however short a look is of
// averages; but where fetches are far apart, it does from one to the next.
func TestSinceAcrossAPause(t *testing.T) {
	for name, c := range map[string]struct {
		fetch     time.Duration
		idleAfter string
		early     bool // since the beginning
	}{
		"nobody looked":              {10 * time.Second, "1m", false},
		"a fetch every four minutes": {4 * time.Minute, "1h", true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := inLab(t, sim.HeldBack("orders", 3, 2, 1))
				l.Fetch = c.fetch
				l.source = open(t, with(map[string]any{"url": "http://flink:8081", "history": map[string]any{"idleAfter": c.idleAfter}}))
				answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
				time.Sleep(30 * time.Minute)
				now := answer(t, queried(l.ctx, t, l, `{"queryType": "bottlenecks"}`), "A")
				since, _ := now.FieldByName("since")
				at, _ := since.At(0).(*time.Time)
				if at == nil || time.Since(*at) > 29*time.Minute-2*c.fetch != c.early {
					t.Errorf("since %v, and it is %s", at, time.Now())
				}
			})
		})
	}
}
