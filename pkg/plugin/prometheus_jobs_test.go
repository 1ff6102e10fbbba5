package plugin_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/promtest"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// scrapedJob is a job that a Prometheus has scraped: a chain of tasks of one
// subtask each, held back by the last.
type scrapedJob struct {
	id, name string
	tasks    []string // their ids; a name is "name_of_" and the id
	from, to time.Time
}

func (j scrapedJob) attempts() (all []attempt) {
	for i, id := range j.tasks {
		of := attempt{jobID: j.id, job: j.name, taskID: id, task: "name_of_" + id, manager: "tm-1", from: j.from, to: j.to, idle: 0.1, backpressured: 0.9}
		if i == len(j.tasks)-1 {
			of.busy, of.backpressured = 0.9, 0
		}
		all = append(all, of)
	}
	return all
}

// newForgetfulLab is a data source of a cluster that may forget its jobs, and of a
// Prometheus that has scraped them for an hour, and goes on to, and others.
func newForgetfulLab(t *testing.T, keys map[string]any, jobs []*sim.Job, others ...scrapedJob) (lab, *swappable, *promtest.Server) {
	t.Helper()
	l, prometheus := newScrapedLabWith(t, keys)
	l.Jobs = jobs
	for _, job := range jobs {
		scraped := scrapedJob{id: job.ID, name: job.Name, from: time.Now().Add(-time.Hour), to: time.Now().Add(time.Hour)}
		for _, task := range job.Tasks {
			scraped.tasks = append(scraped.tasks, task.ID)
		}
		others = append(others, scraped)
	}
	for _, each := range others {
		scrape(prometheus, each.attempts()...)
	}
	flink := &swappable{}
	flink.become(l.Cluster)
	l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": flink, "prometheus:9090": prometheus})
	return l, flink, prometheus
}

// endedAgo is a range of ten minutes that ended so long ago.
func endedAgo(ago time.Duration) backend.TimeRange {
	end := time.Now().Add(-ago)
	return backend.TimeRange{From: end.Add(-10 * time.Minute), To: end}
}

// forJob has a query choose a job.
func forJob(query, job string) string {
	return strings.Replace(query, "{", `{"jobs": ["`+job+`"], `, 1)
}

// The first query of a data source may be for the past: the jobs are listed by Flink
// once, and that is counted. Their names are as there, however the reporter mangled
// them.
func TestFirstQueryIsForThePast(t *testing.T) {
	for _, query := range allQueries() {
		t.Run(query, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, _ := newScrapedLab(t, sim.HeldBack("the real steady!", 3, 1, 1))
				shown := l.frameOver(t, scrapedPast(), nil, forJob(query, "the real steady!"))
				if countAnswers(query, shown) == 0 || len(notices(shown)) > 0 {
					t.Errorf("%d answers with the notices %q", countAnswers(query, shown), notices(shown))
				}
				sent, lists := l.Requests(), 0
				for _, path := range sent {
					lists += strings.Count(path, "/jobs/overview")
				}
				if lists != 1 || requests(shown) != len(sent) {
					t.Errorf("%d requests counted, the cluster got %q", requests(shown), sent)
				}
			})
		})
	}
}

// While Flink does not list its jobs, they have the names of Prometheus. A name that is
// not found is then not reported as absent: the job may have another.
func TestNamesWhileFlinkIsAway(t *testing.T) {
	const away = pastUnknown + "Flink failed"
	for _, query := range allQueries() {
		for name, known := range map[string]bool{"the_real_steady_": true, "the real steady!": false} {
			t.Run(forJob(query, name), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l, prometheus := newScrapedLab(t, sim.HeldBack("the real steady!", 3, 1, 1))
					l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": respondWith(503, "away"), "prometheus:9090": prometheus})
					shown := l.frameOver(t, scrapedPast(), nil, forJob(query, name))
					texts := strings.Join(notices(shown), " ")
					if known != !strings.Contains(texts, away) || known && (countAnswers(query, shown) == 0 || texts != "" && !strings.Contains(texts, "has the graph")) {
						t.Errorf("%d answers with the notices %q", countAnswers(query, shown), texts)
					}
					rule := sendOver(l.ctx, t, l, scrapedPast(), fromAlert, forJob(query, name))["A"]
					if isNumeric(query) && !known && (rule.Error == nil || !strings.HasPrefix(rule.Error.Error(), "Flink failed")) {
						t.Errorf("an alert rule gets %d frames, %v", len(rule.Frames), rule.Error)
					}
				})
			})
		}
	}
}

