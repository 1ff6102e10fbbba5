package plugin_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
)

// up is 1 or 0 for each cluster; one that does not answer is no error, even if
// none does.
func TestUp(t *testing.T) {
	const failure = "Cluster east is not up: Flink failed to answer http://east/jobs/overview (500 Internal Server Error): see the JobManager's log for the cause."
	for name, c := range map[string]struct {
		clusters string
		east     http.Handler // nil is well
		want     []string
		notices  []string
	}{
		"both":                {`[]`, nil, []string{"up{cluster=west} 1", "up{cluster=east} 1"}, nil},
		"one of two":          {`[]`, respondWith(500, stackTrace), []string{"up{cluster=west} 1", "up{cluster=east} 0"}, []string{failure}},
		"the one chosen":      {`["east"]`, respondWith(500, stackTrace), []string{"up{cluster=east} 0"}, []string{failure}},
		"the other":           {`["/^w/"]`, respondWith(500, stackTrace), []string{"up{cluster=west} 1"}, nil},
		"none that matches":   {`["/^n/"]`, respondWith(500, stackTrace), nil, nil},
		"a cluster of no job": {`["east"]`, &sim.Cluster{Version: "2.3.0"}, []string{"up{cluster=east} 1"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, counter := newTwoClusters(t, nil), &requestCounter{}
				east := c.east
				if east == nil {
					east = l.Cluster // west and east may be one: their requests are alike
				}
				l.ctx = inMemory(t.Context(), map[string]http.Handler{"west": counter.count(l.Cluster), "east": counter.count(east)})
				query := `{"queryType": "measure", "measure": "up", "clusters": ` + c.clusters + `}`
				for _, headers := range []map[string]string{nil, fromAlert} {
					shown := l.frameOver(t, lastHour(), headers, query)
					if got := seriesOf(shown); !slices.Equal(got, c.want) {
						t.Errorf("series are %q, want %q", got, c.want)
					}
					if texts := notices(shown); !slices.Equal(texts, c.notices) {
						t.Errorf("notices are %q, want %q", texts, c.notices)
					}
					if counted := requests(shown); counted != counter.take() {
						t.Errorf("the answer counts %d requests, which were others", counted)
					}
					time.Sleep(3 * time.Second) // longer than maxAge
				}
			})
		})
	}
}

// up changes with the next poll.
func TestUpFollowsTheCluster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		east := &failing{Handler: &sim.Cluster{Version: "2.3.0"}}
		l := newTwoClusters(t, east)
		for _, c := range []struct{ fails, want string }{{"", "1"}, {"/", "0"}, {"", "1"}} {
			east.prefix = c.fails
			shown := l.frame(t, `{"queryType": "measure", "measure": "up", "clusters": ["east"]}`)
			if got := cells(t, shown, "up"); !slices.Equal(got, []string{c.want}) {
				t.Errorf("up is %s, want %s", got, c.want)
			}
			time.Sleep(3 * time.Second)
		}
	})
}

// Whether a cluster answered is kept, also while it is only sampled.
func TestUpOverTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newSampledLab(t, sim.HeldBack("orders", 3, 2, 1))
		away := l.withOutages(t)
		begin := time.Now()
		l.frame(t, `{"queryType": "jobs"}`)
		for range 2 {
			time.Sleep(5 * time.Minute)
			away.Store(!away.Load())
		}
		time.Sleep(5 * time.Minute)
		shown := l.frame(t, `{"queryType": "history", "measure": "up", "by": "cluster"}`)
		if got, want := changesOf(shown, begin), "0m 1, 5m 0, 10m 1"; got != want {
			t.Errorf("up was %q, want %q", got, want)
		}
		if labels := shown.Fields[1].Labels.String(); labels != "cluster=default" {
			t.Errorf("labels are %s", labels)
		}
		for minute, want := range map[time.Duration]string{4: "1", 7: "0", 12: "1"} {
			over := backend.TimeRange{From: begin, To: begin.Add(minute * time.Minute)}
			past := l.frameOver(t, over, fromAlert, `{"queryType": "measure", "measure": "up"}`)
			if got := seriesOf(past); len(got) != 1 || got[0] != "up{cluster=default} "+want {
				t.Errorf("after %d minutes it was %q", minute, got)
			}
		}
	})
}

