package plugin_test

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// replaceable is a cluster that may be replaced by another at its address.
type replaceable struct{ atomic.Pointer[sim.Cluster] }

func (r *replaceable) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.Load().ServeHTTP(w, request)
}

// forgets replaces the cluster by one that knows no jobs.
func (r *replaceable) forgets() {
	r.Store(&sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second})
}

// scrapedJob is a job that a Prometheus has scraped: a chain of tasks of one
// subtask each, held back by the last.
type scrapedJob struct {
	id, name string
	tasks    []string // their ids; a name is "name_of_" and the id
	from, to time.Time
}

func (j scrapedJob) attempts() (all []attempt) {
	for i, id := range j.tasks {
		of := attempt{jobID: j.id, job: j.name, taskID: id, task: "name_of_" + id, from: j.from, to: j.to, idle: 0.1, held: 0.9}
		if i == len(j.tasks)-1 {
			of.busy, of.held = 0.9, 0
		}
		all = append(all, of)
	}
	return all
}

// forgetful is a cluster that may forget its jobs, and a Prometheus that has
// scraped them for an hour, with labels mangled.
type forgetful struct {
	flink replaceable
	*fakePrometheus
}

// forgetfulLab is a data source of both, whose Prometheus has scraped others,
// too.
func forgetfulLab(t *testing.T, keys map[string]any, jobs []*sim.Job, others ...scrapedJob) (lab, *forgetful) {
	t.Helper()
	for _, job := range jobs {
		scraped := scrapedJob{id: job.ID, name: strings.ReplaceAll(job.Name, "-", "_"), from: time.Now().Add(-time.Hour), to: time.Now().Add(time.Hour)}
		for _, task := range job.Tasks {
			scraped.tasks = append(scraped.tasks, task.ID)
		}
		others = append(others, scraped)
	}
	both := &forgetful{fakePrometheus: &fakePrometheus{}}
	for _, each := range others {
		both.attempts = append(both.attempts, each.attempts()...)
	}
	all := map[string]any{"url": "http://flink:8081", "history": map[string]any{"idleAfter": "1h"}, "prometheus": map[string]any{"url": "http://prometheus:9090"}}
	maps.Copy(all, keys)
	l := inLab(t, jobs...)
	l.source = open(t, with(all))
	both.flink.Store(l.Cluster)
	l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": &both.flink, "prometheus:9090": both})
	return l, both
}

// before is a range that ended so long ago.
func before(ago time.Duration) backend.TimeRange {
	end := time.Now().Add(-ago)
	return backend.TimeRange{From: end.Add(-10 * time.Minute), To: end}
}

// A job that Flink has forgotten has its name and graph from what is remembered
// of it, also for a time that is not.
func TestForgottenJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, prometheus := forgetfulLab(t, nil, []*sim.Job{sim.HeldBack("two-words", 3, 1, 2)})
		begun := time.Now()
		answer(t, queried(l.ctx, t, l, `{"queryType": "jobs"}`), "A")
		prometheus.flink.forgets()
		time.Sleep(20 * time.Minute)
		over := before(time.Since(begun) + time.Minute)
		for _, queryType := range []string{"jobs", "tasks", "bottlenecks"} {
			shown := answer(t, queriedOver(l.ctx, t, l, over, nil, `{"queryType": "`+queryType+`", "jobs": ["two-words"]}`), "A")
			if shown.Rows() == 0 || slices.ContainsFunc(cells(t, shown, "job"), func(name string) bool { return name != "two-words" }) {
				t.Errorf("%s: %v", queryType, cells(t, shown, "job"))
			}
		}
		graph := queriedOver(l.ctx, t, l, over, nil, `{"queryType": "nodeGraph"}`)["A"].Frames
		if graph[0].Rows() != 3 || graph[1].Rows() != 2 || strings.Join(cells(t, graph[0], "status"), " ") != "backpressured backpressured bottleneck" {
			t.Errorf("%d nodes, %d edges, statuses %v", graph[0].Rows(), graph[1].Rows(), cells(t, graph[0], "status"))
		}
	})
}