// newTwoScrapedClusters are west and east, and a Prometheus that scrapes the jobs of
// both.
func newTwoScrapedClusters(t *testing.T, west, east *sim.Job) (l lab, atEast *swappable, over backend.TimeRange) {
	t.Helper()
	now, prometheus := time.Now(), promtest.Handler()
	scrape(prometheus, attemptsOf(east, "tm-1", now.Add(-time.Hour), now)...)
	if west.ID != east.ID {
		scrape(prometheus, attemptsOf(west, "tm-2", now.Add(-time.Hour), now)...)
	}
	l = newLab(t, west)
	l.dataSource = open(t, settingsWith(map[string]any{
		"url": "http://west", "clusterName": "west", "clusters": []map[string]string{{"name": "east", "url": "http://east"}},
		"prometheus": map[string]any{"url": "http://prometheus:9090"},
	}))
	atEast = &swappable{}
	atEast.become(newLab(t, east).Cluster)
	l.ctx = inMemory(t.Context(), map[string]http.Handler{"west": l.Cluster, "east": atEast, "prometheus:9090": prometheus})
	return l, atEast, backend.TimeRange{From: now.Add(-50 * time.Minute), To: now.Add(-10 * time.Minute)}
}

// With several clusters a job of Prometheus' belongs to the one that lists it, or
// that the built-in history has it of.
func TestJobsAreAttributedToClusters(t *testing.T) {
	const away = "Cluster east does not list its jobs, so what Prometheus has may be of one of them that has the same id: Flink failed"
	const lacks = "The past is not known as a whole: Flink failed"
	const one = "have a job"
	for name, c := range map[string]struct {
		sameID     bool
		before     string // the first query
		eastIsAway bool
		jobs       []string
		notices    []string
	}{
		"no query before":      {false, "", false, []string{"orders", "payments"}, nil},
		"both polled":          {false, `{"queryType": "jobs"}`, false, []string{"orders", "payments"}, nil},
		"east is away":         {false, "", true, []string{"orders"}, []string{away, lacks}},
		"east goes away":       {false, `{"queryType": "jobs"}`, true, []string{"orders", "payments"}, []string{away}},
		"one id":               {true, "", false, nil, []string{one}},
		"one id, one polled":   {true, `{"queryType": "jobs", "clusters": ["west"]}`, false, nil, []string{one}},
		"one id, both polled":  {true, `{"queryType": "jobs"}`, false, nil, []string{one}},
		"one id, east is away": {true, "", true, []string{"orders"}, []string{away}},
		"one id, it goes away": {true, `{"queryType": "jobs"}`, true, nil, []string{one}},
	} {
		for _, query := range []string{`{"queryType": "tasks"}`, `{"queryType": "history", "by": "task"}`, `{"queryType": "history", "by": "subtask"}`, `{"queryType": "timeline"}`} {
			t.Run(fmt.Sprint(name, " ", query), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					orders, payments := sim.HeldBack("orders", 3, 1, 1), sim.HeldBack("payments", 3, 1, 1)
					if c.sameID {
						payments.ID = orders.ID
					}
					l, atEast, over := newTwoScrapedClusters(t, orders, payments)
					if c.before != "" {
						l.frame(t, c.before)
					}
					time.Sleep(time.Minute)
					if c.eastIsAway {
						atEast.become(respondWith(503, "away"))
					}
					responses := sendOver(l.ctx, t, l, over, nil, query)
					texts := strings.Join(notices(firstFrame(t, responses, "A")), " ")
					for _, text := range []string{away, lacks, one} {
						if strings.Contains(texts, text) != slices.Contains(c.notices, text) {
							t.Errorf("the notices are %q", texts)
						}
					}
					if got := jobsIn(t, responses["A"]); !slices.Equal(got, c.jobs) {
						t.Errorf("there is something of %q, want %q", got, c.jobs)
					}
				})
			})
		}
	}
}