// up is whether the cluster lists its jobs, at present and over time, with and without
// queries beside the sampling; the log has a line when it is lost and one when it is
// found, whatever alone fails.
func TestUpIsOneThing(t *testing.T) {
	for name, c := range map[string]struct {
		fails, want string
		logged      int // lines when it is lost, and when it is found
	}{
		"its version":       {"/overview", "1", 0},
		"its configuration": {"/jobmanager/config", "1", 0},
		"its list of jobs":  {"/jobs/overview", "0", 1},
		"all about jobs":    {"/jobs/", "0", 1},
		"everything":        {"/", "0", 1},
	} {
		for every, queried := range map[time.Duration]string{time.Hour: "sampled alone", 25 * time.Second: "queried, too"} {
			t.Run(name+" fails, "+queried, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					book := recordLog(t)
					l := newSampledLab(t, sim.HeldBack("orders", 3, 2, 1))
					var flink swappable
					l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": &flink})
					begin := time.Now()
					for _, fails := range []string{"", c.fails, ""} {
						flink.become(&failing{l.Cluster, fails})
						for end := time.Now().Add(10 * time.Minute); time.Now().Before(end); time.Sleep(min(every, time.Until(end))) {
							shown := send(l.ctx, t, l, `{"queryType": "measure", "measure": "up"}`, `{"queryType": "tasks"}`)["A"].Frames[0]
							want := "1"
							if fails != "" {
								want = c.want
							}
							if got := onlyValue(t, shown); got != want {
								t.Errorf("after %s it is %s, want %s", time.Since(begin), got, want)
							}
						}
						time.Sleep(time.Minute)
					}
					want := "0m 1"
					if c.want == "0" {
						want += ", 11m 0, 22m 1"
					}
					if got := changesOf(l.frame(t, `{"queryType": "history", "measure": "up"}`), begin); got != want {
						t.Errorf("over time it was %q, want %q", got, want)
					}
					lost, found := strings.Count(book.text(), "The Flink cluster does not answer"), strings.Count(book.text(), "The Flink cluster answers again")
					if lost != c.logged || found != c.logged {
						t.Errorf("it was logged as lost %d times, as found %d times", lost, found)
					}
				})
			})
		}
	}
}

