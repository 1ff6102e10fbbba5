package plugin_test

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// After one query the job is sampled once a fetch, and each measure of load has a
// history, by job, task, subtask and TaskManager, with the labels of the present.
func TestHistoryAfterOneQuery(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"job", "task", "subtask", "taskmanager"} {
		for _, measure := range []string{"bottleneck", "status", "busy", "backpressured", "idle", "skew", "blame"} {
			t.Run(measure+" by "+by, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l := newSampledLab(t, sim.HeldBack("orders", 3, 2, 1))
					l.frame(t, `{"queryType": "jobs"}`)
					time.Sleep(5 * time.Minute)
					query := fmt.Sprintf(`{"queryType": "history", "measure": %q, "by": %q}`, measure, by)
					now := l.frame(t, strings.Replace(query, "history", "measure", 1))
					frames := send(l.ctx, t, l, query)["A"].Frames
					if len(frames) != len(now.Fields) {
						t.Fatalf("%d series, and of now %d", len(frames), len(now.Fields))
					}
					for i, frame := range frames {
						samples := frame.Fields[0].Len()
						if samples < 29 || samples > 32 { // a fetch takes its time
							t.Errorf("%d points in five minutes: %s", samples, pointsOf(frame))
						}
						if got, want := frame.Fields[1].Labels.String(), now.Fields[i].Labels.String(); got != want {
							t.Errorf("labels %s, want %s", got, want)
						}
						last, _ := frame.Fields[1].ConcreteAt(samples - 1)
						value, _ := now.Fields[i].ConcreteAt(0)
						if fmt.Sprintf("%.2v", last) != fmt.Sprintf("%.2v", value) {
							t.Errorf("%s ends with %v, and now is %v", frame.Fields[1].Labels, last, value)
						}
					}
				})
			})
		}
	}
}

// Where a task does not answer, what is known of the others is the same now, at a
// moment and over time: nothing, if that one may hold the job back.
func TestHistoryOfChosenTasksIsThatOfThePresent(t *testing.T) {
	for name, c := range map[string]struct {
		held          int // the task that holds the job back
		silent, tasks string
		want          string // the severity
		busy, status  string
	}{
		"the source does not answer":              {1, "task-0", `["task-2"]`, "null", "0.02", "0"},
		"nor is that known of all tasks":          {1, "task-0", `[]`, "null", "null", "null"},
		"the one held back does not answer":       {2, "task-1", `["task-3"]`, "null", "0.02", "0"},
		"a task beside the bottleneck":            {2, "task-0", `["task-3"]`, "0", "0.02", "0"},
		"the one chosen does not answer":          {2, "task-0", `["task-0"]`, "null", "null", "null"},
		"the bottleneck and the one not answered": {2, "task-0", `["task-0", "task-2"]`, "0.95", "null", "4"},
		"all tasks answer":                        {1, "none", `["task-2"]`, "0", "0.02", "0"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				orders := sim.HeldBack("orders", 4, 1, c.held)
				l := newSampledLab(t, orders)
				begin := time.Now()
				for _, task := range orders.Tasks {
					if task.Name == c.silent {
						l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": sim.Spoiled(l.Cluster, sim.On("/vertices/"+task.ID, sim.Failing()))})
					}
				}
				l.frame(t, `{"queryType": "jobs"}`)
				time.Sleep(5 * time.Minute)
				for measure, want := range map[string]string{"bottleneck": c.want, "busy": c.busy, "status": c.status} {
					query := `{"queryType": "measure", "measure": "` + measure + `", "tasks": ` + c.tasks + `}`
					now := onlyValue(t, l.frame(t, query))
					shown := l.frame(t, strings.Replace(query, "measure", "history", 1))
					last := "null"
					if value, known := shown.Fields[1].ConcreteAt(shown.Rows() - 1); known {
						last = fmt.Sprint(value)
					}
					moment := onlyValue(t, l.frameOver(t, backend.TimeRange{From: begin, To: begin.Add(3 * time.Minute)}, nil, query))
					if !nearly(now, want) || !nearly(last, want) || !nearly(moment, want) {
						t.Errorf("%s is %s now, %s at a moment, %s over time; want %s", measure, now, moment, last, want)
					}
				}
			})
		})
	}
}