// A Prometheus that scrapes two clusters whose jobs have one id cannot distinguish
// them: that is a notice, whatever the other job is.
func TestOneIDInTwoScrapedClusters(t *testing.T) {
	t.Parallel()
	const twice = "Prometheus at http://prometheus:9090 scrapes two clusters with job %s (on TaskManagers %s and tm_2) at one time, and they cannot be distinguished: give each cluster a Prometheus or a tenant of its own."
	orders := func() *sim.Job { return sim.HeldBack("orders", 3, 1, 1) }
	others := map[string]*sim.Job{"the same job": orders(), "another job": sim.HeldBack("payments", 4, 2, 2), "another job of the same name": sim.HeldBack("payments", 4, 2, 2)}
	others["another job of the same name"].Name = "orders"
	for name, other := range others {
		other.ID = orders().ID
		for _, forgotten := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, forgotten by Flink %t", name, forgotten), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l, prometheus := newScrapedLab(t, orders())
					now := time.Now()
					scrape(prometheus, attemptsOf(other, "tm-2", now.Add(-time.Hour), now.Add(30*time.Minute))...)
					if forgotten {
						l.Jobs = nil
					} else {
						l.frame(t, `{"queryType": "tasks"}`)
					}
					manager := map[bool]string{true: "tm_1", false: "tm-1"}[forgotten] // its id is known from the built-in history
					want := fmt.Sprintf(twice, other.ID, manager)
					over := scrapedPast()
					queries := allQueries()
					if name != "the same job" {
						queries = []string{`{"queryType": "history", "by": "task"}`, `{"queryType": "timeline"}`, `{"queryType": "tasks"}`, `{"queryType": "measure"}`}
					}
					for _, query := range queries {
						shown := l.frameOver(t, over, nil, query)
						if got := strings.Join(notices(shown), " "); !strings.HasSuffix(got, want) || hasValues(shown) {
							t.Errorf("%s: %d rows with the notices %q", query, shown.Rows(), got)
						}
						if rule := sendOver(l.ctx, t, l, over, fromAlert, query)["A"]; isNumeric(query) && (rule.Error == nil || rule.Error.Error() != want) {
							t.Errorf("%s: an alert rule gets %v", query, rule.Error)
						}
					}
				})
			})
		}
	}
}

// Nor can jobs of one id in two clusters of the data source be distinguished, though
// but one of them may have been scraped.
func TestOneIDInTwoConfiguredClusters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		west, east := newLab(t, sim.HeldBack("orders", 3, 1, 1)), newLab(t, sim.HeldBack("payments", 3, 1, 1), sim.HeldBack("returns", 3, 1, 1))
		east.Jobs[0].ID = west.Jobs[0].ID
		now, prometheus := time.Now(), promtest.Handler()
		scrape(prometheus, append(attemptsOf(east.Jobs[0], "tm-1", now.Add(-time.Hour), now), attemptsOf(east.Jobs[1], "tm-2", now.Add(-time.Hour), now)...)...)
		west.dataSource = open(t, settingsWith(map[string]any{
			"url": "http://west", "clusterName": "west", "clusters": []map[string]string{{"name": "east", "url": "http://east"}},
			"prometheus": map[string]any{"url": "http://prometheus:9090"},
		}))
		west.ctx = inMemory(t.Context(), map[string]http.Handler{"west": west.Cluster, "east": east.Cluster, "prometheus:9090": prometheus})
		west.frame(t, `{"queryType": "tasks"}`)
		over := backend.TimeRange{From: now.Add(-50 * time.Minute), To: now.Add(-10 * time.Minute)}
		for _, query := range append(slices.Clone(rangeQueries), `{"queryType": "tasks"}`, `{"queryType": "measure"}`) {
			shown := sendOver(west.ctx, t, west, over, nil, query)["A"]
			texts := strings.Join(notices(firstFrame(t, map[string]backend.DataResponse{"A": shown}, "A")), " ")
			for _, want := range []string{
				"The clusters west and east both have a job " + west.Jobs[0].ID + ", which Prometheus cannot distinguish: give each a data source and a Prometheus, or a tenant, of its own.",
				"The clusters east and west both have a job ",
			} {
				if !strings.Contains(texts, want) {
					t.Errorf("%s: the notices are %q", query, texts)
				}
			}
			for _, frame := range shown.Frames {
				for _, field := range frame.Fields {
					if name := field.Labels["job"]; name != "" && name != "returns" && hasValues(data.NewFrame("", field)) {
						t.Errorf("%s: there is a series of %s", query, name)
					}
				}
			}
		}
	})
}