// restarts costs a request a job; it is null where Flink does not report it, with
// a notice if that is because a request failed.
func TestRestarts(t *testing.T) {
	restarted := func(name string, minute int, times ...time.Duration) *sim.Job {
		job := chainOf(name, minute, sim.Task{Name: "read"})
		for _, lasts := range times {
			job.Phases = append(job.Phases, sim.Phase{Lasts: lasts, Restart: true})
		}
		return job
	}
	for name, c := range map[string]struct {
		query    string
		cold     bool // there was no poll yet
		fails    string
		want     []string
		about    string // begin of the notice, if there is one
		requests int    // once there was a poll
	}{
		"all":            {query: `"jobs": []`, want: []string{"orders 2", "payments 0", "clicks 5"}, requests: 1 + 3},
		"one":            {query: `"jobs": ["clicks"]`, want: []string{"clicks 5"}, requests: 1 + 1},
		"some":           {query: `"jobs": ["/^(clicks|orders)$/"]`, want: []string{"orders 2", "clicks 5"}, requests: 1 + 2},
		"one has ended":  {query: `"jobs": ["nightly", "orders"]`, want: []string{"orders 2", "nightly 0"}, requests: 1 + 1},
		"none":           {query: `"jobs": ["/^x/"]`, want: nil, requests: 1},
		"one fails":      {query: `"jobs": []`, fails: "payments", want: []string{"orders 2", "payments null", "clicks 5"}, about: "payments", requests: 1 + 3},
		"not polled yet": {query: `"jobs": []`, cold: true, want: []string{"orders null", "payments null", "clicks null"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ended := chainOf("nightly", 3, sim.Task{Name: "scan"})
				ended.State = "FINISHED"
				l := newLab(t,
					restarted("orders", 0, 10*time.Minute, 20*time.Minute, time.Hour),
					restarted("payments", 1),
					restarted("clicks", 2, time.Minute, time.Minute, time.Minute, time.Minute, time.Minute, time.Hour),
					ended)
				fails, counter := &failing{Handler: l.Cluster}, &requestCounter{}
				l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": counter.count(fails)})
				if !c.cold {
					l.warm(t)
					counter.take()
				}
				if c.fails != "" {
					fails.prefix = "/jobs/" + sim.New(c.fails).ID + "/metrics"
				}
				shown := l.frame(t, `{"queryType": "measure", "measure": "restarts", `+c.query+`}`)
				var got []string
				for _, series := range seriesOf(shown) {
					got = append(got, strings.NewReplacer("restarts{cluster=default, job=", "", "}", "").Replace(series))
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("restarts are %q, want %q", got, c.want)
				}
				if counted, sent := requests(shown), counter.take(); counted != sent || !c.cold && counted != c.requests {
					t.Errorf("the cluster got %d requests, the answer counts %d; want %d", sent, counted, c.requests)
				}
				texts := notices(shown)
				end := "Flink failed to answer http://flink:8081" + fails.prefix + " (500 Internal Server Error): see the JobManager's log for the cause."
				if c.about == "" && len(texts) != 0 && c.want != nil {
					t.Errorf("notices are %q", texts)
				}
				if c.about != "" && (len(texts) != 1 || !strings.Contains(texts[0], c.about) || !strings.HasSuffix(texts[0], end)) {
					t.Errorf("notices are %q, want one of job %s that ends in %q", texts, c.about, end)
				}
			})
		})
	}
}

// Once there was a query for restarts, they are sampled too, for a request more a
// poll.
func TestRestartsOverTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		orders := sim.HeldBack("orders", 2, 2, 1) // has run for an hour
		orders.Phases = []sim.Phase{{Lasts: time.Hour + 10*time.Minute, Restart: true}, {Lasts: 5 * time.Minute, Restart: true}, {Lasts: time.Hour, Restart: true}}
		l := newSampledLab(t, orders)
		begin := time.Now()
		l.warm(t) // no query is for restarts
		time.Sleep(2 * time.Minute)
		const restarts = `{"queryType": "history", "measure": "restarts"}`
		l.frame(t, restarts)
		time.Sleep(5 * time.Minute)
		l.Requests()
		time.Sleep(time.Minute)
		counted, samples := 0, 0
		for _, path := range l.Requests() {
			counted += strings.Count(path, "/metrics")
			samples += strings.Count(path, "/vertices/")
		}
		if samples == 0 || counted != samples/2 { // of two tasks
			t.Errorf("%d requests for restarts, and %d for tasks", counted, samples)
		}
		time.Sleep(12 * time.Minute)
		if got, want := changesOf(l.frame(t, restarts), begin), "0m ?, 2m 0, 10m 1, 15m 2"; got != want {
			t.Errorf("restarts %q, want %q", got, want)
		}
		over := backend.TimeRange{From: begin, To: begin.Add(13 * time.Minute)}
		for _, headers := range []map[string]string{nil, fromAlert} {
			past := l.frameOver(t, over, headers, `{"queryType": "measure", "measure": "restarts"}`)
			if got := seriesOf(past); len(got) != 1 || got[0] != "restarts{cluster=default, job=orders} 1" {
				t.Errorf("after 13 minutes they were %q", got)
			}
		}
	})
}

