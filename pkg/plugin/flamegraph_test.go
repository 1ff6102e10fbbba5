package plugin_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// newFlameLab serves the ready-made jobs with flame graphs, all measured.
func newFlameLab(t *testing.T, version string, names ...string) lab {
	t.Helper()
	ready, err := sim.Ready(version, names...)
	if err != nil {
		t.Fatal(err)
	}
	l := newLab(t, ready.Jobs...)
	l.Version, l.FlameGraphs = version, true
	l.warm(t)
	return l
}

// answeringFlameGraphs has flame graphs answered so, and all else as before.
func (l *lab) answeringFlameGraphs(t *testing.T, answer http.Handler) {
	t.Helper()
	cluster := l.Cluster
	l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/flamegraph") {
			answer.ServeHTTP(w, r)
			return
		}
		cluster.ServeHTTP(w, r)
	})})
}

// flameGraphRequests are the paths, below the job's task, of the requests for flame graphs.
func (l lab) flameGraphRequests() (count int) {
	for _, path := range l.Requests() {
		if strings.HasSuffix(path, "/flamegraph") {
			count++
		}
	}
	return count
}

// flameGraphCustom is what a frame is of.
func flameGraphCustom(t *testing.T, of *data.Frame) frame.FlameGraphCustom {
	t.Helper()
	custom := of.Meta.Custom.(frame.Custom).FlameGraph
	if custom == nil || of.Meta.PreferredVisualization != data.VisTypeFlameGraph {
		t.Fatalf("frame %s has the metadata %+v", of.Name, of.Meta)
	}
	return *custom
}

// A flame graph is of the task and the subtask that the verdict names, or of those that
// the query names, of the worst job.
func TestFlameGraphOfWhat(t *testing.T) {
	for name, c := range map[string]struct {
		version, jobs, keys string
		want                string
		samples             string // by Flink's count, 100 a subtask
		notice              string
	}{
		"the bottleneck":                          {"2.3.0", "bottleneck healthy", ``, "slow-window of bottleneck, subtask 0", "100", ""},
		"the hot subtask":                         {"2.3.0", "skew", ``, "aggregate of skew, subtask 2", "100", ""},
		"before 1.17 all subtasks":                {"1.13.6", "skew", ``, "aggregate of skew", "400", ""},
		"the busiest task, as none holds it back": {"2.3.0", "healthy", ``, "Source: orders of healthy", "200", ""},
		"a task that is named":                    {"2.3.0", "bottleneck", `"tasks": ["enrich"]`, "enrich of bottleneck", "200", ""},
		"a subtask that is named":                 {"2.3.0", "bottleneck", `"subtask": 3`, "slow-window of bottleneck, subtask 3", "100", ""},
		"as a variable has it":                    {"2.3.0", "bottleneck", `"subtask": "1"`, "slow-window of bottleneck, subtask 1", "100", ""},
		"a variable at all":                       {"2.3.0", "bottleneck", `"subtask": "$__all", "mode": ""`, "slow-window of bottleneck, subtask 0", "100", ""},
		"a variable without a value":              {"2.3.0", "bottleneck", `"subtask": ""`, "slow-window of bottleneck, subtask 0", "100", ""},
		"null":                                    {"2.3.0", "bottleneck", `"subtask": null`, "slow-window of bottleneck, subtask 0", "100", ""},
		"a subtask before 1.17":                   {"1.13.6", "bottleneck", `"subtask": 3`, "slow-window of bottleneck", "400", "Flink 1.13.6 has flame graphs of whole tasks only, so this is of all subtasks: those of one subtask come with Flink 1.17."},
		"a subtask of a task":                     {"2.3.0", "bottleneck", `"tasks": ["enrich"], "subtask": 1`, "enrich of bottleneck, subtask 1", "100", ""},
		"the job that is named":                   {"2.3.0", "bottleneck skew", `"jobs": ["skew"]`, "aggregate of skew, subtask 2", "100", ""},
		"what runs on a CPU":                      {"2.3.0", "bottleneck", `"mode": "on_cpu"`, "slow-window of bottleneck, subtask 0", "100", ""},
		"what waits":                              {"2.3.0", "bottleneck", `"mode": "OFF_CPU", "tasks": ["enrich"]`, "enrich of bottleneck", "198", ""},
		"nothing that waits":                      {"2.3.0", "bottleneck", `"mode": "off_cpu"`, "slow-window of bottleneck, subtask 0", "0", "The flame graph of task slow-window is empty: in none of the samples a thread of it waited, as all ran: choose the mode on_cpu or full."},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newFlameLab(t, c.version, strings.Fields(c.jobs)...)
				keys := c.keys
				if keys != "" {
					keys = ", " + keys
				}
				begin := time.Now()
				graph := l.frame(t, `{"queryType": "flameGraph"`+keys+`}`)
				custom := flameGraphCustom(t, graph)
				if took := time.Since(begin); took < 5*time.Second || took > 7*time.Second {
					t.Errorf("it took %s", took)
				}
				if samples := fmt.Sprint(custom.Samples); graph.Name != c.want || samples != c.samples || strings.Join(notices(graph), "|") != c.notice {
					t.Errorf("it is of %s, with %s samples and %q; want %s, %s and %q", graph.Name, samples, notices(graph), c.want, c.samples, c.notice)
				}
				if requests(graph) != len(l.Requests()) {
					t.Errorf("%d requests are counted", requests(graph))
				}
				if custom.Samples == 0 {
					return
				}
				if values := cells(t, graph, "value"); values[0] != c.samples || cells(t, graph, "level")[0] != "0" || cells(t, graph, "label")[0] != c.want {
					t.Errorf("the root is %s with %s", cells(t, graph, "label")[0], values[0])
				}
				if age := time.Since(*custom.Sampled); age < 0 || age > 2*time.Second {
					t.Errorf("the samples are %s old", age)
				}
			})
		})
	}
}

