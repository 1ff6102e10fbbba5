package plugin_test

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/dataplane/sdata/numeric"
	"github.com/grafana/dataplane/sdata/timeseries"
	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// refusedInRules is the sentence for each query type that may not be alerted on,
// empty for the others.
var refusedInRules = map[string]string{
	"measure":      "",
	"history":      "",
	"timeline":     "An alert rule cannot use the query type timeline, which is not numeric: use the query type measure.",
	"subtasks":     "An alert rule cannot use the query type subtasks, which is not numeric: use the query type measure.",
	"tasks":        "An alert rule cannot use the query type tasks, which is not numeric: use the query type measure.",
	"nodeGraph":    "An alert rule cannot use the query type nodeGraph, which is not numeric: use the query type measure.",
	"bottlenecks":  "An alert rule cannot use the query type bottlenecks, which is not numeric: use the query type measure.",
	"jobs":         "An alert rule cannot use the query type jobs, which is not numeric: use the query type measure.",
	"taskmanagers": "An alert rule cannot use the query type taskmanagers, which is not numeric: use the query type measure.",
	"variable":     "An alert rule cannot use the query type variable, which is not numeric: use the query type measure.",
	"flameGraph":   "An alert rule cannot use the query type flameGraph, which is not numeric: use the query type measure.",
	"checkpoints":  "An alert rule cannot use the query type checkpoints, which is not numeric: use the query type measure.",
	"events":       "An alert rule cannot use the query type events, which is not numeric: use the query type measure.",
	"exceptions":   "An alert rule cannot use the query type exceptions, which is not numeric: use the query type measure.",
	"scaling":      "An alert rule cannot use the query type scaling, which is not numeric: use the query type measure.",
}

// Only numeric query types may be alerted on: the others are refused before they
// cost a request.
func TestQueryTypesInAlertRules(t *testing.T) {
	// A query type that is added has its row.
	unknown := sendOver(t.Context(), t, sourceAt(t, "http://flink:8081"), lastHour(), fromAlert, `{"queryType": "?"}`)["A"].Error
	if known := strings.Join(slices.Sorted(maps.Keys(refusedInRules)), ", "); unknown == nil || !strings.HasSuffix(unknown.Error(), ": choose one of "+known+".") {
		t.Errorf("%v; the rows are %s", unknown, known)
	}
	for queryType, want := range refusedInRules {
		t.Run(queryType, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, sim.HeldBack("orders", 4, 2, 2))
				responses := sendOver(l.ctx, t, l, lastHour(), fromAlert, `{"queryType": "`+queryType+`", "variable": "jobs"}`)
				if want == "" {
					if got := cells(t, firstFrame(t, responses, "A"), "bottleneck"); len(got) != 1 || got[0] != "0.95" {
						t.Errorf("the bottleneck's severity is %s, want 0.95", got)
					}
					return
				}
				checkError(t, responses["A"], backend.StatusBadRequest, want)
				if sent := l.Requests(); len(sent) != 0 {
					t.Errorf("the cluster got %s", sent)
				}
			})
		})
	}
}

// A rule that is evaluated once a minute goes through a job's life: a healthy job is
// 0, one that is held back its severity, and while the job restarts, or its tasks
// warm up, the series stays without a value, so that the rule keeps its state. A
// cluster that is away is an error.
func TestRuleOverTheLifeOfAJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		orders := sim.HeldBack("orders", 3, 2, 1) // has run for an hour
		load := func(rate float64) func([]sim.Task) { return func(tasks []sim.Task) { tasks[0].Rate = rate } }
		orders.Phases = []sim.Phase{
			{Lasts: time.Hour + 3*time.Minute, Change: load(20)},
			{Lasts: 3 * time.Minute, Change: load(2000)},
			{Lasts: 2 * time.Minute, State: "RESTARTING"},
			{Restart: true},
		}
		l := newSampledLab(t, orders)
		away := l.withOutages(t)
		var values []string
		for minute := range 14 {
			away.Store(minute == 10 || minute == 11)
			rule := sendOver(l.ctx, t, l, backend.TimeRange{From: time.Now().Add(-10 * time.Minute), To: time.Now()}, fromAlert, `{"queryType": "measure", "jobs": ["orders"]}`)["A"]
			switch {
			case rule.Error != nil:
				values = append(values, fmt.Sprint(int(rule.Status)))
			case len(rule.Frames[0].Fields) != 1 || rule.Frames[0].Fields[0].Labels["job"] != "orders":
				t.Fatalf("minute %d: the series are %q", minute, seriesOf(rule.Frames[0]))
			default:
				values = append(values, onlyValue(t, rule.Frames[0]))
			}
			time.Sleep(time.Minute)
		}
		if got := strings.Join(values, " "); !regexp.MustCompile(`^(0 ){3,4}(0\.9\d* ){2,4}(null ){2,3}(0\.9\d* ){1,2}502 502 0\.9\d* 0\.9\d*$`).MatchString(got) {
			t.Errorf("the rule gets %s", got)
		}
	})
}

