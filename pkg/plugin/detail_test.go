package plugin_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// detailColumns are those that "detail" adds, last and in this order.
var detailColumns = []string{"soft_backpressured", "hard_backpressured", "in_pool_usage", "out_pool_usage"}

// pressed is a job of a source, backpressured so much, and a busy sink.
func pressed(backpressured float64) *sim.Job {
	return sim.Chain("orders",
		sim.Task{Name: "read", Loads: []sim.Load{{Idle: 1 - backpressured, Backpressured: backpressured}, {Idle: 1}}},
		sim.Task{Name: "sink", Loads: []sim.Load{{Busy: 1}}})
}

// metricRequests are those of the requests that ask a task for its metrics.
func metricRequests(paths []string) (of []string) {
	for _, path := range paths {
		if strings.HasSuffix(path, "/metrics") {
			of = append(of, path)
		}
	}
	return of
}

// Each cluster's rows say what that cluster does, though the jobs bear one
// name and one id: the simulation is backpressured softly for a tenth.
func TestDetailsOfTwoClusters(t *testing.T) {
	want := map[string]string{
		"cluster":            "west west west east east east",
		"task":               "read read sink read read sink",
		"subtask":            "0 1 0 0 1 0",
		"soft_backpressured": "0.05 0 0 0.08 0 0",
		"hard_backpressured": "0.45 0 0 0.72 0 0",
		"in_pool_usage":      "null null 1 null null 1", // a source has no input
		"out_pool_usage":     "1 0.125 0.125 1 0.125 0.125",
	}
	synctest.Test(t, func(t *testing.T) {
		l := twoClusters(t, &sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second, Jobs: []*sim.Job{pressed(0.8)}})
		l.Jobs = []*sim.Job{pressed(0.5)}
		shown := answer(t, queried(l.ctx, t, l, `{"queryType": "subtasks", "detail": true}`), "A")
		for column, want := range want {
			if got := strings.Join(cells(t, shown, column), " "); got != want {
				t.Errorf("%s is %s, want %s", column, got, want)
			}
		}
		if told := notices(shown); len(told) != 0 {
			t.Errorf("notices are %q", told)
		}
		// Of one cluster alone, and one task of it, the rest stays the same.
		shown = answer(t, queried(l.ctx, t, l, `{"queryType": "subtasks", "detail": true, "clusters": ["east"], "tasks": ["sink"]}`), "A")
		if got := strings.Join(cells(t, shown, "in_pool_usage"), " "); got != "1" {
			t.Errorf("the sink in the east has its input pool filled %s, want 1", got)
		}
	})
}

// A task whose metrics do not answer has a notice and nulls; its own load is
// known, and so is all of the others.
func TestDetailsOfATaskThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		job := pressed(0.5)
		path := "/jobs/" + job.ID + "/vertices/" + job.Tasks[0].ID + "/metrics"
		l := twoClusters(t, without(&sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second, Jobs: []*sim.Job{job}}, path))
		l.Jobs = []*sim.Job{pressed(0.8)}
		shown := answer(t, queried(l.ctx, t, l, `{"queryType": "subtasks", "detail": true}`), "A")
		for column, want := range map[string]string{
			"cluster":            "west west west east east east",
			"task":               "read read sink read read sink",
			"backpressured":      "0.8 0 0 0.5 0 0",
			"soft_backpressured": "0.08 0 0 null null 0",
			"hard_backpressured": "0.72 0 0 null null 0",
			"in_pool_usage":      "null null 1 null null 1",
			"out_pool_usage":     "1 0.125 0.125 null null 0.125",
		} {
			if got := strings.Join(cells(t, shown, column), " "); got != want {
				t.Errorf("%s is %s, want %s", column, got, want)
			}
		}
		want := "The details of task read are not known: Flink has nothing at http://east" + path + " (404): the job may be gone, or the address lacks a path prefix."
		if told := notices(shown); !slices.Equal(told, []string{want}) {
			t.Errorf("notices are %q, want %q", told, want)
		}
	})
}

// Details cost a request for each task that runs, or more where its subtasks
// do not fit one, and only whom asks for them; the answer tells how many.
func TestRequestsForDetails(t *testing.T) {
	const tasks = 3
	for name, c := range map[string]struct {
		query   string
		alter   func(job *sim.Job)
		columns bool
		rows    int
		// Requests of the round, and for metrics, the first time.
		round, metrics int
		unknown        int // rows without an output pool
	}{
		"not asked for":          {`"queryType": "subtasks"`, nil, false, 6, 4 + 2*tasks, 0, 0},
		"refused":                {`"queryType": "subtasks", "detail": false`, nil, false, 6, 4 + 2*tasks, 0, 0},
		"another query type":     {`"queryType": "tasks", "detail": true`, nil, false, 3, 4 + 2*tasks, 0, 0},
		"asked for":              {`"queryType": "subtasks", "detail": true`, nil, true, 6, 4 + 2*tasks, tasks, 0},
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
				l := inLab(t, orders)
				shown := answer(t, queried(l.ctx, t, l, "{"+c.query+"}"), "A")
				saw := l.Asked()
				metrics := metricRequests(saw)
				if len(metrics) != c.metrics || len(saw)-len(metrics) != c.round || requests(shown) != len(saw) {
					t.Errorf("the cluster saw %d requests and %d for metrics, want %d and %d; the answer tells of %d", len(saw)-len(metrics), len(metrics), c.round, c.metrics, requests(shown))
				}
				if rows := shown.Rows(); rows != c.rows {
					t.Errorf("%d rows, want %d", rows, c.rows)
				}
				var last []string
				for _, field := range shown.Fields[len(shown.Fields)-len(detailColumns):] {
					last = append(last, field.Name)
				}
				if slices.Equal(last, detailColumns) != c.columns {
					t.Errorf("the last columns are %q", last)
				}
				if !c.columns {
					if slices.ContainsFunc(last, func(name string) bool { return slices.Contains(detailColumns, name) }) {
						t.Errorf("the last columns are %q", last)
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

// All who ask for details within maxAge share them, as they do looks.
func TestDetailsAreShared(t *testing.T) {
	const tasks, query = 3, `{"queryType": "subtasks", "detail": true}`
	synctest.Test(t, func(t *testing.T) {
		l := inLab(t, sim.HeldBack("orders", tasks, 2, 1))
		l.warm(t)
		for _, c := range []struct {
			asked   string
			pause   time.Duration
			queries []string
			want    int
		}{
			{"three at once", 0, []string{query, query, `{"queryType": "subtasks"}`}, 2 + tasks + tasks},
			{"within maxAge", time.Second, []string{query, query}, 0},
			{"after maxAge", 3 * time.Second, []string{query}, 2 + tasks + tasks},
		} {
			time.Sleep(c.pause)
			responses, told := queried(l.ctx, t, l, c.queries...), 0
			for refID := range responses {
				told += requests(answer(t, responses, refID))
			}
			if saw := len(l.Asked()); saw != c.want || told != c.want {
				t.Errorf("%s: the cluster saw %d requests, the answers tell of %d; want %d", c.asked, saw, told, c.want)
			}
		}
	})
}
