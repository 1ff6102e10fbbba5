package plugin_test

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// scrapedLab is a job that runs for an hour by now and is scraped all that
// time, but sampled from now on only. A request may take 5 s.
func scrapedLab(t *testing.T, jobs ...*sim.Job) (l lab, prometheus *fakePrometheus) {
	t.Helper()
	l, prometheus = inLab(t, jobs...), &fakePrometheus{}
	for _, job := range jobs {
		prometheus.attempts = append(prometheus.attempts, attemptsOf(job, "tm-1", time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour))...)
	}
	l.source = open(t, with(map[string]any{
		"url": "http://flink:8081", "history": map[string]any{"idleAfter": "1h"}, "timeoutSeconds": 5,
		"prometheus": map[string]any{"url": "http://prometheus:9090"},
	}))
	l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": l.Cluster, "prometheus:9090": prometheus})
	return l, prometheus
}

// faults are what a Prometheus, or what stands before it, can do to a query,
// and what the user is told of it.
var faults = map[string]struct {
	fault http.HandlerFunc
	told  string
}{
	"away":                  {says(503, "away"), "Prometheus failed to answer http://prometheus:9090/api/v1/query_range (503 Service Unavailable): see its log, or that of the proxy before it, for the cause."},
	"slow":                  {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "Prometheus did not answer http://prometheus:9090/api/v1/query_range in time: choose a shorter time range or fewer jobs, or raise the time-out."},
	"refusing":              {says(401, page), "http://prometheus:9090/api/v1/query_range was refused with 401 Unauthorized: check user, password or token, and the tenant, of Prometheus in the data source's settings."},
	"elsewhere":             {says(404, page), "There is nothing at http://prometheus:9090/api/v1/query_range (404): the address may lack a path prefix, such as /prometheus for Mimir."},
	"a login page":          {says(200, page), "http://prometheus:9090/api/v1/query_range answered 200 OK with something that is not Prometheus' JSON, such as a login page: check the address, its path prefix and the authentication."},
	"half a JSON":           {says(200, `{"status":"success","data":{"resultType":"mat`), "http://prometheus:9090/api/v1/query_range answered 200 OK with something that is not Prometheus' JSON, such as a login page: check the address, its path prefix and the authentication."},
	"bad data":              {says(400, apiError("bad_data", "parse error")), `Prometheus did not answer http://prometheus:9090/api/v1/query_range but said "parse error": check that it is a version that knows PromQL's delta and count_values.`},
	"an error with 200":     {says(200, apiError("bad_data", "parse error")), `Prometheus did not answer http://prometheus:9090/api/v1/query_range but said "parse error": check that it is a version that knows PromQL's delta and count_values.`},
	"an error in execution": {says(422, apiError("execution", "expanding series: boom")), `Prometheus did not answer http://prometheus:9090/api/v1/query_range but said "expanding series: boom": check that it is a version that knows PromQL's delta and count_values.`},
	"too much":              {says(422, apiError("execution", "query processing would load too many samples into memory")), `The query at http://prometheus:9090/api/v1/query_range is too much for Prometheus, which said "query processing would load too many samples into memory": choose a shorter time range, or raise its limit.`},
	"not ready":             {says(503, apiError("unavailable", "TSDB not ready")), "Prometheus failed to answer http://prometheus:9090/api/v1/query_range (TSDB not ready): see its log, or that of the proxy before it, for the cause."},
	"lacking the metrics":   {lacking, "Prometheus at http://prometheus:9090 has no metrics flink_taskmanager_job_task_…: turn on Flink's reporter on the TaskManagers (metrics.reporter.prom.factory.class: org.apache.flink.metrics.prometheus.PrometheusReporterFactory) and have Prometheus scrape it."},
}

// apiError is an error as Prometheus' API tells it.
func apiError(kind, text string) string {
	return fmt.Sprintf(`{"status":"error","errorType":%q,"error":%q}`, kind, text)
}

// lacking has been asked for nothing by anyone.
func lacking(w http.ResponseWriter, r *http.Request) { (&fakePrometheus{}).ServeHTTP(w, r) }

