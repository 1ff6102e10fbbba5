package plugin_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/dashboard"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// metrics are the plugin's own at a moment: the value of each series, or how many times
// a histogram was observed, by its name and its labels in order.
type metrics map[string]float64

// gathered are the metrics as Grafana gets them.
func gathered(t *testing.T) metrics {
	t.Helper()
	families, err := prometheus.DefaultGatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := metrics{}
	for _, family := range families {
		if !strings.HasPrefix(family.GetName(), "flinkscope_") {
			continue
		}
		for _, metric := range family.GetMetric() {
			series := family.GetName()
			for _, label := range metric.GetLabel() {
				series += " " + label.GetName() + "=" + label.GetValue()
			}
			values[series] = metric.GetCounter().GetValue() + metric.GetGauge().GetValue() + float64(metric.GetHistogram().GetSampleCount())
		}
	}
	return values
}

// since are the differences to earlier metrics that are not 0.
func (m metrics) since(before metrics) metrics {
	grown := metrics{}
	for series, value := range m {
		if value != before[series] {
			grown[series] = value - before[series]
		}
	}
	return grown
}

// check compares some series.
func (m metrics) check(t *testing.T, when string, want metrics) {
	t.Helper()
	for series, value := range want {
		if m[series] != value {
			t.Errorf("%s: %s is %g, want %g", when, series, m[series], value)
		}
	}
}

// Requests, polls, reads and queries are counted as they happen; gauges are sums over
// the data sources in use.
func TestMetricsCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		unused := gathered(t)
		l := newSampledLab(t, sim.HeldBack("orders", 3, 2, 1), sim.HeldBack("payments", 3, 2, 1))
		const tasks = `{"queryType": "tasks"}`
		l.frame(t, tasks)
		first := gathered(t)
		first.since(unused).check(t, "after one query", metrics{
			"flinkscope_requests_total code=200 path=/jobs/overview system=Flink":               1,
			"flinkscope_requests_total code=200 path=/jobs/{job} system=Flink":                  2,
			"flinkscope_requests_total code=200 path=/jobs/{job}/vertices/{task} system=Flink":  6,
			"flinkscope_request_duration_seconds path=/jobs/{job}/vertices/{task} system=Flink": 6,
			"flinkscope_poll_duration_seconds result=whole":                                     2,
			"flinkscope_cache_reads_total cache=jobs result=miss":                               1,
			"flinkscope_cache_reads_total cache=poll result=miss":                               2,
			"flinkscope_queries_total status=ok type=tasks":                                     1,
			"flinkscope_query_duration_seconds type=tasks":                                      1,
			"flinkscope_data_sources":                                                           1,
			"flinkscope_clusters state=up":                                                      1,
			"flinkscope_tracked_jobs":                                                           2,
			"flinkscope_sampled_jobs":                                                           2,
			"flinkscope_tracked_subtasks":                                                       12,
		})
		l.frame(t, tasks)
		again := gathered(t).since(first)
		again.check(t, "after the same query again", metrics{
			"flinkscope_cache_reads_total cache=jobs result=hit": 1,
			"flinkscope_cache_reads_total cache=poll result=hit": 2,
			"flinkscope_queries_total status=ok type=tasks":      1,
		})
		for series := range again {
			if strings.HasPrefix(series, "flinkscope_requests_total") {
				t.Errorf("a query within the age limit caused %s", series)
			}
		}
		before := gathered(t)
		time.Sleep(25 * time.Second)
		gathered(t).since(before).check(t, "after two fetches", metrics{
			"flinkscope_sampler_lag_seconds":                 4,
			"flinkscope_sampler_polls_total result=answered": 4,
			"flinkscope_poll_duration_seconds result=whole":  4,
		})
		away := l.withOutages(t)
		away.Store(true)
		before = gathered(t)
		time.Sleep(10 * time.Second)
		send(l.ctx, t, l, tasks)
		down := gathered(t).since(before)
		down.check(t, "while Flink is away", metrics{"flinkscope_clusters state=up": -1, "flinkscope_clusters state=down": 1, "flinkscope_queries_total status=downstream type=tasks": 1})
		if down["flinkscope_sampler_polls_total result=failed"] == 0 {
			t.Error("no poll of the sampler has failed")
		}
		l.Dispose()
		gone := gathered(t)
		for series, value := range gone {
			if slices.Contains([]string{"flinkscope_data_sources", "flinkscope_clusters state=down", "flinkscope_clusters state=up", "flinkscope_sampled_jobs", "flinkscope_tracked_jobs", "flinkscope_tracked_subtasks"}, series) && value != unused[series] {
				t.Errorf("when the data source is gone %s is %g, and was %g before there was one", series, value, unused[series])
			}
		}
	})
}

// Users whose samples are kept apart are counted, with what they hold.
func TestMetricsOfIdentities(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		unused := gathered(t)
		l := newLabWith(t, map[string]any{"oauthPassThru": true}, sim.HeldBack("orders", 3, 2, 1))
		for _, name := range []string{"alice", "bob", "alice"} {
			withToken(name).send(l.ctx, t, l)
		}
		now := gathered(t).since(unused)
		now.check(t, "after queries of two users", metrics{"flinkscope_identities": 2, "flinkscope_clusters state=up": 1, "flinkscope_tracked_jobs": 2})
		if now["flinkscope_identity_bytes"] <= 0 {
			t.Error("their samples take no memory")
		}
		l.Dispose()
		gathered(t).since(unused).check(t, "when the data source is gone", metrics{"flinkscope_identities": 0, "flinkscope_identity_bytes": 0})
	})
}

