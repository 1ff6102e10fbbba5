// Package collector polls Flink and shares what a poll returned: one round of
// requests for all callers within the age limit, whichever query, panel, user or
// alert rule they come from. Each time Flink's REST API may have newer metrics
// (metrics.fetcher.update-interval) its sampler polls every job that was queried
// recently, and fills the history.
package collector

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// forgetAfter is how long a job that no query names stays cached: longer than
// alert rules wait between evaluations, so that they find its graph.
const forgetAfter = 30 * time.Minute

// forgetEvery is how often the jobs are searched for those to forget.
const forgetEvery = time.Minute

// Options are what a collector is made with.
type Options struct {
	// MaxAge is how old a sample may be and still answer a query: the setting
	// maxAge.
	MaxAge time.Duration
	// History is filled with what is sampled; nil for no history.
	History *memory.Cluster
	// IdleAfter is how long after the last query a job is still sampled; 0 for
	// not at all. Without a history nothing is sampled.
	IdleAfter time.Duration
	// MaxBytes is about how much memory is taken by what is kept of jobs before those go
	// that the cluster no longer lists; 0 for 64 MiB.
	MaxBytes int
	// Availability is whether the cluster answers, in common with other collectors of
	// it; nil for one of its own that logs nothing.
	Availability *Availability
}

// Collector polls one cluster. It is safe for concurrent use. It has no goroutine
// beyond the polls that somebody waits for, and those of its sampler, which
// [Collector.Close] ends.
type Collector struct {
	client  *flink.Client
	options Options
	fetch   fetchClock
	sampler sampler

	cluster      shared[Cluster]
	jobs         shared[[]job.Info]
	taskManagers taskManagers
	flameGraphs  flameGraphs

	mu        sync.Mutex
	tracked   map[string]*trackedJob // by job id
	hanging   hangingJobs
	forgotten time.Time // when jobs were last searched for those to forget
}

// New returns a collector for the cluster of the client.
func New(client *flink.Client, options Options) *Collector {
	if options.Availability == nil {
		options.Availability = NewAvailability(nil, false)
	}
	collector := &Collector{client: client, options: options, tracked: map[string]*trackedJob{}}
	collector.taskManagers.client, collector.taskManagers.fetch, collector.flameGraphs.client = client, &collector.fetch, client
	collector.sampler.collector = collector
	return collector
}

// Close ends the sampling, and returns when it has ended.
func (c *Collector) Close() { c.sampler.close() }

// Base is the address of the cluster's REST API.
func (c *Collector) Base() string { return c.client.Base() }

// Concurrency is how many requests to the cluster may be under way at once.
func (c *Collector) Concurrency() int { return c.client.Concurrency() }

// Cluster reads what belongs to the cluster, at most once a minute for all its
// jobs. requests is how many this call caused: 0 if it shared another's. Errors
// are [remote.Error] or the context's.
func (c *Collector) Cluster(ctx context.Context) (cluster Cluster, requests int, err error) {
	var asked atomic.Int64
	cluster, started, err := c.cluster.get(ctx, clusterReads, clusterAge, func(ctx context.Context) (Cluster, error) {
		asked.Add(1)
		overview, err := c.client.Overview(ctx)
		if err != nil {
			return Cluster{}, err
		}
		asked.Add(1)
		config, err := c.client.Config(ctx)
		read := Cluster{
			Version: overview.Version, TaskManagers: overview.TaskManagers, JobsRunning: overview.JobsRunning,
			Fetch: config.FetchInterval(), FlameGraphs: config.FlameGraphs(), ConfigErr: err,
		}
		if before, at := c.cluster.last(); err != nil && !at.IsZero() {
			read.Fetch, read.FlameGraphs = before.Fetch, before.FlameGraphs
		}
		asked.Add(int64(c.noteJobs(ctx, read)))
		return read, ctx.Err()
	})
	if started {
		requests = int(asked.Load())
	}
	return cluster, requests, err
}

// noteJobs keeps in the history which of the cluster's jobs are not sampled. It costs
// a request if there are any, unless jobs were listed in the last minute.
func (c *Collector) noteJobs(ctx context.Context, cluster Cluster) (requests int) {
	if c.options.History == nil {
		return 0
	}
	now, maxGap, running := time.Now(), cluster.Interval().MaxGap(), map[string]bool{}
	c.mu.Lock()
	for id, tracked := range c.tracked {
		if last, at := tracked.polled.last(); last.verdict != nil && now.Sub(at) <= maxGap && !last.verdict.Snapshot.Job.State.Terminal() {
			running[id] = true
		}
	}
	c.mu.Unlock()
	var others []job.Info
	if len(running) < cluster.JobsRunning {
		jobs, asked, err := c.jobsOfAge(ctx, clusterAge)
		if requests = asked; err != nil {
			return requests
		}
		others = slices.DeleteFunc(slices.Clone(jobs), func(info job.Info) bool { return running[info.ID] || info.State.Terminal() })
	}
	c.options.History.Listed(now, others, clusterAge+maxGap)
	return requests
}

