package plugin_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// mangledLab is a data source that nobody has asked yet, of a job whose name the
// metrics have mangled, and a range that Prometheus alone knows.
func mangledLab(t *testing.T, flink http.Handler) (l lab, over backend.TimeRange) {
	t.Helper()
	l, prometheus := scrapedLab(t, sim.HeldBack("the real steady!", 3, 1, 1))
	for i := range prometheus.attempts {
		prometheus.attempts[i].job = "the_real_steady_"
	}
	if flink == nil {
		flink = l.Cluster
	}
	l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": flink, "prometheus:9090": prometheus})
	return l, backend.TimeRange{From: time.Now().Add(-50 * time.Minute), To: time.Now().Add(-10 * time.Minute)}
}

// naming has a query choose a job.
func naming(query, job string) string {
	return strings.Replace(query, "{", `{"jobs": ["`+job+`"], `, 1)
}

// The first query that a plugin gets may be of the past: Flink lists the jobs for
// it, once, and that is counted.
func TestPastIsAskedForFirst(t *testing.T) {
	for _, query := range append(slices.Clone(overTime), atItsEnd...) {
		t.Run(query, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, over := mangledLab(t, nil)
				shown := answer(t, queriedOver(l.ctx, t, l, over, nil, naming(query, "the real steady!")), "A")
				if answers(query, shown) == 0 || len(notices(shown)) > 0 {
					t.Errorf("%d answers with the notices %q", answers(query, shown), notices(shown))
				}
				saw := l.Asked()
				lists := 0
				for _, path := range saw {
					lists += btoi(strings.HasSuffix(path, "/jobs/overview"))
				}
				if lists != 1 || requests(shown) != len(saw) {
					t.Errorf("%d requests told, the cluster saw %q", requests(shown), saw)
				}
			})
		})
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A Flink that does not list its jobs is no reason not to tell of them. That
// there is no such job is not said then: it may have another name in Prometheus.
func TestPastWhileFlinkIsAway(t *testing.T) {
	const away = "The past is not known as a whole: Flink failed"
	for _, query := range append(slices.Clone(overTime), atItsEnd...) {
		for name, known := range map[string]bool{"the_real_steady_": true, "the real steady!": false} {
			t.Run(naming(query, name), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l, over := mangledLab(t, says(503, "away"))
					shown := answer(t, queriedOver(l.ctx, t, l, over, nil, naming(query, name)), "A")
					told := strings.Join(notices(shown), " ")
					if known != !strings.Contains(told, away) || known && (answers(query, shown) == 0 || told != "" && !strings.Contains(told, "knows the graph")) {
						t.Errorf("%d answers with the notices %q", answers(query, shown), told)
					}
					rule := queriedOver(l.ctx, t, l, over, fromAlert, naming(query, name))["A"]
					if numeric(query) && !known && (rule.Error == nil || !strings.HasPrefix(rule.Error.Error(), "Flink failed")) {
						t.Errorf("an alert rule gets %d frames, %v", len(rule.Frames), rule.Error)
					}
				})
			})
		}
	}
}

// twoLabs is a data source of two clusters, west and east, and a Prometheus that
// scrapes the jobs of both.
func twoLabs(t *testing.T, west, east *sim.Job) (l lab, hosts map[string]http.Handler, over backend.TimeRange) {
	t.Helper()
	now := time.Now()
	prometheus := &fakePrometheus{attempts: attemptsOf(east, "tm-1", now.Add(-time.Hour), now)}
	if west.ID != east.ID {
		prometheus.attempts = append(prometheus.attempts, attemptsOf(west, "tm-2", now.Add(-time.Hour), now)...)
	}
	l = inLab(t, west)
	l.source = open(t, with(map[string]any{
		"url": "http://west", "clusterName": "west", "clusters": []map[string]string{{"name": "east", "url": "http://east"}},
		"prometheus": map[string]any{"url": "http://prometheus:9090"},
	}))
	hosts = map[string]http.Handler{"west": l.Cluster, "east": inLab(t, east).Cluster, "prometheus:9090": prometheus}
	l.ctx = inMemory(t.Context(), hosts)
	return l, hosts, backend.TimeRange{From: now.Add(-50 * time.Minute), To: now.Add(-10 * time.Minute)}
}

// With several clusters it is told of each job of which one lists it, whoever
// was asked before; of a cluster that does not list them what is remembered.
func TestPastOfTwoClusters(t *testing.T) {
	const away = "Cluster east does not list its jobs, so what Prometheus tells may be of one of them that has the same id: Flink failed"
	const lacks = "The past is not known as a whole: Flink failed"
	const one = "have a job"
	for name, c := range map[string]struct {
		sameID     bool
		before     string // what was asked before
		eastIsAway bool
		jobs       []string
		told       []string
	}{
		"nothing asked":         {false, "", false, []string{"orders", "payments"}, nil},
		"both asked":            {false, `{"queryType": "jobs"}`, false, []string{"orders", "payments"}, nil},
		"east is away":          {false, "", true, []string{"orders"}, []string{away, lacks}},
		"east goes away":        {false, `{"queryType": "jobs"}`, true, []string{"orders", "payments"}, []string{away}},
		"one id":                {true, "", false, nil, []string{one}},
		"one id, one was asked": {true, `{"queryType": "jobs", "clusters": ["west"]}`, false, nil, []string{one}},
		"one id, asked both":    {true, `{"queryType": "jobs"}`, false, nil, []string{one}},
		"one id, east is away":  {true, "", true, []string{"orders"}, []string{away}},
		"one id, it goes away":  {true, `{"queryType": "jobs"}`, true, nil, []string{one}},
	} {
		for _, query := range []string{`{"queryType": "tasks"}`, `{"queryType": "history", "by": "task"}`, `{"queryType": "history", "by": "subtask"}`, `{"queryType": "timeline"}`} {
			t.Run(fmt.Sprint(name, " ", query), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					orders, payments := sim.HeldBack("orders", 3, 1, 1), sim.HeldBack("payments", 3, 1, 1)
					if c.sameID {
						payments.ID = orders.ID
					}
					l, hosts, over := twoLabs(t, orders, payments)
					if c.before != "" {
						answer(t, queried(l.ctx, t, l, c.before), "A")
					}
					time.Sleep(time.Minute)
					if c.eastIsAway {
						hosts["east"] = says(503, "away")
					}
					responses := queriedOver(l.ctx, t, l, over, nil, query)
					told := strings.Join(notices(answer(t, responses, "A")), " ")
					for _, text := range []string{away, lacks, one} {
						if strings.Contains(told, text) != slices.Contains(c.told, text) {
							t.Errorf("the notices are %q", told)
						}
					}
					if got := jobsOf(t, responses["A"]); !slices.Equal(got, c.jobs) {
						t.Errorf("there is something of %q, want %q", got, c.jobs)
					}
				})
			})
		}
	}
}

// jobsOf are those of which an answer knows anything.
func jobsOf(t *testing.T, response backend.DataResponse) (jobs []string) {
	t.Helper()
	for _, each := range response.Frames {
		if column, _ := each.FieldByName("job"); column != nil {
			jobs = append(jobs, cells(t, each, "job")...)
		}
		for _, field := range each.Fields {
			if name := field.Labels["job"]; name != "" && field.Len() > 0 {
				jobs = append(jobs, name)
			}
		}
	}
	slices.Sort(jobs)
	return slices.Compact(jobs)
}
