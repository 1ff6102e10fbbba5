package prometheus

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

const (
	// maxValues is how many values one query is to return: 10,000 subtasks at 60
	// points.
	maxValues = 600_000
	// longStep is the step from which on it is worth a warning that a job is
	// unknown because of the step.
	longStep = 5 * time.Minute
)

// scan makes snapshots of what Prometheus has of one job at some points, which it
// reads chunk by chunk.
type scan struct {
	*survey
	asked grid // the points asked for
	// name is the job's by its latest metrics.
	name string
	// deployments are those of the attempts of the chunk, by execution.
	deployments map[string]deployment
	// latest are the executions that the graph may be of; nil until needed.
	latest map[string]bool
	// tasks are those that the graph lacks, by id, of all chunks so far.
	tasks map[string]job.Task
	// lastGraph is that of the snapshot before.
	lastGraph *job.Graph
}

// readSnapshots passes on the snapshots of the session's job until one is not
// wanted. Before the job began and after it ended there are none.
func readSnapshots(ctx context.Context, s *session, points grid, withRecords bool, visit func(history.Snapshot) bool) error {
	if points.count == 0 {
		return nil
	}
	of, err := newSurvey(ctx, s, points)
	if err != nil {
		return err
	}
	made := &scan{survey: of, asked: points, tasks: map[string]job.Task{}}
	if of.points.count == 0 {
		return made.empty(ctx)
	}
	return made.each(ctx, withRecords, func(snapshot *job.Snapshot) bool {
		return visit(history.Snapshot{Snapshot: snapshot, MaxGap: points.maxGap()})
	})
}

// each reads the chunks and passes their snapshots on. Snapshots without data go
// only between others, so these wait in gap for the next one with data; only their
// times, as there may be many.
func (s *scan) each(ctx context.Context, withRecords bool, visit func(*job.Snapshot) bool) error {
	var last *job.Snapshot // with data
	var gap []time.Time
	var measured, tooBrief bool // at any point in the row of those with data
	endRow := func() {
		if tooBrief && !measured {
			s.warnOfStep()
		}
		measured, tooBrief = false, false
	}
	length := max(s.maxValues/max(s.series, 1), 1)
	for next := 0; next < s.points.count; next += length {
		part := s.points.part(next, length)
		c, err := readChunk(ctx, s.survey, part, withRecords)
		if err != nil {
			return err
		}
		if err := s.deploy(ctx, c); err != nil {
			return err
		}
		graphs := s.graphs(c)
		for point := c.points.count - part.count; point < c.points.count; point++ {
			if one, other, found := c.clash(point); found {
				return s.twoClusters(one, other)
			}
			snapshot := s.snapshot(c, graphs, point, c.points.at(point))
			if snapshot.Job.State == "" {
				endRow()
				if last != nil {
					gap = append(gap, snapshot.At)
				}
				continue
			}
			measured = measured || snapshot.MeasuredTasks() > 0
			tooBrief = tooBrief || !measured && s.asked.step >= longStep && c.brief(point)
			for _, at := range gap {
				if !visit(s.snapshot(c, graphs[:1], noPoint, at)) {
					return nil
				}
			}
			gap, last = gap[:0], snapshot
			if !visit(snapshot) {
				return nil
			}
		}
	}
	endRow()
	s.warnOfMissing(last)
	return nil
}

// empty warns if the job was there after the last point, and fails if Prometheus
// has no metrics of Flink's.
func (s *scan) empty(ctx context.Context) error {
	if s.asked.step >= longStep {
		to := s.asked.until()
		if now := s.now(); now.Before(to) {
			to = now
		}
		seen, err := s.searchJob(ctx, moment(to, s.asked.step))
		if seen.series > 0 {
			s.warnOfStep()
		}
		if seen.series > 0 || err != nil {
			return err
		}
	}
	return s.check(ctx)
}

// deploy sorts the attempts of a chunk by their deployments, of which those of the
// chunk before are known, and counts the subtasks that the graph has and no
// metrics are of. Which deployment the graph is of is only read if it makes a
// difference.
func (s *scan) deploy(ctx context.Context, c *chunk) (err error) {
	before := s.deployments
	s.deployments = map[string]deployment{}
	for _, a := range c.attempts {
		of := s.deployments[a.execution]
		if of == nil {
			if of = before[a.execution]; of == nil {
				of = deployment{}
			}
			s.deployments[a.execution] = of
		}
		of[a.task], s.name = max(of[a.task], a.subtask+1), a.jobName
	}
	if s.job.Graph == nil {
		return nil
	}
	for execution, of := range s.deployments {
		if !of.lacks(s.job.Graph) {
			continue
		}
		if execution != "" && s.latest == nil {
			if s.latest, err = s.latestExecutions(ctx, s.points.end()); err != nil {
				return err
			}
		}
		if execution == "" || len(s.latest) == 0 || s.latest[execution] {
			of.complete(s.job.Graph)
		}
	}
	return nil
}

