package dataflow_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/dataflow"
)

// A job reads as fast as its slowest task can, which is parallelism / cost. Each subtask
// is busy for its rate × cost; above the slowest task it is backpressured for the rest,
// below it idle.
func TestChainIsAsFastAsItsSlowestTask(t *testing.T) {
	for name, c := range map[string]struct {
		tasks []dataflow.Task
		rate  float64
		// of each task
		busy, backpressured []float64
	}{
		"in the middle": { // 2 × 100 = 200; 200/1000, 200/(2 × 100), 200/(4 × 250)
			[]dataflow.Task{source(1, 1000), step(2, 100), step(4, 250)}, 200,
			[]float64{0.2, 1, 0.2}, []float64{0.8, 0, 0},
		},
		"at the end": { // 3 × 50 = 150
			[]dataflow.Task{source(1, 1000), step(2, 300), step(3, 50)}, 150,
			[]float64{0.15, 0.25, 1}, []float64{0.85, 0.75, 0},
		},
		"the source": { // 2 × 200 = 400
			[]dataflow.Task{source(2, 200), step(1, 1000), step(4, 200)}, 400,
			[]float64{1, 0.4, 0.5}, []float64{0, 0, 0},
		},
		"none, as the source has less to read": {
			[]dataflow.Task{limited(2, 1000, 120), step(2, 100), step(3, 50)}, 120,
			[]float64{0.06, 0.6, 0.8}, []float64{0, 0, 0},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := steady(chain(c.tasks...))
			want(t, "the rate", total(got[0], out), c.rate)
			for task := range got {
				if task > 0 {
					want(t, fmt.Sprintf("what task %d reads", task), total(got[task], in), c.rate)
				}
				for subtask, spent := range got[task] {
					at := fmt.Sprintf("subtask %d of task %d", subtask, task)
					want(t, "busy of "+at, spent.busy, c.busy[task])
					want(t, "backpressured of "+at, spent.backpressured, c.backpressured[task])
					want(t, "idle of "+at, spent.idle, 1-c.busy[task]-c.backpressured[task])
				}
			}
		})
	}
}

// A task whose input is more than one record for each that the task above has read, or
// less, is the slowest at its capacity / selectivity.
func TestSelectivity(t *testing.T) {
	for _, selectivity := range []float64{0.5, 2, 5} {
		job := chain(source(1, 2000), step(1, 100), step(1, 1000))
		job.Exchanges[0].Selectivity = selectivity
		job.Exchanges[1].Selectivity = 3
		got := steady(job)
		want(t, "what the source emits", total(got[0], out), 100)
		want(t, "busy of the source", got[0][0].busy, 100/selectivity/2000)
		want(t, "what the sink reads", total(got[2], in), 300)
		want(t, "busy of the sink", got[2][0].busy, 0.3)
	}
}

// Of two tasks that read all of what one emits, the slower holds it back.
func TestSlowerBranchHoldsBack(t *testing.T) {
	got := steady(jobOf(alone, []dataflow.Task{source(1, 1000), step(1, 400), step(1, 100), step(1, 1000)},
		to(0, 1, dataflow.Rebalance), to(0, 2, dataflow.Rebalance), to(1, 3, dataflow.Rebalance), to(2, 3, dataflow.Rebalance)))
	want(t, "backpressured of the source", got[0][0].backpressured, 0.9)
	want(t, "busy of the faster", got[1][0].busy, 0.25)
	want(t, "busy of the slower", got[2][0].busy, 1)
	want(t, "what the sink reads", got[3][0].in, 200)
}

// A task takes more from the input that has more: two sources that flood it share it.
func TestInputsShareATask(t *testing.T) {
	got := steady(jobOf(alone, []dataflow.Task{source(1, 1000), source(1, 1000), step(1, 100)},
		to(0, 2, dataflow.Rebalance), to(1, 2, dataflow.Rebalance)))
	for s := range 2 {
		want(t, "what a source emits", got[s][0].out, 50)
	}
}

// A subtask on a TaskManager at a third of its speed takes three times as long.
func TestSlowTaskManager(t *testing.T) {
	job := chain(source(1, 5000), step(3, 300))
	job.TaskManagers = []dataflow.TaskManager{{Host: "a", Speed: 1}, {Host: "b", Speed: 1}, {Host: "c", Speed: 1. / 3}}
	got := steady(job)
	want(t, "the rate", total(got[0], out), 3*100) // as many records for each
	for s, busy := range []float64{1. / 3, 1. / 3, 1} {
		want(t, fmt.Sprint("busy of subtask ", s), got[1][s].busy, busy)
	}
}

// A task's cost is another from a time on.
func TestCostChanges(t *testing.T) {
	job := chain(source(1, 1000), step(1, 100))
	job.Tasks[1].Changes = []dataflow.Change{{At: 60 * time.Second, Cost: 1. / 400}, {At: 120 * time.Second, Cost: 1. / 50}}
	run := dataflow.Start(job)
	for _, rate := range []float64{100, 400, 50} {
		begin := run.Now()
		want(t, "the rate", between(job, run, begin+20*time.Second, begin+60*time.Second)[0][0].out, rate)
	}
}