// A job that Flink has forgotten has its name and graph from the built-in history,
// also for a time before it.
func TestForgottenJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, flink, _ := newForgetfulLab(t, nil, []*sim.Job{sim.HeldBack("two-words", 3, 1, 2)})
		begun := time.Now()
		l.frame(t, `{"queryType": "jobs"}`)
		flink.forgetJobs()
		time.Sleep(20 * time.Minute)
		over := endedAgo(time.Since(begun) + time.Minute)
		for _, queryType := range []string{"jobs", "tasks", "bottlenecks"} {
			shown := l.frameOver(t, over, nil, `{"queryType": "`+queryType+`", "jobs": ["two-words"]}`)
			if shown.Rows() == 0 || slices.ContainsFunc(cells(t, shown, "job"), func(name string) bool { return name != "two-words" }) {
				t.Errorf("%s: %v", queryType, cells(t, shown, "job"))
			}
		}
		graph := sendOver(l.ctx, t, l, over, nil, `{"queryType": "nodeGraph"}`)["A"].Frames
		if graph[0].Rows() != 3 || graph[1].Rows() != 2 || strings.Join(cells(t, graph[0], "status"), " ") != "backpressured backpressured bottleneck" {
			t.Errorf("%d nodes, %d edges, statuses %v", graph[0].Rows(), graph[1].Rows(), cells(t, graph[0], "status"))
		}
	})
}

// A job that neither Flink nor the built-in history has is shown with the tasks that
// Prometheus names, and a notice that their graph is not known.
func TestJobOfPrometheusAlone(t *testing.T) {
	for name, keys := range map[string]map[string]any{"with a history": nil, "without": {"history": map[string]any{"retention": "0s"}}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gone := scrapedJob{strings.Repeat("ab", 16), "gone", []string{"a", "b"}, time.Now().Add(-time.Hour), time.Now()}
				l, _, _ := newForgetfulLab(t, keys, nil, gone)
				shown := l.frameOver(t, endedAgo(2*time.Minute), nil, `{"queryType": "tasks", "jobs": ["gone"]}`)
				if tasks := strings.Join(cells(t, shown, "task"), " "); tasks != "name_of_a name_of_b" {
					t.Errorf("tasks are %q", tasks)
				}
				if texts := strings.Join(notices(shown), " "); !strings.Contains(texts, "has the graph of job gone") {
					t.Errorf("notices are %q", texts)
				}
				for _, by := range []string{"job", "task", "subtask"} {
					for _, query := range []string{`{"queryType": "history", "by": "` + by + `"}`, `{"queryType": "history", "measure": "blame", "by": "` + by + `"}`, `{"queryType": "measure", "by": "` + by + `"}`} {
						holds := l.frameOver(t, endedAgo(2*time.Minute), nil, query)
						for _, field := range holds.Fields {
							for i := range field.Len() {
								if value, known := field.ConcreteAt(i); known && field.Type().Numeric() {
									t.Fatalf("%s has the value %v", query, value)
								}
							}
						}
						if texts := strings.Join(notices(holds), " "); !strings.Contains(texts, "has the graph of job gone") {
							t.Errorf("the notices of %s are %q", query, texts)
						}
					}
				}
				verdict := l.frameOver(t, endedAgo(2*time.Minute), nil, `{"queryType": "bottlenecks", "jobs": ["gone"]}`)
				if kind := cells(t, verdict, "kind"); len(kind) != 1 || kind[0] != "unknown" {
					t.Errorf("the verdict is %v", kind)
				}
			})
		})
	}
}

