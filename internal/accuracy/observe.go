// Package accuracy measures how often the verdict is right: on random jobs of many
// classes that are simulated ([dataflow]), whose metrics go through what Flink does to
// them, against what truly holds those jobs back.
package accuracy

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	df "github.com/flinkscope/flinkscope-flink-datasource/internal/dataflow"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

const (
	// fetch is Flink's default interval, and poll how often the sampler polls with it:
	// Flink fetches when a poll asks for it and the interval is over.
	fetch = 10 * time.Second
	poll  = 10200 * time.Millisecond
	// update is how often a TaskManager updates its metrics.
	update = 5 * time.Second
	// unfinished is how long a wait under way reads as busy time at most (measured).
	unfinished = 0.286
)

// epoch is when simulated jobs begin.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// observer polls a job that runs as the plugin would poll Flink.
type observer struct {
	job     *df.Job
	run     *df.Run
	random  *rand.Rand
	graph   *job.Graph
	deriver *job.Deriver
	offsets []time.Duration // of the TaskManagers' updates
	seen    [][]df.Observed // of the last update
	past    [][][]df.Observed
	next    time.Duration
	rescale *Rescale      // that is still to come
	began   time.Duration // when the run did, after a rescaling
	ended   bool          // see [Case]
	pools   map[diagnosis.Question]poolUsage
}

// poolUsage is how full buffers were at a time.
type poolUsage struct {
	at   time.Duration
	full job.Share
}

// poolsAge is how long the plugin keeps how full a task's buffers were.
const poolsAge = time.Minute

// newObserver begins to observe the job some time after its start.
func newObserver(of Case, seed uint64) *observer {
	o := &observer{
		random: rand.New(rand.NewPCG(seed, 2)), rescale: of.Rescale, ended: of.Ended, pools: map[diagnosis.Question]poolUsage{},
		deriver: job.NewDeriver(job.MetricInterval{Fetch: fetch, Gauge: job.FromGauge60s}),
	}
	if of.Rescale != nil {
		o.start(of.Rescale.From)
	} else {
		o.start(of.Job)
	}
	for range of.Job.TaskManagers {
		o.offsets = append(o.offsets, time.Duration(o.random.Float64()*float64(update)))
	}
	o.next = 20*time.Second + time.Duration(o.random.Float64()*float64(poll))
	return o
}

// start begins a run of the job.
func (o *observer) start(of *df.Job) {
	o.job, o.run, o.graph, o.seen, o.past = of, df.Start(of), graphOf(of, o.ended), nil, nil
	for _, task := range of.Tasks {
		o.seen = append(o.seen, make([]df.Observed, task.Parallelism))
	}
}

// until runs the job until a time. A job that is rescaled begins anew, with empty buffers.
func (o *observer) until(at time.Duration) {
	if of := o.rescale; of != nil && at >= of.At {
		o.run.Until(of.At)
		o.start(of.To)
		o.rescale, o.began = nil, of.At+of.Lasts
	}
	o.run.Until(at - o.began)
}

// graphOf is the graph of a job; its tasks keep their order. Where it is a second stage,
// those of the first, which have ended, come last.
func graphOf(of *df.Job, ended bool) *job.Graph {
	var tasks []job.Task
	var edges []job.Edge
	for t, task := range of.Tasks {
		tasks = append(tasks, job.Task{ID: fmt.Sprintf("%032x", t), Name: task.Name, Parallelism: task.Parallelism, MaxParallelism: task.MaxParallelism, State: job.Running})
	}
	for _, e := range of.Exchanges {
		edges = append(edges, job.Edge{From: tasks[e.From].ID, To: tasks[e.To].ID, Forward: e.Shipping == df.Forward, Keyed: e.Shipping == df.Hash})
	}
	graph := job.NewGraph(tasks, edges)
	for t := range of.Tasks {
		if ended && of.Tasks[t].Source != nil {
			first := len(graph.Tasks)
			graph.Tasks[t].Inputs, graph.Tasks[t].Forward = []int{first}, []bool{false}
			graph.Tasks = append(graph.Tasks, job.Task{ID: fmt.Sprintf("%032x", first), Name: fmt.Sprint("ended-", t), Parallelism: 1, Finished: 1, State: job.Finished, Outputs: []int{t}})
		}
	}
	return graph
}

