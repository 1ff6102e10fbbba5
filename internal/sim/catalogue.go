package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// ready are the ready-made jobs.
var ready = map[string]func() *Job{
	"bottleneck": bottleneckJob, "healthy": healthyJob, "skew": skewJob, "slow-sink": slowSinkJob, "two-sources": twoSourcesJob,
	"moved": movedJob, "varying": varyingJob, "slow-machine": slowMachineJob, "slow-source": slowSourceJob, "uncounted": uncountedJob,
	"just-submitted": justSubmittedJob, "no-slots": noSlotsJob, "restarting": restartingJob, "restarted": restartedJob, "failing": failingJob,
	"failed": failedJob, "canceled": canceledJob, "finished": finishedJob, "batch": batchJob, "partly-finished": partlyFinishedJob,
	"rescaled": rescaledJob, "speculative": speculativeJob, "legacy-source": legacySourceJob, "legacy-idle": legacyIdleJob,
	"duplicate-names": duplicateNamesJob, "unconnected": unconnectedJob, "odd-names": oddNamesJob, "chained": chainedJob,
	"wide": wideJob, "large": largeJob, "alternating": alternatingJob, "alternating-fast": alternatingFastJob,
}

// groups are names for several jobs at once.
var groups = map[string]func() []*Job{
	"all": func() []*Job {
		return []*Job{bottleneckJob(), healthyJob(), skewJob(), slowSinkJob(), twoSourcesJob(), movedJob()}
	},
	"hundred": hundred,
}

// hundred are 100 jobs of four tasks, every tenth of which is held back.
func hundred() (jobs []*Job) {
	for i := range 100 {
		job := healthyJob()
		if i%10 == 0 {
			job = bottleneckJob()
		}
		jobs = append(jobs, New(fmt.Sprintf("job-%03d", i), job.Tasks...))
	}
	return jobs
}

// Names lists the ready-made jobs.
func Names() []string {
	return slices.Sorted(maps.Keys(ready))
}

// Groups lists the names of several ready-made jobs at once.
func Groups() []string {
	return slices.Sorted(maps.Keys(groups))
}

// Ready is a cluster of that version of Flink, with Flink's default fetch
// interval, that runs the ready-made jobs or groups of jobs of those names as
// of now. The error lists the names that there are.
func Ready(version string, names ...string) (*Cluster, error) {
	cluster := &Cluster{Version: version, Fetch: 10 * time.Second}
	for _, name := range names {
		switch {
		case ready[name] != nil:
			cluster.Jobs = append(cluster.Jobs, ready[name]())
		case groups[name] != nil:
			cluster.Jobs = append(cluster.Jobs, groups[name]()...)
		default:
			return nil, fmt.Errorf("there is no simulated job %q: there are %s", name, strings.Join(append(Names(), Groups()...), ", "))
		}
	}
	for _, job := range cluster.Jobs {
		if job.Type != "BATCH" {
			job.Checkpoints = checkpointEvery
		}
	}
	return cluster, nil
}

// checkpointEvery is how often the ready-made jobs that stream make a checkpoint.
const checkpointEvery = 30 * time.Second

// What the tasks of the ready-made jobs can do, in records a second for a
// subtask: those that do nothing that takes time, and those that are slow.
const (
	quick = 20000
	slow  = 100
)

func source(name string) Task { return Task{Name: "Source: " + name, Parallelism: 2, Capacity: quick} }

// trickle is a source that is offered little.
func trickle(name string) Task {
	task := source(name)
	task.Rate = 200
	return task
}

func step(name string, parallelism int, capacity float64) Task {
	return Task{Name: name, Parallelism: parallelism, Capacity: capacity}
}

// The jobs of the demo on a real Flink, with the same tasks.

func bottleneckJob() *Job {
	return Chain("bottleneck", source("orders"), step("enrich", 2, quick), step("slow-window", 4, slow), step("sink", 2, quick))
}

func healthyJob() *Job {
	return Chain("healthy", trickle("orders"), step("enrich", 2, quick), step("count", 4, quick), step("sink", 2, quick))
}

func skewJob() *Job {
	hot := step("aggregate", 4, slow)
	hot.Weights = []float64{1, 1, 7, 1}
	return Chain("skew", source("orders"), step("enrich", 2, quick), hot, step("sink", 2, quick))
}

func slowSinkJob() *Job {
	return Chain("slow-sink", source("orders"), step("enrich", 2, quick), step("aggregate", 4, quick), step("sink", 2, slow))
}

func twoSourcesJob() *Job {
	parse, score, validate := step("parse", 2, quick), step("score", 4, slow), step("validate", 2, quick)
	merge, sink := step("merge", 2, quick), step("sink", 2, quick)
	parse.Inputs, validate.Inputs, score.Inputs = []int{0}, []int{1}, []int{2}
	merge.Inputs, sink.Inputs = []int{4, 3}, []int{5}
	return New("two-sources", source("orders"), trickle("clicks"), parse, validate, score, merge, sink)
}