// While Flink is away the history has a gap, in which nothing is known; sampling
// goes on after it.
func TestHistoryAcrossAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newSampledLab(t, sim.HeldBack("orders", 3, 2, 1))
		away := l.withOutages(t)
		l.frame(t, `{"queryType": "jobs"}`)
		time.Sleep(2 * time.Minute)
		away.Store(true)
		time.Sleep(2*time.Minute + 500*time.Millisecond)
		response := send(l.ctx, t, l, `{"queryType": "history"}`)["A"]
		if response.Error != nil || !strings.Contains(strings.Join(notices(response.Frames[0]), " "), "Nothing newer is known") {
			t.Errorf("while Flink is away: %v, %v", response.Error, response.Frames)
		}
		away.Store(false)
		time.Sleep(2 * time.Minute)
		shown := l.frame(t, `{"queryType": "history"}`)
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
			t.Errorf("nothing is known for %s: %s", gap, pointsOf(shown))
		}
	})
}

// The smallest history that the settings allow keeps 20 jobs.
func TestSmallestHistory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, twentyJobs()...)
		l.dataSource = open(t, settingsWith(map[string]any{"url": "http://flink:8081", "history": map[string]any{"retention": "1m", "maxMemoryMiB": 1}}))
		l.frame(t, `{"queryType": "tasks"}`)
		time.Sleep(2 * time.Minute)
		if shown := jobsWithValues(send(l.ctx, t, l, `{"queryType": "history", "measure": "busy", "by": "task"}`)["A"]); len(shown) != 20 {
			t.Errorf("%d jobs are known of the last minute, want 20", len(shown))
		}
	})
}

// A history is found again after the settings were saved, and by no other data
// source, though that may have the same uid and address: uids are an
// organisation's own.
func TestHistoryBelongsToOneDataSource(t *testing.T) {
	for name, c := range map[string]struct {
		namespace string
		id        int64
		shown     []string
	}{
		"the same, saved again":                                {"default", 7, []string{"orders"}},
		"another organisation's":                               {"org-2", 8, nil},
		"another organisation's of its uid, in an old Grafana": {"default", 8, nil},
		"another organisation's of its id":                     {"org-2", 7, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, sim.HeldBack("orders", 3, 2, 1))
				proxy := &refusingProxy{Handler: l.Cluster}
				l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": proxy})
				settings := settingsWith(map[string]any{"url": "http://flink:8081"})
				settings.ID = 7
				first := openIn(t, "default", settings)
				firstFrame(t, send(l.ctx, t, first, `{"queryType": "tasks"}`), "A")
				time.Sleep(11 * time.Second)
				firstFrame(t, send(l.ctx, t, first, `{"queryType": "tasks"}`), "A")
				proxy.all.Store(true)
				settings.ID = c.id
				other := openIn(t, c.namespace, settings)
				for _, query := range []string{`{"queryType": "history"}`, `{"queryType": "timeline"}`, `{"queryType": "history", "measure": "busy", "by": "task"}`} {
					if shown := jobsWithValues(send(l.ctx, t, other, query)["A"]); !slices.Equal(shown, c.shown) {
						t.Errorf("%s shows %q, want %q", query, shown, c.shown)
					}
				}
			})
		})
	}
}

// A cluster at another address has the history of that address, and its old one
// when it moves back; the other clusters of the data source keep theirs.
func TestHistoryBelongsToOneAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		one := func(name string) http.Handler {
			return newCluster(sim.HeldBack(name, 3, 2, 1))
		}
		l.ctx = inMemory(t.Context(), map[string]http.Handler{"a": one("orders"), "b": one("payments"), "c": one("returns"), "d": one("ledger")})
		uid := settingsWith(nil).UID
		at := func(first, second string) dataSource {
			settings := settingsWith(map[string]any{"url": "http://" + first, "clusters": []map[string]string{{"name": "more", "url": "http://" + second}}})
			settings.UID = uid
			return open(t, settings)
		}
		before := at("a", "b")
		for range 3 {
			firstFrame(t, send(l.ctx, t, before, `{"queryType": "tasks"}`), "A")
			time.Sleep(10 * time.Second)
		}
		for _, c := range []struct {
			first, second string
			want          []string
		}{
			{"a", "b", []string{"orders", "payments"}},
			{"a", "c", []string{"orders", "returns"}},
			{"d", "b", []string{"ledger", "payments"}},
			{"a", "b", []string{"orders", "payments"}},
		} {
			for _, query := range []string{`{"queryType": "history"}`, `{"queryType": "timeline"}`} {
				shown := jobsWithValues(send(l.ctx, t, at(c.first, c.second), query)["A"])
				if slices.Sort(shown); !slices.Equal(shown, c.want) {
					t.Errorf("at %s and %s: %s shows %q, want %q", c.first, c.second, query, shown, c.want)
				}
			}
		}
	})
}