// poll runs the job until its next poll and returns what that shows.
func (o *observer) poll() *job.Snapshot {
	o.run.Mark() // what works is judged by the time since the last poll
	at := o.next
	o.next += poll
	type updated struct {
		at      time.Duration
		manager int
	}
	var updates []updated
	for m, offset := range o.offsets {
		updates = append(updates, updated{(at-offset)/update*update + offset, m})
	}
	slices.SortFunc(updates, func(a, b updated) int { return int(a.at - b.at) })
	for _, u := range updates {
		o.until(u.at)
		for t := range o.seen {
			for s := u.manager; s < len(o.seen[t]); s += len(o.offsets) {
				o.seen[t][s] = o.run.Observe(t, s)
			}
		}
	}
	o.until(at)
	o.past = append(o.past, clone(o.seen))
	return o.deriver.Add(o.sample(at))
}

func clone(seen [][]df.Observed) [][]df.Observed {
	copied := make([][]df.Observed, len(seen))
	for t := range seen {
		copied[t] = slices.Clone(seen[t])
	}
	return copied
}

// sample is the answer of Flink at a time: states as they are, counters as they were
// at the last update.
func (o *observer) sample(at time.Duration) *job.Sample {
	sample := &job.Sample{
		Job:   job.Info{ID: "job", Name: "job", State: job.Running, Type: job.Streaming, Start: epoch},
		Graph: &job.Graph{Tasks: slices.Clone(o.graph.Tasks)}, At: epoch.Add(at), Tasks: make([]job.TaskSample, len(o.graph.Tasks)),
	}
	if at < o.began {
		sample.Job.State = "RESTARTING"
	}
	for t := range o.seen {
		task := &sample.Graph.Tasks[t]
		task.Running, task.Finished = 0, 0
		for s, seen := range o.seen[t] {
			now := o.run.Observe(t, s)
			sub := job.SubtaskSample{Subtask: s, Attempt: now.Attempt, State: job.Running, Start: epoch.Add(o.began + now.Since), Running: at - o.began - now.Since, Host: o.job.TaskManagers[s%len(o.job.TaskManagers)].Host, TaskManager: fmt.Sprint("tm-", s%len(o.job.TaskManagers))}
			switch {
			case now.Finished:
				sub.State, task.Finished = job.Finished, task.Finished+1
			case !now.Up:
				sub.State = "INITIALIZING"
			default:
				task.Running++
			}
			if seen.Attempt == now.Attempt && seen.Up {
				o.count(&sub, seen, o.job.Tasks[t].Source)
				if source := o.job.Tasks[t].Source; source != nil && source.Legacy {
					sub.Gauge = &job.Shares{Idle: 0, Busy: job.Unknown, Backpressured: o.waited(t, s)}
				}
			}
			sample.Tasks[t].Subtasks = append(sample.Tasks[t].Subtasks, sub)
		}
	}
	return sample
}

// count fills in the counters as Flink shows them: whole milliseconds, of which those
// of a wait that is under way read as busy.
func (o *observer) count(sub *job.SubtaskSample, seen df.Observed, source *df.Source) {
	idle, busy, waits := seen.Idle, seen.Busy, seen.Backpressured
	late := o.random.Float64() * unfinished
	if total := idle + busy + waits; total > 0 {
		// The more a subtask waits, the likelier a wait is under way.
		if o.random.Float64() < idle/total {
			idle, busy = idle-min(late, idle), busy+min(late, idle)
		} else if o.random.Float64() < waits/total {
			waits, busy = waits-min(late, waits), busy+min(late, waits)
		}
	}
	ms := func(seconds float64) time.Duration { return time.Duration(seconds*1000) * time.Millisecond }
	in, out := int64(seen.RecordsIn), int64(seen.RecordsOut)
	sub.Counters = &job.Counters{Idle: ms(idle), Busy: ms(busy), Backpressured: ms(waits)}
	sub.RecordsIn, sub.RecordsOut = &in, &out
	if source != nil && source.Legacy {
		sub.Counters.BusyUnknown = true
	}
}