// Moved is a job whose bottleneck moves from the task early to the task late
// when it has run for that long.
func Moved(after time.Duration) *Job {
	job := Chain("moved", source("orders"), step("early", 4, slow), step("enrich", 2, quick), step("late", 4, quick), step("sink", 2, quick))
	job.Phases = []Phase{
		{Lasts: after},
		{Change: func(tasks []Task) { tasks[1].Capacity, tasks[3].Capacity = quick, slow }},
	}
	return job
}

// movedJob is about to move when it is made.
func movedJob() *Job { return Moved(time.Hour + time.Minute) }

// varyingJob has a window that fires for 5 s of every 20: then it keeps what
// it reads waiting, and the task below it is at its limit.
func varyingJob() *Job {
	job := Chain("varying", trickle("orders"), step("enrich", 2, quick), step("window", 4, quick), step("upload", 2, slow), step("sink", 2, quick))
	job.Tasks[2].Selectivity = 0.01
	job.Phases = []Phase{
		{Lasts: 15 * time.Second},
		{Lasts: 5 * time.Second, Change: func(tasks []Task) { tasks[2].Selectivity = 10 }},
	}
	job.Repeat = true
	return job
}

// slowMachineJob runs on two machines, one of which is ten times slower, as it spends
// nine tenths of its time in garbage collection.
func slowMachineJob() *Job {
	job := Chain("slow-machine", source("orders"), step("enrich", 4, 120), step("score", 4, 110), step("sink", 2, quick))
	job.Machines[1].Slowness, job.Machines[1].GC = 10, 0.9
	return job
}

// uncountedJob has a task that waits for another system in threads of its
// own: Flink takes it for idle.
func uncountedJob() *Job {
	job := Chain("uncounted", source("orders"), step("enrich", 2, quick), step("call", 4, slow), step("sink", 2, quick))
	job.Tasks[2].Uncounted = 0.98
	return job
}

// slowSourceJob goes as fast as its source, which nothing holds back.
func slowSourceJob() *Job {
	job := Chain("slow-source", source("orders"), step("enrich", 2, quick), step("sink", 2, quick))
	job.Tasks[0].Capacity, job.Tasks[1].Capacity = quick/5, quick/2 // a record means work: it does not only wait
	return job
}

// Alternating is a job in which the window is at its limit for a turn, while it
// hoards, and the sink for the next, while the window fires: again and again.
func Alternating(name string, turn time.Duration) *Job {
	job := Chain(name, source("orders"), step("enrich", 2, quick), step("window", 4, slow), step("sink", 2, slow))
	job.Phases = []Phase{
		{Lasts: turn, Change: func(tasks []Task) { tasks[2].Capacity, tasks[2].Filter = slow, true }},
		{Lasts: turn, Change: func(tasks []Task) {
			tasks[2].Capacity, tasks[2].Filter, tasks[2].Selectivity = quick, false, 50
		}},
	}
	job.Repeat = true
	return job
}

// alternatingJob takes turns that last for several fetches of metrics.
func alternatingJob() *Job { return Alternating("alternating", 40*time.Second) }

// alternatingFastJob has a window that fires every 20 s, faster than metrics
// show.
func alternatingFastJob() *Job { return Alternating("alternating-fast", 10*time.Second) }

// lively is a job that would have a bottleneck if it ran undisturbed.
func lively(name string) *Job {
	job := bottleneckJob()
	return New(name, job.Tasks...)
}

// runThen is a job that has run for most of the last hour, and then is in
// that state.
func runThen(name, state string) *Job {
	job := lively(name)
	job.Phases = []Phase{{Lasts: 59 * time.Minute}, {State: state}}
	return job
}

func justSubmittedJob() *Job {
	job := lively("just-submitted")
	job.Start = time.Now().Truncate(time.Millisecond)
	job.Phases = []Phase{{Lasts: time.Second, Change: inState("SCHEDULED")}, {Change: inState("")}}
	return job
}

func noSlotsJob() *Job {
	job := lively("no-slots")
	job.Phases = []Phase{{Change: inState("SCHEDULED")}}
	return job
}

// inState gives all tasks a state of their own, or with none the job's.
func inState(state string) func([]Task) {
	return func(tasks []Task) {
		for i := range tasks {
			tasks[i].State = state
		}
	}
}

func restartingJob() *Job { return runThen("restarting", "RESTARTING") }

func canceledJob() *Job { return runThen("canceled", "CANCELED") }

func finishedJob() *Job { return runThen("finished", "FINISHED") }

func failedJob() *Job { return runThen("failed", "FAILED") }

// failingJob fails again and again: it runs for 9 s and restarts for 3.
func failingJob() *Job {
	job := lively("failing")
	job.Phases = []Phase{{Lasts: 9 * time.Second, Restart: true}, {Lasts: 3 * time.Second, State: "RESTARTING"}}
	job.Repeat = true
	return job
}

// restartedJob restarts once, two minutes before it is made.
func restartedJob() *Job {
	job := lively("restarted")
	job.Phases = []Phase{{Lasts: 58 * time.Minute}, {Lasts: 3 * time.Second, State: "RESTARTING"}, {Restart: true}}
	return job
}

