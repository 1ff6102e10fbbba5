package plugin_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/flinktest"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// Of a cluster whose jobs are in all states, those that have not ended are
// shown, each in its own.
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
				r := over(t, moment, moment)
				answers := queried(r.ctx, t, r, `{"queryType": "jobs"}`, `{"queryType": "measure", "measure": "running"}`)
				shown, running := answer(t, answers, "A"), answer(t, answers, "B")
				runs := map[string]string{}
				for _, field := range running.Fields {
					value, _ := field.ConcreteAt(0)
					runs[field.Labels["job"]] = fmt.Sprint(value)
				}
				found := map[string]string{}
				rows := columns(t, shown, "status", "bottleneck")
				for i, job := range cells(t, shown, "job") {
					found[job] = rows[i] + " " + runs[job]
				}
				if !maps.Equal(found, want) {
					t.Errorf("jobs are\n%q\nwant\n%q", found, want)
				}
				wellFormed(t, "all jobs", shown)
			})
		})
	}
}

// A cluster that has just started has no jobs: there is nothing to show, and
// nothing is wrong.
func TestClusterWithoutJobs(t *testing.T) {
	for _, version := range []string{"1.13.6", "1.17.2", "1.20.5", "2.3.0"} {
		t.Run(version, func(t *testing.T) {
			moment := flinktest.Recording(t, version, "_cluster-start")
			synctest.Test(t, func(t *testing.T) {
				r := over(t, moment, moment)
				for _, query := range everyQuery("") {
					query = strings.Replace(query, `, "jobs": [""]`, "", 1)
					f := answer(t, queried(r.ctx, t, r, query), "A")
					wellFormed(t, query, f)
					if told := notices(f); len(told) > 0 || f.Rows() > 1 {
						t.Errorf("%s: %d rows, notices %q", query, f.Rows(), told)
					}
				}
			})
		})
	}
}

// What the errors of a real Flink carry, stack traces and all, stays here.
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
				r := over(t, moment, listed)
				for _, kind := range []string{"subtasks", "tasks", "nodeGraph", "bottlenecks", "jobs", "measure"} {
					response := queried(r.ctx, t, r, fmt.Sprintf(`{"queryType": %q}`, kind))["A"]
					if response.Error == nil || response.Status != http.StatusNotFound {
						t.Errorf("%s: status %d, %v", kind, response.Status, response.Error)
						continue
					}
					if text := response.Error.Error(); len(text) > 300 || strings.Contains(text, "org.apache") || !strings.Contains(text, gone) {
						t.Errorf("%s: it says %q", kind, text)
					}
				}
			})
		})
	}
}

// No job that was recorded is one chained task altogether, so this one is
// simulated: at its limit it is the root cause itself, of kind source.
func TestOneFullyChainedTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := inLab(t, sim.HeldBack("chained", 1, 2, 0))
		l.warm(t)
		got := column(t, answer(t, queried(l.ctx, t, l, `{"queryType": "bottlenecks"}`), "A"), "kind", "task", "explanation")
		want := []string{"source", "task-0", "The whole job is one chained task, task-0, and it is 99 % busy: nothing inside it can be told apart."}
		if !slices.Equal(got, want) {
			t.Errorf("the verdict is %q, want %q", got, want)
		}
	})
}