// diagnose is the verdict on a snapshot, with the buffers of the tasks that it asks for,
// as they were at most a minute ago.
func (o *observer) diagnose(snapshot *job.Snapshot) *diagnosis.Verdict {
	verdict := diagnosis.Diagnose(snapshot)
	if len(verdict.InQuestion) == 0 {
		return verdict
	}
	further := *snapshot
	further.Answers = make([]job.Answer, len(snapshot.Tasks))
	for t := range further.Answers {
		further.Answers[t] = job.UnknownAnswer
	}
	at := snapshot.At.Sub(epoch)
	for _, question := range verdict.InQuestion {
		if question.About == diagnosis.AboutPending {
			continue // many connectors report none
		}
		usage, found := o.pools[question]
		if !found || at-usage.at >= poolsAge {
			usage = poolUsage{at, o.poolNow(question)}
			o.pools[question] = usage
		}
		if question.About == diagnosis.AboutOutput {
			further.Answers[question.Task].Out = usage.full
		} else {
			further.Answers[question.Task].In = usage.full
		}
	}
	return diagnosis.Diagnose(&further)
}

// poolNow is how full the buffers of a task are: the mean of its output, or else the
// highest of its input.
func (o *observer) poolNow(of diagnosis.Question) job.Share {
	sum, highest := 0.0, 0.0
	for s := range o.seen[of.Task] {
		now := o.run.Observe(of.Task, s)
		sum, highest = sum+now.OutPool, max(highest, now.InPool)
	}
	if of.About == diagnosis.AboutOutput {
		return job.Share(sum / float64(len(o.seen[of.Task])))
	}
	return job.Share(highest)
}

// waited is the share of the last minute that a subtask has been backpressured.
func (o *observer) waited(t, s int) job.Share {
	before, now := o.past[max(0, len(o.past)-7)][t][s], o.seen[t][s]
	if before.Attempt != now.Attempt {
		before = df.Observed{}
	}
	total := now.Idle + now.Busy + now.Backpressured - before.Idle - before.Busy - before.Backpressured
	if total <= 0 {
		return job.Unknown
	}
	return job.Share((now.Backpressured - before.Backpressured) / total)
}

// gauges is the snapshot as Flink's gauges have it, means of the last minute.
func (o *observer) gauges(of *job.Snapshot) *job.Snapshot {
	first := o.past[max(0, len(o.past)-7)]
	loads := make([][]job.SubtaskLoad, len(of.Tasks))
	for t := range of.Tasks {
		loads[t] = slices.Clone(of.Tasks[t].Subtasks)
		if t >= len(o.seen) { // it has ended
			continue
		}
		for s := range loads[t] {
			before, now := first[t][s], o.seen[t][s]
			if before.Attempt != now.Attempt {
				before = df.Observed{}
			}
			idle, busy, waits := now.Idle-before.Idle, now.Busy-before.Busy, now.Backpressured-before.Backpressured
			if total := idle + busy + waits; total > 0 && now.Up {
				loads[t][s].Shares = job.Shares{Idle: job.Share(idle / total), Busy: job.Share(busy / total), Backpressured: job.Share(waits / total)}
			}
		}
	}
	return job.FromLoads(job.Snapshot{Job: of.Job, Graph: of.Graph, At: of.At, From: of.From, To: of.To, Source: job.FromGauge60s}, loads)
}
