package plugin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/flinktest"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// The answers to one request, by their place in everyQuery.
const (
	subtasksAt = iota
	tasksAt
	graphAt
	bottlenecksAt
	jobsAt
	severityAt
	runningAt
	restartsAt
	upAt
)

// everyQuery has a query for the job of each kind, those that are compared in detail
// first.
func everyQuery(name string) (queries []string) {
	kinds := []string{
		`"queryType": "subtasks", "detail": true`, `"queryType": "tasks"`, `"queryType": "nodeGraph"`, `"queryType": "bottlenecks"`, `"queryType": "jobs"`,
		`"queryType": "measure"`, `"queryType": "measure", "measure": "running"`, `"queryType": "measure", "measure": "restarts"`, `"queryType": "measure", "measure": "up"`,
		`"queryType": "subtasks"`, `"queryType": "taskmanagers"`,
	}
	for _, measure := range []string{"bottleneck", "status", "busy", "backpressured", "idle", "skew", "blame"} {
		for _, by := range []string{"job", "task", "subtask"} {
			kinds = append(kinds, fmt.Sprintf(`"queryType": "measure", "measure": %q, "by": %q`, measure, by))
		}
	}
	for _, variable := range []string{"clusters", "jobs", "tasks", "subtasks", "taskmanagers"} {
		kinds = append(kinds, fmt.Sprintf(`"queryType": "variable", "variable": %q`, variable))
	}
	chosen, _ := json.Marshal([]string{name})
	for _, kind := range kinds {
		queries = append(queries, fmt.Sprintf(`{%s, "jobs": %s}`, kind, chosen))
	}
	return queries
}

// recordedSource is a data source over a recorded cluster.
type recordedSource struct {
	dataSource
	ctx context.Context
	*flinktest.Moment
}

// openRecorded opens a data source over what a recorded cluster answers, varied or
// not.
func openRecorded(t *testing.T, m *flinktest.Moment, answers http.Handler) recordedSource {
	t.Helper()
	return recordedSource{sourceAt(t, "http://flink:8081"), inMemory(t.Context(), map[string]http.Handler{"flink:8081": answers}), m}
}

// answers are the first frames of every query, each of which must be answered with
// frames that Grafana can read.
func (r recordedSource) answers(t *testing.T) []*data.Frame {
	t.Helper()
	queries := everyQuery(r.Name)
	responses := send(r.ctx, t, r, queries...)
	frames := make([]*data.Frame, len(queries))
	for i := range queries {
		refID := string(rune('A' + i))
		frames[i] = firstFrame(t, responses, refID)
		for _, each := range responses[refID].Frames {
			checkFrame(t, queries[i], each)
		}
		if i == graphAt {
			checkEdges(t, frames[i], responses[refID].Frames[1])
		}
	}
	return frames
}

// jsonText is a text as JSON has it.
func jsonText(t *testing.T, text string) string {
	t.Helper()
	written, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(written)
}

// sourceOf is where the shares of a frame come from.
func sourceOf(f *data.Frame) string {
	if source := f.Meta.Custom.(frame.Custom).Source; source != nil {
		return string(*source)
	}
	return "null"
}

// changing is a cluster whose answers become others.
type changing struct{ current http.Handler }

func (c *changing) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.current.ServeHTTP(w, r) }

// recordedVersions are those that were recorded, with the source of their shares at
// first, and once the counters have moved; Flink before 1.16 has none.
var recordedVersions = map[string]struct{ first, later string }{
	"1.13.6": {"gauge5s", "gauge5s"},
	"1.14.6": {"gauge5s", "gauge5s"},
	"1.15.4": {"gauge5s", "gauge5s"},
	"1.17.2": {"gauge60s", "counters"},
	"1.19.3": {"gauge60s", "counters"},
	"1.20.5": {"gauge60s", "counters"},
	"2.0.2":  {"gauge60s", "counters"},
	"2.3.0":  {"gauge60s", "counters"},
}

func TestEveryRecordedVersionIsTested(t *testing.T) {
	for _, name := range flinktest.Recordings(t) {
		if version, _, _ := strings.Cut(name, "/"); recordedVersions[version].first == "" {
			t.Errorf("%s: nothing is expected of this version", name)
		}
	}
}