// graphs are the job's and, where the metrics name tasks that it lacks, one of
// those, by name, as of a job that had the id before.
func (s *scan) graphs(c *chunk) (all []*job.Graph) {
	known := map[string]bool{}
	if s.job.Graph != nil {
		all = append(all, s.job.Graph)
		for _, task := range s.job.Graph.Tasks {
			known[task.ID] = true
		}
	}
	for _, a := range c.attempts {
		if known[a.task] {
			continue
		}
		task := s.tasks[a.task]
		task.ID, task.Name, task.Parallelism = a.task, cmp.Or(a.taskName, a.task), max(task.Parallelism, a.subtask+1)
		s.tasks[a.task] = task
	}
	if len(s.tasks) > 0 || len(all) == 0 {
		tasks := slices.SortedFunc(maps.Values(s.tasks), func(a, b job.Task) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
		named := job.NewGraph(tasks, nil)
		named.EdgesUnknown = true
		all = append(all, named)
	}
	return all
}

// snapshot is how the subtasks spent the window before a point, by the first graph
// of which any was there. Where none was, the state of the job is not known.
func (s *scan) snapshot(c *chunk, graphs []*job.Graph, point int, at time.Time) (snapshot *job.Snapshot) {
	var executions []string // that were there
	for _, a := range c.attempts {
		if a.there(point) && !slices.Contains(executions, a.execution) {
			executions = append(executions, a.execution)
		}
	}
	for _, graph := range graphs {
		loads := make([][]job.SubtaskLoad, len(graph.Tasks))
		for i, task := range graph.Tasks {
			loads[i] = make([]job.SubtaskLoad, s.parallelism(task, executions))
			for n := range loads[i] {
				var attempts []*attempt
				if n < len(c.tasks[task.ID]) {
					attempts = c.tasks[task.ID][n]
				}
				loads[i][n] = c.load(n, attempts, point)
			}
		}
		info, graph := job.Info{ID: s.job.ID, Name: s.name}, graphOf(graph, loads)
		there := slices.ContainsFunc(graph.Tasks, func(task job.Task) bool { return task.Running > 0 })
		if there {
			info.State = job.Running
		}
		snapshot = job.FromLoads(job.Snapshot{Job: info, Graph: graph, At: at, From: at.Add(-s.window), To: at, Source: job.FromPrometheus}, loads)
		if there {
			break
		}
	}
	if reflect.DeepEqual(snapshot.Graph, s.lastGraph) { // one for all, by which others see that it is the same
		snapshot.Graph = s.lastGraph
	}
	s.lastGraph = snapshot.Graph
	return snapshot
}

// parallelism is how many subtasks a task has in any of the executions; where it
// was never seen in one, those that are known of it.
func (s *scan) parallelism(task job.Task, executions []string) (most int) {
	for _, execution := range executions {
		most = max(most, s.deployments[execution][task.ID])
	}
	if most > 0 {
		return most
	}
	most = min(task.Parallelism, maxParallelism)
	for _, of := range s.deployments {
		most = max(most, of[task.ID])
	}
	return most
}

// graphOf is a graph at a time, by the subtasks of each task and which of them were
// there. The subtasks that were not there get their state.
func graphOf(graph *job.Graph, loads [][]job.SubtaskLoad) *job.Graph {
	tasks := slices.Clone(graph.Tasks)
	for i := range tasks {
		task := &tasks[i]
		task.Parallelism, task.Running = len(loads[i]), 0
		for _, load := range loads[i] {
			if load.Why != job.Missing {
				task.Running++
			}
		}
		task.Finished = min(task.Finished, task.Parallelism-task.Running)
		absent := absentState(*task)
		if task.State = absent; task.Running > 0 {
			task.State = job.Running
		}
		for n := range loads[i] {
			if load := &loads[i][n]; load.Why == job.Missing {
				if load.State = absent; absent.Terminal() {
					load.Why = job.NotRunning
				}
			}
		}
	}
	return &job.Graph{Tasks: tasks, EdgesUnknown: graph.EdgesUnknown, TooManyEdges: graph.TooManyEdges}
}

// absentState is the state of the subtasks that were not there: of a task that
// has ended since, had ended then if none was; else finished, if as many have as
// were not there; else they are missing from those that run, or nothing is known.
func absentState(task job.Task) job.State {
	switch {
	case task.Running == 0 && task.State.Terminal():
		return task.State
	case task.Running == 0:
		return ""
	case task.Running+task.Finished >= task.Parallelism:
		return job.Finished
	default:
		return job.Running
	}
}

// twoClusters is the error where two attempts run side by side that cannot be of
// one job.
func (s *scan) twoClusters(one, other *attempt) error {
	detail := "job " + s.job.ID
	managers := []string{one.taskManager, other.taskManager}
	slices.Sort(managers)
	if managers[0] != managers[1] && managers[0] != "" {
		detail += fmt.Sprintf(" (on TaskManagers %s)", strings.Join(managers, " and "))
	}
	return &remote.Error{System: remote.Prometheus, Kind: remote.TwoClusters, Request: s.client.base.String(), Detail: detail}
}

func (s *scan) warnOfStep() {
	s.warnings = s.warnings.Add(fmt.Sprintf("In this time range Prometheus has a mean over every %s, and nothing where a job did not run through all of it without a restart: choose a shorter range.", s.asked.step.Round(time.Second)))
}

// warnOfMissing warns if, at the end of the points, subtasks of a job that runs
// are not there.
func (s *scan) warnOfMissing(last *job.Snapshot) {
	if last == nil || last.At.Before(s.asked.end()) {
		return
	}
	missing, all := 0, 0
	for i, task := range last.Tasks {
		if last.Graph.Tasks[i].State.Terminal() {
			continue
		}
		all += len(task.Subtasks)
		for _, load := range task.Subtasks {
			if load.Why == job.Missing || load.Why == job.NotRunning {
				missing++
			}
		}
	}
	if missing > 0 {
		s.warnings = s.warnings.Add(fmt.Sprintf("Prometheus has no metrics of %d of the %d subtasks of job %s: they have finished, or are not scraped.", missing, all, last.Job.Name))
	}
}