// running is 1 only while every subtask runs, or has finished beside others that
// run. It is read from the list of jobs: one request, however many jobs.
func TestRunning(t *testing.T) {
	for name, c := range map[string]struct {
		alter func(job *sim.Job)
		want  string
	}{
		"all tasks run":        {func(*sim.Job) {}, "1"},
		"a task waits":         {func(job *sim.Job) { job.Tasks[1].State = "SCHEDULED" }, "0"},
		"a task is deployed":   {func(job *sim.Job) { job.Tasks[0].State = "DEPLOYING" }, "0"},
		"a task begins":        {func(job *sim.Job) { job.Tasks[1].State = "INITIALIZING" }, "0"},
		"a task was cancelled": {func(job *sim.Job) { job.Tasks[1].State = "CANCELED" }, "0"},
		"a task failed":        {func(job *sim.Job) { job.Tasks[1].State = "FAILED" }, "0"},
		"a task has finished":  {func(job *sim.Job) { job.Tasks[0].State = "FINISHED" }, "1"},
		"the job restarts":     {func(job *sim.Job) { job.State = "RESTARTING" }, "0"},
		"the job is created":   {func(job *sim.Job) { job.State = "CREATED" }, "0"},
		"the job fails":        {func(job *sim.Job) { job.State = "FAILING" }, "0"},
		"the job has finished": {func(job *sim.Job) { job.State = "FINISHED" }, "0"},
		"the job was stopped":  {func(job *sim.Job) { job.State = "CANCELED" }, "0"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				jobs := smallJobs("orders", "payments")
				c.alter(jobs[0])
				l := newLab(t, jobs...)
				l.warm(t)
				shown := l.frameOver(t, lastHour(), fromAlert, `{"queryType": "measure", "measure": "running", "jobs": ["orders", "payments"]}`)
				got := seriesOf(shown)
				slices.Sort(got) // jobs that have ended come last
				if want := []string{"running{cluster=default, job=orders} " + c.want, "running{cluster=default, job=payments} 1"}; !slices.Equal(got, want) {
					t.Errorf("series are %q, want %q", got, want)
				}
				if sent := l.Requests(); !slices.Equal(sent, []string{"/jobs/overview"}) || requests(shown) != 1 {
					t.Errorf("the cluster got %s, the answer counts %d", sent, requests(shown))
				}
			})
		})
	}
}

// finishedSubtask is a fault by which the second subtask of the first task has
// finished, in the list of jobs, the job and the task.
func finishedSubtask(job *sim.Job) sim.Fault {
	return sim.Rewritten(func(body any) any {
		counts := func(of any, running, finished string) {
			counted := of.(map[string]any)["tasks"].(map[string]any)
			if n, some := counted[running].(float64); some && n > 0 {
				counted[running], counted[finished] = n-1, counted[finished].(float64)+1
			}
		}
		answer, _ := body.(map[string]any)
		switch {
		case answer["jobs"] != nil:
			for _, listed := range answer["jobs"].([]any) {
				if listed.(map[string]any)["jid"] == job.ID {
					counts(listed, "running", "finished")
				}
			}
		case answer["vertices"] != nil && answer["jid"] == job.ID:
			counts(answer["vertices"].([]any)[0], "RUNNING", "FINISHED")
		case answer["subtasks"] != nil && answer["id"] == job.Tasks[0].ID:
			answer["subtasks"].([]any)[1].(map[string]any)["status"] = "FINISHED"
		}
		return body
	})
}