// Interval is how often the metrics changed when the cluster last answered;
// Flink's default if it never has. It costs no request. known reports whether
// the cluster has ever answered.
func (c *Collector) Interval() (interval job.MetricInterval, known bool) {
	cluster, at := c.cluster.last()
	if at.IsZero() {
		cluster.Fetch = defaultFetch
	}
	return cluster.Interval(), !at.IsZero()
}

// LastCluster is what belongs to the cluster as it was last read, at no request. known
// reports whether it has ever answered.
func (c *Collector) LastCluster() (cluster Cluster, known bool) {
	cluster, at := c.cluster.last()
	return cluster, !at.IsZero()
}

// Jobs lists the cluster's jobs, those that have not ended first, by the time
// they started, with distinct names. Errors are [remote.Error] or the
// context's.
func (c *Collector) Jobs(ctx context.Context) (jobs []job.Info, requests int, err error) {
	return c.jobsOfAge(ctx, c.options.MaxAge)
}

// LastJobs are the jobs that the cluster had when it last answered; empty if
// it never has.
func (c *Collector) LastJobs() []job.Info {
	jobs, _ := c.jobs.last()
	return jobs
}

// LastAnswer is when the cluster last answered; zero if it never has.
func (c *Collector) LastAnswer() time.Time {
	_, jobs := c.jobs.last()
	_, cluster := c.cluster.last()
	return later(jobs, cluster)
}

func (c *Collector) jobsOfAge(ctx context.Context, maxAge time.Duration) (jobs []job.Info, requests int, err error) {
	jobs, started, err := c.jobs.get(ctx, jobsReads, maxAge, func(ctx context.Context) ([]job.Info, error) {
		summaries, err := c.client.Jobs(ctx)
		c.noteList(ctx, err)
		return infos(summaries), err
	})
	return jobs, count(started), err
}

// Verdict is the verdict, with its snapshot, on how a job's subtasks spend their
// time, from a poll of at most the age limit. It is shared: nobody may change it.
// Tasks that did not answer carry their error; the job's own failure is returned.
// The job is sampled from now on.
func (c *Collector) Verdict(ctx context.Context, info job.Info) (verdict *diagnosis.Verdict, requests int, err error) {
	tracked := c.track(info.ID)
	c.sampler.want(tracked, info)
	return c.poll(ctx, info, tracked, c.options.MaxAge)
}

// WantLags has the polls of a job request how far behind its tasks are, from the next on,
// while somebody asks: see [job.Snapshot.Lags].
func (c *Collector) WantLags(info job.Info) { c.sampler.wantMore(c.track(info.ID), ofLags) }

// VerdictWithLags is the same from a poll that requested how far behind the tasks are,
// too: see [job.Snapshot.Lags]. So does every poll of the job while somebody asks.
func (c *Collector) VerdictWithLags(ctx context.Context, info job.Info) (verdict *diagnosis.Verdict, requests int, err error) {
	c.WantLags(info)
	verdict, requests, err = c.Verdict(ctx, info)
	if err == nil && verdict.Snapshot.Lags == nil { // it was polled for others
		var more int
		verdict, more, err = c.poll(ctx, info, c.track(info.ID), -1) // one that is new, however soon
		requests += more
	}
	return verdict, requests, err
}

// poll answers from a poll of at most that age.
func (c *Collector) poll(ctx context.Context, info job.Info, tracked *trackedJob, maxAge time.Duration) (verdict *diagnosis.Verdict, requests int, err error) {
	cluster, requests, err := c.Cluster(ctx)
	if err != nil {
		return nil, requests, err
	}
	release, err := c.attempt(tracked, info.ID)
	if err != nil {
		return nil, requests, err
	}
	if release == nil { // its tasks did not answer, and are not requested yet
		if last, _ := tracked.polled.last(); last.verdict != nil {
			return last.verdict, requests, nil
		}
		return nil, requests, errNotItsTurn
	}
	defer release()
	result, started, err := tracked.polled.get(ctx, pollReads, maxAge, func(ctx context.Context) (pollResult, error) {
		begun := time.Now()
		ctx, span := remote.Span(ctx, "poll", attribute.String("flink.job_id", info.ID))
		result, err := newPoll(c, cluster, tracked).run(ctx, info)
		c.noteHanging(tracked, result.verdict, time.Since(begun), err)
		observePoll(begun, result.verdict, err)
		span.SetAttributes(attribute.Int("flink.requests", result.requests))
		remote.EndSpan(span, err)
		return result, err
	})
	if started {
		requests += result.requests
	}
	return result.verdict, requests, err
}