// Where there is no flame graph, a panel has no rows and a notice that says what to do, and
// other queries of the same request are answered.
func TestFlameGraphsThatThereAreNot(t *testing.T) {
	const refresh = "Flink has no samples of task slow-window yet: refresh in a few seconds. If they never come, not all of its subtasks run, or a TaskManager does not answer: see the JobManager's log."
	const off = "Flame graphs are off in cluster default: set rest.flamegraph.enabled: true in Flink's configuration and restart the cluster."
	deep := `{"endTimestamp":` + fmt.Sprint(time.Date(2000, 1, 1, 0, 0, 11, 0, time.UTC).UnixMilli()) + `,"data":` +
		strings.Repeat(`{"name":"com.example.A.a:1","value":3,"children":[`, 200_000) + strings.Repeat(`]}`, 200_000) + `}`
	for name, c := range map[string]struct {
		answer http.Handler
		query  string
		notice string
		rows   int
	}{
		"waiting for ever":      {respondWith(200, `{"endTimestamp":-3}`), ``, refresh, 0},
		"off, though it is on":  {respondWith(200, `{"endTimestamp":-2}`), ``, off, 0},
		"a task that has ended": {respondWith(200, `{"endTimestamp":-1}`), ``, "There is no flame graph of task slow-window, as it has ended.", 0},
		"empty":                 {respondWith(200, `{"endTimestamp":946684811000,"data":{"name":"root","value":0,"children":[]}}`), ``, "The flame graph of task slow-window is empty: no thread of it was sampled.", 0},
		"empty, on a CPU":       {respondWith(200, `{"endTimestamp":946684811000,"data":{"name":"root","value":0,"children":[]}}`), `, "mode": "on_cpu"`, "The flame graph of task slow-window is empty: in none of the samples a thread of it ran, as all waited: choose the mode off_cpu or full.", 0},
		"10 MB deep":            {respondWith(200, deep), ``, "The flame graph of task slow-window is cut: Flink's has more than 20,000 calls, stacks of more than 1,000, or names of more than 512 characters.", 1000},
		"names of 10 MB":        {respondWith(200, `{"endTimestamp":946684811000,"data":{"name":"`+strings.Repeat("x", 10<<20)+`","value":1}}`), ``, "The flame graph of task slow-window is cut: Flink's has more than 20,000 calls, stacks of more than 1,000, or names of more than 512 characters.", 1},
		"old":                   {respondWith(200, `{"endTimestamp":946684391000,"data":{"name":"root","value":1}}`), ``, "The samples of task slow-window are 7m0s old: Flink takes new ones now, refresh in a few seconds.", 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newFlameLab(t, "2.3.0", "bottleneck")
				l.answeringFlameGraphs(t, c.answer)
				responses := send(l.ctx, t, l, `{"queryType": "flameGraph"`+c.query+`}`, `{"queryType": "tasks"}`)
				graph := firstFrame(t, responses, "A")
				if custom := flameGraphCustom(t, graph); graph.Rows() != c.rows || strings.Join(notices(graph), "|") != c.notice || custom.Task != "slow-window" {
					t.Errorf("%d rows of %s with %q, want %q", graph.Rows(), custom.Task, notices(graph), c.notice)
				}
				if rows := firstFrame(t, responses, "B").Rows(); rows != 4 {
					t.Errorf("the other query has %d rows", rows)
				}
			})
		})
	}
}

