package plugin_test

import (
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/raced"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// sinceOf is the time since the first row of a verdict, nil if it is not known.
func sinceOf(verdict *data.Frame) *time.Time {
	since, _ := verdict.FieldByName("since")
	at, _ := since.At(0).(*time.Time)
	return at
}

// Since when a task is the bottleneck, and for which share of the range it was.
func TestSinceAndBlame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newSampledLab(t, movingBottleneck())
		begin := time.Now()
		l.frame(t, `{"queryType": "tasks"}`)
		time.Sleep(15 * time.Minute)
		over := backend.TimeRange{From: begin, To: time.Now()}
		responses := sendOver(l.ctx, t, l, over, nil, `{"queryType": "bottlenecks"}`, `{"queryType": "tasks"}`, `{"queryType": "measure", "measure": "blame", "by": "task"}`)

		verdict := firstFrame(t, responses, "A")
		if task := cells(t, verdict, "task"); strings.Join(task, ", ") != "task-2" {
			t.Errorf("the bottleneck is %s", task)
		}
		if at := sinceOf(verdict); at == nil || at.Sub(begin) < 4*time.Minute+45*time.Second || at.Sub(begin) > 5*time.Minute+30*time.Second {
			t.Errorf("since %v, and the bottleneck moved at %s", at, begin.Add(5*time.Minute))
		}
		for refID, column := range map[string]string{"B": "blame", "C": ""} {
			shown := firstFrame(t, responses, refID)
			var shares []float64
			if column == "" {
				for _, field := range shown.Fields {
					value, _ := field.ConcreteAt(0)
					shares = append(shares, value.(float64))
				}
			} else {
				field, _ := shown.FieldByName(column)
				for i := range field.Len() {
					value, _ := field.ConcreteAt(i)
					shares = append(shares, value.(float64))
				}
			}
			if len(shares) != 4 || shares[0] != 0 || shares[1] < 0.3 || shares[1] > 0.37 || shares[2] < 0.63 || shares[2] > 0.7 || shares[3] != 0 {
				t.Errorf("the blame is %v, want a third for the second task and two thirds for the third", shares)
			}
		}
	})
}

// A bottleneck that is there when the history begins has lasted at least so long, unless the
// job began then; one that comes later has lasted that long.
func TestHowLongABottleneckLasts(t *testing.T) {
	steady := func() *sim.Job {
		job := sim.HeldBack("orders", 3, 2, 1)
		job.Start = time.Now()
		return job
	}
	for name, c := range map[string]struct {
		of    func() *sim.Job
		after time.Duration // of the job's start
		want  string
	}{
		"from before the history": {steady, time.Hour, "at least 16 min"},
		"since the job began":     {steady, 0, "15 min"},
		"since it moved":          {movingBottleneck, 0, "10 min"},
		"moved, of an older job":  {movingBottleneck, time.Minute, "11 min"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newSampledLab(t, c.of())
				time.Sleep(c.after)
				l.frame(t, `{"queryType": "tasks"}`)
				time.Sleep(15*time.Minute + 10*time.Second)
				for _, queryType := range []string{"bottlenecks", "jobs"} {
					if lasts := cells(t, l.frame(t, `{"queryType": "`+queryType+`"}`), "lasts"); lasts[0] != c.want {
						t.Errorf("%s: %q, want %q", queryType, lasts, c.want)
					}
				}
			})
		})
	}
}

// Without a history neither is known.
func TestSinceWithoutHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLabWith(t, map[string]any{"history": map[string]any{"retention": "0s"}}, movingBottleneck())
		responses := send(l.ctx, t, l, `{"queryType": "bottlenecks"}`, `{"queryType": "measure", "measure": "blame", "by": "task"}`)
		if since := cells(t, firstFrame(t, responses, "A"), "since"); since[0] != "null" {
			t.Errorf("since %s", since)
		}
		if blame := firstFrame(t, responses, "B"); len(blame.Fields) != 4 || hasValues(blame) {
			t.Errorf("blame is %q", seriesOf(blame))
		}
	})
}

// since does not reach across a pause in which nothing was sampled, but does from
// one fetch to the next, however rare they are.
func TestSinceAcrossAPause(t *testing.T) {
	for name, c := range map[string]struct {
		fetch     time.Duration
		idleAfter string
		early     bool // since the beginning
	}{
		"nothing is sampled":         {10 * time.Second, "1m", false},
		"a fetch every four minutes": {4 * time.Minute, "1h", true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLabWith(t, map[string]any{"history": map[string]any{"idleAfter": c.idleAfter}}, sim.HeldBack("orders", 3, 2, 1))
				l.Fetch = c.fetch
				l.frame(t, `{"queryType": "tasks"}`)
				time.Sleep(30 * time.Minute)
				at := sinceOf(l.frame(t, `{"queryType": "bottlenecks"}`))
				if at == nil || time.Since(*at) > 29*time.Minute-2*c.fetch != c.early {
					t.Errorf("since %v, and it is %s", at, time.Now())
				}
			})
		})
	}
}

// takingTurns is a job whose second task is the bottleneck for one time and the
// third for another, in turns.
func takingTurns(second, third time.Duration) *sim.Job {
	job := sim.HeldBack("orders", 4, 2, 1)
	to := func(slow int) func([]sim.Task) {
		return func(tasks []sim.Task) {
			tasks[1], tasks[2], tasks[3] = fast(tasks[1]), fast(tasks[2]), fast(tasks[3])
			tasks[slow].Capacity, tasks[slow].Uncounted = 100, 0.01
		}
	}
	job.Phases = []sim.Phase{{Lasts: second, Change: to(1)}, {Lasts: third, Change: to(2)}}
	job.Repeat = true
	return job
}

