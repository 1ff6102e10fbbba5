package plugin_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/sim"
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

// seriesLab is a data source of a cluster, whose jobs a Prometheus has scraped
// for an hour, with labels mangled, beside others.
func seriesLab(t *testing.T, keys map[string]any, jobs []*sim.Job, others ...scrapedJob) (lab, *scraper) {
	t.Helper()
	prometheus := &scraper{jobs: others}
	for _, job := range jobs {
		scraped := scrapedJob{id: job.ID, name: strings.ReplaceAll(job.Name, "-", "_"), from: time.Now().Add(-time.Hour), to: time.Now().Add(time.Hour)}
		for _, task := range job.Tasks {
			scraped.tasks = append(scraped.tasks, task.ID)
		}
		prometheus.jobs = append(prometheus.jobs, scraped)
	}
	all := map[string]any{"url": "http://flink:8081", "history": map[string]any{"idleAfter": "1h"}, "prometheus": map[string]any{"url": "http://prometheus:9090"}}
	for key, value := range keys {
		all[key] = value
	}
	l := inLab(t, jobs...)
	l.source = open(t, with(all))
	prometheus.flink.Store(l.Cluster)
	l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": &prometheus.flink, "prometheus:9090": prometheus})
	return l, prometheus
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
		l, prometheus := seriesLab(t, nil, []*sim.Job{sim.HeldBack("two-words", 3, 1, 2)})
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
				l, _ := seriesLab(t, keys, nil, gone)
				shown := answer(t, queriedOver(l.ctx, t, l, before(2*time.Minute), nil, `{"queryType": "tasks", "jobs": ["gone"]}`), "A")
				if tasks := strings.Join(cells(t, shown, "task"), " "); tasks != "name_of_a name_of_b" {
					t.Errorf("tasks are %q", tasks)
				}
				if told := strings.Join(notices(shown), " "); !strings.Contains(told, "knows the graph of job gone") {
					t.Errorf("notices are %q", told)
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
		l, prometheus := seriesLab(t, nil, []*sim.Job{sim.HeldBack("seen", 2, 1, 1), sim.HeldBack("un-seen", 2, 1, 1)})
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

// A job that was deployed anew goes on under its name, though for a while
// Prometheus tells of both: no time is there twice.
func TestDeployedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		first := scrapedJob{strings.Repeat("ab", 16), "orders", []string{"a", "b"}, start.Add(-time.Hour), start.Add(-30 * time.Minute)}
		second := scrapedJob{strings.Repeat("cd", 16), "orders", []string{"a", "b"}, start.Add(-30*time.Minute + scrapeInterval), start.Add(-2 * time.Minute)}
		l, _ := seriesLab(t, nil, nil, first, second)
		over := backend.TimeRange{From: start.Add(-time.Hour), To: start.Add(-2 * time.Minute)}
		for _, by := range []string{"job", "task", "subtask"} {
			for _, frame := range queriedOver(l.ctx, t, l, over, nil, `{"queryType": "history", "measure": "busy", "by": "`+by+`"}`)["A"].Frames {
				ascends(t, frame)
			}
		}
		shown := answer(t, queriedOver(l.ctx, t, l, over, nil, `{"queryType": "timeline"}`), "A")
		ascends(t, shown)
		if held := strings.Count(strings.Join(cells(t, shown, "status"), " "), "backpressured"); len(shown.Fields) != 3 || held < 250 {
			t.Errorf("%d tasks, of which the first is held back at %d of %d times", len(shown.Fields)-1, held, shown.Rows())
		}
	})
}

// Just after that a measure has one series of the name, that of the new one.
func TestMeasureOfAJobDeployedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		first := scrapedJob{strings.Repeat("ab", 16), "orders", []string{"a"}, start.Add(-time.Hour), start.Add(-5 * time.Minute)}
		second := scrapedJob{strings.Repeat("cd", 16), "orders", []string{"a"}, start.Add(-5*time.Minute + scrapeInterval), start.Add(time.Hour)}
		l, _ := seriesLab(t, nil, nil, first, second)
		over := backend.TimeRange{From: start.Add(-time.Hour), To: start.Add(-5*time.Minute + 80*time.Second)}
		for query, want := range map[string]string{
			`{"queryType": "measure", "measure": "busy"}`:                     "orders 0.9",
			`{"queryType": "measure", "measure": "busy", "jobs": ["orders"]}`: "orders 0.9",
		} {
			var told []string
			for _, field := range answer(t, queriedOver(l.ctx, t, l, over, nil, query), "A").Fields {
				value := "null"
				if known, ok := field.ConcreteAt(0); ok {
					value = fmt.Sprintf("%.1f", known)
				}
				told = append(told, field.Labels["job"]+" "+value)
			}
			if got := strings.Join(told, ", "); got != want {
				t.Errorf("%s tells %q", query, got)
			}
		}
	})
}

// A TaskManager whose id the labels have mangled goes on under its id where
// what is remembered begins, also once Flink has forgotten the job.
func TestTaskManagerKeepsItsID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, prometheus := seriesLab(t, nil, []*sim.Job{sim.HeldBack("orders", 3, 1, 2)})
		managers := cells(t, answer(t, queried(l.ctx, t, l, `{"queryType": "subtasks"}`), "A"), "taskmanager")
		prometheus.manager = regexp.MustCompile("[^a-zA-Z0-9:_]").ReplaceAllString(managers[0], "_")
		if prometheus.manager == managers[0] {
			t.Fatalf("nothing to mangle in %s", managers[0])
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

// ascends looks whether each time is later than the one before it.
func ascends(t *testing.T, frame *data.Frame) {
	t.Helper()
	for i := 1; i < frame.Rows(); i++ {
		if before, at := frame.Fields[0].At(i-1).(time.Time), frame.Fields[0].At(i).(time.Time); !at.After(before) {
			t.Errorf("%v: %s is followed by %s", frame.Fields[1].Labels, before, at)
		}
	}
}