// Where flame graphs are off, which the configuration shows, none is requested.
func TestFlameGraphsThatAreOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, sim.HeldBack("orders", 4, 2, 2))
		l.warm(t)
		for _, query := range []string{`{"queryType": "flameGraph"}`, `{"queryType": "bottlenecks"}`} {
			shown := l.frame(t, query)
			if asked := l.flameGraphRequests(); asked != 0 {
				t.Errorf("%s: %d requests", query, asked)
			}
			if shown.Name != "bottlenecks" && strings.Join(notices(shown), "|") != "Flame graphs are off in cluster default: set rest.flamegraph.enabled: true in Flink's configuration and restart the cluster." {
				t.Errorf("the notices are %q", notices(shown))
			}
		}
	})
}

// Where the configuration cannot be read, Flink is asked itself.
func TestFlameGraphsOfAHiddenConfiguration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFlameLab(t, "2.3.0", "bottleneck")
		l.dataSource = open(t, settingsWith(map[string]any{"url": "http://hidden"}))
		l.ctx = inMemory(t.Context(), map[string]http.Handler{"hidden": withoutPath(l.Cluster, "/jobmanager/config")})
		if graph := l.frame(t, `{"queryType": "flameGraph", "tasks": ["slow-window"]}`); graph.Rows() == 0 {
			t.Errorf("no rows, and the notices %q", notices(graph))
		}
	})
}

