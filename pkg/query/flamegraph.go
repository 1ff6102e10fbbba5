package query

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// flameGraphMode is a mode of a flame graph.
type flameGraphMode struct {
	name string
	mode flink.FlameGraphMode
	// none is what it means that it has no samples.
	none string
}

// flameGraphModes are all of them, the default first.
var flameGraphModes = []flameGraphMode{
	{"full", flink.FullFlameGraph, "no thread of it was sampled"},
	{"on_cpu", flink.OnCPUFlameGraph, "in none of the samples a thread of it ran, as all waited: choose the mode off_cpu or full"},
	{"off_cpu", flink.OffCPUFlameGraph, "in none of the samples a thread of it waited, as all ran: choose the mode on_cpu or full"},
}

// Subtask is which subtask a query names; nil for none.
type Subtask struct{ index *int }

// UnmarshalJSON reads an index, also as the text that a variable becomes. A variable
// without a value, or at Grafana's "All", is none.
func (s *Subtask) UnmarshalJSON(source []byte) error {
	text := string(bytes.TrimSpace(source))
	if strings.HasPrefix(text, `"`) {
		if err := json.Unmarshal(source, &text); err != nil {
			return err
		}
		text = strings.TrimSpace(text)
	}
	if s.index = nil; text == "" || text == "null" || text == all {
		return nil
	}
	index, err := strconv.Atoi(text)
	if err != nil || index < 0 {
		return badQuery("There is no subtask %q: it is a whole number from 0, or empty for the one that the verdict names.", shortened(text))
	}
	s.index = &index
	return nil
}

// flameGraphModeNamed is the mode that a query names, in any case; the first if it names
// none.
func flameGraphModeNamed(name string) (mode string, err error) {
	var names []string
	for _, each := range flameGraphModes {
		if name == "" || strings.EqualFold(name, each.name) {
			return each.name, nil
		}
		names = append(names, each.name)
	}
	return name, badQuery("There is no mode %q of a flame graph: choose one of %s.", shortened(name), strings.Join(names, ", "))
}

const (
	// flameGraphPatience is how long a query waits for Flink's first samples, about 5 s
	// unless Flink is configured to take more, and flameGraphMargin how long before its
	// own deadline it gives up, to say so.
	flameGraphPatience = 20 * time.Second
	flameGraphMargin   = time.Second
	// oldSamples is the age from which on samples are not of the present: Flink takes new
	// ones each minute while it is asked.
	oldSamples = 2 * time.Minute
)

// answerFlameGraph answers with the flame graph of one task of one job: of those that the
// query chose the worst root cause, or else the busiest.
func answerFlameGraph(ctx context.Context, e *Engine, req Request) (data.Frames, error) {
	clusters, err := e.choose(req)
	if err != nil {
		return nil, err
	}
	isLive, requests := live(ctx, clusters, req)
	if !isLive {
		result := frame.Result{Requests: requests}
		result.Add(info("Flink has flame graphs of the present only: choose a time range that ends now."))
		return frame.FlameGraph(result, frame.FlameGraphOf{Mode: req.Mode}), nil
	}
	result, err := e.now(ctx, req, clusters)
	result.Requests += requests
	if err != nil {
		return nil, err
	}
	chosen, found := hottestTask(result)
	if !found {
		result.Add(info("None of the tasks chosen runs, so there is no flame graph."))
		return frame.FlameGraph(result.Result, frame.FlameGraphOf{Mode: req.Mode}), nil
	}
	inTime, cancel := req.inTime(ctx)
	defer cancel()
	of, err := chosen.flameGraph(inTime, req, &result.Result)
	if err != nil {
		return nil, err
	}
	return frame.FlameGraph(result.Result, of), ctx.Err()
}

// chosenTask is the task that a flame graph is of.
type chosenTask struct {
	cluster *Cluster
	job     frame.Job
	task    int
	// hot is the hottest subtask, if it is a root cause.
	hot *int
}

// hottestTask is, of the tasks chosen, the root cause with the highest severity, or else
// the busiest, or else the first that runs, as far as none is measured.
func hottestTask(result loaded) (hottest chosenTask, found bool) {
	severity, busy, runs := job.Share(-1), job.Share(-1), false
	for n, shown := range result.Jobs {
		cluster := result.pasts[n].cluster
		if root := shown.WorstRoot(shown.Tasks); root != nil && root.Severity > severity {
			severity = root.Severity
			hottest = chosenTask{cluster, shown, root.Task, nil}
			if hot := root.Hottest(shown.Snapshot.Tasks[root.Task]); hot >= 0 {
				hottest.hot = &hot
			}
		}
		for _, task := range shown.Tasks {
			switch load := shown.Snapshot.Tasks[task]; {
			case severity >= 0:
			case load.Busy.Max > busy:
				busy, hottest = load.Busy.Max, chosenTask{cluster, shown, task, nil}
			case busy < 0 && !runs && shown.Snapshot.Graph.Tasks[task].State == job.Running:
				runs, hottest = true, chosenTask{cluster, shown, task, nil}
			}
		}
	}
	return hottest, severity >= 0 || busy >= 0 || runs
}

