package collector

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// maxWait is how soon the next fetch must be due for a first poll to wait for
// it, rather than to request gauges.
const maxWait = time.Second

// errSkipped is why a task was not asked.
var errSkipped = errors.New("it was not asked, as another task of the job had not answered in time")

// poll is one round of requests for one job.
type poll struct {
	collector *Collector
	cluster   Cluster
	tracked   *trackedJob
	requests  atomic.Int64
	// slow is set once a task has not answered in time: tasks that have not
	// been asked by then are not, or a Flink that hangs would hold up the poll
	// for many time-outs, and all who share its slots.
	slow atomic.Bool
}

func newPoll(collector *Collector, cluster Cluster, tracked *trackedJob) *poll {
	return &poll{collector: collector, cluster: cluster, tracked: tracked}
}

// run samples the job, derives the snapshot and makes its verdict: one request
// for the job, one for each of its tasks that run, and one more for each task
// that has nothing to be compared with yet.
func (p *poll) run(ctx context.Context, info job.Info) (pollResult, error) {
	interval := p.cluster.Interval()
	p.tracked.begin(interval)
	sample, err := p.sample(ctx, info)
	if next := p.collector.fetch.next(p.cluster.Fetch); err == nil && p.cluster.Fetch > maxWait && time.Until(next) <= maxWait && len(p.tracked.needGauges(sample)) > 0 {
		p.tracked.derive(sample)
		if err = until(ctx, next); err == nil {
			sample, err = p.sample(ctx, info)
		}
	}
	if err != nil {
		return pollResult{requests: int(p.requests.Load())}, err
	}
	if p.cluster.Fetch > 0 && !p.cluster.before(1, 16) {
		p.addGauges(ctx, sample)
	}
	if err := ctx.Err(); err != nil {
		return pollResult{}, err
	}
	p.tracked.slow.Store(p.slow.Load())
	verdict := diagnosis.Diagnose(p.tracked.derive(sample))
	p.tracked.subtasks.Store(int64(subtasksOf(verdict.Snapshot)))
	p.collector.keep(verdict, p.tracked, interval)
	return pollResult{verdict, int(p.requests.Load())}, nil
}

// sample requests the job, which triggers a fetch if one is due, waits for that
// to have arrived, and requests its tasks.
func (p *poll) sample(ctx context.Context, info job.Info) (*job.Sample, error) {
	p.requests.Add(1)
	answer, err := p.collector.client.Job(ctx, info.ID)
	if err != nil {
		return nil, err
	}
	sample := newSample(answer, info)
	if last, _ := p.tracked.polled.last(); last.verdict != nil && len(sample.Graph.Tasks) == 0 {
		// A job that begins anew has no tasks at first: its old ones keep
		// their series.
		sample.Graph = last.verdict.Snapshot.Graph
		sample.Tasks = make([]job.TaskSample, len(sample.Graph.Tasks))
		sample.At = time.Now()
		return sample, nil
	}
	running := runningTasks(sample.Job, sample.Graph)
	if len(running) == 0 {
		sample.At = time.Now()
		return sample, nil
	}
	if err := until(ctx, p.collector.fetch.triggered(time.Now(), p.cluster.Fetch)); err != nil {
		return nil, err
	}
	Parallel(len(running), p.concurrency(), func(n int) {
		i := running[n]
		if p.cluster.before(1, 16) {
			sample.Tasks[i] = p.taskByGauges(ctx, answer, sample.Graph.Tasks[i])
		} else {
			sample.Tasks[i] = p.task(ctx, sample.Job.ID, sample.Graph.Tasks[i].ID)
		}
	})
	sample.At = time.Now()
	return sample, ctx.Err()
}

// task requests the subtasks of a task and their counters.
func (p *poll) task(ctx context.Context, jobID, taskID string) job.TaskSample {
	if p.slow.Load() {
		return job.TaskSample{Err: errSkipped}
	}
	p.requests.Add(1)
	task, err := p.collector.client.Task(ctx, jobID, taskID)
	p.note(err)
	return taskSample(task, err)
}

// taskByGauges requests a task of a Flink before 1.16, which has no counters: its
// gauges cost one request, and where its subtasks run one more only if an
// attempt may have changed.
func (p *poll) taskByGauges(ctx context.Context, answer flink.Job, task job.Task) job.TaskSample {
	at := slices.IndexFunc(answer.Vertices, func(v flink.Vertex) bool { return v.ID == task.ID })
	start := answer.Vertices[at].Start
	sample := job.TaskSample{Subtasks: p.tracked.placesOf(task, start)}
	if sample.Subtasks == nil {
		if sample = p.task(ctx, answer.ID, task.ID); sample.Err != nil {
			return sample
		}
		if task.Running == task.Parallelism {
			p.tracked.setPlaces(task.ID, places{start, sample.Subtasks})
		}
		sample.Subtasks = slices.Clone(sample.Subtasks)
	}
	for i := range sample.Subtasks {
		subtask := &sample.Subtasks[i]
		subtask.Running = max(subtask.Running, time.UnixMilli(answer.Now).Sub(subtask.Start))
		subtask.RecordsIn, subtask.RecordsOut = nil, nil
	}
	p.backpressure(ctx, answer.ID, task.ID, &sample)
	return sample
}

// addGauges requests Flink's own averages of the tasks that have nothing better.
// A task that does not answer this stays unknown: it is asked again in the next
// poll.
func (p *poll) addGauges(ctx context.Context, sample *job.Sample) {
	tasks := p.tracked.needGauges(sample)
	Parallel(len(tasks), p.concurrency(), func(n int) {
		i := tasks[n]
		p.backpressure(ctx, sample.Job.ID, sample.Graph.Tasks[i].ID, &sample.Tasks[i])
	})
}

// backpressure adds a task's gauges to its subtasks.
func (p *poll) backpressure(ctx context.Context, jobID, taskID string, sample *job.TaskSample) {
	if p.slow.Load() {
		sample.Err = errSkipped
		return
	}
	p.requests.Add(1)
	answer, err := p.collector.client.Backpressure(ctx, jobID, taskID)
	p.note(err)
	if err != nil {
		sample.Err = err
		return
	}
	addGauges(sample.Subtasks, answer)
}

// note remembers a time-out.
func (p *poll) note(err error) {
	if remote.IsKind(err, remote.TimedOut) {
		p.slow.Store(true)
	}
}

// concurrency is how many tasks are asked at once: one, if tasks of the job did
// not answer in time in the last poll, so that it takes but one slot to find out
// that they still do not.
func (p *poll) concurrency() int {
	if p.tracked.slow.Load() {
		return 1
	}
	return p.collector.client.Concurrency()
}

// runningTasks lists the tasks with a running subtask.
func runningTasks(info job.Info, graph *job.Graph) (running []int) {
	for i, task := range graph.Tasks {
		if info.State == job.Running && task.Running > 0 {
			running = append(running, i)
		}
	}
	return running
}

func subtasksOf(snapshot *job.Snapshot) (subtasks int) {
	for _, task := range snapshot.Tasks {
		subtasks += len(task.Subtasks)
	}
	return subtasks
}