// Noise changes what a second's records cost, not the mean.
func TestNoise(t *testing.T) {
	job := chain(limited(1, 1000, 300), step(4, 100))
	job.Noise, job.Seed = 0.05, 7
	run := dataflow.Start(job)
	lowest, highest := 1.0, 0.0
	sum := 0.0
	for s := range 100 {
		busy := between(job, run, time.Duration(10+s)*time.Second, time.Duration(11+s)*time.Second)[1][0].busy
		lowest, highest, sum = min(lowest, busy), max(highest, busy), sum+busy
	}
	if lowest > 0.75*0.95 || highest < 0.75*1.05 {
		t.Errorf("a second's busy share is %.3f to %.3f, though its cost deviates by 5 %%", lowest, highest)
	}
	if mean := sum / 100; mean < 0.73 || mean > 0.77 {
		t.Errorf("the busy share is %.3f on average, want 0.75", mean)
	}
}

// randomJob is a chain with anything that a job may have.
func randomJob(random *rand.Rand) *dataflow.Job {
	job := &dataflow.Job{Noise: random.Float64() / 10, Seed: random.Uint64(), TaskManagers: three}
	if random.IntN(2) == 0 {
		job.Checkpoints = dataflow.Checkpoints{Every: 4 * time.Second, Align: 600 * time.Millisecond}
	}
	for t := range 2 + random.IntN(4) {
		task := step(1+random.IntN(40), 20+1000*random.Float64())
		if t == 0 {
			task.Source = &dataflow.Source{Rate: float64(random.IntN(2)) * 2000, Sleeps: random.IntN(3) == 0}
		} else {
			e := to(t-1, t, dataflow.Shipping(1+random.IntN(2)))
			if task.Parallelism == job.Tasks[t-1].Parallelism || random.IntN(4) == 0 {
				task.Parallelism, e.Shipping = job.Tasks[t-1].Parallelism, dataflow.Forward
			}
			if e.Shipping == dataflow.Hash {
				for range task.Parallelism {
					e.Weights = append(e.Weights, random.Float64()*random.Float64())
				}
			}
			e.Selectivity, e.Capacity = 0.2+2*random.Float64(), float64(random.IntN(3)/2)*1000
			job.Exchanges = append(job.Exchanges, e)
			task.Uncounted = float64(random.IntN(2)) * random.Float64() / 2
			if random.IntN(5) == 0 {
				task.Window = &dataflow.Window{Every: 7 * time.Second, EmitCost: task.Cost / 10}
			}
		}
		job.Tasks = append(job.Tasks, task)
	}
	return job
}

// No record is lost or made: what has left a task and has not arrived below is in the
// buffers, which hold no more than they can; and each subtask's times add up to the time.
func TestNothingIsLost(t *testing.T) {
	for seed := range uint64(60) {
		job := randomJob(rand.New(rand.NewPCG(seed, 3)))
		run := dataflow.Start(job)
		for _, at := range []time.Duration{3 * time.Second, 11 * time.Second, 24 * time.Second} {
			run.Until(at)
			seen := observed(job, run)
			for e, exchange := range job.Exchanges {
				sent, arrived := 0.0, 0.0
				for _, subtask := range seen[exchange.From] {
					sent += subtask.RecordsOut
				}
				for _, subtask := range seen[exchange.To] {
					arrived += subtask.RecordsIn
				}
				if held, most := sent-arrived, exchange.Buffered*float64(len(seen[exchange.To])); held < -1e-6*sent-1e-6 || held > most*(1+1e-6) {
					t.Errorf("seed %d: exchange %d holds %.3f of %.0f records, of which its buffers hold %.0f", seed, e, held, sent, most)
				}
				if task := job.Tasks[exchange.From]; task.Source == nil && task.Window == nil {
					for s, subtask := range seen[exchange.From] {
						want(t, fmt.Sprintf("seed %d: what subtask %d of task %d emits", seed, s, exchange.From), subtask.RecordsOut, subtask.RecordsIn*exchange.Selectivity)
					}
				}
			}
			for task := range seen {
				for s, subtask := range seen[task] {
					want(t, fmt.Sprintf("seed %d: the time of subtask %d of task %d", seed, s, task), subtask.Idle+subtask.Busy+subtask.Backpressured, at.Seconds())
					if min(subtask.Idle, subtask.Busy, subtask.Backpressured) < -1e-9 || min(subtask.InPool, subtask.OutPool) < 0 || max(subtask.InPool, subtask.OutPool) > 1.000001 {
						t.Errorf("seed %d: subtask %d of task %d reports %+v", seed, s, task, subtask)
					}
				}
			}
			if t.Failed() {
				return
			}
		}
	}
}
