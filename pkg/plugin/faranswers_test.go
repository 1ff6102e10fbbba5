package plugin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// panels are the queries of the dashboard that comes with the plugin.
var panels = []string{
	`{"queryType": "bottlenecks"}`, `{"queryType": "bottlenecks"}`, `{"queryType": "bottlenecks"}`, `{"queryType": "nodeGraph"}`,
	`{"queryType": "tasks"}`, `{"queryType": "subtasks"}`, `{"queryType": "timeline"}`, `{"queryType": "history", "measure": "bottleneck", "by": "job"}`,
}

// refreshed asks the queries at once, each in a request of its own, as Grafana
// does for the panels of a dashboard.
func refreshed(t *testing.T, l lab, over backend.TimeRange, queries ...string) []*data.Frame {
	t.Helper()
	shown := make([]*data.Frame, len(queries))
	var group sync.WaitGroup
	for n, query := range queries {
		group.Go(func() {
			response := queriedOver(l.ctx, t, l, over, nil, query)["A"]
			if response.Error != nil || len(response.Frames) == 0 {
				t.Errorf("%s: %v", query, response.Error)
				return
			}
			shown[n] = response.Frames[0]
		})
	}
	group.Wait()
	return shown
}

// A dashboard that is refreshed asks Prometheus once for all its panels, and no
// more of what cannot change. What it asks of Flink is counted by one of them.
func TestPanelsShareThePast(t *testing.T) {
	const jobs, atEnd, asRows = 17, 7, 8 // requests a job
	const ofJob = atEnd + asRows
	const lists = 2 // of its jobs, at the end and over time
	minutes := func(ago int) time.Duration { return -time.Duration(ago) * time.Minute }
	for name, c := range map[string]struct {
		queries     []string
		keys        map[string]any
		end         time.Duration
		later       time.Duration // the range is moved by it
		after       time.Duration
		once, again int
	}{
		"an absolute range":            {panels, nil, minutes(10), 0, 10 * time.Second, lists + jobs*ofJob, 0},
		"after some minutes":           {panels, nil, minutes(10), 0, 4 * time.Minute, lists + jobs*ofJob, 0},
		"after more":                   {panels, nil, minutes(10), 0, 5*time.Minute + 1, lists + jobs*ofJob, lists + jobs*ofJob},
		"that may still change":        {panels, nil, -90 * time.Second, 0, 10 * time.Second, lists + jobs*ofJob, lists + jobs*ofJob},
		"with looks of no age":         {panels, map[string]any{"maxAge": "0s"}, -90 * time.Second, 0, 0, lists + jobs*ofJob, lists + jobs*ofJob},
		"time travel alone":            {panels[:6], nil, minutes(10), 0, 10 * time.Second, 1 + jobs*atEnd, 0},
		"over time alone":              {panels[6:], nil, minutes(10), 0, 10 * time.Second, 1 + jobs*asRows, 0},
		"over time, another measure":   {[]string{`{"queryType": "history", "measure": "idle", "by": "task"}`}, nil, minutes(10), 0, 10 * time.Second, 1 + jobs*asRows, 0},
		"a range that moves by a step": {panels[6:], nil, minutes(10), 10 * time.Second, 10 * time.Second, 1 + jobs*asRows, 1 + jobs*asRows},
		"that moves by less":           {panels[6:], nil, minutes(10), 3 * time.Second, 3 * time.Second, 1 + jobs*asRows, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, prometheus, over := busyPast(t, jobs, 10*time.Millisecond, c.keys)
				over.From, over.To = over.From.Add(time.Second), time.Now().Add(c.end+time.Second) // beside multiples of a step
				for _, want := range []int{c.once, c.again} {
					told := 0
					for _, shown := range refreshed(t, l, over, c.queries...) {
						if told += requests(shown); shown.Rows() == 0 || len(notices(shown)) > 0 {
							t.Errorf("%d rows with the notices %q", shown.Rows(), notices(shown))
						}
					}
					if saw := l.Asked(); told != len(saw) {
						t.Errorf("%d requests to Flink are told, which saw %q", told, saw)
					}
					if got := prometheus.taken(); got != want {
						t.Errorf("Prometheus was asked %d times, want %d", got, want)
					}
					time.Sleep(c.after)
					over.From, over.To = over.From.Add(c.later), over.To.Add(c.later)
				}
			})
		})
	}
}

