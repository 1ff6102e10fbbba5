package collector

import (
	"context"
	"errors"
	"slices"
	"sync"
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

// errSkipped is why a task was not requested.
var errSkipped = errors.New("it was not requested, because another task of the job had timed out")

// poll is one round of requests for one job.
type poll struct {
	collector *Collector
	cluster   Cluster
	tracked   *trackedJob
	requests  atomic.Int64
	// slow is set when a request of this round has timed out. The tasks that were not
	// requested yet are then skipped: otherwise a Flink that hangs would cost one
	// time-out after another.
	slow atomic.Bool
	// timedOut has the errors of such tasks, by id: they are not requested again.
	timedOut sync.Map
	// answered is when a task last answered; nil for not yet.
	answered atomic.Pointer[time.Time]
	// restarted is when the job was last restarted, by Flink's clock; zero if it never was.
	restarted time.Time
	// taken are what the samples lie in, to be given back.
	takenMu sync.Mutex
	taken   []*sampleArrays
	// room is how many subtasks may still be read.
	room atomic.Int64
}

func newPoll(collector *Collector, cluster Cluster, tracked *trackedJob) *poll {
	return &poll{collector: collector, cluster: cluster, tracked: tracked}
}

// run samples the job, derives the snapshot and makes its verdict: one request
// for the job, one for each of its tasks that run, and one more for each task
// that has nothing to be compared with yet, or whose buffers are in question.
func (p *poll) run(ctx context.Context, info job.Info) (pollResult, error) {
	defer p.release()
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
	p.tracked.setSlow(sample)
	snapshot := p.tracked.derive(sample)
	if p.collector.sampler.lagsWanted(p.tracked) {
		snapshot.Lags = p.lags(ctx, snapshot)
	}
	verdict := diagnosis.Diagnose(snapshot)
	if len(verdict.InQuestion) > 0 && p.cluster.Fetch > 0 { // else answers are kept for their minute: the question may come back
		var requests int
		verdict, requests = p.tracked.open.answer(ctx, p.collector.client, verdict, &p.tracked.sources)
		p.requests.Add(int64(requests))
		if err := ctx.Err(); err != nil { // what could not be read any more is not unknown
			return pollResult{}, err
		}
	}
	verdict.Keep()
	p.collector.keep(verdict, p.tracked, interval)
	p.collector.keepChanges(verdict.Snapshot, p.tracked, p.restarted)
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
	p.restarted = answer.Timestamps.Restarted()
	sample := newSample(answer, info)
	last, _ := p.tracked.polled.last()
	anew := last.verdict != nil && len(sample.Graph.Tasks) == 0
	if anew {
		// A job that begins anew has no tasks at first: its old ones keep
		// their series.
		sample.Graph = last.verdict.Snapshot.Graph
		sample.Tasks = make([]job.TaskSample, len(sample.Graph.Tasks))
	}
	subtasks := weightOf(sample.Graph)
	if err := p.collector.reserve(p.tracked, subtasks); err != nil {
		return nil, err
	}
	p.room.Store(int64(subtasks + spareRoom))
	running := runningTasks(sample.Job, sample.Graph)
	if anew || len(running) == 0 {
		sample.At = time.Now()
		return sample, nil
	}
	if err := until(ctx, p.collector.fetch.triggered(time.Now(), p.cluster.Fetch)); err != nil {
		return nil, err
	}
	p.each(sample.Graph, running, func(i int) {
		if p.cluster.before(1, 16) {
			sample.Tasks[i] = p.taskByGauges(ctx, answer, sample.Graph.Tasks[i])
		} else {
			sample.Tasks[i] = p.task(ctx, sample.Job.ID, sample.Graph.Tasks[i])
		}
	})
	sample.At = time.Now()
	if at := p.answered.Load(); at != nil { // it may have been a while since, for those that did not
		sample.At = *at
	}
	return sample, ctx.Err()
}

// each calls the function for these tasks side by side, and after that, one at a time,
// for those of them that did not answer in time in the last poll: they hold up no
// other, and it takes but one slot to find out that they still do not.
func (p *poll) each(graph *job.Graph, tasks []int, do func(task int)) {
	p.slow.Store(false)
	prompt, slow := p.tracked.bySpeed(graph, tasks)
	Parallel(len(prompt), p.collector.client.Concurrency(), func(n int) { do(prompt[n]) })
	Parallel(len(slow), 1, func(n int) { do(slow[n]) })
}

// subtaskBuffers are what the answers about tasks are read into, one after another.
var subtaskBuffers = sync.Pool{New: func() any { return new([]flink.Subtask) }}

// maxKeptSubtasks is the largest buffer that is kept for the next answer.
const maxKeptSubtasks = 1 << 14

// task requests the subtasks of a task and their counters.
func (p *poll) task(ctx context.Context, jobID string, of job.Task) job.TaskSample {
	if err := p.givenUp(of.ID); err != nil {
		return job.TaskSample{Err: err}
	}
	p.requests.Add(1)
	buffer := subtaskBuffers.Get().(*[]flink.Subtask)
	defer subtaskBuffers.Put(buffer)
	task, err := p.collector.client.Task(ctx, jobID, of.ID, *buffer, min(of.Parallelism+spareRoom, flink.MaxParallelism))
	p.note(of.ID, err)
	if err != nil {
		return job.TaskSample{Err: err}
	}
	if cap(task.Subtasks) <= maxKeptSubtasks {
		*buffer = task.Subtasks
	}
	if p.room.Add(-int64(len(task.Subtasks))) < 0 {
		return job.TaskSample{Err: errTooManySubtasks}
	}
	return taskSample(task, p.arrays())
}

var sampleArraysPool = sync.Pool{New: func() any { return new(sampleArrays) }}

// arrays are for the samples of a task's subtasks until the poll ends. Before 1.16
// samples are kept for longer.
func (p *poll) arrays() *sampleArrays {
	if p.cluster.before(1, 16) {
		return new(sampleArrays)
	}
	arrays := sampleArraysPool.Get().(*sampleArrays)
	p.takenMu.Lock()
	p.taken = append(p.taken, arrays)
	p.takenMu.Unlock()
	return arrays
}

// release gives the arrays of the poll back, from which snapshots have been derived.
func (p *poll) release() {
	p.takenMu.Lock()
	defer p.takenMu.Unlock()
	for _, arrays := range p.taken {
		if cap(arrays.subtasks) <= maxKeptSubtasks {
			sampleArraysPool.Put(arrays)
		}
	}
	p.taken = nil
}

// taskByGauges requests a task of a Flink before 1.16, which has no counters: its
// gauges cost one request, and where its subtasks run one more only if an
// attempt may have changed.
func (p *poll) taskByGauges(ctx context.Context, answer flink.Job, task job.Task) job.TaskSample {
	at := slices.IndexFunc(answer.Vertices, func(v flink.Vertex) bool { return v.ID == task.ID })
	start := answer.Vertices[at].Start
	sample := job.TaskSample{Subtasks: p.tracked.placesOf(task, start)}
	if sample.Subtasks == nil {
		if sample = p.task(ctx, answer.ID, task); sample.Err != nil {
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
// A task that does not answer this stays unknown: it is requested again in the next
// poll.
func (p *poll) addGauges(ctx context.Context, sample *job.Sample) {
	p.each(sample.Graph, p.tracked.needGauges(sample), func(i int) {
		p.backpressure(ctx, sample.Job.ID, sample.Graph.Tasks[i].ID, &sample.Tasks[i])
	})
}

// backpressure adds a task's gauges to its subtasks.
func (p *poll) backpressure(ctx context.Context, jobID, taskID string, sample *job.TaskSample) {
	if sample.Err = p.givenUp(taskID); sample.Err != nil {
		return
	}
	p.requests.Add(1)
	answer, err := p.collector.client.Backpressure(ctx, jobID, taskID)
	p.note(taskID, err)
	if err != nil {
		sample.Err = err
		return
	}
	addGauges(sample.Subtasks, answer)
}

// lags are how far behind the tasks are, unknown where Flink fetches no metrics.
func (p *poll) lags(ctx context.Context, snapshot *job.Snapshot) []job.Lag {
	if p.cluster.Fetch == 0 {
		return slices.Repeat([]job.Lag{job.UnknownLag}, len(snapshot.Tasks))
	}
	lags, requests := readLags(ctx, p.collector.client, snapshot, &p.tracked.sources)
	p.requests.Add(int64(requests))
	return lags
}

// note remembers an answer, or a time-out.
func (p *poll) note(taskID string, err error) {
	switch now := time.Now(); {
	case err == nil:
		p.answered.Store(&now)
	case remote.IsKind(err, remote.TimedOut):
		p.timedOut.Store(taskID, err)
		p.slow.Store(true)
	}
}

// givenUp is why a task is not requested, nil if it is.
func (p *poll) givenUp(taskID string) error {
	if err, found := p.timedOut.Load(taskID); found {
		return err.(error)
	}
	if p.slow.Load() {
		return errSkipped
	}
	return nil
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