// Of a job that neither Flink nor the history knows there are its tasks, as
// Prometheus names them, and it says that their graph is not known: whether
// the history is on or not.
func TestJobThatNobodyKnows(t *testing.T) {
	for name, keys := range map[string]map[string]any{"with a history": nil, "without": {"history": map[string]any{"retention": "0s"}}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gone := scrapedJob{strings.Repeat("ab", 16), "gone", []string{"a", "b"}, time.Now().Add(-time.Hour), time.Now()}
				l, _ := forgetfulLab(t, keys, nil, gone)
				shown := answer(t, queriedOver(l.ctx, t, l, before(2*time.Minute), nil, `{"queryType": "tasks", "jobs": ["gone"]}`), "A")
				if tasks := strings.Join(cells(t, shown, "task"), " "); tasks != "name_of_a name_of_b" {
					t.Errorf("tasks are %q", tasks)
				}
				if told := strings.Join(notices(shown), " "); !strings.Contains(told, "knows the graph of job gone") {
					t.Errorf("notices are %q", told)
				}
				for _, by := range []string{"job", "task", "subtask"} {
					for _, query := range []string{`{"queryType": "history", "by": "` + by + `"}`, `{"queryType": "history", "measure": "blame", "by": "` + by + `"}`, `{"queryType": "measure", "by": "` + by + `"}`} {
						holds := answer(t, queriedOver(l.ctx, t, l, before(2*time.Minute), nil, query), "A")
						for _, field := range holds.Fields {
							for i := range field.Len() {
								if value, known := field.ConcreteAt(i); known && field.Type().Numeric() {
									t.Fatalf("%s tells %v", query, value)
								}
							}
						}
						if told := strings.Join(notices(holds), " "); !strings.Contains(told, "knows the graph of job gone") {
							t.Errorf("the notices of %s are %q", query, told)
						}
					}
				}
				verdict := answer(t, queriedOver(l.ctx, t, l, before(2*time.Minute), nil, `{"queryType": "bottlenecks", "jobs": ["gone"]}`), "A")
				if kind := cells(t, verdict, "kind"); len(kind) != 1 || kind[0] != "unknown" {
					t.Errorf("the verdict is %v", kind)
				}
			})
		})
	}
}

// Though the built-in history reaches back, a job that nobody has asked for is
// not in it: where a query names it, Prometheus is asked.
func TestJobThatNobodyAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, prometheus := forgetfulLab(t, nil, []*sim.Job{sim.HeldBack("seen", 2, 1, 1), sim.HeldBack("un-seen", 2, 1, 1)})
		answer(t, queried(l.ctx, t, l, `{"queryType": "jobs", "jobs": ["seen"]}`), "A")
		time.Sleep(30 * time.Minute)
		for _, queryType := range []string{"jobs", "history", "timeline"} {
			prometheus.asked = nil
			known := answer(t, queriedOver(l.ctx, t, l, before(2*time.Minute), nil, `{"queryType": "`+queryType+`", "jobs": ["seen"]}`), "A")
			if known.Rows() == 0 || len(prometheus.asked) > 0 {
				t.Errorf("%s of a job that is known: %d rows, and Prometheus was asked %q", queryType, known.Rows(), prometheus.asked)
			}
			for _, name := range []string{"un-seen", "/^un/"} {
				shown := answer(t, queriedOver(l.ctx, t, l, before(2*time.Minute), nil, `{"queryType": "`+queryType+`", "jobs": ["`+name+`"]}`), "A")
				if shown.Rows() == 0 {
					t.Errorf("%s of %s: %v", queryType, name, notices(shown))
				}
			}
		}
	})
}

// A TaskManager whose id the labels have mangled goes on under its id where
// what is remembered begins, also once Flink has forgotten the job.
func TestTaskManagerKeepsItsID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, prometheus := forgetfulLab(t, nil, []*sim.Job{sim.HeldBack("orders", 3, 1, 2)})
		managers := cells(t, answer(t, queried(l.ctx, t, l, `{"queryType": "subtasks"}`), "A"), "taskmanager")
		mangled := regexp.MustCompile("[^a-zA-Z0-9:_]").ReplaceAllString(managers[0], "_")
		if mangled == managers[0] {
			t.Fatalf("nothing to mangle in %s", managers[0])
		}
		for i := range prometheus.attempts {
			prometheus.attempts[i].manager = mangled
		}
		time.Sleep(2 * time.Minute)
		for range 2 {
			frames := queried(l.ctx, t, l, `{"queryType": "history", "by": "taskmanager"}`)["A"].Frames
			if len(frames) != 1 || frames[0].Fields[1].Labels["taskmanager"] != managers[0] || frames[0].Rows() < 250 {
				t.Errorf("%d series, the first of %s with %d points", len(frames), frames[0].Fields[1].Labels, frames[0].Rows())
			}
			prometheus.flink.forgets()
			time.Sleep(time.Minute)
		}
	})
}