// Whatever names, ids, query types and statuses there are, the number of series is
// bounded, and no label has a part of them.
func TestMetricsOfHostileNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const marked = "s3cr3t"
		use := func(round int) {
			var jobs []*sim.Job
			for n := range 20 {
				jobs = append(jobs, sim.HeldBack(fmt.Sprint(marked, "\"}\n", round, " ", n, strings.Repeat("x", 500)), 2, 1, 1))
			}
			l := newLabWith(t, map[string]any{"clusterName": fmt.Sprint(marked, round)}, jobs...)
			request := &backend.QueryDataRequest{}
			for n := range 20 {
				request.Queries = append(request.Queries, backend.DataQuery{
					RefID: fmt.Sprint(marked, round, n), JSON: fmt.Appendf(nil, `{"queryType": "%s%d-%d"}`, marked, round, n), TimeRange: lastHour(),
				})
			}
			if _, err := l.QueryData(l.ctx, request); err != nil {
				t.Fatal(err)
			}
			send(l.ctx, t, l, `{"queryType": "subtasks"}`, `{"queryType": "jobs", "jobs": ["`+marked+`"]}`)
			for status := range 10 {
				l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": respondWith(600+round*10+status, "")})
				time.Sleep(time.Minute)
				send(l.ctx, t, l, `{"queryType": "tasks"}`)
			}
		}
		use(1)
		before := gathered(t)
		use(2)
		after := gathered(t)
		if len(after) != len(before) {
			more := slices.DeleteFunc(slices.Sorted(maps.Keys(after)), func(series string) bool { _, known := before[series]; return known })
			t.Errorf("%d series, %d before: more are %q", len(after), len(before), more)
		}
		for series := range after {
			if strings.Contains(series, marked) {
				t.Errorf("a name is in a label: %s", series)
			}
		}
	})
}

// registered are the names of the plugin's metrics.
func registered(t *testing.T) (names []string) {
	t.Helper()
	described := make(chan *prometheus.Desc)
	go func() {
		defer close(described)
		prometheus.DefaultRegisterer.(*prometheus.Registry).Describe(described)
	}()
	for each := range described {
		if match := regexp.MustCompile(`fqName: "(flinkscope_\w+)"`).FindStringSubmatch(each.String()); match != nil {
			names = append(names, match[1])
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// The page lists the metrics that there are, and no other.
func TestMetricsPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/observability.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, match := range regexp.MustCompile("(?m)^\\| `(flinkscope_\\w+)` \\|").FindAllSubmatch(page, -1) {
		listed = append(listed, string(match[1]))
	}
	slices.Sort(listed)
	if there := registered(t); !slices.Equal(listed, there) {
		t.Errorf("the page lists\n%q,\nand there are\n%q", listed, there)
	}
	for _, mentioned := range regexp.MustCompile(`flinkscope_\w+`).FindAllString(string(page), -1) {
		if !slices.Contains(listed, mentioned) {
			t.Errorf("the page mentions %s, which is not listed", mentioned)
		}
	}
}

// The dashboard beside the page shows metrics that there are, of the Prometheus that
// its user chooses.
func TestMetricsDashboard(t *testing.T) {
	dashboards, err := dashboard.Read("../../docs")
	if err != nil || len(dashboards["observability.json"].Panels) == 0 {
		t.Fatalf("%d dashboards, %v", len(dashboards), err)
	}
	there := append(registered(t), "process_resident_memory_bytes", "process_cpu_seconds_total")
	shown := map[string]bool{}
	chosen := dashboard.Datasource{Type: "prometheus", UID: "${datasource}"}
	of := dashboards["observability.json"]
	for n, panel := range of.Panels {
		if panel.Datasource != chosen || panel.Description == "" || len(panel.Targets) == 0 {
			t.Errorf("%q queries %+v, described as %q", panel.Title, panel.Datasource, panel.Description)
		}
		for _, other := range of.Panels[:n] {
			if panel.GridPos.Overlaps(other.GridPos) {
				t.Errorf("%q overlaps %q", panel.Title, other.Title)
			}
		}
		for _, target := range panel.Targets {
			var parsed struct {
				Expr       string
				Datasource dashboard.Datasource
			}
			if err := json.Unmarshal(target, &parsed); err != nil || parsed.Datasource != chosen {
				t.Fatalf("%q: %v, %+v", panel.Title, err, parsed.Datasource)
			}
			expression, err := parser.ParseExpr(strings.ReplaceAll(parsed.Expr, "$__rate_interval", "1m"))
			if err != nil {
				t.Errorf("%q: %s: %v", panel.Title, parsed.Expr, err)
				continue
			}
			parser.Inspect(expression, func(node parser.Node, _ []parser.Node) error {
				selector, is := node.(*parser.VectorSelector)
				if !is {
					return nil
				}
				name := selector.Name
				for _, suffix := range []string{"_bucket", "_sum", "_count"} {
					name = strings.TrimSuffix(name, suffix)
				}
				if shown[name] = true; !slices.Contains(there, name) {
					t.Errorf("%q shows %s, which is no metric", panel.Title, selector.Name)
				}
				return nil
			})
		}
	}
	for _, name := range there {
		if !shown[name] {
			t.Errorf("no panel shows %s", name)
		}
	}
}