// A job that has ended by the built-in history does not run by what Prometheus has
// scraped before: at no moment, and over no range.
func TestPrometheusDoesNotProlongAJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, prometheus := newScrapedLab(t)
		orders, end := sim.HeldBack("orders", 3, 1, 1), time.Now().Add(5*time.Minute)
		orders.Phases = []sim.Phase{{Lasts: end.Sub(orders.Start)}, {State: "CANCELED"}}
		l.Jobs = []*sim.Job{orders}
		scrape(prometheus, attemptsOf(orders, "tm-1", end.Add(-time.Hour), end)...)
		l.frame(t, `{"queryType": "tasks"}`)
		time.Sleep(20 * time.Minute)
		sampled := end.Add(11 * time.Second) // by then its end was sampled
		for at := sampled; at.Before(end.Add(5 * time.Minute)); at = at.Add(7 * time.Second) {
			after, over := at.Sub(end), backend.TimeRange{From: end.Add(-time.Hour), To: at}
			for _, query := range []string{`{"queryType": "measure", "measure": "running"}`, `{"queryType": "measure", "measure": "busy"}`, `{"queryType": "jobs"}`, `{"queryType": "tasks"}`} {
				for _, headers := range []map[string]string{nil, fromAlert} {
					for _, shown := range sendOver(l.ctx, t, l, over, headers, query)["A"].Frames {
						if hasValues(shown) {
							t.Errorf("%s %s after its end: %d rows", query, after, shown.Rows())
						}
					}
				}
			}
			shown := l.frameOver(t, over, nil, `{"queryType": "jobs", "jobs": ["orders"]}`)
			if shown.Rows() > 0 && cells(t, shown, "state")[0] != "CANCELED" {
				t.Errorf("%s after its end it is %s", after, cells(t, shown, "state"))
			}
		}
		for _, from := range []time.Duration{-time.Hour, 20 * time.Second, 40 * time.Second} {
			for _, to := range []time.Duration{time.Minute, 2 * time.Minute, 15 * time.Minute} {
				over := backend.TimeRange{From: end.Add(from), To: end.Add(to)}
				for _, query := range rangeQueries {
					for _, shown := range sendOver(l.ctx, t, l, over, nil, query)["A"].Frames {
						for _, field := range shown.Fields[min(1, len(shown.Fields)):] {
							for _, at := range knownTimes(shown.Fields[0], field) {
								if at.After(sampled) {
									t.Errorf("%s from %s to %s: there is a point %s after its end", query, from, to, at.Sub(end))
								}
							}
						}
					}
				}
			}
		}
	})
}

// A job that was never sampled is not in the built-in history, though that reaches
// back: where a query names it, it is found in Prometheus.
func TestJobThatWasNeverSampled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _, prometheus := newForgetfulLab(t, nil, []*sim.Job{sim.HeldBack("sampled", 2, 1, 1), sim.HeldBack("un-sampled", 2, 1, 1)})
		l.frame(t, `{"queryType": "jobs", "jobs": ["sampled"]}`)
		time.Sleep(30 * time.Minute)
		for _, queryType := range []string{"jobs", "history", "timeline"} {
			take(prometheus)
			sampled := l.frameOver(t, endedAgo(2*time.Minute), nil, `{"queryType": "`+queryType+`", "jobs": ["sampled"]}`)
			if sent := take(prometheus); sampled.Rows() == 0 || sent > 0 {
				t.Errorf("%s of the sampled job: %d rows, and Prometheus got %d requests", queryType, sampled.Rows(), sent)
			}
			for _, name := range []string{"un-sampled", "/^un/"} {
				shown := l.frameOver(t, endedAgo(2*time.Minute), nil, `{"queryType": "`+queryType+`", "jobs": ["`+name+`"]}`)
				if shown.Rows() == 0 {
					t.Errorf("%s of %s: %v", queryType, name, notices(shown))
				}
			}
		}
	})
}

// A TaskManager whose id the reporter mangled has one series, with its id, across
// Prometheus and the built-in history, also once Flink has forgotten the job.
func TestMangledTaskManagers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, flink, _ := newForgetfulLab(t, nil, []*sim.Job{sim.HeldBack("orders", 3, 1, 2)})
		managers := cells(t, l.frame(t, `{"queryType": "subtasks"}`), "taskmanager")
		if mangled(managers[0]) == managers[0] {
			t.Fatalf("nothing to mangle in %s", managers[0])
		}
		time.Sleep(2 * time.Minute)
		for range 2 {
			frames := send(l.ctx, t, l, `{"queryType": "history", "by": "taskmanager"}`)["A"].Frames
			if len(frames) != 1 || frames[0].Fields[1].Labels["taskmanager"] != managers[0] || frames[0].Rows() < 250 {
				t.Errorf("%d series, the first of %s with %d points", len(frames), frames[0].Fields[1].Labels, frames[0].Rows())
			}
			flink.forgetJobs()
			time.Sleep(time.Minute)
		}
	})
}

