package plugin_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// sampling is a data source that samples on after it was asked, for an hour.
func sampling(t *testing.T, jobs ...*sim.Job) lab {
	t.Helper()
	l := inLab(t, jobs...)
	l.source = open(t, with(map[string]any{"url": "http://flink:8081", "history": map[string]any{"idleAfter": "1h"}}))
	return l
}

// points are a frame's values over time, as seconds before now and value.
func points(of *data.Frame) string {
	var all []string
	for i := range of.Fields[0].Len() {
		at := of.Fields[0].At(i).(time.Time)
		value := "null"
		if known, ok := of.Fields[1].ConcreteAt(i); ok {
			value = fmt.Sprintf("%.2v", known)
		}
		all = append(all, fmt.Sprintf("%.0fs %s", time.Since(at).Seconds(), value))
	}
	return strings.Join(all, ", ")
}

// After one look nobody has to ask again: a look a fetch is remembered, and
// every one of the load's measures has a past.
func TestHistoryAfterOneQuery(t *testing.T) {
	for _, by := range []string{"job", "task", "subtask", "taskmanager"} {
		for _, measure := range []string{"bottleneck", "status", "busy", "backpressured", "idle", "skew", "blame"} {
			t.Run(measure+" by "+by, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l := sampling(t, sim.HeldBack("orders", 3, 2, 1))
					answer(t, queried(l.ctx, t, l, `{"queryType": "jobs"}`), "A")
					time.Sleep(5 * time.Minute)
					query := fmt.Sprintf(`{"queryType": "history", "measure": %q, "by": %q}`, measure, by)
					now := answer(t, queried(l.ctx, t, l, strings.Replace(query, "history", "measure", 1)), "A")
					frames := queried(l.ctx, t, l, query)["A"].Frames
					if len(frames) != len(now.Fields) {
						t.Fatalf("%d series, and of now %d", len(frames), len(now.Fields))
					}
					for i, frame := range frames {
						looks := frame.Fields[0].Len()
						if looks < 29 || looks > 32 { // a fetch takes its time
							t.Errorf("%d points in five minutes: %s", looks, points(frame))
						}
						if got, want := frame.Fields[1].Labels.String(), now.Fields[i].Labels.String(); got != want {
							t.Errorf("labels %s, want %s", got, want)
						}
						then, _ := frame.Fields[1].ConcreteAt(looks - 1)
						value, _ := now.Fields[i].ConcreteAt(0)
						if fmt.Sprintf("%.2v", then) != fmt.Sprintf("%.2v", value) {
							t.Errorf("%s ends with %v, and now is %v", frame.Fields[1].Labels, then, value)
						}
					}
				})
			})
		}
	}
}

// The look costs a fetch a round, and the sampling ends an hour after the last
// interest.
func TestSamplingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := sampling(t, sim.HeldBack("orders", 3, 2, 1))
		answer(t, queried(l.ctx, t, l, `{"queryType": "jobs"}`), "A")
		l.Asked()
		time.Sleep(10 * time.Minute)
		looks, clusters := 0, 0
		for _, path := range l.Asked() {
			switch {
			case path == "/overview" || path == "/jobmanager/config":
				clusters++
			case strings.Contains(path, "/vertices/"), strings.HasPrefix(path, "/jobs/"):
				looks++
			}
		}
		// A look is 1 + 3 requests, and somewhat more than 10 s after the last.
		if looks < 57*4 || looks > 60*4 || clusters > 2*10 {
			t.Errorf("%d requests for looks and %d for the cluster in ten minutes", looks, clusters)
		}
		time.Sleep(51 * time.Minute)
		l.Asked()
		time.Sleep(time.Hour)
		if saw := l.Asked(); len(saw) != 0 {
			t.Errorf("an hour after the last interest the cluster was asked for %d things, %v first", len(saw), saw[0])
		}
	})
}

// A Flink that is away leaves a gap, in which nothing is known, and does not end
// the sampling.
func TestHistoryOfAFlinkThatWasAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := sampling(t, sim.HeldBack("orders", 3, 2, 1))
		away := l.mayBeAway(t)
		answer(t, queried(l.ctx, t, l, `{"queryType": "jobs"}`), "A")
		time.Sleep(2 * time.Minute)
		away.Store(true)
		time.Sleep(2*time.Minute + 500*time.Millisecond)
		response := queried(l.ctx, t, l, `{"queryType": "history"}`)["A"]
		if response.Error != nil || !strings.Contains(strings.Join(notices(response.Frames[0]), " "), "Nothing newer is known") {
			t.Errorf("while Flink is away: %v, %v", response.Error, response.Frames)
		}
		away.Store(false)
		time.Sleep(2 * time.Minute)
		shown := answer(t, queried(l.ctx, t, l, `{"queryType": "history"}`), "A")
		var last time.Time // known
		unknown, gap := false, time.Duration(0)
		for i := range shown.Rows() {
			at := shown.Fields[0].At(i).(time.Time)
			switch _, known := shown.Fields[1].ConcreteAt(i); {
			case !known:
				unknown = true
			case at.Sub(last) > time.Minute && !last.IsZero() && unknown:
				gap = at.Sub(last)
				fallthrough
			default:
				last, unknown = at, false
			}
		}
		if gap < 2*time.Minute || gap > 2*time.Minute+40*time.Second {
			t.Errorf("nothing is known for %s: %s", gap, points(shown))
		}
	})
}

// Every query type answers with the state at the end of a range that has
// ended, as it would have then.
func TestTimeTravel(t *testing.T) {
	for _, query := range []string{
		`{"queryType": "tasks"}`, `{"queryType": "subtasks"}`, `{"queryType": "nodeGraph"}`, `{"queryType": "bottlenecks"}`,
		`{"queryType": "jobs", "jobs": ["moved"]}`, `{"queryType": "measure", "by": "task"}`, `{"queryType": "measure", "measure": "running"}`,
	} {
		t.Run(query, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := sampling(t, moved())
				answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A") // running alone asks for no look
				time.Sleep(2 * time.Minute)
				live := answer(t, queried(l.ctx, t, l, query), "A")
				then := time.Now()
				time.Sleep(20 * time.Minute)
				over := backend.TimeRange{From: then.Add(-time.Hour), To: then}
				for _, headers := range []map[string]string{nil, fromAlert} {
					response := queriedOver(l.ctx, t, l, over, headers, query)
					if headers != nil && response["A"].Error != nil {
						continue // not for rules
					}
					past := answer(t, response, "A")
					for _, field := range live.Fields {
						if field.Name == "duration" || field.Name == "start" || field.Name == "blame" || field.Name == "since" {
							continue
						}
						if got, want := strings.Join(cells(t, past, field.Name), " "), strings.Join(cells(t, live, field.Name), " "); got != want {
							t.Errorf("%s was %s, and was told to be %s", field.Name, want, got)
						}
					}
				}
			})
		})
	}
}

// moved is a job whose bottleneck moves five minutes after it was made.
func moved() *sim.Job {
	job := sim.HeldBack("moved", 4, 2, 1)
	job.Phases = []sim.Phase{{Lasts: time.Hour + 5*time.Minute}, {Change: func(tasks []sim.Task) {
		tasks[1].Capacity, tasks[2].Capacity = 5000, 100
	}}}
	return job
}