// What an alert rule gets reads as Grafana's expressions read it: the frames are of
// types that they take, and no two series have the same labels.
func TestNumericAnswersAreDataplane(t *testing.T) {
	for _, query := range append([]string{
		`{"queryType": "measure", "measure": "skew", "by": "subtask"}`, `{"queryType": "measure", "measure": "status", "by": "taskmanager"}`,
		`{"queryType": "measure", "measure": "up"}`, `{"queryType": "history", "measure": "up"}`,
	}, slices.Concat(rangeQueries, momentQueries)...) {
		if !isNumeric(query) {
			continue
		}
		t.Run(query, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newTwoClusters(t, nil)
				l.frame(t, `{"queryType": "tasks"}`)
				time.Sleep(30 * time.Second)
				l.frame(t, `{"queryType": "tasks"}`)
				frames := sendOver(l.ctx, t, l, lastHour(), fromAlert, query)["A"].Frames
				labels := map[string]bool{}
				add := func(of data.Labels) {
					if labels[of.String()] {
						t.Errorf("there are two series with the labels %s", of)
					}
					labels[of.String()] = true
				}
				if strings.Contains(query, `"history"`) {
					reader, err := timeseries.CollectionReaderFromFrames(frames)
					if err != nil {
						t.Fatal(err)
					}
					read, err := reader.GetCollection(false)
					if err != nil {
						t.Fatal(err)
					}
					for _, series := range read.Refs {
						add(series.GetLabels())
					}
				} else {
					reader, err := numeric.CollectionReaderFromFrames(frames)
					if err != nil {
						t.Fatal(err)
					}
					read, err := reader.GetCollection(false)
					if err != nil {
						t.Fatal(err)
					}
					for _, number := range read.Refs {
						add(number.GetLabels())
					}
				}
				if len(labels) < 2 {
					t.Errorf("%d series of two clusters", len(labels))
				}
			})
		})
	}
}

// knownSeries are the series of a measure as "job/task known" or "job/task null".
func knownSeries(response backend.DataResponse) (series []string) {
	for _, field := range response.Frames[0].Fields {
		value := "known"
		if field.NilAt(0) {
			value = "null"
		}
		series = append(series, field.Labels["job"]+"/"+field.Labels["task"]+" "+value)
	}
	slices.Sort(series)
	return series
}

// isNull reports whether a series of [knownSeries] has no value.
func isNull(series string) bool { return strings.HasSuffix(series, "null") }

// A series that vanished would resolve its alert: what does not answer keeps its
// series, without a value, and there is a notice.
func TestSeriesStayWhenFlinkFails(t *testing.T) {
	for name, c := range map[string]struct{ fails, query string }{
		"a job, by job":      {"/jobs/", `{"queryType": "measure", "jobs": ["orders", "payments"]}`},
		"a job, by task":     {"/jobs/", `{"queryType": "measure", "by": "task"}`},
		"a cluster, by job":  {"/", `{"queryType": "measure"}`},
		"a cluster, by task": {"/", `{"queryType": "measure", "by": "task"}`},
		"only the list":      {"/jobs/overview", `{"queryType": "measure", "by": "task"}`},
		"whether jobs run":   {"/", `{"queryType": "measure", "measure": "running"}`},
		"restarts":           {"/jobs/overview", `{"queryType": "measure", "measure": "restarts"}`},
		"one job's restarts": {"/jobs/", `{"queryType": "measure", "measure": "restarts"}`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				east := newLab(t, smallJobs("orders", "payments")...)
				flink := &failing{Handler: east.Cluster}
				l := newTwoClusters(t, flink)
				l.warm(t)
				before := knownSeries(send(l.ctx, t, l, c.query)["A"])
				if slices.ContainsFunc(before, isNull) {
					t.Fatalf("series before are %q", before)
				}
				flink.prefix = c.fails
				if c.fails == "/jobs/" {
					flink.prefix += east.Jobs[0].ID
				}
				time.Sleep(3 * time.Second) // longer than maxAge
				response := send(l.ctx, t, l, c.query)["A"]
				if response.Error != nil {
					t.Fatal(response.Error)
				}
				after := knownSeries(response)
				if len(after) != len(before) || !slices.ContainsFunc(after, isNull) {
					t.Errorf("series were %q, and are %q", before, after)
				}
				if len(response.Frames[0].Meta.Notices) == 0 {
					t.Error("there is no notice")
				}
			})
		})
	}
}