// runsOf are the jobs that a range has values of, in order, each with the first and
// the last minute at which it has any since a time.
func runsOf(t *testing.T, response backend.DataResponse, since time.Time) string {
	t.Helper()
	var all []string
	for _, name := range slices.Sorted(slices.Values(jobsWithValues(response))) {
		var times []time.Time
		for _, shown := range response.Frames {
			checkFrame(t, "a range", shown)
			for _, field := range shown.Fields {
				if field.Labels["job"] == name {
					times = slices.AppendSeq(times, maps.Values(knownTimes(shown.Fields[0], field)))
				}
			}
		}
		first, last := slices.MinFunc(times, time.Time.Compare), slices.MaxFunc(times, time.Time.Compare)
		all = append(all, fmt.Sprintf("%s %.0f-%.0f", name, first.Sub(since).Minutes(), last.Sub(since).Minutes()))
	}
	return strings.Join(all, ", ")
}

// Jobs of one name that ran side by side have series of their own, with a number, as
// at a moment; one that was deployed anew goes on under the name.
func TestJobsOfOneNameSideBySide(t *testing.T) {
	for name, c := range map[string]struct {
		runs [][2]int // in minutes, from the oldest
		jobs string
	}{
		"all the time":               {[][2]int{{0, 60}, {0, 60}}, "orders 1-60, orders #2 1-60"},
		"three":                      {[][2]int{{0, 60}, {10, 60}, {20, 60}}, "orders 21-60, orders #2 11-60, orders #3 1-60"},
		"one after the other":        {[][2]int{{0, 30}, {30, 60}}, "orders 1-60"},
		"with a time between":        {[][2]int{{0, 20}, {40, 60}}, "orders 1-60"},
		"for a while":                {[][2]int{{0, 40}, {20, 60}}, "orders 21-60, orders #2 1-40"},
		"one within the other":       {[][2]int{{0, 60}, {20, 40}}, "orders 21-40, orders #2 1-60"},
		"the newer is deployed anew": {[][2]int{{0, 60}, {10, 30}, {30, 60}}, "orders 11-60, orders #2 1-60"},
		"the older is deployed anew": {[][2]int{{0, 30}, {10, 60}, {30, 60}}, "orders 1-60, orders #2 11-60"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now().Add(-2 * time.Hour)
				var jobs []scrapedJob
				for i, run := range c.runs {
					jobs = append(jobs, scrapedJob{
						strings.Repeat(fmt.Sprint(i), 32), "orders", []string{"a", "b"},
						begin.Add(time.Duration(run[0])*time.Minute + scrapeInterval*time.Duration(i)), begin.Add(time.Duration(run[1]) * time.Minute),
					})
				}
				l, _, _ := newForgetfulLab(t, nil, nil, jobs...)
				over := backend.TimeRange{From: begin, To: begin.Add(90 * time.Minute)}
				for _, query := range []string{
					`{"queryType": "history", "measure": "busy"}`, `{"queryType": "history", "measure": "busy", "by": "task"}`, `{"queryType": "history", "measure": "busy", "by": "subtask"}`,
					`{"queryType": "history", "measure": "busy", "by": "taskmanager"}`, `{"queryType": "timeline"}`,
				} {
					response := sendOver(l.ctx, t, l, over, nil, query)["A"]
					if got := runsOf(t, response, begin); got != c.jobs {
						t.Errorf("%s has %s\nwant %s", query, got, c.jobs)
					}
					series := map[string]bool{}
					for _, shown := range response.Frames {
						for _, field := range shown.Fields[1:] {
							if key := field.Labels.String(); series[key] {
								t.Errorf("%s has two series %s", query, key)
							} else {
								series[key] = true
							}
						}
					}
				}
			})
		})
	}
}

// So they have over a range that is shorter than the windows that Prometheus measures.
func TestJobsOfOneNameInAShortRange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now().Add(-time.Hour)
		l, _, _ := newForgetfulLab(t, nil, nil,
			scrapedJob{strings.Repeat("ab", 16), "orders", []string{"a", "b"}, begin, begin.Add(time.Hour)},
			scrapedJob{strings.Repeat("cd", 16), "orders", []string{"a", "b"}, begin.Add(time.Minute), begin.Add(time.Hour)})
		for _, length := range []time.Duration{0, time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute} {
			over := backend.TimeRange{From: begin.Add(30 * time.Minute), To: begin.Add(30*time.Minute + length)}
			for _, query := range []string{`{"queryType": "history", "measure": "busy"}`, `{"queryType": "history", "measure": "busy", "by": "subtask"}`} {
				if got := jobsWithValues(sendOver(l.ctx, t, l, over, nil, query)["A"]); len(got) != 2 {
					t.Errorf("%s over %s has series of %q", query, length, got)
				}
			}
		}
	})
}

