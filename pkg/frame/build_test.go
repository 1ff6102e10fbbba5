package frame_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// sub is how one subtask spends its time, what is left being idle, and how
// many records a second it takes in and puts out.
type sub struct {
	busy, backpressured float64
	in, out             int64
	unmeasured          bool
}

func at(busy, backpressured float64) sub { return sub{busy: busy, backpressured: backpressured} }

func (s sub) flow(in, out int64) sub { s.in, s.out = in, out; return s }

// noMetrics is a subtask that runs, it is not known where, and has no metrics yet.
var noMetrics = sub{unmeasured: true}

// node is a task of a job; its id is the same in every job of the program.
type node struct {
	name     string
	from     []string
	subtasks []sub
}

func task(name string, subtasks ...sub) node { return node{name: name, subtasks: subtasks} }

// chain feeds each task from the one before it.
func chain(nodes ...node) []node {
	for i := 1; i < len(nodes); i++ {
		nodes[i].from = []string{nodes[i-1].name}
	}
	return nodes
}

const window = 10 * time.Second

var started = time.Date(2026, time.January, 15, 10, 0, 0, 0, time.UTC)

// jobOf measures the tasks by two samples one fetch apart, and chooses all.
func jobOf(cluster, name string, nodes ...node) frame.Job {
	deriver := job.NewDeriver(job.MetricInterval{Fetch: window, Gauge: job.FromGauge60s})
	deriver.Add(sampleOf(name, nodes, time.Hour-window))
	snapshot := deriver.Add(sampleOf(name, nodes, time.Hour))
	j := frame.Job{Cluster: cluster, Verdict: diagnosis.Diagnose(snapshot)}
	for i := range snapshot.Tasks {
		j.Tasks = append(j.Tasks, i)
	}
	return j
}

func taskID(name string) string { return fmt.Sprintf("%032x", name) }

func sampleOf(name string, nodes []node, after time.Duration) *job.Sample {
	var tasks []job.Task
	var edges []job.Edge
	byID := map[string]node{}
	for _, n := range nodes {
		id := taskID(n.name)
		tasks = append(tasks, job.Task{ID: id, Name: n.name, State: job.Running, Parallelism: len(n.subtasks), MaxParallelism: 128, Running: len(n.subtasks)})
		for _, input := range n.from {
			edges = append(edges, job.Edge{From: taskID(input), To: id})
		}
		byID[id] = n
	}
	sample := &job.Sample{
		Job:   job.Info{ID: strings.Repeat("0", 32-len(name)) + name, Name: name, State: job.Running, Type: job.Streaming, Start: started, Duration: after},
		Graph: job.NewGraph(tasks, edges),
		At:    started.Add(after),
	}
	for _, t := range sample.Graph.Tasks {
		sample.Tasks = append(sample.Tasks, job.TaskSample{Subtasks: byID[t.ID].samples(after)})
	}
	return sample
}

func (n node) samples(after time.Duration) (samples []job.SubtaskSample) {
	for i, s := range n.subtasks {
		sample := job.SubtaskSample{Subtask: i, State: job.Running, Running: after, Start: started}
		if !s.unmeasured {
			in, out := s.in*int64(after/time.Second), s.out*int64(after/time.Second)
			sample.Host, sample.TaskManager = fmt.Sprintf("host-%d", i%2), fmt.Sprintf("10.0.0.%d:6122-aa", i%2)
			sample.Counters, sample.RecordsIn, sample.RecordsOut = s.counters(after), &in, &out
		}
		samples = append(samples, sample)
	}
	return samples
}

func (s sub) counters(after time.Duration) *job.Counters {
	busy := time.Duration(math.Round(s.busy * float64(after)))
	backpressured := time.Duration(math.Round(s.backpressured * float64(after)))
	return &job.Counters{Idle: after - busy - backpressured, Busy: busy, Backpressured: backpressured}
}

// threeJobs is one that a bottleneck holds back, one that skew does and part
// of which is unknown, and one that is well.
func threeJobs() frame.Result {
	orders := jobOf("default", "orders", chain(
		task("in", at(0.1, 0.8).flow(0, 120), at(0.1, 0.9).flow(0, 80)),
		task("enrich", at(1, 0).flow(100, 100), at(0.9, 0).flow(100, 100)),
		task("out", at(0.2, 0).flow(100, 0), at(0.2, 0).flow(100, 0)))...)
	sessions := jobOf("default", "sessions", chain(
		task("in", at(0.2, 0.6).flow(0, 100)),
		task("window", at(0.1, 0).flow(10, 1), at(1, 0).flow(70, 1), at(0.2, 0).flow(20, 1), at(0, 0).flow(0, 0)),
		task("report", noMetrics, noMetrics))...)
	pages := jobOf("eu", "pages", chain(
		task("in", at(0.3, 0).flow(0, 50)),
		task("count", at(0.4, 0.05).flow(25, 5), at(0.6, 0).flow(25, 5)),
		task("out", at(0.1, 0).flow(10, 0)))...)
	orders.Details = [][]job.Detail{{{Soft: 0.7, Hard: 0.1, InPool: job.Unknown, OutPool: 1}, {Soft: 0.2, Hard: 0.7, InPool: job.Unknown, OutPool: 1}}}
	sessions.Snapshot.Job.Type = "" // as Flink before 1.14 reports none
	return frame.Result{
		Jobs: []frame.Job{orders, sessions, pages}, Requests: 12,
		Notices: []data.Notice{{Severity: data.NoticeSeverityInfo, Text: "Not measured in job sessions: report (no metrics yet)."}},
	}
}