// Each version has its source of shares, the time that they are measured over, hosts
// and TaskManagers, and rates of records as far as it counts them.
func TestSourceAndHostsByVersion(t *testing.T) {
	for version, want := range recordedVersions {
		for _, set := range []string{"bottleneck-middle", "healthy", "legacy-source"} {
			t.Run(version+"/"+set, func(t *testing.T) {
				moment := flinktest.Recording(t, version, set)
				synctest.Test(t, func(t *testing.T) {
					r := openRecorded(t, moment, moment.Advancing())
					r.measuredBy(t, want.first)
					time.Sleep(11 * time.Second)
					r.measuredBy(t, want.later)
				})
			})
		}
	}
}

// measuredBy checks one answer about a job all of whose tasks run.
func (r recordedSource) measuredBy(t *testing.T, source string) {
	t.Helper()
	subtasks := r.answers(t)[subtasksAt]
	custom := subtasks.Meta.Custom.(frame.Custom)
	if custom.Source == nil || string(*custom.Source) != source {
		t.Errorf("shares come from %v, want %s", custom.Source, source)
		return
	}
	window := custom.To.Sub(*custom.From)
	least, most := time.Minute, time.Minute
	switch {
	case source == "counters" && r.Set != "legacy-source": // its sources still have gauges alone
		least, most = 10*time.Second, 12*time.Second
	case source == "gauge5s":
		least, most = 5*time.Second, 5*time.Second
	}
	if window < least || window > most {
		t.Errorf("shares are measured over %s, want %s to %s", window, least, most)
	}
	hosts, managers := cells(t, subtasks, "host"), cells(t, subtasks, "taskmanager")
	for i, task := range cells(t, subtasks, "task") {
		if hosts[i] != "localhost" || !strings.HasPrefix(managers[i], "127.0.0.1:") {
			t.Errorf("%s runs on %s at %s", task, hosts[i], managers[i])
		}
	}
	if r.Set == "healthy" {
		r.checkRates(t, source == "counters")
	}
}

// checkRates compares records a second with the recorded rates; a Flink that counts
// no time has none.
func (r recordedSource) checkRates(t *testing.T, counted bool) {
	t.Helper()
	subtasks := r.answers(t)[subtasksAt]
	ids := rowsOf(t, subtasks, "job_id", "task_id", "subtask")
	for name, metric := range map[string]string{"records_in": "numRecordsInPerSecond", "records_out": "numRecordsOutPerSecond"} {
		for i, got := range cells(t, subtasks, name) {
			id := strings.Fields(ids[i])
			want, known := r.Metric("/jobs/"+id[0]+"/vertices/"+id[1], id[2], metric)
			switch rate, err := strconv.ParseFloat(got, 64); {
			case !known:
				t.Errorf("the rate of %s is not recorded", ids[i])
			case !counted && got != "null", counted && (err != nil || math.Abs(rate-want) > 0.2):
				t.Errorf("%s of %s is %s, was recorded as %f, counted: %t", name, ids[i], got, want, counted)
			}
		}
	}
}

// Soft and hard backpressure are reported from 1.15 on, how full the buffers are by
// every version.
func TestDetailsByVersion(t *testing.T) {
	for version := range recordedVersions {
		t.Run(version, func(t *testing.T) {
			moment := flinktest.Recording(t, version, "bottleneck-middle")
			synctest.Test(t, func(t *testing.T) {
				subtasks := openRecorded(t, moment, moment).answers(t)[subtasksAt]
				ids := rowsOf(t, subtasks, "job_id", "task_id", "subtask")
				for column, c := range map[string]struct {
					metric string
					full   float64
					since  string
				}{
					"soft_backpressured": {"softBackPressuredTimeMsPerSecond", 1000, "1.15"},
					"hard_backpressured": {"hardBackPressuredTimeMsPerSecond", 1000, "1.15"},
					"in_pool_usage":      {"Shuffle.Netty.Input.Buffers.inPoolUsage", 1, "1.13"},
					"out_pool_usage":     {"Shuffle.Netty.Output.Buffers.outPoolUsage", 1, "1.13"},
				} {
					for i, got := range cells(t, subtasks, column) {
						id := strings.Fields(ids[i])
						recorded, known := moment.Metric("/jobs/"+id[0]+"/vertices/"+id[1], id[2], c.metric)
						want := "null"
						if known {
							want = strconv.FormatFloat(recorded/c.full, 'g', -1, 64)
						}
						if got != want || known != (version >= c.since) {
							t.Errorf("%s of %s is %s, was recorded as %s", column, ids[i], got, want)
						}
					}
				}
			})
		})
	}
}