// A job that Flink lists keeps its name beside one that only Prometheus has, at a
// moment and over a range.
func TestListedJobKeepsItsName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now().Add(-time.Hour)
		forgotten := scrapedJob{strings.Repeat("ab", 16), "orders", []string{"a"}, begin.Add(10 * time.Minute), begin.Add(50 * time.Minute)}
		orders := sim.HeldBack("orders", 1, 1, 0)
		l, _, _ := newForgetfulLab(t, nil, []*sim.Job{orders}, forgotten)
		over := backend.TimeRange{From: begin, To: begin.Add(40 * time.Minute)}
		want := []string{"orders " + orders.ID, "orders #2 " + forgotten.id}
		if got := rowsOf(t, l.frameOver(t, over, nil, `{"queryType": "jobs"}`), "job", "job_id"); !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
			t.Errorf("at a moment there are %q, want %q", got, want)
		}
		response := sendOver(l.ctx, t, l, over, nil, `{"queryType": "history", "measure": "busy", "by": "task"}`)["A"]
		if got, want := runsOf(t, response, begin), "orders 1-40, orders #2 11-40"; got != want {
			t.Errorf("over a range there are %s, want %s", got, want)
		}
	})
}

// A query for all jobs, or by a regular expression, has those that were not sampled,
// though the built-in history has others all through: also one that Flink has
// forgotten. Where none of them is wanted Prometheus gets no request, however often a
// dashboard is refreshed.
func TestJobsThatWereNotSampled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, flink, prometheus := newForgetfulLab(t, nil, []*sim.Job{sim.HeldBack("sampled", 2, 1, 1)})
		begin := time.Now()
		brief := sim.HeldBack("un-sampled", 2, 1, 1)
		scrape(prometheus, attemptsOf(brief, "tm-2", begin.Add(10*time.Minute), begin.Add(20*time.Minute))...)
		l.frame(t, `{"queryType": "jobs"}`)
		time.Sleep(10 * time.Minute)
		flink.become(newCluster(l.Jobs[0], brief))
		time.Sleep(10 * time.Minute)
		flink.become(l.Cluster)
		time.Sleep(40 * time.Minute)
		at := func(from, to int) backend.TimeRange {
			return backend.TimeRange{From: begin.Add(time.Duration(from) * time.Minute), To: begin.Add(time.Duration(to) * time.Minute)}
		}
		both, one := []string{"sampled", "un_sampled"}, []string{"sampled"} // Flink has forgotten the name
		for _, query := range []string{`{"queryType": "history", "measure": "busy"}`, `{"queryType": "history", "measure": "busy", "by": "subtask"}`, `{"queryType": "timeline"}`, `{"queryType": "jobs"}`, `{"queryType": "measure", "measure": "running"}`} {
			for _, c := range []struct {
				query string
				over  backend.TimeRange
				want  []string
			}{
				{query, at(5, 15), both}, {forJob(query, "/sampled/"), at(5, 15), both},
				{query, at(5, 18), both}, {query, at(30, 55), one}, {query, at(1, 5), one},
				{forJob(query, "sampled"), at(5, 15), one}, {forJob(query, "/^sampled/"), at(5, 15), one}, {forJob(query, l.Jobs[0].ID), at(5, 15), one},
			} {
				take(prometheus)
				if got := jobsIn(t, sendOver(l.ctx, t, l, c.over, nil, c.query)["A"]); !slices.Equal(got, c.want) {
					t.Errorf("%s from %s to %s has %q, want %q", c.query, c.over.From.Sub(begin), c.over.To.Sub(begin), got, c.want)
				}
				most := 0
				if c.over.To.Sub(begin) < 10*time.Minute && query == `{"queryType": "jobs"}` {
					most = maxTurnsRequests // whether tasks took turns before the history begins
				}
				if sent := take(prometheus); sent > most && len(c.want) == 1 {
					t.Errorf("%s from %s to %s: Prometheus got %d requests", c.query, c.over.From.Sub(begin), c.over.To.Sub(begin), sent)
				}
			}
		}
	})
}