// Unknown is the verdict on a job that does not answer: the tasks that it last
// had, of which nothing is known, because of err. So an alert rule finds its
// series, without a value, rather than none.
func (c *Collector) Unknown(info job.Info, err error) *diagnosis.Verdict {
	tracked, graph := c.track(info.ID), &job.Graph{}
	if last, _ := tracked.polled.last(); last.verdict != nil {
		graph = last.verdict.Snapshot.Graph
	}
	return tracked.unknown.of(info, graph, err, c.options.MaxAge)
}

// unknownVerdict is that on a job which did not answer lately: while a cluster is away
// all queries about the job share it, as they would share a poll.
type unknownVerdict struct {
	mu      sync.Mutex
	verdict *diagnosis.Verdict
	why     string
}

// of is the last one, if it says the same and is at most maxAge old, or else another.
func (u *unknownVerdict) of(info job.Info, graph *job.Graph, err error, maxAge time.Duration) *diagnosis.Verdict {
	why, now := fmt.Sprint(err), time.Now()
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.verdict != nil && u.why == why {
		if of := u.verdict.Snapshot; of.Job == info && of.Graph == graph && now.Sub(of.At) <= maxAge {
			return u.verdict
		}
	}
	u.verdict, u.why = diagnosis.Diagnose(job.UnknownSnapshot(info, graph, now, err)), why
	u.verdict.Keep()
	return u.verdict
}

// Graph is the job's graph, which costs one request at most.
func (c *Collector) Graph(ctx context.Context, info job.Info) (graph *job.Graph, requests int, err error) {
	tracked := c.track(info.ID)
	graph, started, err := tracked.graph.get(ctx, graphReads, c.options.MaxAge, func(ctx context.Context) (*job.Graph, error) {
		answer, err := c.client.Job(ctx, info.ID)
		if err != nil {
			return nil, err
		}
		read := newSample(answer, info).Graph
		return read, c.reserve(tracked, weightOf(read))
	})
	return graph, count(started), err
}

// Restarts is how often the job has restarted; NaN where Flink does not report
// it. From then on the sampler reads the restarts too: one more request per poll.
func (c *Collector) Restarts(ctx context.Context, info job.Info) (restarts float64, requests int, err error) {
	tracked := c.track(info.ID)
	c.sampler.wantMore(tracked, ofRestarts)
	return c.restartsOfAge(ctx, info, tracked, c.options.MaxAge)
}

func (c *Collector) restartsOfAge(ctx context.Context, info job.Info, tracked *trackedJob, maxAge time.Duration) (restarts float64, requests int, err error) {
	number, started, err := tracked.restarts.get(ctx, restartsReads, maxAge, func(ctx context.Context) (flink.Number, error) {
		return c.client.Restarts(ctx, info.ID)
	})
	return float64(number), count(started), err
}

// Details splits the backpressure of a snapshot's running tasks, in the order of
// its graph: one or more requests per task, because Flink limits the URL's length.
func (c *Collector) Details(ctx context.Context, snapshot *job.Snapshot) (tasks []TaskDetails, requests int, err error) {
	result, started, err := c.track(snapshot.Job.ID).details.get(ctx, detailsReads, c.options.MaxAge, func(ctx context.Context) (detailsResult, error) {
		return readDetails(ctx, c.client, snapshot)
	})
	if started {
		requests = result.requests
	}
	if err == nil && !result.of(snapshot.Graph) { // the job's graph changed since another caller's snapshot
		result, err = readDetails(ctx, c.client, snapshot)
		requests += result.requests
	}
	return result.tasks, requests, err
}

// TaskManagers lists the cluster's TaskManagers, without their usage, which costs
// requests of its own. Errors are [remote.Error] or the context's.
func (c *Collector) TaskManagers(ctx context.Context) (managers []job.TaskManager, requests int, err error) {
	return c.taskManagers.list(ctx, c.options.MaxAge)
}

// KnownTaskManagers are those of the list that was requested last and of their usage
// what is at most that old, by id. It costs no request.
func (c *Collector) KnownTaskManagers(maxAge time.Duration) map[string]job.TaskManager {
	return c.taskManagers.known(maxAge)
}