// A job that is RUNNING runs, though some of its subtasks, or all of a task, have
// finished: now, at a moment and over time, from the built-in history and from
// Prometheus, where what has finished may be missing.
func TestRunningWithFinishedSubtasks(t *testing.T) {
	for name, c := range map[string]struct {
		alter func(*sim.Job)
		fault func(*sim.Job) sim.Fault
	}{
		"a task":         {func(job *sim.Job) { job.Tasks[0].State = "FINISHED" }, nil},
		"a subtask":      {func(*sim.Job) {}, finishedSubtask},
		"all but a task": {func(job *sim.Job) { job.Tasks[0].State, job.Tasks[1].State = "FINISHED", "FINISHED" }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				orders := sim.HeldBack("orders", 3, 2, 2)
				orders.Tasks[0].Rate = 20
				c.alter(orders)
				l, prometheus := newScrapedLab(t)
				l.Jobs = []*sim.Job{orders}
				for _, a := range attemptsOf(orders, "tm-1", time.Now().Add(-time.Hour), time.Now().Add(time.Hour)) {
					if ended := orders.Tasks[0].ID == a.taskID && (c.fault == nil || a.subtask == 1) || name == "all but a task" && orders.Tasks[1].ID == a.taskID; !ended {
						scrape(prometheus, a)
					}
				}
				if c.fault != nil {
					l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": sim.Spoiled(l.Cluster, c.fault(orders)), "prometheus:9090": prometheus})
				}
				begin := time.Now()
				l.frame(t, `{"queryType": "tasks"}`)
				time.Sleep(10 * time.Minute)
				const running = `{"queryType": "measure", "measure": "running"}`
				for when, over := range map[string]backend.TimeRange{"now": lastHour(), "at a moment": {From: begin, To: begin.Add(5 * time.Minute)}} {
					if got := onlyValue(t, l.frameOver(t, over, fromAlert, running)); got != "1" {
						t.Errorf("%s: running is %s, want 1", when, got)
					}
				}
				shown := l.frameOver(t, backend.TimeRange{From: begin, To: time.Now()}, nil, `{"queryType": "history", "measure": "running"}`)
				if got := changesOf(shown, begin); got != "0m 1" || shown.Rows() < 50 {
					t.Errorf("over time running is %s at %d points, want 1", got, shown.Rows())
				}
				// Before the built-in history, what is missing may have finished, or not.
				before := backend.TimeRange{From: begin.Add(-50 * time.Minute), To: begin.Add(-10 * time.Minute)}
				if got := onlyValue(t, l.frameOver(t, before, nil, running)); got == "0" {
					t.Errorf("in Prometheus running is %s", got)
				}
				if got := changesOf(l.frameOver(t, before, nil, `{"queryType": "history", "measure": "running"}`), begin); strings.Contains(got, " 0") {
					t.Errorf("over time in Prometheus running is %s", got)
				}
			})
		})
	}
}

// While a cluster does not answer, its jobs keep their series, without a value.
func TestRunningWhileTheClusterFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		east := &failing{Handler: &sim.Cluster{Version: "2.3.0", Jobs: smallJobs("orders")}}
		l := newTwoClusters(t, east)
		for _, c := range []struct{ fails, want string }{{"", "1"}, {"/", "null"}, {"", "1"}} {
			east.prefix = c.fails
			shown := l.frame(t, `{"queryType": "measure", "measure": "running"}`)
			if want := []string{"running{cluster=west, job=orders} 1", "running{cluster=east, job=orders} " + c.want}; !slices.Equal(seriesOf(shown), want) {
				t.Errorf("series are %q, want %q", seriesOf(shown), want)
			}
			if texts := notices(shown); len(texts) != len(c.fails) {
				t.Errorf("notices are %q", texts)
			}
			time.Sleep(3 * time.Second) // longer than maxAge
		}
	})
}

// Of a job that is named exactly and was not sampled it is not known whether it
// ran: a rule keeps its state.
func TestRunningOfAJobThatWasNotSampled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newSampledLab(t, sim.HeldBack("orders", 2, 2, 1))
		l.warm(t)
		then := time.Now()
		time.Sleep(5 * time.Minute)
		over := backend.TimeRange{From: then.Add(-time.Minute), To: then}
		shown := l.frameOver(t, over, fromAlert, `{"queryType": "measure", "measure": "running", "jobs": ["orders", "clicks"]}`)
		if got := strings.Join(seriesOf(shown), ", "); got != "running{cluster=default, job=orders} 1, running{cluster=default, job=clicks} null" {
			t.Errorf("series are %s", got)
		}
		if texts := strings.Join(notices(shown), " "); !strings.Contains(texts, `There is no job "clicks"`) {
			t.Errorf("notices are %q", texts)
		}
	})
}

