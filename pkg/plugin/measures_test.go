package plugin_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// readings are the series of a measure with all their labels.
func readings(of *data.Frame) (series []string) {
	for _, field := range of.Fields {
		text := "null"
		if value, known := field.ConcreteAt(0); known {
			text = fmt.Sprint(value)
		}
		series = append(series, fmt.Sprintf("%s{%s} %s", field.Name, field.Labels, text))
	}
	return series
}

// up tells of each cluster whether its API answers; that one does not is no
// error, even of all.
func TestUp(t *testing.T) {
	const failure = "Cluster east is not up: Flink failed to answer http://east/jobs/overview (500 Internal Server Error): see the JobManager's log for the cause."
	for name, c := range map[string]struct {
		clusters string
		east     http.Handler // nil is well
		want     []string
		notices  []string
	}{
		"both":                {`[]`, nil, []string{"up{cluster=west} 1", "up{cluster=east} 1"}, nil},
		"one of two":          {`[]`, says(500, trace), []string{"up{cluster=west} 1", "up{cluster=east} 0"}, []string{failure}},
		"the one asked for":   {`["east"]`, says(500, trace), []string{"up{cluster=east} 0"}, []string{failure}},
		"the other":           {`["/^w/"]`, says(500, trace), []string{"up{cluster=west} 1"}, nil},
		"none that matches":   {`["/^n/"]`, says(500, trace), nil, nil},
		"a cluster of no job": {`["east"]`, &sim.Cluster{Version: "2.3.0"}, []string{"up{cluster=east} 1"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, seen := twoClusters(t, nil), &busyness{}
				east := c.east
				if east == nil {
					east = l.Cluster // west and east may be one: they are asked alike
				}
				l.ctx = inMemory(t.Context(), map[string]http.Handler{"west": seen.counting(l.Cluster), "east": seen.counting(east)})
				query := `{"queryType": "measure", "measure": "up", "clusters": ` + c.clusters + `}`
				for _, headers := range []map[string]string{nil, fromAlert} {
					shown := answer(t, queriedOver(l.ctx, t, l, now(), headers, query), "A")
					if got := readings(shown); !slices.Equal(got, c.want) {
						t.Errorf("series are %q, want %q", got, c.want)
					}
					if told := notices(shown); !slices.Equal(told, c.notices) {
						t.Errorf("notices are %q, want %q", told, c.notices)
					}
					if told := requests(shown); told != seen.taken() {
						t.Errorf("tells of %d requests that were others", told)
					}
					time.Sleep(3 * time.Second) // longer than maxAge
				}
			})
		})
	}
}

// A cluster that goes away is told at the next look, and so is that it is back.
func TestUpAndDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		east := &failing{Handler: &sim.Cluster{Version: "2.3.0"}}
		l := twoClusters(t, east)
		for _, c := range []struct{ fails, want string }{{"", "1"}, {"/", "0"}, {"", "1"}} {
			east.path = c.fails
			shown := answer(t, queried(l.ctx, t, l, `{"queryType": "measure", "measure": "up", "clusters": ["east"]}`), "A")
			if got := cells(t, shown, "up"); !slices.Equal(got, []string{c.want}) {
				t.Errorf("up is %s, want %s", got, c.want)
			}
			time.Sleep(3 * time.Second)
		}
	})
}