// The adaptive scheduler halves a task between two polls: the new attempts are not
// compared with the old, and none of the old is left.
func TestRescaledBetweenPolls(t *testing.T) {
	before, after := flinktest.Recording(t, "2.3.0", "adaptive-before"), flinktest.Recording(t, "2.3.0", "adaptive-after-rescale")
	synctest.Test(t, func(t *testing.T) {
		now := &changing{}
		r := openRecorded(t, before, now)
		for _, stage := range []struct {
			*flinktest.Moment
			subtasks int
		}{{before, 10}, {after, 8}} {
			r.Moment, now.current = stage.Moment, stage.Advancing()
			row, _ := stateOf(r.Moment)
			for _, source := range []string{"gauge60s", "counters"} {
				frames := r.answers(t)
				row.match(t, r, frames)
				subtasks := frames[subtasksAt]
				if got := sourceOf(subtasks); got != source || subtasks.Rows() != stage.subtasks {
					t.Errorf("%d subtasks measured by %s, want %d by %s", subtasks.Rows(), got, stage.subtasks, source)
				}
				if attempt := cells(t, subtasks, "attempt")[0]; attempt != row.restarts {
					t.Errorf("the first subtask is in attempt %s, want %s", attempt, row.restarts)
				}
				time.Sleep(11 * time.Second)
			}
		}
	})
}

// Where metrics are not fetched nothing is measured, and every answer has a notice. The
// states, which are no metrics, are known.
func TestMetricFetchingTurnedOff(t *testing.T) {
	for version := range recordedVersions {
		t.Run(version, func(t *testing.T) {
			moment := flinktest.Recording(t, version, "bottleneck-middle").Unfetched()
			synctest.Test(t, func(t *testing.T) {
				r := openRecorded(t, moment, moment)
				for range 2 {
					frames := r.answers(t)
					if got := firstRow(t, frames[jobsAt], "state", "status", "bottleneck"); !slices.Equal(got, []string{"RUNNING", "unknown", "null"}) {
						t.Errorf("the job is %q", got)
					}
					if got := firstRow(t, frames[bottlenecksAt], "kind", "severity"); !slices.Equal(got, []string{"unknown", "null"}) {
						t.Errorf("the verdict is %q", got)
					}
					r.nothingMeasured(t, frames[subtasksAt])
					for at, want := range map[int]string{severityAt: "null", restartsAt: "null", runningAt: "1", upAt: "1"} {
						if got := onlyValue(t, frames[at]); got != want {
							t.Errorf("%s is %s, want %s", everyQuery("")[at], got, want)
						}
					}
					time.Sleep(16 * time.Second) // longer than three fetches
				}
			})
		})
	}
}

// nothingMeasured checks that all numbers are null, and that a notice says why.
func (r recordedSource) nothingMeasured(t *testing.T, subtasks *data.Frame) {
	t.Helper()
	for _, name := range []string{"idle", "busy", "backpressured", "records_in", "records_out", "soft_backpressured", "hard_backpressured", "in_pool_usage", "out_pool_usage"} {
		if slices.ContainsFunc(cells(t, subtasks, name), func(cell string) bool { return cell != "null" }) {
			t.Errorf("%s is known: %q", name, cells(t, subtasks, name))
		}
	}
	if source := sourceOf(subtasks); source != "null" {
		t.Errorf("shares come from %s", source)
	}
	texts := strings.Join(notices(subtasks), "\n")
	for _, want := range []string{
		"Cluster default fetches no metrics, so nothing can be measured: metrics.fetcher.update-interval is 0 in its configuration.",
		"Not measured in job lab bottleneck-middle: Source: fast-source (no metrics yet), ",
	} {
		if !strings.Contains(texts, want) {
			t.Errorf("the notices are %q, want %q", texts, want)
		}
	}
}

// Flame graphs are off by default, and nothing here needs them.
func TestFlameGraphsTurnedOff(t *testing.T) {
	for version := range recordedVersions {
		t.Run(version, func(t *testing.T) {
			moment := flinktest.Recording(t, version, "bottleneck-middle").Configured("rest.flamegraph.enabled", "false")
			row, _ := stateOf(moment)
			synctest.Test(t, func(t *testing.T) {
				r := openRecorded(t, moment, moment.Advancing())
				row.match(t, r, r.answers(t))
			})
		})
	}
}

