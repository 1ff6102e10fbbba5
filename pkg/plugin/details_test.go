package plugin_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/promtest"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// detailColumns are those that "detail" adds, beside each other and in this order.
var detailColumns = []string{"soft_backpressured", "hard_backpressured", "in_pool_usage", "out_pool_usage"}

// backpressuredJob is a job of a source, backpressured so much, and a busy sink.
func backpressuredJob(backpressured float64) *sim.Job {
	return sim.Chain("orders",
		sim.Task{Name: "read", Loads: []sim.Load{{Idle: 1 - backpressured, Backpressured: backpressured}, {Idle: 1}}},
		sim.Task{Name: "sink", Loads: []sim.Load{{Busy: 1}}})
}

// metricRequests are those of the paths that read a task's metrics.
func metricRequests(paths []string) (of []string) {
	for _, path := range paths {
		if strings.HasSuffix(path, "/metrics") {
			of = append(of, path)
		}
	}
	return of
}

// Details are those of the row's own cluster, though the jobs have one name and one
// id. The simulator's backpressure is soft, as an ordinary task's is.
func TestDetailsOfTwoClusters(t *testing.T) {
	want := map[string]string{
		"cluster":            "west west west east east east",
		"task":               "read read sink read read sink",
		"subtask":            "0 1 0 0 1 0",
		"soft_backpressured": "0.5 0 0 0.8 0 0",
		"hard_backpressured": "0 0 0 0 0 0",
		"in_pool_usage":      "null null 1 null null 1", // a source has no input
		"out_pool_usage":     "1 0.125 0.125 1 0.125 0.125",
	}
	synctest.Test(t, func(t *testing.T) {
		l := newTwoClusters(t, newCluster(backpressuredJob(0.8)))
		l.Jobs = []*sim.Job{backpressuredJob(0.5)}
		shown := l.frame(t, `{"queryType": "subtasks", "detail": true}`)
		for column, want := range want {
			if got := strings.Join(cells(t, shown, column), " "); got != want {
				t.Errorf("%s is %s, want %s", column, got, want)
			}
		}
		if texts := notices(shown); len(texts) != 0 {
			t.Errorf("notices are %q", texts)
		}
		// Of one cluster alone, and one task of it, the rest stays the same.
		shown = l.frame(t, `{"queryType": "subtasks", "detail": true, "clusters": ["east"], "tasks": ["sink"]}`)
		if got := strings.Join(cells(t, shown, "in_pool_usage"), " "); got != "1" {
			t.Errorf("the sink in the east has its input pool filled %s, want 1", got)
		}
	})
}

// A task whose metrics do not answer costs its details and a notice; its load is
// known, and so are the details of the others.
func TestDetailsOfATaskThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		job := backpressuredJob(0.5)
		path := "/jobs/" + job.ID + "/vertices/" + job.Tasks[0].ID + "/metrics"
		l := newTwoClusters(t, withoutPath(newCluster(job), path))
		l.Jobs = []*sim.Job{backpressuredJob(0.8)}
		shown := l.frame(t, `{"queryType": "subtasks", "detail": true}`)
		for column, want := range map[string]string{
			"cluster":            "west west west east east east",
			"task":               "read read sink read read sink",
			"backpressured":      "0.8 0 0 0.5 0 0",
			"soft_backpressured": "0.8 0 0 null null 0",
			"hard_backpressured": "0 0 0 null null 0",
			"in_pool_usage":      "null null 1 null null 1",
			"out_pool_usage":     "1 0.125 0.125 null null 0.125",
		} {
			if got := strings.Join(cells(t, shown, column), " "); got != want {
				t.Errorf("%s is %s, want %s", column, got, want)
			}
		}
		want := "The details of task read are not known: Flink has nothing at http://east" + path + " (404): the job may be gone, or the address lacks a path prefix."
		if texts := notices(shown); !slices.Equal(texts, []string{want}) {
			t.Errorf("notices are %q, want %q", texts, want)
		}
	})
}