// Over time, a job that its cluster no longer lists does not run.
func TestRunningOfAJobThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newSampledLab(t, sim.HeldBack("orders", 2, 2, 1), sim.HeldBack("clicks", 2, 2, 1))
		var flink swappable
		flink.become(l.Cluster)
		l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": &flink})
		const running = `{"queryType": "history", "measure": "running", "jobs": ["orders"]}`
		begin := time.Now()
		l.frame(t, `{"queryType": "jobs"}`)
		time.Sleep(5 * time.Minute)
		flink.become(&sim.Cluster{Version: l.Version, Fetch: l.Fetch, Jobs: l.Jobs[1:]}) // it has forgotten the first
		for _, after := range []time.Duration{30 * time.Second, 30 * time.Minute, 2 * time.Hour} {
			time.Sleep(time.Until(begin.Add(5*time.Minute + after)))
			shown := l.frameOver(t, lastHour(), fromAlert, running)
			if value, known := shown.Fields[1].ConcreteAt(shown.Rows() - 1); !known || value != 0.0 {
				t.Errorf("%s after the cluster last listed it: %s", after, pointsOf(shown))
			}
		}
	})
}

// Records a second, and how far behind a job is, are the same at present, over time and
// at a moment of the past.
func TestRecordsAndLags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newSampledLab(t, chainOf("late", 0,
			sim.Task{Name: "Source: in", Rate: 400, Parallelism: 2},
			sim.Task{Name: "map", Capacity: 100, Parallelism: 2},
			sim.Task{Name: "out", Parallelism: 2}))
		for _, measure := range []string{"records_in", "records_out", "watermark_lag", "pending_records"} {
			l.frame(t, `{"queryType": "measure", "measure": "`+measure+`"}`) // sampled from now on
		}
		time.Sleep(3 * time.Minute)
		end := time.Now()
		for measure, bys := range map[string]map[string][]float64{
			"records_in":      {"job": {200}, "task": {0, 200, 200}, "subtask": {0, 0, 100, 100, 100, 100}},
			"records_out":     {"job": {200}, "task": {200, 200, 0}},
			"watermark_lag":   {"job": nil, "task": nil},
			"pending_records": {"job": nil, "task": nil},
		} {
			for by, want := range bys {
				query := fmt.Sprintf(`{"queryType": "measure", "measure": %q, "by": %q}`, measure, by)
				present := l.frame(t, query)
				var now []float64
				for i, field := range present.Fields {
					value, err := field.NullableFloatAt(0)
					if err != nil {
						t.Fatal(err)
					}
					if value == nil {
						now = append(now, math.NaN())
						continue
					}
					now = append(now, *value)
					if want != nil && math.Abs(*value-want[i]) > 2 {
						t.Errorf("%s by %s is %g of %v, want %g", measure, by, *value, field.Labels, want[i])
					}
				}
				over := l.frameOver(t, backend.TimeRange{From: end.Add(-2 * time.Minute), To: time.Now()}, nil, strings.Replace(query, `"measure",`, `"history",`, 1))
				frames := framesFor(t, l, backend.TimeRange{From: end.Add(-2 * time.Minute), To: time.Now()}, 0, strings.Replace(query, `"measure",`, `"history",`, 1))
				if over.Rows() < 5 || len(frames) != len(now) {
					t.Errorf("%s by %s has %d series of %d points, want %d", measure, by, len(frames), over.Rows(), len(now))
				}
				for i, series := range frames {
					last, _ := series.Fields[1].NullableFloatAt(series.Rows() - 1)
					if !math.IsNaN(now[i]) && (last == nil || math.Abs(*last-now[i]) > 0.01*math.Abs(now[i])+2) {
						t.Errorf("%s by %s ends with %v, at present it is %g", measure, by, last, now[i])
					}
				}
			}
		}
		time.Sleep(10 * time.Minute)
		at := l.frameOver(t, backend.TimeRange{From: end.Add(-time.Hour), To: end}, nil, `{"queryType": "measure", "measure": "pending_records"}`)
		then, now := onlyValue(t, at), onlyValue(t, l.frame(t, `{"queryType": "measure", "measure": "pending_records"}`))
		if then == "null" || now == "null" || then == now {
			t.Errorf("pending were %s and are %s: want more now", then, now)
		}
	})
}

