package frame_test

import (
	"fmt"
	"math"
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

// silent is a subtask that runs, nobody says where, and has no metrics yet.
var silent = sub{unmeasured: true}

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

// jobOf measures the tasks by two looks one fetch apart and asks for all.
func jobOf(cluster, name string, nodes ...node) frame.Job {
	trail := job.NewDeriver(job.MetricInterval{Fetch: window, Gauge: job.FromGauge60s})
	trail.Add(lookAt(name, nodes, time.Hour-window))
	snapshot := trail.Add(lookAt(name, nodes, time.Hour))
	j := frame.Job{Cluster: cluster, Snapshot: snapshot, Verdict: diagnosis.Diagnose(snapshot)}
	for i := range snapshot.Tasks {
		j.Tasks = append(j.Tasks, i)
	}
	return j
}

func taskID(name string) string { return fmt.Sprintf("%032x", name) }

func lookAt(name string, nodes []node, after time.Duration) *job.Sample {
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
	look := &job.Sample{
		Job:   job.Info{ID: strings.Repeat("0", 32-len(name)) + name, Name: name, State: job.Running, Type: job.Streaming, Start: started, Duration: after},
		Graph: job.NewGraph(tasks, edges),
		At:    started.Add(after),
	}
	for _, t := range look.Graph.Tasks {
		look.Tasks = append(look.Tasks, job.TaskSample{Subtasks: byID[t.ID].readings(after)})
	}
	return look
}

func (n node) readings(after time.Duration) (readings []job.SubtaskSample) {
	for i, s := range n.subtasks {
		reading := job.SubtaskSample{Subtask: i, State: job.Running, Running: after, Start: started}
		if !s.unmeasured {
			in, out := s.in*int64(after/time.Second), s.out*int64(after/time.Second)
			reading.Host, reading.TaskManager = fmt.Sprintf("host-%d", i%2), fmt.Sprintf("10.0.0.%d:6122-aa", i%2)
			reading.Counters, reading.RecordsIn, reading.RecordsOut = s.counters(after), &in, &out
		}
		readings = append(readings, reading)
	}
	return readings
}

func (s sub) counters(after time.Duration) *job.Counters {
	busy := time.Duration(math.Round(s.busy * float64(after)))
	backpressured := time.Duration(math.Round(s.backpressured * float64(after)))
	return &job.Counters{Idle: after - busy - backpressured, Busy: busy, Backpressured: backpressured}
}

// threeJobs is one that a bottleneck holds back, one that skew does and part
// of which is unknown, and one that is well.
func threeJobs() frame.Answer {
	orders := jobOf("default", "orders", chain(
		task("in", at(0.1, 0.8).flow(0, 120), at(0.1, 0.9).flow(0, 80)),
		task("enrich", at(1, 0).flow(100, 100), at(0.9, 0).flow(100, 100)),
		task("out", at(0.2, 0).flow(100, 0), at(0.2, 0).flow(100, 0)))...)
	sessions := jobOf("default", "sessions", chain(
		task("in", at(0.2, 0.6).flow(0, 100)),
		task("window", at(0.1, 0).flow(10, 1), at(1, 0).flow(70, 1), at(0.2, 0).flow(20, 1), at(0, 0).flow(0, 0)),
		task("report", silent, silent))...)
	pages := jobOf("eu", "pages", chain(
		task("in", at(0.3, 0).flow(0, 50)),
		task("count", at(0.4, 0.05).flow(25, 5), at(0.6, 0).flow(25, 5)),
		task("out", at(0.1, 0).flow(10, 0)))...)
	orders.Details = [][]job.Detail{{{Soft: 0.7, Hard: 0.1, InPool: job.Unknown, OutPool: 1}, {Soft: 0.2, Hard: 0.7, InPool: job.Unknown, OutPool: 1}}}
	sessions.Snapshot.Job.Type = "" // as Flink before 1.14 tells none
	return frame.Answer{
		Jobs: []frame.Job{orders, sessions, pages}, Requests: 12,
		Notices: []data.Notice{{Severity: data.NoticeSeverityInfo, Text: "Not measured in job sessions: report (no metrics yet)."}},
	}
}

// views are the query types, each by its name.
var views = map[string]func(frame.Answer) data.Frames{
	"subtasks": func(answer frame.Answer) data.Frames { return frame.Subtasks(answer, false) },
	"details":  func(answer frame.Answer) data.Frames { return frame.Subtasks(answer, true) },
	"tasks":    frame.Tasks, "nodeGraph": frame.NodeGraph, "bottlenecks": frame.Bottlenecks, "jobs": frame.Jobs,
	"variable": func(answer frame.Answer) data.Frames {
		var names []string
		for _, j := range answer.Jobs {
			names = append(names, j.Snapshot.Job.Name)
		}
		return frame.Variable(answer, names)
	},
	"measure": func(answer frame.Answer) data.Frames {
		return frame.NumericWide(answer, frame.Measures[0], frame.ByTask)
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