// What a query names wrongly, or what fails, is one sentence.
func TestFlameGraphErrors(t *testing.T) {
	for name, c := range map[string]struct {
		query  string
		answer http.Handler // nil for the cluster's
		status backend.Status
		want   string
	}{
		"an unknown mode":       {`"mode": "cpu"`, nil, 400, `There is no mode "cpu" of a flame graph: choose one of full, on_cpu, off_cpu.`},
		"a subtask below 0":     {`"subtask": -1`, nil, 400, `There is no subtask "-1": it is a whole number from 0, or empty for the one that the verdict names.`},
		"half a subtask":        {`"subtask": 1.5`, nil, 400, `There is no subtask "1.5": it is a whole number from 0, or empty for the one that the verdict names.`},
		"a subtask by name":     {`"subtask": "first"`, nil, 400, `There is no subtask "first": it is a whole number from 0, or empty for the one that the verdict names.`},
		"subtasks":              {`"subtask": [1]`, nil, 400, `There is no subtask "[1]": it is a whole number from 0, or empty for the one that the verdict names.`},
		"a subtask too many":    {`"subtask": 4`, nil, 404, `Task slow-window has no subtask 4: it has those from 0 to 3.`},
		"a task that is not":    {`"tasks": ["none"]`, nil, 404, `There is no task "none" in the jobs chosen.`},
		"a job that is not":     {`"jobs": ["none"]`, nil, 404, `There is no job "none" in this time range: there is bottleneck.`},
		"a cluster that is not": {`"clusters": ["none"]`, nil, 404, `There is no cluster "none" in this data source: it has default.`},
		"a web page":            {`"mode": "full"`, respondWith(200, page), 502, "FLAMEGRAPH answered 200 OK with something that is not Flink's JSON, such as a proxy's login page: check the address, its path prefix and the authentication."},
		"a stack trace":         {`"mode": "full"`, respondWith(500, stackTrace), 502, "Flink failed to answer FLAMEGRAPH (500 Internal Server Error): see the JobManager's log for the cause."},
		"half an answer":        {`"mode": "full"`, respondWith(200, `{"endTimestamp":1,"data":{"name":"root","chil`), 502, "The answer of FLAMEGRAPH is not the JSON that Flink sends, or breaks off: check the connection and any proxy in between."},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newFlameLab(t, "2.3.0", "bottleneck")
				if c.answer != nil {
					l.answeringFlameGraphs(t, c.answer)
				}
				path := "http://flink:8081/jobs/" + l.Jobs[0].ID + "/vertices/" + l.Jobs[0].Tasks[2].ID + "/flamegraph"
				responses := send(l.ctx, t, l, `{"queryType": "flameGraph", `+c.query+`}`, `{"queryType": "bottlenecks"}`)
				checkError(t, responses["A"], c.status, strings.ReplaceAll(c.want, "FLAMEGRAPH", path))
				if rows := firstFrame(t, responses, "B").Rows(); rows != 1 {
					t.Errorf("the other query has %d rows", rows)
				}
			})
		})
	}
}

// A range that has ended has none, without a request, and so do jobs that do not run.
func TestFlameGraphsAreOfThePresent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFlameLab(t, "2.3.0", "bottleneck")
		past := backend.TimeRange{From: time.Now().Add(-time.Hour), To: time.Now().Add(-10 * time.Minute)}
		graph := l.frameOver(t, past, nil, `{"queryType": "flameGraph"}`)
		if want := "Flink has flame graphs of the present only: choose a time range that ends now."; graph.Rows() != 0 || strings.Join(notices(graph), "|") != want {
			t.Errorf("%d rows, %q", graph.Rows(), notices(graph))
		}
		if sent := l.Requests(); len(sent) != 0 || requests(graph) != 0 {
			t.Errorf("the cluster got %s", sent)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		l := newFlameLab(t, "2.3.0", "canceled")
		graph := l.frame(t, `{"queryType": "flameGraph", "jobs": ["canceled"]}`)
		if texts := strings.Join(notices(graph), "|"); graph.Rows() != 0 || !strings.Contains(texts, "None of the tasks chosen runs, so there is no flame graph.") {
			t.Errorf("%d rows, %q", graph.Rows(), texts)
		}
	})
}

// The wait for samples ends before the query's deadline, with a notice.
func TestFlameGraphWithinTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFlameLab(t, "2.3.0", "bottleneck")
		ctx, cancel := context.WithTimeout(l.ctx, 4*time.Second)
		defer cancel()
		begin := time.Now()
		graph := firstFrame(t, send(ctx, t, l, `{"queryType": "flameGraph"}`), "A")
		if took := time.Since(begin); graph.Rows() != 0 || len(notices(graph)) != 1 || took > 3*time.Second {
			t.Errorf("after %s %d rows, %q", took, graph.Rows(), notices(graph))
		}
	})
}

// explanations are those of the bottlenecks.
func (l lab) explanations(t *testing.T) string {
	t.Helper()
	return strings.Join(cells(t, l.frame(t, `{"queryType": "bottlenecks"}`), "explanation"), "|")
}

