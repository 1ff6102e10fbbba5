package plugin_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/flinktest"
)

// Names with quotes, slashes, HTML, line ends and emoji come through as they
// are, in every frame and label, and choose what they name.
func TestNamesComeThroughAsTheyAre(t *testing.T) {
	const name = `Zahlungen "EU/DE" – 支払い <b>&amp;</b> 100% \ 'x' #1?a=b`
	for _, version := range []string{"1.13.6", "1.17.2", "1.20.5", "2.3.0"} {
		t.Run(version, func(t *testing.T) {
			moment := flinktest.Recording(t, version, "names")
			sink := "Sink: sink: print%20to/std.out"
			if version >= "2" {
				sink = "sink: print%20to/std.out: Writer"
			}
			want := []string{`Source: Quelle: "Käufe" <eu>/a\b & c`, joinName(), "集計 📦 {x=\"1\"}\nzweite Zeile", sink}
			synctest.Test(t, func(t *testing.T) {
				r := over(t, moment, moment.Advancing())
				for range 2 {
					frames := r.every(t)
					for at, column := range map[int]string{tasksAt: "task", graphAt: "title"} {
						if got := cells(t, frames[at], column); !slices.Equal(got, want) {
							t.Errorf("tasks are %q", got)
						}
					}
					if got := column(t, frames[jobsAt], "job", "status", "bottleneck"); !slices.Equal(got, []string{name, "idle", "null"}) {
						t.Errorf("the job is %q", got)
					}
					if got := frames[severityAt].Fields[0].Labels["job"]; got != name {
						t.Errorf("the series is labelled %q", got)
					}
					for _, task := range want {
						r.choosing(t, task)
					}
					time.Sleep(11 * time.Second)
				}
			})
		})
	}
}

// joinName is the name of the long task, as Flink's SQL planner writes them.
func joinName() string {
	columns := ""
	for i := range 60 {
		columns += fmt.Sprintf(`column_%d AS "c/%d", `, i, i)
	}
	return "Join(joinType=[LeftOuterJoin], where=[((order_id = order_id0) AND (price > 10.5:DECIMAL(3, 1)))], select=[" + columns + "])"
}

// choosing asks for the one task by its name.
func (r recorded) choosing(t *testing.T, task string) {
	t.Helper()
	query := fmt.Sprintf(`{"queryType": "measure", "measure": "busy", "by": "task", "jobs": [%s], "tasks": [%s]}`, quoted(t, r.Name), quoted(t, task))
	fields := answer(t, queried(r.ctx, t, r, query), "A").Fields
	if len(fields) != 1 || fields[0].Labels["task"] != task {
		t.Errorf("asked for %q, got %d series", task, len(fields))
	}
}

// Parts of a job that are not connected each have their own verdict.
func TestDisconnectedPartsEachHaveTheirVerdict(t *testing.T) {
	for _, version := range []string{"1.13.6", "1.17.2", "1.20.5", "2.3.0"} {
		for part, want := range map[string][]string{
			"/a(: Writer)?$/": {"none", "null", "0"}, "/-b/": {"capacity", "map-b (slow)", "more"},
		} {
			t.Run(version+part, func(t *testing.T) {
				moment := flinktest.Recording(t, version, "disconnected")
				synctest.Test(t, func(t *testing.T) {
					r := over(t, moment, moment)
					query := fmt.Sprintf(`{"queryType": "bottlenecks", "jobs": [%s], "tasks": [%s]}`, quoted(t, r.Name), quoted(t, part))
					got := column(t, answer(t, queried(r.ctx, t, r, query), "A"), "kind", "task", "severity")
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

// A job submitted again keeps the name while its cancelled forerunner is still
// in the list, which gets a number.
func TestJobSubmittedAgainKeepsItsName(t *testing.T) {
	for _, version := range []string{"1.13.6", "1.17.2", "1.20.5", "2.3.0"} {
		t.Run(version, func(t *testing.T) {
			moment := flinktest.Recording(t, version, "_cluster")
			synctest.Test(t, func(t *testing.T) {
				r := over(t, moment, moment)
				all := answer(t, queried(r.ctx, t, r, `{"queryType": "jobs"}`), "A")
				if got := cells(t, all, "job"); len(got) != 7 || slices.Contains(got, "lab healthy #2") {
					t.Errorf("jobs are %q", got)
				}
				for name, want := range map[string]string{"lab healthy": "1", "lab healthy #2": "0"} {
					query := fmt.Sprintf(`{"queryType": "measure", "measure": "running", "jobs": [%q]}`, name)
					if got := value(t, answer(t, queried(r.ctx, t, r, query), "A")); got != want {
						t.Errorf("%s runs: %s, want %s", name, got, want)
					}
				}
			})
		})
	}
}

// A job that is submitted, runs, is cancelled is the same series all along.
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
					now := &turning{current: before}
					r := over(t, before, now)
					labels := taskLabels(r.every(t)[severityAt+5:])
					time.Sleep(11 * time.Second)
					now.current = after
					if again := taskLabels(r.every(t)[severityAt+5:]); again != labels || labels == "" {
						t.Errorf("series are\n%s\nthen\n%s", labels, again)
					}
				})
			})
		}
	}
}

// turning is a cluster whose answers become others.
type turning struct{ current http.Handler }

func (c *turning) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.current.ServeHTTP(w, r) }

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
