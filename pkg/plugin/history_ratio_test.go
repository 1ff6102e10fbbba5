//go:build bench

package plugin_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// An hour of 10,000 subtasks, a sample every 10 s: a graph or a timeline of its
// 100 tasks, or of as many as it has lanes, takes at most 1.5 times as long to answer as to encode.
func TestHistoryRatio(t *testing.T) {
	const runs, bar = 15, 1.5
	settings := settingsWith(map[string]any{"url": "http://flink:8081", "history": map[string]any{"retention": "2h", "idleAfter": "0s"}})
	store := poolOf(t).Open(memory.DataSource{UID: settings.UID}, memory.Limits{Retention: 2 * time.Hour, MaxBytes: 64 << 20}, time.Now()).Cluster("default at http://flink:8081")
	end := time.Now().Add(-20 * time.Minute) // long ago, so that there are no requests
	fill(store, end, 360)
	source := open(t, settings)
	over := backend.TimeRange{From: end.Add(-time.Hour), To: end}
	for query, series := range map[string]int{`{"queryType": "history", "measure": "busy", "by": "task"}`: 100, `{"queryType": "timeline"}`: 50} { // lanes are bounded
		var frames data.Frames
		var answers, encodings []time.Duration
		for range runs {
			begin := time.Now()
			frames = sendOver(t.Context(), t, source, over, nil, query)["A"].Frames
			answers = append(answers, time.Since(begin))
			begin = time.Now()
			for _, frame := range frames {
				if _, err := frame.MarshalArrow(); err != nil {
					t.Fatal(err)
				}
			}
			encodings = append(encodings, time.Since(begin))
		}
		if fields := len(frames) + len(frames[0].Fields); fields < series+1 || frames[0].Rows() < 350 {
			t.Fatalf("%s: %d frames of %d fields and %d rows", query, len(frames), len(frames[0].Fields), frames[0].Rows())
		}
		answered, encoded := slices.Min(answers), slices.Min(encodings) // what else the machine does adds to either
		ratio := float64(answered+encoded) / float64(encoded)
		t.Logf("%s: answered in %s and encoded in %s, together %.2f times the encoding", query, answered, encoded, ratio)
		if own := float64(answered) / float64(encoded); own > bar {
			t.Errorf("%s takes %.2f times as long as its encoding, more than %.1f", query, own, bar)
		}
	}
}

// fill fills the history with samples of 100 tasks of 100 subtasks, 10 s apart.
func fill(store *memory.Cluster, end time.Time, samples int) {
	chance := rand.New(rand.NewPCG(1, 2))
	tasks, edges := make([]job.Task, 100), []job.Edge{}
	for i := range tasks {
		tasks[i] = job.Task{ID: fmt.Sprintf("%032x", i), Name: fmt.Sprintf("task %d", i), Parallelism: 100, State: job.Running, Running: 100}
		if i > 0 {
			edges = append(edges, job.Edge{From: tasks[i-1].ID, To: tasks[i].ID})
		}
	}
	graph, begin := job.NewGraph(tasks, edges), end.Add(-time.Duration(samples)*10*time.Second)
	trail := job.NewDeriver(job.MetricInterval{Fetch: 10 * time.Second, Gauge: job.FromGauge60s})
	spent := make([][]job.Counters, 100)
	for n := range samples {
		at := begin.Add(time.Duration(n) * 10 * time.Second)
		taken := &job.Sample{Job: job.Info{ID: fmt.Sprintf("%032x", 7), Name: "wide", State: job.Running, Start: begin}, Graph: graph, At: at, Tasks: make([]job.TaskSample, 100)}
		for i := range taken.Tasks {
			if spent[i] == nil {
				spent[i] = make([]job.Counters, 100)
			}
			for s := range 100 {
				busy := time.Duration(chance.IntN(10_000)) * time.Millisecond
				held := time.Duration(chance.IntN(int(10*time.Second-busy)/1e6+1)) * time.Millisecond
				c := &spent[i][s]
				c.Busy, c.Backpressured, c.Idle = c.Busy+busy, c.Backpressured+held, c.Idle+10*time.Second-busy-held
				counters := *c
				taken.Tasks[i].Subtasks = append(taken.Tasks[i].Subtasks, job.SubtaskSample{
					Subtask: s, State: job.Running, Start: begin, Running: time.Hour, Host: "host", TaskManager: "tm-1", Counters: &counters,
				})
			}
		}
		store.Add(diagnosis.Diagnose(trail.Add(taken)), math.NaN(), time.Minute)
	}
}