// bursting is a job whose second task is at its limit for half a minute, four
// minutes after the job was made, and else hardly works.
func bursting(name string) *sim.Job {
	job := sim.HeldBack(name, 3, 2, 1)
	job.Tasks[0].Rate = 20
	job.Phases = []sim.Phase{
		{Lasts: time.Hour + 4*time.Minute},
		{Lasts: 30 * time.Second, Change: func(tasks []sim.Task) { tasks[0].Rate = 2000 }},
		{Change: func(tasks []sim.Task) { tasks[0].Rate = 20 }},
	}
	return job
}

// extremes are the lowest and the highest value of each series, by its labels.
func extremes(frames data.Frames) (lowest, highest map[string]float64) {
	lowest, highest = map[string]float64{}, map[string]float64{}
	for _, frame := range frames {
		for _, field := range frame.Fields[1:] {
			key := field.Labels.String()
			lowest[key], highest[key] = math.Inf(1), math.Inf(-1)
			for i := range field.Len() {
				value, known := field.ConcreteAt(i)
				if word, isWord := value.(string); isWord {
					value = map[string]float64{"idle": 0, "mixed": 1, "busy": 2, "backpressured": 3, "bottleneck": 4}[word]
				}
				if known {
					lowest[key], highest[key] = min(lowest[key], value.(float64)), max(highest[key], value.(float64))
				}
			}
		}
	}
	return lowest, highest
}

// There are no more points than a panel has room for, and the worst of the time is
// among them: the highest, of idle the lowest. A number that makes no sense is no
// limit.
func TestMaxDataPoints(t *testing.T) {
	queries := []string{`{"queryType": "timeline"}`, `{"queryType": "history", "measure": "running"}`}
	for _, by := range []string{"job", "task", "subtask", "taskmanager"} {
		for _, measure := range []string{"busy", "idle", "backpressured", "bottleneck", "status"} {
			queries = append(queries, fmt.Sprintf(`{"queryType": "history", "by": %q, "measure": %q}`, by, measure))
		}
	}
	synctest.Test(t, func(t *testing.T) {
		l := newSampledLab(t, bursting("orders"), bursting("payments"))
		l.frame(t, `{"queryType": "tasks", "jobs": ["orders"]}`)
		time.Sleep(3 * time.Second) // so that the two are not polled at one time
		l.frame(t, `{"queryType": "tasks"}`)
		time.Sleep(10 * time.Minute)
		for _, query := range queries {
			all := framesFor(t, l, lastHour(), 0, query)
			lowest, highest := extremes(all)
			for _, points := range []int64{1, 2, 7, 59, 10_000, 1 << 40, math.MaxInt64, -1, math.MinInt64} {
				few := framesFor(t, l, lastHour(), points, query)
				low, high := extremes(few)
				for _, frame := range few {
					checkFrame(t, query, frame)
					if rows := frame.Rows(); points > 0 && int64(rows) > points || rows == 0 || (points < 1 || points > 9999) && rows != all[0].Rows() {
						t.Errorf("%s: %d rows for %d points, and there are %d", query, rows, points, all[0].Rows())
					}
				}
				for series := range highest {
					if strings.Contains(query, "idle") && low[series] != lowest[series] || !strings.Contains(query, "idle") && high[series] != highest[series] {
						t.Errorf("%s: of %s at %d points %v to %v is left, and there was %v to %v", query, series, points, low[series], high[series], lowest[series], highest[series])
					}
				}
			}
			if worst := highest["cluster=default, job=orders, task=task-1"]; strings.Contains(query, "timeline") && worst != 4 || strings.Contains(query, `"task", "measure": "busy"`) && worst < 0.9 {
				t.Errorf("%s: the burst is not there: %v", query, highest)
			}
		}
	})
}