// fast is a task that is never the bottleneck.
func fast(task sim.Task) sim.Task {
	task.Capacity, task.Uncounted = 5000, 0
	return task
}

// pollWith polls every 10 s for a time, with a pause in the middle of it.
func pollWith(t *testing.T, l lab, long, pause time.Duration) {
	t.Helper()
	for end := time.Now().Add(long + pause); time.Now().Before(end); time.Sleep(10 * time.Second) {
		l.frame(t, `{"queryType": "tasks"}`)
		if pause > 0 && time.Until(end) < pause+long/2 {
			time.Sleep(pause)
			pause = 0
		}
	}
}

// The blame of a range is one number, whichever query type it is read with: the
// share of the time that was sampled, whatever Flink measures with.
func TestBlameIsOneNumber(t *testing.T) {
	raced.Skip(t)
	t.Parallel()
	for name, c := range map[string]struct {
		version       string
		fetch         time.Duration
		second, third time.Duration
		long, pause   time.Duration
		want          float64 // of the second task
	}{
		"counters":                       {"2.3.0", 10 * time.Second, 90 * time.Second, 30 * time.Second, 40 * time.Minute, 0, 0.75},
		"counters, with a pause":         {"2.3.0", 10 * time.Second, 90 * time.Second, 30 * time.Second, 40 * time.Minute, 25 * time.Minute, 0.75},
		"gauges":                         {"1.15.4", 10 * time.Second, 90 * time.Second, 30 * time.Second, 40 * time.Minute, 0, 0.75},
		"gauges, with a pause":           {"1.15.4", 10 * time.Second, 90 * time.Second, 30 * time.Second, 40 * time.Minute, 25 * time.Minute, 0.75},
		"gauges that are fetched rarely": {"1.15.4", time.Minute, 5 * time.Minute, 100 * time.Second, 40 * time.Minute, 0, 0.75},
		"a pause in which it moves":      {"2.3.0", 10 * time.Second, time.Hour + 15*time.Minute, time.Hour, 10 * time.Minute, 25 * time.Minute, 0.5},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLabWith(t, map[string]any{"history": map[string]any{"idleAfter": "10s", "retention": "24h"}}, takingTurns(c.second, c.third))
				l.Version, l.Fetch = c.version, c.fetch
				pollWith(t, l, c.long, c.pause)
				for _, long := range []time.Duration{c.long + c.pause, 24 * time.Hour} {
					checkBlame(t, l, backend.TimeRange{From: time.Now().Add(-long), To: time.Now()}, c.want, 0.05)
				}
			})
		})
	}
}

// So it is where a part of the range was scraped by Prometheus alone, in which another
// task was the bottleneck.
func TestBlameIsOneNumberAcrossPrometheus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		orders := sim.HeldBack("orders", 4, 1, 1)
		l, prometheus := newScrapedLab(t)
		l.Jobs = []*sim.Job{orders}
		begin := time.Now()
		for i, task := range orders.Tasks { // the third task held it back
			of := attempt{jobID: orders.ID, job: orders.Name, taskID: task.ID, task: task.Name, manager: "tm-1", from: begin.Add(-time.Hour), to: begin, idle: 0.9, busy: 0.1}
			if i < 2 {
				of.idle, of.backpressured = 0, 0.9
			} else if i == 2 {
				of.idle, of.busy = 0, 1
			}
			scrape(prometheus, of)
		}
		l.frame(t, `{"queryType": "tasks"}`)
		time.Sleep(10 * time.Minute)
		over := backend.TimeRange{From: begin.Add(-40 * time.Minute), To: time.Now()}
		checkBlame(t, l, over, 0.2, 0.02)
		time.Sleep(5 * time.Minute) // of a range that has ended, too
		checkBlame(t, l, over, 0.2, 0.02)
	})
}

// checkBlame checks the blame of the second task by each query type.
func checkBlame(t *testing.T, l lab, over backend.TimeRange, want, tolerance float64) {
	t.Helper()
	blames := blamesByWay(t, l, over)
	for way, got := range blames {
		if math.Abs(got-blames["measure by task"]) > 0.001 || !(math.Abs(got-want) <= tolerance) {
			t.Errorf("from %s to %s the blame is %.3f in the way %s, want %.3f; in all %v", over.From, over.To, got, way, want, blames)
		}
	}
}

// blamesByWay is the blame of the second task by each query type.
func blamesByWay(t *testing.T, l lab, over backend.TimeRange) map[string]float64 {
	t.Helper()
	responses := sendOver(l.ctx, t, l, over, nil,
		`{"queryType": "measure", "measure": "blame", "by": "task", "tasks": ["task-1"]}`, `{"queryType": "tasks", "tasks": ["task-1"]}`,
		`{"queryType": "history", "measure": "blame", "by": "task", "tasks": ["task-1"]}`,
		`{"queryType": "history", "measure": "blame", "by": "taskmanager", "tasks": ["task-1"]}`,
		`{"queryType": "history", "measure": "blame", "by": "subtask", "tasks": ["task-1"]}`)
	blames := map[string]float64{}
	for refID, way := range map[string]string{"A": "measure by task", "B": "tasks", "C": "history by task", "D": "history by taskmanager", "E": "history by subtask"} {
		shown := firstFrame(t, responses, refID)
		field := shown.Fields[len(shown.Fields)-1]
		if refID == "B" {
			field, _ = shown.FieldByName("blame")
		}
		value, known := field.ConcreteAt(field.Len() - 1)
		if !known {
			t.Errorf("the blame is not known in the way %s", way)
			value = math.NaN()
		}
		blames[way] = value.(float64)
	}
	return blames
}