// scaled adds what tasks could process, by one sample, and if the second of each job had
// twice as many subtasks.
func scaled(result frame.Result) frame.Result {
	result.Jobs = slices.Clone(result.Jobs)
	for n := range result.Jobs {
		var averager diagnosis.Averager
		averager.Add(result.Jobs[n].Verdict, time.Minute)
		if average, measured := averager.Average(); measured {
			scaling := diagnosis.Scale(average)
			prediction := scaling.WhatIf(map[int]int{1: 4})
			result.Jobs[n].Scaled = &frame.Scaled{Scaling: scaling, WhatIf: &prediction}
		}
	}
	return result
}

// trending adds how jobs did over a range: the one restarted, another was not measured at
// first, and of a third nothing is known.
func trending(result frame.Result) frame.Result {
	result.Jobs = slices.Clone(result.Jobs)
	at := []time.Time{started, started.Add(time.Minute), started.Add(2 * time.Minute)}
	for n, trend := range []frame.Trend{
		{At: at, Severity: []job.Share{0, 0.12345, 0.9}, Restarts: 2},
		{At: at, Severity: []job.Share{job.Unknown, 0.5, job.Unknown}},
		{At: at[:1], Severity: []job.Share{job.Unknown}, Restarts: math.NaN()},
	}[:len(result.Jobs)] {
		result.Jobs[n].Trend = &trend
	}
	return result
}

// views are those of jobs at one time, each by its name.
var views = map[string]func(frame.Result) data.Frames{
	"subtasks": func(result frame.Result) data.Frames { return frame.Subtasks(result, false) },
	"details":  func(result frame.Result) data.Frames { return frame.Subtasks(result, true) },
	"tasks":    frame.Tasks, "nodeGraph": frame.NodeGraph, "bottlenecks": frame.Bottlenecks,
	"jobs":         func(result frame.Result) data.Frames { return frame.Jobs(result, false) },
	"trends":       func(result frame.Result) data.Frames { return frame.Jobs(trending(result), true) },
	"taskmanagers": taskManagers,
	"scaling":      func(result frame.Result) data.Frames { return frame.Scaling(scaled(result), true) },
	"variable": func(result frame.Result) data.Frames {
		for _, j := range result.Jobs {
			result.Names = append(result.Names, j.Snapshot.Job.Name)
		}
		return frame.Variable(result)
	},
	"flameGraph": func(result frame.Result) data.Frames {
		var of frame.FlameGraphOf
		if len(result.Jobs) > 0 {
			of = flameGraphOf(result.Jobs[0])
		}
		return frame.FlameGraph(result, of)
	},
	"measure": func(result frame.Result) data.Frames {
		return frame.Measure(result, diagnosis.Measures[0], diagnosis.ByTask)
	},
}

// field is a frame's field of that name.
func field(t *testing.T, of *data.Frame, name string) *data.Field {
	t.Helper()
	found, at := of.FieldByName(name)
	if at < 0 {
		t.Fatalf("frame %s has no field %s", of.Name, name)
	}
	return found
}

// begun is when the series of these tests begin.
var begun = time.Date(2026, time.March, 4, 10, 0, 0, 0, time.UTC)

// seriesOf is a series of a task with a value at each of these seconds, with a
// longest gap of a minute.
func seriesOf(name, task string, source job.Source, values map[int]float64) frame.Series {
	series := frame.Series{Labels: data.Labels{"cluster": "default", "job": name, "task": task}, Source: source}
	for second := 0; len(series.Times) < len(values); second++ {
		if value, there := values[second]; there {
			series.Add(begun.Add(time.Duration(second)*time.Second), time.Minute, value)
		}
	}
	return series
}

// twoJobs are statuses over time: of a job that was not sampled for three minutes,
// and of one that was sampled at other times and is not any more.
func twoJobs() frame.Result {
	b, p, i, u := float64(diagnosis.Bottleneck), float64(diagnosis.Backpressured), float64(diagnosis.Idle), math.NaN()
	return frame.Result{
		Series: []frame.Series{
			seriesOf("orders", "source", job.FromPrometheus, map[int]float64{0: u, 10: p, 20: p, 200: p, 210: i}),
			seriesOf("orders", "window", job.FromPrometheus, map[int]float64{0: u, 10: b, 20: b, 200: b, 210: i}),
			seriesOf("clicks", "source", job.FromCounters, map[int]float64{5: i, 15: i}),
		},
		Requests: 3, Notices: []data.Notice{{Severity: data.NoticeSeverityInfo, Text: "of the whole"}},
		End: begun.Add(220 * time.Second),
	}
}

// overTime are the views of series.
var overTime = map[string]func(frame.Result) data.Frames{
	"history":  func(result frame.Result) data.Frames { return frame.History(result, status, 0) },
	"timeline": func(result frame.Result) data.Frames { return frame.Timeline(result, 0) },
}

// status is the measure that the series of these tests are of.
var status = measureNamed("status")

// measureNamed is a measure that there must be.
func measureNamed(name string) diagnosis.Measure {
	measure, found := diagnosis.MeasureNamed(name)
	if !found {
		panic("there is no measure " + name)
	}
	return measure
}

// seconds are the points of a series, by the second.
func seconds(series *data.Frame) (all string) {
	for i := range series.Fields[0].Len() {
		value := "null"
		if known, there := series.Fields[1].ConcreteAt(i); there {
			value = fmt.Sprint(known)
		}
		if i > 0 {
			all += " "
		}
		all += fmt.Sprintf("%g:%s", series.Fields[0].At(i).(time.Time).Sub(begun).Seconds(), value)
	}
	return all
}