// Usages reads how much of their resources TaskManagers use, of ids that Flink listed,
// at most maxAge old, or than the collector's own age limit if maxAge is 0: one request
// each, one for the list of them where that does not have one's cores, and one more if
// Flink has not fetched metrics lately, as the request that makes it fetch them gets the
// old ones. It fails only if nothing is known.
func (c *Collector) Usages(ctx context.Context, ids []string, maxAge time.Duration) (usages []UsageResult, requests int, err error) {
	cluster, requests, err := c.Cluster(ctx)
	if err != nil {
		return nil, requests, err
	}
	usages, asked, err := c.taskManagers.usagesOf(ctx, cluster, ids, cmp.Or(maxAge, c.options.MaxAge))
	return usages, requests + asked, err
}

// FlameGraph is the flame graph of a task or a subtask, at most the age limit old. Where
// Flink has not sampled it yet the call waits until it has, or for as long as patience,
// and then returns the state flink.FlameGraphWaiting. requests is how many this call
// caused. Errors are [remote.Error] or the context's.
func (c *Collector) FlameGraph(ctx context.Context, key FlameGraphKey, patience time.Duration) (graph FlameGraph, requests int, err error) {
	return c.flameGraphs.await(ctx, key, c.options.MaxAge, patience)
}

// HotMethod is the code that takes most of the busy time of a root cause, by a flame graph
// that is at most a minute old. It waits for one answer of Flink's at most, and not for
// samples: where there are none yet, nor at all, found is false, and a later call asks
// again. It is asked for at most 64 root causes a minute.
func (c *Collector) HotMethod(ctx context.Context, key FlameGraphKey) (hot diagnosis.HotMethod, found bool, requests int) {
	return c.flameGraphs.hotMethod(ctx, key)
}

// Waits reads how a task of a job waits, softly or hard, at most once a minute; unknown
// where Flink does not report or answer that.
func (c *Collector) Waits(ctx context.Context, jobID, taskID string) (waits diagnosis.Waits, requests int) {
	waits, started, _ := c.track(jobID).waits.of(taskID).get(ctx, waitsReads, waitsAge, func(ctx context.Context) (diagnosis.Waits, error) {
		return readWaits(ctx, c.client, jobID, taskID), nil
	})
	return waits, count(started)
}

// FlameGraphBytes is about how much memory the flame graphs take that are kept.
func (c *Collector) FlameGraphBytes() int { return c.flameGraphs.bytes() }

// Subtasks counts the subtasks of all jobs that are cached, by which the memory
// that they take can be estimated.
func (c *Collector) Subtasks() (subtasks int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held()
}

// track finds or begins what is kept of a job.
func (c *Collector) track(jobID string) *trackedJob {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if now.Sub(c.forgotten) >= forgetEvery {
		c.forgotten = now
		for id, tracked := range c.tracked {
			if now.Sub(tracked.asked) > forgetAfter && !c.sampler.sampled(tracked, now) {
				delete(c.tracked, id)
			}
		}
	}
	tracked := c.tracked[jobID]
	if tracked == nil {
		c.dropGone(now)
		tracked = &trackedJob{places: map[string]places{}}
		c.tracked[jobID] = tracked
	}
	tracked.asked = now
	return tracked
}

// noteList keeps whether the cluster is up, which is whether it answers a request for
// its list of jobs; a request that was given up shows nothing. Were other requests to show it too, a cluster that fails some of them would
// be up and down in turn.
func (c *Collector) noteList(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	if c.options.History != nil {
		c.options.History.Answered(time.Now(), err == nil)
	}
	c.options.Availability.note(err)
}

// isDown reports whether the cluster did not answer the last request for its jobs.
func (c *Collector) isDown() bool {
	_, down := c.options.Availability.state()
	return down
}

// keep puts a poll's verdict into the history. It shows that the cluster is still up.
func (c *Collector) keep(verdict *diagnosis.Verdict, tracked *trackedJob, interval job.MetricInterval) {
	if c.options.History == nil {
		return
	}
	restarts := math.NaN()
	if number, at := tracked.restarts.last(); !at.IsZero() && time.Since(at) <= c.sampler.every() {
		restarts = float64(number)
	}
	c.options.History.Add(verdict, restarts, interval.MaxGap())
	if !c.isDown() {
		c.options.History.Answered(time.Now(), true)
	}
}

// count is the number of requests of a call that started a fetch or not.
func count(started bool) int {
	if started {
		return 1
	}
	return 0
}