// restarts is what Flink counts, for a request a job; null where it does not
// tell, with a notice if that is because it fails.
func TestRestarts(t *testing.T) {
	restarted := func(name string, minute int, times ...time.Duration) *sim.Job {
		job := chained(name, minute, sim.Task{Name: "read"})
		for _, lasts := range times {
			job.Phases = append(job.Phases, sim.Phase{Lasts: lasts, Restart: true})
		}
		return job
	}
	for name, c := range map[string]struct {
		query    string
		cold     bool // nothing was looked at yet
		fails    string
		want     []string
		about    string // begin of the notice, if there is one
		requests int    // of what was looked at before
	}{
		"all":           {query: `"jobs": []`, want: []string{"orders 2", "payments 0", "clicks 5"}, requests: 1 + 3},
		"one":           {query: `"jobs": ["clicks"]`, want: []string{"clicks 5"}, requests: 1 + 1},
		"some":          {query: `"jobs": ["/^(clicks|orders)$/"]`, want: []string{"orders 2", "clicks 5"}, requests: 1 + 2},
		"one has ended": {query: `"jobs": ["nightly", "orders"]`, want: []string{"orders 2", "nightly null"}, requests: 1 + 1},
		"none":          {query: `"jobs": ["/^x/"]`, want: nil, requests: 1},
		"one fails":     {query: `"jobs": []`, fails: "payments", want: []string{"orders 2", "payments null", "clicks 5"}, about: "payments", requests: 1 + 3},
		"not told yet":  {query: `"jobs": []`, cold: true, want: []string{"orders null", "payments null", "clicks null"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ended := chained("nightly", 3, sim.Task{Name: "scan"})
				ended.State = "FINISHED"
				l := inLab(t,
					restarted("orders", 0, 10*time.Minute, 20*time.Minute, time.Hour),
					restarted("payments", 1),
					restarted("clicks", 2, time.Minute, time.Minute, time.Minute, time.Minute, time.Minute, time.Hour),
					ended)
				fails, seen := &failing{Handler: l.Cluster}, &busyness{}
				l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": seen.counting(fails)})
				if !c.cold {
					l.warm(t)
					seen.taken()
				}
				if c.fails != "" {
					fails.path = "/jobs/" + sim.New(c.fails).ID + "/metrics"
				}
				shown := answer(t, queried(l.ctx, t, l, `{"queryType": "measure", "measure": "restarts", `+c.query+`}`), "A")
				var got []string
				for _, series := range readings(shown) {
					got = append(got, strings.NewReplacer("restarts{cluster=default, job=", "", "}", "").Replace(series))
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("restarts are %q, want %q", got, c.want)
				}
				if told, saw := requests(shown), seen.taken(); told != saw || !c.cold && told != c.requests {
					t.Errorf("the cluster saw %d requests, the answer tells of %d; want %d", saw, told, c.requests)
				}
				told := notices(shown)
				end := "Flink failed to answer http://flink:8081" + fails.path + " (500 Internal Server Error): see the JobManager's log for the cause."
				if c.about == "" && len(told) != 0 && c.want != nil {
					t.Errorf("notices are %q", told)
				}
				if c.about != "" && (len(told) != 1 || !strings.Contains(told[0], c.about) || !strings.HasSuffix(told[0], end)) {
					t.Errorf("notices are %q, want one of job %s that ends in %q", told, c.about, end)
				}
			})
		})
	}
}

// running is 1 only while every subtask runs, or has finished beside others
// that run, by the list of jobs: one request, whatever the jobs.
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
				jobs := named("orders", "payments")
				c.alter(jobs[0])
				l := inLab(t, jobs...)
				l.warm(t)
				shown := answer(t, queriedOver(l.ctx, t, l, now(), fromAlert, `{"queryType": "measure", "measure": "running", "jobs": ["orders", "payments"]}`), "A")
				got := readings(shown)
				slices.Sort(got) // jobs that have ended come last
				if want := []string{"running{cluster=default, job=orders} " + c.want, "running{cluster=default, job=payments} 1"}; !slices.Equal(got, want) {
					t.Errorf("series are %q, want %q", got, want)
				}
				if saw := l.Asked(); !slices.Equal(saw, []string{"/jobs/overview"}) || requests(shown) != 1 {
					t.Errorf("the cluster was asked for %s, the answer tells of %d", saw, requests(shown))
				}
			})
		})
	}
}

// A cluster that no longer answers keeps the series of its jobs, without the
// values that they had.
func TestRunningOfAClusterThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		east := &failing{Handler: &sim.Cluster{Version: "2.3.0", Jobs: named("orders")}}
		l := twoClusters(t, east)
		for _, c := range []struct{ fails, want string }{{"", "1"}, {"/", "null"}, {"", "1"}} {
			east.path = c.fails
			shown := answer(t, queried(l.ctx, t, l, `{"queryType": "measure", "measure": "running"}`), "A")
			if want := []string{"running{cluster=west, job=orders} 1", "running{cluster=east, job=orders} " + c.want}; !slices.Equal(readings(shown), want) {
				t.Errorf("series are %q, want %q", readings(shown), want)
			}
			if told := notices(shown); len(told) != len(c.fails) {
				t.Errorf("notices are %q", told)
			}
			time.Sleep(3 * time.Second) // longer than maxAge
		}
	})
}