// Counters that stand still for longer than three fetches of 5 s are of the past:
// what was known is unknown again.
func TestCountersThatStandStill(t *testing.T) {
	for version, want := range recordedVersions {
		t.Run(version, func(t *testing.T) {
			moment := flinktest.Recording(t, version, "bottleneck-middle")
			synctest.Test(t, func(t *testing.T) {
				r := openRecorded(t, moment, moment)
				row, _ := stateOf(moment)
				row.match(t, r, r.answers(t))
				time.Sleep(16 * time.Second)
				frames := r.answers(t)
				if want.later != "counters" { // a gauge does not show its age
					row.match(t, r, frames)
					return
				}
				if got := firstRow(t, frames[bottlenecksAt], "kind", "severity"); !slices.Equal(got, []string{"unknown", "null"}) {
					t.Errorf("the verdict is %q", got)
				}
				const why = "enrich (its metrics have not moved for three fetches)"
				if texts := strings.Join(notices(frames[tasksAt]), "\n"); !strings.Contains(texts, why) {
					t.Errorf("the notices are %q, want %q", texts, why)
				}
			})
		})
	}
}

// Of a cluster with jobs in all states, those that have not ended are shown.
func TestClusterOfMixedStates(t *testing.T) {
	const names = `Zahlungen "EU/DE" – 支払い <b>&amp;</b> 100% \ 'x' #1?a=b`
	for _, version := range []string{"1.13.6", "1.17.2", "1.20.5", "2.3.0"} {
		t.Run(version, func(t *testing.T) {
			want := map[string]string{
				"lab checkpoint-bp": "bottleneck slow-window 1", "lab checkpoint-timeout": "bottleneck slow-window 1",
				"lab checkpoint-declined": "unknown null 1", "lab failing": "unknown null 1", names: "idle null 1",
				"lab partial-finished": "idle null 1", "lab varying": "idle null 1", "lab duplicate-names": "idle null 1",
				"lab chained": "bottleneck slow-window -> format -> Sink: sink 1",
			}
			switch version {
			case "1.13.6":
				want["lab varying"], want["lab checkpoint-declined"] = "busy null 1", "unknown null 0" // it restarts
			case "2.3.0":
				want["lab chained"], want["lab checkpoint-declined"] = "bottleneck slow-window -> format -> sink: Writer 1", "unknown null 0"
			}
			moment := flinktest.Recording(t, version, "_cluster-mixed-states")
			synctest.Test(t, func(t *testing.T) {
				r := openRecorded(t, moment, moment)
				answers := send(r.ctx, t, r, `{"queryType": "jobs"}`, `{"queryType": "measure", "measure": "running"}`)
				shown, running := firstFrame(t, answers, "A"), firstFrame(t, answers, "B")
				runs := map[string]string{}
				for _, field := range running.Fields {
					value, _ := field.ConcreteAt(0)
					runs[field.Labels["job"]] = fmt.Sprint(value)
				}
				found := map[string]string{}
				rows := rowsOf(t, shown, "status", "bottleneck")
				for i, job := range cells(t, shown, "job") {
					found[job] = rows[i] + " " + runs[job]
				}
				if !maps.Equal(found, want) {
					t.Errorf("jobs are\n%q\nwant\n%q", found, want)
				}
				checkFrame(t, "all jobs", shown)
			})
		})
	}
}

// A cluster that has just started has no jobs: there is nothing to show, and nothing
// is wrong, but that it has no TaskManagers yet.
func TestClusterWithoutJobs(t *testing.T) {
	for _, version := range []string{"1.13.6", "1.17.2", "1.20.5", "2.3.0"} {
		t.Run(version, func(t *testing.T) {
			moment := flinktest.Recording(t, version, "_cluster-start")
			synctest.Test(t, func(t *testing.T) {
				r := openRecorded(t, moment, moment)
				for _, query := range everyQuery("") {
					query = strings.Replace(query, `, "jobs": [""]`, "", 1)
					f := firstFrame(t, send(r.ctx, t, r, query), "A")
					checkFrame(t, query, f)
					var want []string
					if strings.Contains(query, `"queryType": "taskmanagers"`) {
						want = []string{"The cluster has no TaskManagers: until some come, or are started, no job can run."}
					}
					if texts := notices(f); !slices.Equal(texts, want) || f.Rows() > 1 {
						t.Errorf("%s: %d rows, notices %q", query, f.Rows(), texts)
					}
				}
			})
		})
	}
}