// A job that is named exactly and is gone has a series without a value, and does not
// run; by task there are no names to label a series with, so that is an error unless
// there is another job. A name that is there twice has one series: two with the same
// labels are an error in Grafana.
func TestSeriesOfAJobThatIsGone(t *testing.T) {
	for query, want := range map[string]string{
		`"jobs": ["orders", "gone"]`:                                                       "gone/ null, orders/ known",
		`"jobs": ["gone"], "tasks": ["task-0"]`:                                            "gone/ null",
		`"jobs": ["gone"], "measure": "running"`:                                           "gone/ known",
		`"jobs": ["gone"], "measure": "restarts"`:                                          "gone/ null",
		`"jobs": ["gone"], "by": "task"`:                                                   "",
		`"jobs": ["orders", "gone"], "by": "task"`:                                         "orders/task-0 known, orders/task-1 known",
		`"jobs": ["gone", "gone", "orders", "orders", "/or/"]`:                             "gone/ null, orders/ known",
		`"jobs": ["gone", "gone", "orders", "orders", "/or/"], "measure": "running"`:       "gone/ known, orders/ known",
		`"jobs": ["gone", "gone", "orders", "orders", "/or/"], "measure": "restarts"`:      "gone/ null, orders/ known",
		`"jobs": ["orders", "orders"], "tasks": ["task-0", "/0/"], "measure": "idle"`:      "orders/ known",
		`"jobs": ["orders", "orders"], "tasks": ["task-0", "task-0", "/0/"], "by": "task"`: "orders/task-0 known",
	} {
		t.Run(query, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, smallJobs("orders")...)
				l.warm(t)
				response := send(l.ctx, t, l, `{"queryType": "measure", `+query+`}`)["A"]
				const absent = `There is no job "gone" in this time range: there is orders.`
				if want == "" {
					checkError(t, response, backend.StatusNotFound, absent)
					return
				}
				if response.Error != nil {
					t.Fatal(response.Error)
				}
				if got := strings.Join(knownSeries(response), ", "); got != want {
					t.Errorf("series are %s, want %s", got, want)
				}
				if texts := notices(response.Frames[0]); strings.Contains(query, "gone") != slices.Contains(texts, absent) || len(texts) > 1 {
					t.Errorf("notices are %q", texts)
				}
				if strings.Contains(query, `["gone"], "measure": "running"`) && onlyValue(t, response.Frames[0]) != "0" {
					t.Errorf("running is %s, want 0", onlyValue(t, response.Frames[0]))
				}
			})
		})
	}
}

// A range that ends now has one series of such a job too: Grafana refuses two of
// the same labels.
func TestSeriesOfAJobThatIsGoneOverARange(t *testing.T) {
	for _, measure := range []string{"busy", "running", "restarts"} {
		t.Run(measure, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newSampledLab(t, sim.HeldBack("orders", 3, 2, 1))
				l.frame(t, `{"queryType": "measure", "measure": "`+measure+`"}`)
				time.Sleep(10 * time.Minute)
				over := backend.TimeRange{From: time.Now().Add(-8 * time.Minute), To: time.Now()}
				response := sendOver(l.ctx, t, l, over, fromAlert, `{"queryType": "history", "jobs": ["orders", "gone"], "measure": "`+measure+`"}`)["A"]
				var jobs []string
				for _, frame := range response.Frames {
					for _, field := range frame.Fields[1:] {
						jobs = append(jobs, field.Labels["job"])
					}
				}
				slices.Sort(jobs)
				if want := []string{"gone", "orders"}; response.Error != nil || !slices.Equal(jobs, want) {
					t.Errorf("there are series of %q, %v; want %q", jobs, response.Error, want)
				}
			})
		})
	}
}

// A job that is being restarted is listed without tasks at first, and what answers
// may not be Flink: the series of its tasks stay, without a value.
func TestSeriesOfAJobWithoutTasks(t *testing.T) {
	for _, body := range []string{`{"state": "INITIALIZING", "vertices": []}`, `{}`} {
		t.Run(body, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				east := newLab(t, smallJobs("orders", "payments")...)
				restarts := false
				l := newTwoClusters(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if restarts && r.URL.Path == "/jobs/"+east.Jobs[0].ID {
						respondWith(200, body)(w, r)
						return
					}
					east.Cluster.ServeHTTP(w, r)
				}))
				l.warm(t)
				query := `{"queryType": "measure", "by": "task", "clusters": ["east"]}`
				before := knownSeries(send(l.ctx, t, l, query)["A"])
				restarts = true
				time.Sleep(3 * time.Second) // longer than maxAge
				after := knownSeries(send(l.ctx, t, l, query)["A"])
				if len(after) != len(before) || len(after) != 4 || !slices.Contains(after, "orders/task-0 null") {
					t.Errorf("series were %q, and are %q", before, after)
				}
			})
		})
	}
}
