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
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// The built-in history answers the near end and Prometheus the rest: no time
// twice, and the frame says so.
func TestPrometheusHasTheRest(t *testing.T) {
	for _, query := range overTime {
		t.Run(query, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, _ := scrapedLab(t, sim.HeldBack("orders", 3, 1, 1))
				answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
				time.Sleep(10*time.Minute + 5*time.Second)
				over := backend.TimeRange{From: time.Now().Add(-50 * time.Minute), To: time.Now()}
				shown := answer(t, queriedOver(l.ctx, t, l, over, nil, query), "A")
				wellFormed(t, query, shown)
				within(t, query, shown, over.From, over.To)
				for i := 1; i < shown.Rows(); i++ {
					if at, before := shown.Fields[0].At(i).(time.Time), shown.Fields[0].At(i-1).(time.Time); !at.After(before) || at.Sub(before) > 20*time.Second {
						t.Errorf("a point at %s follows that at %s", at, before)
					}
				}
				if source := shown.Meta.Custom.(frame.Custom).Source; source == nil || *source != job.FromPrometheus || len(notices(shown)) != 0 {
					t.Errorf("the source is %v, and the notices are %q", source, notices(shown))
				}
			})
		})
	}
}

// The graph of a job that was not looked at is asked of Flink, and counted; that
// of one that was is known.
func TestGraphOfWhatPrometheusTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := scrapedLab(t, sim.HeldBack("orders", 3, 1, 1))
		over := backend.TimeRange{From: time.Now().Add(-50 * time.Minute), To: time.Now().Add(-10 * time.Minute)}
		for _, graphs := range []int{1, 0} {
			shown := answer(t, queriedOver(l.ctx, t, l, over, nil, `{"queryType": "tasks"}`), "A")
			saw, asked := l.Asked(), 0
			for _, path := range saw {
				asked += strings.Count(path, "/jobs/"+l.Jobs[0].ID)
			}
			if asked != graphs || requests(shown) != len(saw) || shown.Rows() != 3 {
				t.Errorf("%d rows, %d requests told, the cluster saw %q", shown.Rows(), requests(shown), saw)
			}
			answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
			time.Sleep(10 * time.Second)
			l.Asked()
		}
	})
}

// Restarts are told over the whole time as well, where nobody asked for them
// before.
func TestPrometheusHasRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := scrapedLab(t, sim.HeldBack("orders", 3, 1, 1))
		begin := time.Now()
		answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
		time.Sleep(3 * time.Minute)
		over := backend.TimeRange{From: begin.Add(-30 * time.Minute), To: time.Now()}
		shown := answer(t, queriedOver(l.ctx, t, l, over, nil, `{"queryType": "history", "measure": "restarts"}`), "A")
		if got, want := steps(shown, begin), fmt.Sprintf("-30m %d, 0m ?, 3m 0", farRestarts); got != want {
			t.Errorf("restarts %q, want %q", got, want)
		}
		over.To = begin.Add(-10 * time.Minute)
		then := answer(t, queriedOver(l.ctx, t, l, over, fromAlert, `{"queryType": "measure", "measure": "restarts"}`), "A")
		if got := readings(then); len(got) != 1 || got[0] != fmt.Sprintf("restarts{cluster=default, job=orders} %d", farRestarts) {
			t.Errorf("then they were %q", got)
		}
	})
}

// What is told of a time before the built-in history is Prometheus', for a
// dashboard and an alert rule alike; of a job that Flink lists by its name
// there, however the reporter has mangled it.
func TestPrometheusTellsOfATimeBefore(t *testing.T) {
	for _, query := range atItsEnd {
		t.Run(query, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, prometheus := scrapedLab(t, sim.HeldBack("orders of the EU", 3, 1, 1))
				for i := range prometheus.attempts {
					prometheus.attempts[i].job = "orders_of_the_EU"
				}
				answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
				over := backend.TimeRange{From: time.Now().Add(-50 * time.Minute), To: time.Now().Add(-10 * time.Minute)}
				shown := answer(t, queriedOver(l.ctx, t, l, over, nil, query), "A")
				wellFormed(t, query, shown)
				for _, field := range shown.Fields {
					if name := field.Labels["job"]; field.Labels != nil && name != "orders of the EU" {
						t.Errorf("a series of job %s", name)
					}
					if field.Name == "job" && cells(t, shown, "job")[0] != "orders of the EU" {
						t.Errorf("job %s", cells(t, shown, "job"))
					}
				}
				if count := answers(query, shown); count == 0 || len(notices(shown)) > 0 {
					t.Errorf("%d answers with the notices %q", count, notices(shown))
				}
				if rule := queriedOver(l.ctx, t, l, over, fromAlert, query); numeric(query) {
					answer(t, rule, "A")
				}
			})
		})
	}
}