// Details cost a request for each running task, or more where its subtasks do not
// fit one, and only queries that ask for them.
func TestRequestsForDetails(t *testing.T) {
	const tasks = 3
	for name, c := range map[string]struct {
		query   string
		alter   func(job *sim.Job)
		columns bool
		rows    int
		// Requests of the poll, and for metrics, the first time.
		poll, metrics int
		unknown       int // rows without an output pool
	}{
		"not chosen":             {`"queryType": "subtasks"`, nil, false, 6, 4 + 2*tasks, 0, 0},
		"not wanted":             {`"queryType": "subtasks", "detail": false`, nil, false, 6, 4 + 2*tasks, 0, 0},
		"another query type":     {`"queryType": "tasks", "detail": true`, nil, false, 3, 4 + 2*tasks, 0, 0},
		"chosen":                 {`"queryType": "subtasks", "detail": true`, nil, true, 6, 4 + 2*tasks, tasks, 0},
		"of no job":              {`"queryType": "subtasks", "detail": true, "jobs": ["/none/"]`, nil, true, 0, 3, 0, 0},
		"of a job that ended":    {`"queryType": "subtasks", "detail": true, "jobs": ["orders"]`, func(job *sim.Job) { job.State = "FINISHED" }, true, 6, 4, 0, 6},
		"of a task that ended":   {`"queryType": "subtasks", "detail": true`, func(job *sim.Job) { job.Tasks[0].State = "FINISHED" }, true, 6, 4 + 2*(tasks-1), tasks - 1, 2},
		"of a job that restarts": {`"queryType": "subtasks", "detail": true`, func(job *sim.Job) { job.State = "RESTARTING" }, true, 6, 4, 0, 6},
		// A subtask's four names take some 150 bytes of a line of 3,500.
		"of many subtasks": {`"queryType": "subtasks", "detail": true`, func(job *sim.Job) { job.Tasks[1].Parallelism = 100 }, true, 104, 4 + 2*tasks, 2 + 5, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				orders := sim.HeldBack("orders", tasks, 2, 1)
				if c.alter != nil {
					c.alter(orders)
				}
				l := newLab(t, orders)
				shown := l.frame(t, "{"+c.query+"}")
				sent := l.Requests()
				metrics := metricRequests(sent)
				if len(metrics) != c.metrics || len(sent)-len(metrics) != c.poll || requests(shown) != len(sent) {
					t.Errorf("the cluster got %d requests and %d for metrics, want %d and %d; the answer counts %d", len(sent)-len(metrics), len(metrics), c.poll, c.metrics, requests(shown))
				}
				if rows := shown.Rows(); rows != c.rows {
					t.Errorf("%d rows, want %d", rows, c.rows)
				}
				var names []string
				for _, field := range shown.Fields {
					names = append(names, field.Name)
				}
				all := strings.Join(names, " ")
				if strings.Contains(all, strings.Join(detailColumns, " ")) != c.columns {
					t.Errorf("the columns are %q", names)
				}
				if !c.columns {
					if slices.ContainsFunc(names, func(name string) bool { return slices.Contains(detailColumns, name) }) {
						t.Errorf("the columns are %q", names)
					}
					return
				}
				pools := cells(t, shown, "out_pool_usage")
				if unknown := len(slices.DeleteFunc(pools, func(cell string) bool { return cell != "null" })); unknown != c.unknown {
					t.Errorf("%d output pools are not known, want %d", unknown, c.unknown)
				}
			})
		})
	}
}

// Details are shared for maxAge, as samples are.
func TestDetailsAreShared(t *testing.T) {
	const tasks, query = 3, `{"queryType": "subtasks", "detail": true}`
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, sim.HeldBack("orders", tasks, 2, 1))
		l.warm(t)
		for _, c := range []struct {
			when    string
			pause   time.Duration
			queries []string
			want    int
		}{
			{"three at once", 0, []string{query, query, `{"queryType": "subtasks"}`}, 2 + tasks + tasks},
			{"within maxAge", time.Second, []string{query, query}, 0},
			{"after maxAge", 3 * time.Second, []string{query}, 2 + tasks + tasks},
		} {
			time.Sleep(c.pause)
			responses, counted := send(l.ctx, t, l, c.queries...), 0
			for refID := range responses {
				counted += requests(firstFrame(t, responses, refID))
			}
			if sent := len(l.Requests()); sent != c.want || counted != c.want {
				t.Errorf("%s: the cluster got %d requests, the answers count %d; want %d", c.when, sent, counted, c.want)
			}
		}
	})
}

// Details of the past are read from Prometheus, or are not known: they are never
// those of now.
func TestDetailsOfThePast(t *testing.T) {
	const query = `{"queryType": "subtasks", "detail": true}`
	synctest.Test(t, func(t *testing.T) {
		l := newSampledLab(t, sim.HeldBack("orders", 3, 1, 1))
		begin := time.Now()
		l.warm(t)
		time.Sleep(10 * time.Minute)
		over := backend.TimeRange{From: begin, To: begin.Add(5 * time.Minute)}
		shown := l.frameOver(t, over, nil, query)
		if soft := strings.Join(cells(t, shown, "soft_backpressured"), " "); soft != "null null null" || !strings.Contains(strings.Join(notices(shown), " "), "are known at present only") {
			t.Errorf("soft backpressure %q with the notices %q", soft, notices(shown))
		}
		if soft := cells(t, l.frame(t, query), "soft_backpressured"); soft[0] == "null" {
			t.Errorf("of now, soft backpressure is %q", soft)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		orders := sim.HeldBack("orders", 3, 1, 1)
		l, prometheus := newScrapedLab(t, orders)
		for i, task := range orders.Tasks {
			prometheus.Add(map[string]string{"__name__": "flink_taskmanager_job_task_softBackPressuredTimeMsPerSecond", "job_id": orders.ID, "task_id": task.ID, "subtask_index": "0"},
				promtest.Every(scrapeInterval, time.Now().Add(-time.Hour), time.Now(), func(time.Duration) float64 { return float64(100 * i) })...)
		}
		shown := l.frameOver(t, scrapedPast(), nil, query)
		if soft := strings.Join(cells(t, shown, "soft_backpressured"), " "); soft != "0 0.1 0.2" || len(notices(shown)) > 0 {
			t.Errorf("soft backpressure %q with the notices %q", soft, notices(shown))
		}
	})
}