// update writes the golden registry anew: go test ./pkg/plugin -run Registry -update.
var update = flag.Bool("update", false, "write the golden registry of measures anew")

// The registry of measures is the one that the editor's list is tested against, in
// src/query/queryTypes.test.ts: each with what it has series for, the default first.
func TestRegistryOfMeasures(t *testing.T) {
	type measure struct {
		Name string         `json:"name"`
		By   []diagnosis.By `json:"by"`
	}
	var registry []measure
	for _, each := range diagnosis.Measures {
		registry = append(registry, measure{each.Name, each.By})
	}
	checkRegistry(t, "registry", registry)
}

// So are the kinds of root cause.
func TestRegistryOfKinds(t *testing.T) { checkRegistry(t, "kinds", diagnosis.Kinds) }

// checkRegistry compares a list with its golden file.
func checkRegistry(t *testing.T, name string, of any) {
	t.Helper()
	text, err := json.MarshalIndent(of, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden := "../query/testdata/" + name + ".json"
	if *update {
		if err := errors.Join(os.MkdirAll("../query/testdata", 0o755), os.WriteFile(golden, append(text, '\n'), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(text) + "\n"; got != string(want) {
		t.Errorf("the registry is\n%s\nwant\n%s", got, want)
	}
}

// The load of a batch job is known while its later stages wait for their turn.
func TestMeasuresOfABatchJob(t *testing.T) {
	for _, version := range []string{"1.13.6", "2.3.0"} {
		synctest.Test(t, func(t *testing.T) {
			ready, err := sim.Ready(version, "batch")
			if err != nil {
				t.Fatal(err)
			}
			l := newSampledLab(t, ready.Jobs...)
			l.Version = version
			begin := time.Now()
			l.frame(t, `{"queryType": "tasks"}`)
			time.Sleep(3 * time.Minute)
			for measure, want := range map[string]string{"busy": "1", "backpressured": "0", "idle": "0"} {
				query := `{"queryType": "measure", "measure": "` + measure + `"}`
				now := onlyValue(t, l.frame(t, query))
				past := onlyValue(t, l.frameOver(t, backend.TimeRange{From: begin, To: begin.Add(100 * time.Second)}, nil, query))
				if !nearly(now, want) || !nearly(past, want) {
					t.Errorf("%s: %s is %s now and was %s, want %s", version, measure, now, past, want)
				}
			}
		})
	}
}

// Where a task does not answer it is not known where it runs: any TaskManager may be worse
// than is measured, unless it is the worst possible.
func TestTaskManagersOfASilentTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		orders := sim.HeldBack("orders", 3, 2, 1)
		l := newSampledLab(t, orders)
		silent := atomic.Bool{}
		spoiled := sim.Spoiled(l.Cluster, sim.On("/vertices/"+orders.Tasks[1].ID, sim.Failing()))
		l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if silent.Load() {
				spoiled.ServeHTTP(w, r)
			} else {
				l.Cluster.ServeHTTP(w, r)
			}
		})})
		for _, silence := range []bool{false, true} {
			silent.Store(silence)
			l.frame(t, `{"queryType": "tasks"}`)
			time.Sleep(30 * time.Second)
			for _, measure := range []string{"busy", "bottleneck", "status"} {
				for _, series := range seriesOf(l.frame(t, `{"queryType": "measure", "by": "taskmanager", "measure": "`+measure+`"}`)) {
					if unknown := strings.HasSuffix(series, " null"); unknown != silence {
						t.Errorf("silent %t: %s", silence, series)
					}
				}
			}
		}
	})
}