// The verdict names the method that takes most of the busy time, once Flink has sampled it:
// nobody waits for that, and it costs one request a minute, however many look.
func TestVerdictNamesTheHotMethod(t *testing.T) {
	for version, sentence := range map[string]string{
		"1.13.6": "By the flame graph of its subtasks, com.example.SlowWindow.work (line 57), within com.example.SlowWindow.map, takes 80 % of its busy time.",
		"2.3.0":  "By the flame graph of subtask 0, com.example.SlowWindow.work (line 57), within com.example.SlowWindow.map, takes 80 % of its busy time.",
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newFlameLab(t, version, "bottleneck")
			begin := time.Now()
			if text := l.explanations(t); strings.Contains(text, "flame graph") || time.Since(begin) > time.Second {
				t.Errorf("%s: at first, after %s: %s", version, time.Since(begin), text)
			}
			time.Sleep(7 * time.Second)
			if text := l.explanations(t); !strings.Contains(text, " "+sentence) {
				t.Errorf("%s: later %s", version, text)
			}
			if asked := l.flameGraphRequests(); asked != 2 {
				t.Errorf("%s: Flink got %d requests", version, asked)
			}
			for range 25 {
				time.Sleep(2 * time.Second)
				send(l.ctx, t, l, `{"queryType": "bottlenecks"}`, `{"queryType": "bottlenecks"}`, `{"queryType": "tasks"}`)
				sendOver(l.ctx, t, l, lastHour(), fromAlert, `{"queryType": "measure"}`)
			}
			if asked := l.flameGraphRequests(); asked != 0 {
				t.Errorf("%s: within a minute Flink got %d requests", version, asked)
			}
			time.Sleep(11 * time.Second)
			shown := l.frame(t, `{"queryType": "bottlenecks"}`)
			if sent := len(l.Requests()); requests(shown) != sent {
				t.Errorf("%s: %d requests are counted, Flink got %d", version, requests(shown), sent)
			}
		})
	}
}

// Nothing but a panel of bottlenecks asks for it, and not for a job that is well, nor for
// the past.
func TestWhoAsksForTheHotMethod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFlameLab(t, "2.3.0", "bottleneck")
		send(l.ctx, t, l, `{"queryType": "tasks"}`, `{"queryType": "jobs"}`, `{"queryType": "nodeGraph"}`, `{"queryType": "subtasks"}`, `{"queryType": "measure"}`)
		sendOver(l.ctx, t, l, lastHour(), fromAlert, `{"queryType": "measure"}`, `{"queryType": "bottlenecks"}`)
		sendOver(l.ctx, t, l, backend.TimeRange{From: time.Now().Add(-time.Hour), To: time.Now().Add(-2 * time.Minute)}, nil, `{"queryType": "bottlenecks"}`)
		l.frame(t, `{"queryType": "bottlenecks", "tasks": ["enrich"]}`)
		if asked := l.flameGraphRequests(); asked != 1 {
			t.Errorf("Flink got %d requests", asked)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		l := newFlameLab(t, "2.3.0", "healthy")
		l.explanations(t)
		if asked := l.flameGraphRequests(); asked != 0 {
			t.Errorf("of a job that is well Flink got %d requests", asked)
		}
	})
}

// A Flink that fails to answer, or whose samples are odd, leaves the verdict as it is.
func TestVerdictWithoutAHotMethod(t *testing.T) {
	for name, answer := range map[string]http.Handler{
		"a web page": respondWith(200, page), "a stack trace": respondWith(500, stackTrace), "no answer": http.HandlerFunc(hang),
		"waiting": respondWith(200, `{"endTimestamp":-3}`), "off": respondWith(200, `{"endTimestamp":-2}`),
		"empty": respondWith(200, `{"endTimestamp":946684811000,"data":{"name":"root","value":0}}`),
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newFlameLab(t, "2.3.0", "bottleneck")
			l.answeringFlameGraphs(t, answer)
			for range 3 {
				begin := time.Now()
				if text := l.explanations(t); !strings.HasPrefix(text, "slow-window is ") || strings.Contains(text, "flame graph") || time.Since(begin) > 4*time.Second {
					t.Errorf("%s: after %s: %s", name, time.Since(begin), text)
				}
				time.Sleep(time.Second)
			}
		})
	}
}