// What the built-in history has is answered in any case, with one notice that
// says what to do; an alert rule is answered too.
func TestPrometheusFailsBesideTheHistory(t *testing.T) {
	for name, c := range faults {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, prometheus := scrapedLab(t, sim.HeldBack("orders", 3, 1, 1), sim.HeldBack("payments", 3, 1, 1))
				prometheus.fault = c.fault
				began := time.Now()
				answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
				time.Sleep(5*time.Minute + 5*time.Second)
				for _, query := range atItsEnd {
					over := backend.TimeRange{From: began.Add(-time.Hour), To: began.Add(20 * time.Second)}
					shown := answer(t, queriedOver(l.ctx, t, l, over, nil, query), "A")
					if told := notices(shown); answers(query, shown) == 0 || !slices.Contains(told, "The past is not known as a whole: "+c.told) {
						t.Errorf("%s: %d answers with the notices %q", query, answers(query, shown), told)
					}
				}
				for _, query := range overTime {
					begun := time.Now()
					shown := answer(t, queried(l.ctx, t, l, query), "A")
					if told := notices(shown); len(told) != 1 || told[0] != "The past is not known as a whole: "+c.told {
						t.Errorf("%s: the notices are %q", query, told)
					}
					if shown.Rows() < 25 {
						t.Errorf("%s: %d points", query, shown.Rows())
					}
					if took := time.Since(begun); took > 6*time.Second {
						t.Errorf("%s took %s", query, took)
					}
					if !isTimeline(query) {
						answer(t, queriedOver(l.ctx, t, l, now(), fromAlert, query), "A")
					}
				}
			})
		})
	}
}

// Where nothing else is there, a dashboard gets a notice, and an alert rule an
// error: for each query type that may be alerted on.
func TestPrometheusFailsAlone(t *testing.T) {
	for name, c := range faults {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, prometheus := scrapedLab(t, sim.HeldBack("orders", 3, 1, 1))
				prometheus.fault = c.fault
				answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
				over := backend.TimeRange{From: time.Now().Add(-50 * time.Minute), To: time.Now().Add(-10 * time.Minute)}
				for _, query := range append(slices.Clone(overTime), atItsEnd...) {
					for _, begin := range []string{"{", `{"jobs": ["orders"], `} {
						query := strings.Replace(query, "{", begin, 1)
						shown := answer(t, queriedOver(l.ctx, t, l, over, nil, query), "A")
						if told := notices(shown); shown.Rows() > 0 && known(shown) || len(told) == 0 || told[0] != "The past is not known as a whole: "+c.told {
							t.Errorf("%s: %d rows with the notices %q", query, shown.Rows(), told)
						}
						rule := queriedOver(l.ctx, t, l, over, fromAlert, query)["A"]
						if numeric(query) && (rule.Error == nil || rule.Error.Error() != c.told || rule.ErrorSource != backend.ErrorSourceDownstream) {
							t.Errorf("%s: an alert rule gets %d frames, %v", query, len(rule.Frames), rule.Error)
						}
					}
				}
			})
		})
	}
}

func numeric(query string) bool {
	return strings.Contains(query, `"history"`) || strings.Contains(query, `"measure"`)
}

// known tells whether a frame has any value.
func known(shown *data.Frame) bool {
	for _, field := range shown.Fields {
		for i := range field.Len() {
			if _, any := field.ConcreteAt(i); any {
				return true
			}
		}
	}
	return false
}

// A query that is cancelled, or whose time runs out, while Prometheus is slow
// ends at once, and nothing goes on for it.
func TestCancelledWhilePrometheusIsSlow(t *testing.T) {
	for _, query := range append(slices.Clone(overTime), atItsEnd...) {
		for status, ending := range map[backend.Status]func(context.Context) (context.Context, context.CancelFunc){
			backend.StatusTimeout: func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithTimeout(ctx, time.Second)
			},
			499: func(ctx context.Context) (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(ctx)
				time.AfterFunc(time.Second, cancel)
				return ctx, cancel
			},
		} {
			t.Run(fmt.Sprint(query, " ", status), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l, prometheus := scrapedLab(t, sim.HeldBack("orders", 3, 1, 1))
					prometheus.fault = faults["slow"].fault
					answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
					time.Sleep(5 * time.Second)
					ctx, cancel := ending(l.ctx)
					defer cancel()
					begun, meanwhile := time.Now(), false
					time.AfterFunc(time.Second/2, func() { meanwhile = asksPrometheus() })
					over := backend.TimeRange{From: begun.Add(-50 * time.Minute), To: begun.Add(-10 * time.Minute)}
					failed := queriedOver(ctx, t, l, over, nil, query)["A"]
					if took := time.Since(begun); failed.Error == nil || failed.Status != status || took > 1100*time.Millisecond {
						t.Errorf("after %s status %d, %v", took, failed.Status, failed.Error)
					}
					synctest.Wait()
					if !meanwhile || asksPrometheus() {
						t.Errorf("Prometheus was asked meanwhile: %t, and still is: %t", meanwhile, asksPrometheus())
					}
				})
			})
		}
	}
}

// asksPrometheus tells whether any goroutine is about it.
func asksPrometheus() bool {
	stacks := make([]byte, 1<<20)
	return strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), "/history/prometheus.(*")
}