// Whatever Prometheus warns of is a notice, once for all jobs and requests.
func TestPrometheusWarns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, prometheus := scrapedLab(t, sim.HeldBack("orders", 3, 1, 1), sim.HeldBack("payments", 3, 1, 1))
		prometheus.warnings = []string{"a store is away", "results may be incomplete"}
		answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
		over := backend.TimeRange{From: time.Now().Add(-50 * time.Minute), To: time.Now().Add(-10 * time.Minute)}
		queries := append(slices.Clone(overTime), atItsEnd...)
		responses := queriedOver(l.ctx, t, l, over, nil, queries...) // all at once
		for i, query := range queries {
			told := notices(answer(t, responses, string(rune('A'+i))))
			if got := strings.Join(told, "; "); got != "Prometheus warns: a store is away; Prometheus warns: results may be incomplete" {
				t.Errorf("%s: the notices are %q", query, got)
			}
		}
		prometheus.warnings = nil
		time.Sleep(2*time.Second + 1) // what came with a warning is believed for as long as a look
		if told := notices(answer(t, queriedOver(l.ctx, t, l, over, nil, overTime[0]), "A")); len(told) != 0 {
			t.Errorf("the next query is told %q", told)
		}
	})
}

// However long a range and however many points, Prometheus is asked for each
// job a bounded number of times for a bounded number of points, and for as many
// as can be drawn. Where these are further apart than the job ran for, a notice
// says so.
func TestYearsOfPrometheus(t *testing.T) {
	year := 365 * 24 * time.Hour
	for name, c := range map[string]struct {
		long       time.Duration
		points     int64
		step       time.Duration
		mostPoints int
		tooFew     bool
	}{
		"an hour":                   {time.Hour, 1000, 10 * time.Second, 400, false},
		"a day":                     {24 * time.Hour, 1000, 86 * time.Second, 1010, false},
		"a year":                    {year, 1000, 31536 * time.Second, 1010, true},
		"a year, one point":         {year, 1, year / 100, 110, true},
		"a year, as many as it has": {year, 0, 105120 * time.Second, 310, true},
		"a year, more than it has":  {year, 1 << 40, 0, 11_000, true},
		"all time":                  {time.Since(time.UnixMilli(-1 << 50)), 1000, 0, 1010, true},
	} {
		for _, query := range []string{`{"queryType": "history", "by": "task"}`, `{"queryType": "history", "by": "subtask"}`, `{"queryType": "timeline"}`} {
			t.Run(fmt.Sprint(name, " ", query), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l, prometheus := scrapedLab(t, sim.HeldBack("orders", 3, 1, 1))
					answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
					time.Sleep(5 * time.Minute)
					over := backend.TimeRange{From: time.Now().Add(-c.long), To: time.Now()}
					shown := drawn(t, l, over, c.points, query)[0]
					told := notices(shown)
					if shown.Rows() == 0 || len(told) > 1 || len(told) == 1 != c.tooFew || c.points > 0 && int64(shown.Rows()) > c.points {
						t.Errorf("%d points with the notices %q", shown.Rows(), told)
					}
					if c.tooFew && c.step > 0 && !strings.Contains(strings.Join(told, ""), "a mean over every "+c.step.String()+",") {
						t.Errorf("it tells %q", told)
					}
					if len(prometheus.asked) > 12 {
						t.Errorf("%d requests", len(prometheus.asked))
					}
					for _, form := range prometheus.asked {
						if !form.Has("query") {
							continue // whether there is anything of Flink's
						}
						of := askedOf(form)
						if points := int(of.end.Sub(of.start)/of.step) + 1; points > c.mostPoints && !strings.Contains(of.aggregation, "by") {
							t.Errorf("%d points for %s", points, form.Get("query"))
						}
						if c.step > 0 && of.function == "delta" && of.step != c.step {
							t.Errorf("a step of %s for %s", of.step, form.Get("query"))
						}
					}
				})
			})
		}
	}
}

// Of a job that Flink has forgotten, or while Flink is away, Prometheus alone
// tells: with the built-in history or without.
func TestPrometheusAlone(t *testing.T) {
	for name, flink := range map[string]http.Handler{
		"forgotten": &sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second}, "away": says(503, "away"),
	} {
		for _, retention := range []string{"1h", "0s"} {
			for _, query := range append(slices.Clone(overTime), atItsEnd...) {
				t.Run(fmt.Sprint(name, ", history of ", retention, " ", query), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						now := time.Now()
						prometheus := &fakePrometheus{attempts: attemptsOf(sim.HeldBack("orders", 3, 1, 1), "tm-1", now.Add(-time.Hour), now)}
						asked := open(t, with(map[string]any{
							"url": "http://flink:8081", "history": map[string]any{"retention": retention}, "prometheus": map[string]any{"url": "http://prometheus:9090"},
						}))
						ctx := inMemory(t.Context(), map[string]http.Handler{"flink:8081": flink, "prometheus:9090": prometheus})
						over := backend.TimeRange{From: now.Add(-50 * time.Minute), To: now.Add(-10 * time.Minute)}
						response := queriedOver(ctx, t, asked, over, nil, query)
						shown := answer(t, response, "A")
						wellFormed(t, query, shown)
						if answers(query, shown) == 0 || strings.Contains(query, "subtask") && !strings.Contains(query, `"bottleneck"`) && !known(shown) {
							t.Errorf("%d answers with the notices %q", answers(query, shown), notices(shown))
						}
						if tasks, _ := shown.FieldByName("task"); tasks != nil && !isBottlenecks(query) && tasks.Len() != 3 {
							t.Errorf("%d tasks", tasks.Len())
						}
					})
				})
			}
		}
	}
}

func isBottlenecks(query string) bool { return strings.Contains(query, "bottlenecks") }