// batchJob runs its tasks one after the other: the first has finished, the
// second runs, the others wait.
func batchJob() *Job {
	job := Chain("batch", source("files"), step("map", 4, slow), step("sort", 4, slow), step("sink", 2, quick))
	job.Type = "BATCH"
	job.Tasks[2].State, job.Tasks[3].State = "CREATED", "CREATED"
	job.Phases = []Phase{{Lasts: 10 * time.Minute}, {Change: func(tasks []Task) {
		tasks[0].State = "FINISHED"
		tasks[1].Loads = Even(4, Load{Busy: 1, RecordsIn: slow, RecordsOut: slow})
	}}}
	return job
}

// partlyFinishedJob has a bounded source that has ended, with the task that
// read from it alone.
func partlyFinishedJob() *Job {
	job := New("partly-finished", source("bounded"), source("orders"), step("enrich", 2, quick), step("slow-window", 4, slow), step("sink", 2, quick))
	job.Tasks[2].Inputs, job.Tasks[3].Inputs, job.Tasks[4].Inputs = []int{0}, []int{1, 2}, []int{3}
	job.Phases = []Phase{{Lasts: time.Second}, {Change: func(tasks []Task) { tasks[0].State, tasks[2].State = "FINISHED", "FINISHED" }}}
	return job
}

// rescaledJob gets two more subtasks for its slow task a minute after it is
// made.
func rescaledJob() *Job {
	job := lively("rescaled")
	job.Phases = []Phase{
		{Lasts: 61 * time.Minute},
		{Lasts: time.Second, State: "RESTARTING"},
		{Restart: true, Change: func(tasks []Task) { tasks[2].Parallelism += 2 }},
	}
	return job
}

func speculativeJob() *Job {
	job := lively("speculative")
	job.Type = "BATCH"
	job.Tasks[2].Speculative = []int{0, 3}
	return job
}

// legacySourceJob reads from a SourceFunction, which its slow task holds back.
func legacySourceJob() *Job {
	job := lively("legacy-source")
	job.Tasks[0].Legacy = true
	return job
}

// legacyIdleJob reads little from a SourceFunction: whether that is
// all there is cannot be measured.
func legacyIdleJob() *Job {
	job := Chain("legacy-idle", trickle("orders"), step("enrich", 2, quick), step("sink", 2, quick))
	job.Tasks[0].Legacy = true
	return job
}

func duplicateNamesJob() *Job {
	return Chain("duplicate-names", source("orders"), step("map", 2, quick), step("map", 4, slow), step("map", 2, quick), step("map", 2, quick))
}

// unconnectedJob is two graphs in one job, one of which is held back.
func unconnectedJob() *Job {
	job := New("unconnected", source("orders"), trickle("clicks"), step("slow-window", 4, slow), step("count", 2, quick), step("orders-sink", 2, quick), step("clicks-sink", 2, quick))
	job.Tasks[2].Inputs, job.Tasks[3].Inputs = []int{0}, []int{1}
	job.Tasks[4].Inputs, job.Tasks[5].Inputs = []int{2}, []int{3}
	return job
}

// oddNamesJob has names with quotes, slashes, HTML, line breaks and emoji.
func oddNamesJob() *Job {
	return Chain(`Zahlungen "EU/DE" – 支払い <b>&amp;</b> 100% \ 'x' #1?a=b`,
		source("Quelle: \"Käufe\" <eu>/a\\b & c"), step("集計 📦 {x=\"1\"}\nzweite Zeile", 4, slow), step("print%20to/std.out: ../../x", 2, quick))
}

// chainedJob is one task alone: a source with all that follows in its chain.
func chainedJob() *Job {
	return New("chained", Task{Name: "Source: orders -> parse -> filter -> sink: Writer", Parallelism: 4, Capacity: slow})
}

// wideJob has 200 subtasks in each task, of which a few are hot.
func wideJob() *Job {
	job := Chain("wide", source("orders"), step("aggregate", 200, slow), step("sink", 200, quick))
	job.Tasks[1].Weights = make([]float64, 200)
	for i := range job.Tasks[1].Weights {
		job.Tasks[1].Weights[i] = 1
	}
	job.Tasks[1].Weights[17], job.Tasks[1].Weights[133] = 20, 20
	return job
}

// largeJob has 100 tasks of 100 subtasks, in four rows of 25 that a sink of
// each row ends; the second row is held back.
func largeJob() *Job {
	const rows, length = 4, 25
	var tasks []Task
	for i := range length {
		for row := range rows {
			task := Task{Name: fmt.Sprintf("row-%d step-%02d", row, i), Parallelism: 100, Capacity: quick}
			if i == 0 {
				task.Name = "Source: " + task.Name
				task.Rate = 100 * slow
			} else {
				task.Inputs = []int{len(tasks) - rows}
			}
			tasks = append(tasks, task)
		}
	}
	tasks[12*rows+1].Capacity = slow / 2
	return New("large", tasks...)
}