// flameGraph requests it; what there is to say about it, or why there is none, is among
// the result's notices.
func (c chosenTask) flameGraph(ctx context.Context, req Request, result *frame.Result) (of frame.FlameGraphOf, err error) {
	info, task := c.job.Snapshot.Job, c.job.Snapshot.Graph.Tasks[c.task]
	of = frame.FlameGraphOf{Cluster: c.cluster.Name, Job: info.Name, JobID: info.ID, Task: task.Name, TaskID: task.ID, Mode: req.Mode}
	if index := req.Subtask.index; index != nil && *index >= task.Parallelism {
		return of, notFound("Task %s has no subtask %d: it has those from 0 to %d.", task.Name, *index, task.Parallelism-1)
	}
	flinkCluster, requests, err := c.cluster.Collector.Cluster(ctx)
	if result.Requests += requests; err != nil {
		return of, err
	}
	if !flinkCluster.FlameGraphs && flinkCluster.ConfigErr == nil {
		result.Add(c.off())
		return of, nil
	}
	of.Subtask = c.subtask(req, flinkCluster, result)
	mode := flameGraphModes[slices.IndexFunc(flameGraphModes, func(each flameGraphMode) bool { return each.name == req.Mode })]
	key := collector.FlameGraphKey{JobID: info.ID, TaskID: task.ID, Subtask: flink.WholeTask, Mode: mode.mode}
	if of.Subtask != nil {
		key.Subtask = *of.Subtask
	}
	graph, requests, err := c.cluster.Collector.FlameGraph(ctx, key, patience(ctx))
	if result.Requests += requests; err != nil {
		return of, err
	}
	of.Graph = graph.Graph
	switch graph.State {
	case flink.FlameGraphsOff:
		result.Add(c.off())
	case flink.FlameGraphEnded:
		result.Add(warning("There is no flame graph of task %s, as it has ended.", task.Name))
	case flink.FlameGraphWaiting:
		result.Add(warning("Flink has no samples of task %s yet: refresh in a few seconds. If they never come, not all of its subtasks run, or a TaskManager does not answer: see the JobManager's log.", task.Name))
	default:
		c.note(graph.Graph, mode.none, result)
	}
	return of, nil
}

// note adds what there is to say about a flame graph.
func (c chosenTask) note(graph *job.FlameGraph, none string, result *frame.Result) {
	name := c.job.Snapshot.Graph.Tasks[c.task].Name
	if graph.Samples() == 0 {
		result.Add(info("The flame graph of task %s is empty: %s.", name, none))
	}
	if graph.Cut {
		result.Add(warning("The flame graph of task %s is cut: Flink's has more than 20,000 calls, stacks of more than 1,000, or names of more than 512 characters.", name))
	}
	if age := time.Since(graph.At); age > oldSamples {
		result.Add(info("The samples of task %s are %s old: Flink takes new ones now, refresh in a few seconds.", name, age.Round(time.Minute)))
	}
}

// off is the notice on how to turn flame graphs on.
func (c chosenTask) off() data.Notice {
	return info("Flame graphs are off in cluster %s: set rest.flamegraph.enabled: true in Flink's configuration and restart the cluster.", c.cluster.Name)
}

// subtask is the one that the query names, or else the hottest of a root cause; nil for
// all of them, as before Flink 1.17.
func (c chosenTask) subtask(req Request, of collector.Cluster, result *frame.Result) *int {
	switch named := req.Subtask.index; {
	case of.SubtaskFlameGraphs() && named != nil:
		return named
	case of.SubtaskFlameGraphs():
		return c.hot
	case named != nil:
		result.Add(info("Flink %s has flame graphs of whole tasks only, so this is of all subtasks: those of one subtask come with Flink 1.17.", of.Version))
	}
	return nil
}

// patience is how long a query waits for samples.
func patience(ctx context.Context) time.Duration {
	deadline, bounded := ctx.Deadline()
	if !bounded {
		return flameGraphPatience
	}
	return min(flameGraphPatience, time.Until(deadline)-flameGraphMargin)
}