// Nothing of the stack traces in a real Flink's errors is shown.
func TestErrorsOfRecordings(t *testing.T) {
	for version := range recordedVersions {
		t.Run(version, func(t *testing.T) {
			moment := flinktest.Recording(t, version, "_errors")
			const gone = "00000000000000000000000000000000"
			listed := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/jobs/overview" {
					_, _ = fmt.Fprintf(w, `{"jobs": [{"jid": %q, "name": "gone", "state": "RUNNING", "tasks": {"total": 1}}]}`, gone)
					return
				}
				moment.ServeHTTP(w, r)
			})
			synctest.Test(t, func(t *testing.T) {
				r := openRecorded(t, moment, listed)
				for _, kind := range []string{"subtasks", "tasks", "nodeGraph", "bottlenecks", "jobs", "measure"} {
					response := send(r.ctx, t, r, fmt.Sprintf(`{"queryType": %q}`, kind))["A"]
					if response.Error == nil || response.Status != http.StatusNotFound {
						t.Errorf("%s: status %d, %v", kind, response.Status, response.Error)
						continue
					}
					if text := response.Error.Error(); len(text) > 300 || strings.Contains(text, "org.apache") || !strings.Contains(text, gone) {
						t.Errorf("%s: the error is %q", kind, text)
					}
				}
			})
		})
	}
}

// A job that is one chained task is its own bottleneck, of kind source. None was
// recorded, so this one is simulated.
func TestOneFullyChainedTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, sim.HeldBack("chained", 1, 2, 0))
		l.warm(t)
		got := firstRow(t, l.frame(t, `{"queryType": "bottlenecks"}`), "kind", "task", "explanation")
		want := []string{"source", "task-0", "The whole job is one chained task, task-0, and it is 99 % busy: which part of it takes the time is not measured."}
		if !slices.Equal(got, want) {
			t.Errorf("the verdict is %q, want %q", got, want)
		}
	})
}

// Names with quotes, slashes, HTML, line ends and emoji are unchanged in every frame
// and label, and choose what they name.
func TestNamesComeThroughAsTheyAre(t *testing.T) {
	const name = `Zahlungen "EU/DE" – 支払い <b>&amp;</b> 100% \ 'x' #1?a=b`
	for _, version := range []string{"1.13.6", "1.17.2", "1.20.5", "2.3.0"} {
		t.Run(version, func(t *testing.T) {
			moment := flinktest.Recording(t, version, "names")
			sink := "Sink: sink: print%20to/std.out"
			if version >= "2" {
				sink = "sink: print%20to/std.out: Writer"
			}
			want := []string{`Source: Quelle: "Käufe" <eu>/a\b & c`, longName(), "集計 📦 {x=\"1\"}\nzweite Zeile", sink}
			synctest.Test(t, func(t *testing.T) {
				r := openRecorded(t, moment, moment.Advancing())
				for range 2 {
					frames := r.answers(t)
					for at, column := range map[int]string{tasksAt: "task", graphAt: "title"} {
						if got := cells(t, frames[at], column); !slices.Equal(got, want) {
							t.Errorf("tasks are %q", got)
						}
					}
					if got := firstRow(t, frames[jobsAt], "job", "status", "bottleneck"); !slices.Equal(got, []string{name, "idle", "null"}) {
						t.Errorf("the job is %q", got)
					}
					if got := frames[severityAt].Fields[0].Labels["job"]; got != name {
						t.Errorf("the series is labelled %q", got)
					}
					for _, task := range want {
						r.chooseTask(t, task)
					}
					time.Sleep(11 * time.Second)
				}
			})
		})
	}
}

// longName is the name of a task as Flink's SQL planner writes them.
func longName() string {
	columns := ""
	for i := range 60 {
		columns += fmt.Sprintf(`column_%d AS "c/%d", `, i, i)
	}
	return "Join(joinType=[LeftOuterJoin], where=[((order_id = order_id0) AND (price > 10.5:DECIMAL(3, 1)))], select=[" + columns + "])"
}

