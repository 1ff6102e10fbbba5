package look

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// infos turns Flink's list of jobs into the domain's: those that have not
// ended first, by the time they started, then the ended ones, newest first.
// A job that runs again thus keeps the name that its forerunner had.
func infos(summaries []flink.JobSummary) []job.Info {
	jobs := make([]job.Info, len(summaries))
	for i, s := range summaries {
		jobs[i] = job.Info{
			ID: s.ID, Name: s.Name, State: job.State(s.State), Type: job.Type(s.Type),
			Start: time.UnixMilli(s.Start), Duration: millis(s.Duration), Subtasks: s.Tasks.Total, Active: s.Tasks.Running + s.Tasks.Finished,
		}
	}
	slices.SortStableFunc(jobs, func(a, b job.Info) int {
		if order := btoi(ending(a.State)) - btoi(ending(b.State)); order != 0 {
			return order
		}
		byStart := a.Start.Compare(b.Start)
		if ending(a.State) {
			byStart = -byStart
		}
		return cmp.Or(byStart, cmp.Compare(a.ID, b.ID))
	})
	names := make([]string, len(jobs))
	for i := range jobs {
		names[i] = jobs[i].Name
	}
	for i, name := range job.Distinct(names) {
		jobs[i].Name = name
	}
	return jobs
}

// mostParallel is the highest parallelism that Flink allows
// (KeyGroupRangeAssignment.UPPER_BOUND_MAX_PARALLELISM): no answer makes us
// hold more than that many subtasks of a task that was not asked.
const mostParallel = 1 << 15

// mostSubtasks bounds the same for all tasks of a job.
const mostSubtasks = 1 << 18

// ending tells whether a job is on its way out: one that takes its place has
// its name.
func ending(state job.State) bool { return state.Terminal() || state == "CANCELLING" }

// newLook turns the answer about a job into a look whose tasks have not
// answered yet. The name stays the one that is unique in the cluster.
func newLook(answer flink.Job, info job.Info) *job.Sample {
	tasks := make([]job.Task, len(answer.Vertices))
	room := mostSubtasks
	for i, v := range answer.Vertices {
		parallelism := min(max(v.Parallelism, 0), mostParallel, room)
		room -= parallelism
		tasks[i] = job.Task{
			ID: v.ID, Name: v.Name, Parallelism: parallelism, MaxParallelism: v.MaxParallelism,
			State: job.State(v.Status), Running: v.Tasks["RUNNING"],
		}
	}
	var edges []job.Edge
	for _, node := range answer.Plan.Nodes {
		for _, input := range node.Inputs {
			edges = append(edges, job.Edge{From: input.ID, To: node.ID})
		}
	}
	info.Name = called(info.Name, answer.Name)
	info.State, info.Start, info.Duration = job.State(answer.State), time.UnixMilli(answer.Start), millis(answer.Duration)
	info.Type = job.Type(cmp.Or(answer.Type, answer.Plan.Type, string(info.Type)))
	graph := job.NewGraph(tasks, edges)
	return &job.Sample{Job: info, Graph: graph, Tasks: make([]job.TaskSample, len(graph.Tasks))}
}

// called is the name by which a job is told apart from others of its name. After
// a cluster was rebuilt, another job may have its id.
func called(before, now string) string {
	if now == "" || before == now || strings.HasPrefix(before, now+" #") {
		return before
	}
	return now
}

// taskLook turns the answer about a task into its readings.
func taskLook(task flink.Task, err error) job.TaskSample {
	if err != nil {
		return job.TaskSample{Err: err}
	}
	readings := make([]job.SubtaskSample, len(task.Subtasks))
	for i, s := range task.Subtasks {
		readings[i] = reading(s, task.Now)
	}
	slices.SortStableFunc(readings, func(a, b job.SubtaskSample) int { return cmp.Compare(a.Subtask, b.Subtask) })
	return job.TaskSample{Subtasks: readings}
}

// reading turns one subtask's answer into the domain's. Until metrics have
// arrived Flink answers zeros and says that they are not complete.
func reading(s flink.Subtask, now int64) job.SubtaskSample {
	read := job.SubtaskSample{
		Subtask: s.Subtask, Attempt: s.Attempt, State: job.State(s.Status), Start: time.UnixMilli(s.Start),
		Running: running(s, now), Host: s.Host(), TaskManager: s.TaskManager(),
	}
	if s.Metrics.ReadRecordsComplete {
		read.RecordsIn = &s.Metrics.ReadRecords
	}
	if s.Metrics.WriteRecordsComplete {
		read.RecordsOut = &s.Metrics.WriteRecords
	}
	m := s.Metrics
	if m.Idle != nil && m.Busy != nil && m.Backpressured != nil && m.Idle.Known() && m.Backpressured.Known() && m.ReadRecordsComplete {
		read.Counters = &job.Counters{Idle: span(*m.Idle), Backpressured: span(*m.Backpressured), BusyUnknown: !m.Busy.Known()}
		if m.Busy.Known() {
			read.Counters.Busy = span(*m.Busy)
		}
	}
	return read
}

// running is how long the attempt has been RUNNING: told from 1.16 on, before
// that the time since it was scheduled.
func running(s flink.Subtask, now int64) time.Duration {
	if in, told := s.StatusDuration["RUNNING"]; told {
		return millis(in)
	}
	return max(millis(s.Duration), millis(now-s.Start))
}

// gauged adds Flink's own averages to the readings.
func gauged(readings []job.SubtaskSample, pressure flink.Backpressure) {
	shares := make(map[int]*job.Shares, len(pressure.Subtasks))
	for _, ratio := range pressure.Subtasks {
		shares[ratio.Subtask] = &job.Shares{Idle: share(ratio.Idle), Busy: share(ratio.Busy), Backpressured: share(ratio.Backpressured)}
	}
	for i := range readings {
		readings[i].Gauge = shares[readings[i].Subtask]
	}
}

// share clamps a ratio of Flink's, whose three sum up to 1.078 at times.
func share(n flink.Number) job.Share {
	if !n.Known() {
		return job.Unknown
	}
	return job.Share(min(max(float64(n), 0), 1))
}

func span(n flink.Number) time.Duration { return time.Duration(float64(n) * float64(time.Millisecond)) }

func millis(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
