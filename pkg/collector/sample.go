package collector

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
	jobs := make([]job.Info, 0, len(summaries))
	seen := make(map[string]bool, len(summaries))
	for _, s := range summaries {
		if seen[s.ID] { // Flink's are unique, and so must be what is kept by them
			continue
		}
		seen[s.ID] = true
		jobs = append(jobs, job.Info{
			ID: s.ID, Name: s.Name, Plain: s.Name, State: job.State(s.State), Type: job.Type(s.Type),
			Start: time.UnixMilli(s.Start), Duration: millis(s.Duration), Subtasks: s.Tasks.Total, Active: s.Tasks.Running + s.Tasks.Finished,
		})
	}
	slices.SortStableFunc(jobs, func(a, b job.Info) int {
		if order := count(a.State.Ending()) - count(b.State.Ending()); order != 0 {
			return order
		}
		byStart := a.Start.Compare(b.Start)
		if a.State.Ending() {
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

// newSample turns the answer about a job into a sample whose tasks have not
// answered yet. The name stays the one that is unique in the cluster.
func newSample(answer flink.Job, info job.Info) *job.Sample {
	tasks := make([]job.Task, len(answer.Vertices))
	for i, v := range answer.Vertices {
		tasks[i] = job.Task{
			ID: v.ID, Name: v.Name, Parallelism: parallelism(v), MaxParallelism: v.MaxParallelism,
			State: job.State(v.Status), Running: v.Tasks.Running, Finished: v.Tasks.Finished,
		}
	}
	var edges []job.Edge
	for _, node := range answer.Plan.Nodes {
		for _, input := range node.Inputs {
			edges = append(edges, job.Edge{From: input.ID, To: node.ID, Forward: input.Shipping == "FORWARD", Keyed: input.Shipping == "HASH"})
		}
	}
	info.Name, info.Plain = distinctName(info.Name, answer.Name), cmp.Or(answer.Name, info.Plain)
	info.State, info.Start, info.Duration = job.State(answer.State), time.UnixMilli(answer.Start), millis(answer.Duration)
	info.Type = job.Type(cmp.Or(answer.Type, answer.Plan.Type, string(info.Type)))
	if answer.Plan.Cut { // part of them would show the wrong task as the root cause
		edges = nil
	}
	graph := job.NewGraph(tasks, edges)
	graph.TooManyEdges = answer.Plan.Cut
	graph.EdgesUnknown = answer.Plan.Cut || len(answer.Plan.Nodes) == 0 && len(tasks) > 1
	return &job.Sample{Job: info, Graph: graph, Tasks: make([]job.TaskSample, len(graph.Tasks))}
}

// distinctName is the name that is unique among the jobs of its cluster. After a
// cluster was rebuilt, another job may have the id.
func distinctName(before, now string) string {
	if now == "" || before == now || strings.HasPrefix(before, now+" #") {
		return before
	}
	return now
}

// taskSample turns the answer about a task into its subtasks' samples.
func taskSample(task flink.Task, arrays *sampleArrays) job.TaskSample {
	subtasks, numbers := arrays.of(len(task.Subtasks))
	for i := range task.Subtasks {
		subtasks[i] = subtaskSample(&task.Subtasks[i], task.Now, &numbers[i])
	}
	// Arrays are made of these indexes.
	subtasks = slices.DeleteFunc(subtasks, func(each job.SubtaskSample) bool { return each.Subtask < 0 || each.Subtask >= flink.MaxParallelism })
	byIndex := func(a, b job.SubtaskSample) int { return cmp.Compare(a.Subtask, b.Subtask) }
	if !slices.IsSortedFunc(subtasks, byIndex) {
		slices.SortStableFunc(subtasks, byIndex)
	}
	// Flink's are there once each, and so must be the series that are made of them.
	subtasks = slices.CompactFunc(subtasks, func(a, b job.SubtaskSample) bool { return a.Subtask == b.Subtask })
	return job.TaskSample{Subtasks: subtasks}
}

// numbers are those of a subtask that its sample points to.
type numbers struct {
	counters              job.Counters
	recordsIn, recordsOut int64
}

// sampleArrays are what the samples of a task's subtasks lie in. Nobody needs them
// once a snapshot was derived, so that the next poll takes them.
type sampleArrays struct {
	subtasks []job.SubtaskSample
	numbers  []numbers
}

// of are arrays of that length; what is in them is replaced.
func (a *sampleArrays) of(length int) ([]job.SubtaskSample, []numbers) {
	if cap(a.subtasks) < length {
		a.subtasks, a.numbers = make([]job.SubtaskSample, length), make([]numbers, length)
	}
	return a.subtasks[:length], a.numbers[:length]
}

// subtaskSample turns one subtask's answer into the domain's.
func subtaskSample(s *flink.Subtask, now int64, numbers *numbers) job.SubtaskSample {
	sample := job.SubtaskSample{
		Subtask: s.Subtask, Attempt: s.Attempt, State: job.State(s.Status), Start: time.UnixMilli(s.Start),
		Running: running(s, now), Host: s.Host(), TaskManager: s.TaskManager(),
	}
	if s.Metrics.ReadRecordsComplete {
		numbers.recordsIn, sample.RecordsIn = s.Metrics.ReadRecords, &numbers.recordsIn
	}
	if s.Metrics.WriteRecordsComplete {
		numbers.recordsOut, sample.RecordsOut = s.Metrics.WriteRecords, &numbers.recordsOut
	}
	if counted(&s.Metrics) {
		numbers.counters, sample.Counters = countersOf(&s.Metrics), &numbers.counters
	}
	return sample
}

// counted reports whether the metrics have counters. Until they have arrived Flink
// answers zeros, marked as not complete.
func counted(m *flink.Metrics) bool {
	return m.Idle.Reported && m.Busy.Reported && m.Backpressured.Reported && m.Idle.Known() && m.Backpressured.Known() && m.ReadRecordsComplete
}

func countersOf(m *flink.Metrics) job.Counters {
	counters := job.Counters{Idle: milliseconds(m.Idle.Number), Backpressured: milliseconds(m.Backpressured.Number), BusyUnknown: !m.Busy.Known()}
	if m.Busy.Known() {
		counters.Busy = milliseconds(m.Busy.Number)
	}
	return counters
}

// running is how long the attempt has been RUNNING: reported from 1.16 on, before
// that the time since it was scheduled.
func running(s *flink.Subtask, now int64) time.Duration {
	if in := s.StatusDuration.Running; in.Reported && in.Known() {
		return milliseconds(in.Number)
	}
	return max(millis(s.Duration), millis(now-s.Start))
}

// addGauges adds Flink's own averages to the subtasks.
func addGauges(subtasks []job.SubtaskSample, pressure flink.Backpressure) {
	shares := make(map[int]*job.Shares, len(pressure.Subtasks))
	for _, ratio := range pressure.Subtasks {
		shares[ratio.Subtask] = &job.Shares{Idle: share(ratio.Idle), Busy: share(ratio.Busy), Backpressured: share(ratio.Backpressured)}
	}
	for i := range subtasks {
		subtasks[i].Gauge = shares[subtasks[i].Subtask]
	}
}

// share clamps a ratio of Flink's, whose three sum up to 1.078 at times.
func share(n flink.Number) job.Share {
	if !n.Known() {
		return job.Unknown
	}
	return job.Share(min(max(float64(n), 0), 1))
}

func milliseconds(n flink.Number) time.Duration {
	return time.Duration(float64(n) * float64(time.Millisecond))
}

func millis(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