// chooseTask checks that the name chooses the one task.
func (r recordedSource) chooseTask(t *testing.T, task string) {
	t.Helper()
	query := fmt.Sprintf(`{"queryType": "measure", "measure": "busy", "by": "task", "jobs": [%s], "tasks": [%s]}`, jsonText(t, r.Name), jsonText(t, task))
	fields := firstFrame(t, send(r.ctx, t, r, query), "A").Fields
	if len(fields) != 1 || fields[0].Labels["task"] != task {
		t.Errorf("%d series of %q", len(fields), task)
	}
}

// Parts of a job that are not connected have each their own verdict.
func TestDisconnectedPartsEachHaveTheirVerdict(t *testing.T) {
	for _, version := range []string{"1.13.6", "1.17.2", "1.20.5", "2.3.0"} {
		for part, want := range map[string][]string{
			"/a(: Writer)?$/": {"none", "null", "0"}, "/-b/": {"capacity", "map-b (slow)", "more"},
		} {
			t.Run(version+part, func(t *testing.T) {
				moment := flinktest.Recording(t, version, "disconnected")
				synctest.Test(t, func(t *testing.T) {
					r := openRecorded(t, moment, moment)
					query := fmt.Sprintf(`{"queryType": "bottlenecks", "jobs": [%s], "tasks": [%s]}`, jsonText(t, r.Name), jsonText(t, part))
					got := firstRow(t, firstFrame(t, send(r.ctx, t, r, query), "A"), "kind", "task", "severity")
					if got[2] != "0" && got[2] != "null" {
						got[2] = "more"
					}
					if !slices.Equal(got, want) {
						t.Errorf("the verdict is %q, want %q", got, want)
					}
				})
			})
		}
	}
}

// A job that was submitted again has the name, and the cancelled one of that name,
// which is still in the list, a number.
func TestJobSubmittedAgainKeepsItsName(t *testing.T) {
	for _, version := range []string{"1.13.6", "1.17.2", "1.20.5", "2.3.0"} {
		t.Run(version, func(t *testing.T) {
			moment := flinktest.Recording(t, version, "_cluster")
			synctest.Test(t, func(t *testing.T) {
				r := openRecorded(t, moment, moment)
				all := firstFrame(t, send(r.ctx, t, r, `{"queryType": "jobs"}`), "A")
				if got := cells(t, all, "job"); len(got) != 7 || slices.Contains(got, "lab healthy #2") {
					t.Errorf("jobs are %q", got)
				}
				for name, want := range map[string]string{"lab healthy": "1", "lab healthy #2": "0"} {
					query := fmt.Sprintf(`{"queryType": "measure", "measure": "running", "jobs": [%q]}`, name)
					if got := onlyValue(t, firstFrame(t, send(r.ctx, t, r, query), "A")); got != want {
						t.Errorf("%s runs: %s, want %s", name, got, want)
					}
				}
			})
		})
	}
}

// A job that is submitted, restarts or is cancelled keeps its series.
func TestLabelsStayTheSame(t *testing.T) {
	for _, version := range []string{"1.13.6", "1.17.2", "1.20.5", "2.3.0"} {
		for name, stages := range map[string][]string{
			"submitted": {"just-submitted", "bottleneck-middle"},
			"restarted": {"failing", "failing-restarting"},
			"cancelled": {"checkpoint-bp", "checkpoint-bp-after-cancel"},
		} {
			t.Run(version+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					before, after := flinktest.Recording(t, version, stages[0]), flinktest.Recording(t, version, stages[1])
					now := &changing{current: before}
					r := openRecorded(t, before, now)
					labels := taskLabels(r.answers(t)[severityAt+5:])
					time.Sleep(11 * time.Second)
					now.current = after
					if again := taskLabels(r.answers(t)[severityAt+5:]); again != labels || labels == "" {
						t.Errorf("series are\n%s\nthen\n%s", labels, again)
					}
				})
			})
		}
	}
}

// taskLabels are the labels of all series in the frames.
func taskLabels(frames []*data.Frame) string {
	var all []string
	for _, f := range frames {
		for _, field := range f.Fields {
			if len(field.Labels) > 0 {
				all = append(all, field.Name+field.Labels.String())
			}
		}
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}