// What is shared is told as it is to one who asks alone, however often.
func TestSharedPastIsTheSame(t *testing.T) {
	queries := append(slices.Clone(overTime), atItsEnd...)
	told := func(frames data.Frames) string {
		for _, each := range frames {
			each.RefID = ""
			if custom, any := each.Meta.Custom.(frame.Custom); any {
				custom.Requests = 0
				each.Meta.Custom = custom
			}
		}
		text, err := json.Marshal(frames)
		if err != nil {
			t.Error(err)
		}
		return string(text)
	}
	ask := func(t *testing.T, queries ...string) (answers []string) {
		synctest.Test(t, func(t *testing.T) {
			l, prometheus := scrapedLab(t, sim.HeldBack("orders", 3, 1, 1), sim.HeldBack("two words", 4, 2, 1))
			for i := range prometheus.attempts {
				if prometheus.attempts[i].job == "two words" {
					prometheus.attempts[i].job = "two_words"
				}
			}
			over := backend.TimeRange{From: time.Now().Add(-70 * time.Minute), To: time.Now().Add(-10 * time.Minute)}
			for range 2 {
				responses := queriedOver(l.ctx, t, l, over, nil, queries...)
				for i := range queries {
					answers = append(answers, told(responses[string(rune('A'+i))].Frames))
				}
			}
		})
		return answers
	}
	all := ask(t, queries...)
	for i, query := range queries {
		for n, got := range []string{all[i], all[len(queries)+i]} {
			if want := ask(t, query)[0]; got != want {
				t.Errorf("%s: time %d\n%.500s\nwant\n%.500s", query, n, got, want)
			}
		}
	}
}

// That Prometheus fails is told to those who asked meanwhile, and not kept.
func TestFailureOfThePastIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, prometheus := scrapedLab(t, sim.HeldBack("orders", 3, 1, 1))
		over := backend.TimeRange{From: time.Now().Add(-50 * time.Minute), To: time.Now().Add(-10 * time.Minute)}
		for _, fault := range []http.HandlerFunc{says(503, "away"), nil} {
			prometheus.fault = fault
			for n, shown := range refreshed(t, l, over, panels...) {
				if failed := len(notices(shown)) > 0; failed != (fault != nil) || !failed && shown.Rows() == 0 {
					t.Errorf("%s: %d rows with the notices %q", panels[n], shown.Rows(), notices(shown))
				}
			}
		}
	})
}

// The graph of a job is asked of Flink again soon if it did not answer.
func TestGraphThatFlinkDidNotTell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, prometheus := scrapedLab(t, sim.HeldBack("orders", 3, 1, 1))
		away := true
		flink := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if away {
				says(503, "away")(w, r)
				return
			}
			l.Cluster.ServeHTTP(w, r)
		})
		l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": flink, "prometheus:9090": prometheus})
		over := backend.TimeRange{From: time.Now().Add(-50 * time.Minute), To: time.Now().Add(-10 * time.Minute)}
		for _, edges := range []int{0, 2} {
			graph := queriedOver(l.ctx, t, l, over, nil, `{"queryType": "nodeGraph"}`)["A"].Frames
			if graph[0].Rows() != 3 || graph[1].Rows() != edges {
				t.Errorf("%d nodes and %d edges, want %d", graph[0].Rows(), graph[1].Rows(), edges)
			}
			away = false
			time.Sleep(2*time.Second + 1)
		}
	})
}

// Who goes away takes nothing from those who wait for the same.
func TestOneOfThoseWhoShareGoesAway(t *testing.T) {
	for _, query := range []string{`{"queryType": "tasks"}`, `{"queryType": "timeline"}`} {
		for leaves := range 2 {
			t.Run(fmt.Sprint(query, " ", leaves), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l, prometheus, over := busyPast(t, 3, time.Second, nil)
					var group sync.WaitGroup
					for n := range 2 {
						group.Go(func() {
							time.Sleep(time.Duration(n) * 100 * time.Millisecond)
							ctx := l.ctx
							if n == leaves {
								var cancel context.CancelFunc
								ctx, cancel = context.WithTimeout(ctx, 1500*time.Millisecond)
								defer cancel()
							}
							response := queriedOver(ctx, t, l, over, nil, query)["A"]
							if (response.Error != nil) != (n == leaves) || n != leaves && len(notices(response.Frames[0])) > 0 {
								t.Errorf("asker %d: %v, %d frames", n, response.Error, len(response.Frames))
							}
						})
					}
					group.Wait()
					if got, most := prometheus.taken(), 1+3*8; got > most {
						t.Errorf("Prometheus was asked %d times", got)
					}
				})
			})
		}
	}
}