// A job that was not sampled has the type that Flink lists: where a query leaves that
// out it is not looked for.
func TestTypeOfAJobThatWasNotSampled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		batch := sim.HeldBack("nightly", 2, 1, 1)
		batch.Type = "BATCH"
		l, _, prometheus := newForgetfulLab(t, nil, []*sim.Job{sim.HeldBack("orders", 2, 1, 1), batch})
		l.frame(t, `{"queryType": "tasks", "types": ["STREAMING"]}`)
		time.Sleep(30 * time.Minute)
		take(prometheus)
		for _, ago := range []time.Duration{2 * time.Minute, 40 * time.Minute} { // with samples, and before
			for _, queryType := range []string{"history", "timeline", "subtasks"} {
				query := `{"queryType": "` + queryType + `", "types": ["STREAMING"]}`
				if got := jobsIn(t, sendOver(l.ctx, t, l, endedAgo(ago), nil, query)["A"]); !slices.Equal(got, []string{"orders"}) {
					t.Errorf("%s %s ago has %q", query, ago, got)
				}
				if sent := take(prometheus); sent > 0 && ago < 30*time.Minute {
					t.Errorf("%s %s ago: Prometheus got %d requests", query, ago, sent)
				}
				query = `{"queryType": "` + queryType + `"}`
				if got := jobsIn(t, sendOver(l.ctx, t, l, endedAgo(ago), nil, query)["A"]); !slices.Equal(got, []string{"nightly", "orders"}) {
					t.Errorf("%s %s ago has %q", query, ago, got)
				}
				take(prometheus)
			}
		}
	})
}

// A dashboard that is refreshed while all jobs are sampled needs no Prometheus, but
// for the time before a job began.
func TestRefreshesNeedNoPrometheus(t *testing.T) {
	for name, jobs := range map[string]string{"all": `[]`, "some": `["/^or/"]`} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, prometheus := newScrapedLab(t, sim.HeldBack("orders", 2, 1, 1), sim.HeldBack("payments", 2, 1, 1))
				query := `{"queryType": "history", "measure": "busy", "jobs": ` + jobs + `}`
				l.frame(t, query)
				time.Sleep(31 * time.Minute)
				take(prometheus)
				for range 60 {
					over := backend.TimeRange{From: time.Now().Add(-30 * time.Minute), To: time.Now()}
					if shown := l.frameOver(t, over, nil, query); shown.Rows() < 150 || len(notices(shown)) > 0 {
						t.Fatalf("%d points with the notices %q", shown.Rows(), notices(shown))
					}
					time.Sleep(30 * time.Second)
				}
				if sent := take(prometheus); sent > 0 {
					t.Errorf("Prometheus got %d requests", sent)
				}
			})
		})
	}
}

// Tasks are called as Flink calls them though the poll takes all of Flink's time: a rule
// must not lose its series for others with Prometheus' names.
func TestNamesOfTasksThatHang(t *testing.T) {
	for _, caller := range []time.Duration{8 * time.Second, 30 * time.Second} {
		for _, timeout := range []int{10, 30} {
			t.Run(fmt.Sprintf("%d s of %s", timeout, caller), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l, prometheus := newScrapedLabWith(t, map[string]any{"timeoutSeconds": timeout}, sim.HeldBack("the real steady!", 3, 1, 1))
					flink := sim.Spoiled(l.Cluster, sim.Within("/vertices/", sim.Hanging()))
					ctx, cancel := context.WithTimeout(inMemory(t.Context(), map[string]http.Handler{"flink:8081": flink, "prometheus:9090": prometheus}), caller)
					defer cancel()
					over := backend.TimeRange{From: time.Now().Add(-30 * time.Minute), To: time.Now()}
					answer := sendOver(ctx, t, l, over, fromAlert, `{"queryType": "history", "measure": "busy", "by": "task", "jobs": ["the real steady!"]}`)["A"]
					if answer.Error != nil || len(answer.Frames) != 3 {
						t.Fatalf("%d series, %v", len(answer.Frames), answer.Error)
					}
					for n, shown := range answer.Frames {
						if got, want := shown.Fields[1].Labels["task"], fmt.Sprint("task-", n); got != want {
							t.Errorf("a series is of %s, want %s", got, want)
						}
					}
				})
			})
		}
	}
}