// trackedJob is what is kept of one job that somebody has asked for.
type trackedJob struct {
	// asked is when somebody last asked for anything of the job. Collector.mu
	// guards it, and what the sampler keeps of the job.
	asked   time.Time
	sampled samplerState
	// subtasks is for how many there is room. Collector.mu guards it.
	subtasks int
	hanging  hanging

	polled   shared[pollResult]
	unknown  unknownVerdict
	graph    shared[*job.Graph]
	restarts shared[flink.Number]
	details  shared[detailsResult]
	sources  sources
	open     questions
	waits    taskWaits

	checkpoints        shared[job.Checkpoints]
	checkpointInterval shared[time.Duration]
	checkpointDetails  cached[checkpointKey, job.CheckpointDetails]
	taskCheckpoints    cached[taskCheckpointKey, job.CheckpointDetails]
	exceptions         shared[[]job.Incident]

	deriverMu sync.Mutex
	deriver   *job.Deriver // nil until the first poll
	// slow are the ids of the tasks that did not answer in time in the last poll, or
	// were not requested as others did not, in the order of the next requests.
	slow []string
	// places are where tasks ran, for Flinks before 1.16, by task id.
	places map[string]places
	// ran is the graph when the job last ran, and restarted when it was last restarted.
	ran       *job.Graph
	restarted time.Time
}

// pollResult is a poll's verdict and the requests that it took.
type pollResult struct {
	verdict  *diagnosis.Verdict
	requests int
}

// places is where a task's subtasks ran when they were last asked.
type places struct {
	start    int64 // of the task, by Flink's clock: a restart changes it
	subtasks []job.SubtaskSample
}

// begin starts the job's deriver, anew if the cluster's interval has changed.
func (t *trackedJob) begin(interval job.MetricInterval) {
	t.deriverMu.Lock()
	defer t.deriverMu.Unlock()
	if t.deriver == nil || t.deriver.Interval() != interval {
		t.deriver = job.NewDeriver(interval)
	}
}

// derive adds the sample to the job's deriver.
func (t *trackedJob) derive(sample *job.Sample) *job.Snapshot {
	t.deriverMu.Lock()
	defer t.deriverMu.Unlock()
	return t.deriver.Add(sample)
}

// needGauges lists the tasks that have nothing to be compared with.
func (t *trackedJob) needGauges(sample *job.Sample) (tasks []int) {
	t.deriverMu.Lock()
	defer t.deriverMu.Unlock()
	for i, task := range sample.Graph.Tasks {
		if t.deriver.NeedsGauges(task.ID, sample.Tasks[i].Subtasks) {
			tasks = append(tasks, i)
		}
	}
	return tasks
}

// bySpeed are those of the tasks that are not slow, and those that are, in the order of
// their requests.
func (t *trackedJob) bySpeed(graph *job.Graph, tasks []int) (prompt, slow []int) {
	t.deriverMu.Lock()
	defer t.deriverMu.Unlock()
	for _, id := range t.slow {
		if at := slices.IndexFunc(tasks, func(i int) bool { return graph.Tasks[i].ID == id }); at >= 0 {
			slow = append(slow, tasks[at])
		}
	}
	for _, i := range tasks {
		if !slices.Contains(slow, i) {
			prompt = append(prompt, i)
		}
	}
	return prompt, slow
}

// setSlow keeps which tasks are slow by a poll's sample. Those that timed out come
// last the next time, so that no other goes without for long.
func (t *trackedJob) setSlow(sample *job.Sample) {
	prompt, slow := t.bySpeed(sample.Graph, runningTasks(sample.Job, sample.Graph))
	var skipped, timedOut []string
	for _, i := range slices.Concat(prompt, slow) {
		switch id, err := sample.Graph.Tasks[i].ID, sample.Tasks[i].Err; {
		case errors.Is(err, errSkipped):
			skipped = append(skipped, id)
		case remote.IsKind(err, remote.TimedOut):
			timedOut = append(timedOut, id)
		}
	}
	t.deriverMu.Lock()
	defer t.deriverMu.Unlock()
	t.slow = append(skipped, timedOut...)
}

// placesOf is where the task's subtasks run, as a copy; nil if what is kept of
// them may be out of date.
func (t *trackedJob) placesOf(task job.Task, start int64) []job.SubtaskSample {
	t.deriverMu.Lock()
	defer t.deriverMu.Unlock()
	kept := t.places[task.ID]
	if kept.start != start || task.Running != task.Parallelism || len(kept.subtasks) != task.Parallelism {
		return nil
	}
	return slices.Clone(kept.subtasks)
}

func (t *trackedJob) setPlaces(taskID string, at places) {
	t.deriverMu.Lock()
	defer t.deriverMu.Unlock()
	t.places[taskID] = at
}
