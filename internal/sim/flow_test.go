package sim

import (
	"math"
	"slices"
	"testing"
	"time"
)

func shares(idle, busy, held float64) Load { return Load{Idle: idle, Busy: busy, Backpressured: held} }

// small are graphs small enough to be worked out by hand.
var small = map[string]struct {
	tasks    []Task
	machines []Machine
	rates    []float64
	first    []Load // of the first subtask of each task
	limiting []int
}{
	"a source that is offered little": {
		tasks: []Task{{Capacity: 100, Rate: 50}, {Inputs: []int{0}, Capacity: 200}},
		rates: []float64{50, 50},
		first: []Load{shares(0.5, 0.5, 0), shares(0.75, 0.25, 0)},
	},
	"a slow task in the middle": {
		tasks:    []Task{{Capacity: 1000}, {Inputs: []int{0}, Capacity: 100}, {Inputs: []int{1}, Capacity: 400}},
		rates:    []float64{100, 100, 100},
		first:    []Load{shares(0, 0.1, 0.9), shares(0, 1, 0), shares(0.75, 0.25, 0)},
		limiting: []int{1},
	},
	"as much as is offered": {
		tasks: []Task{{Capacity: 1000, Rate: 100}, {Inputs: []int{0}, Capacity: 100}},
		rates: []float64{100, 100},
		first: []Load{shares(0.9, 0.1, 0), shares(0, 1, 0)},
	},
	"a task that multiplies": {
		tasks:    []Task{{Capacity: 1000}, {Inputs: []int{0}, Capacity: 1000, Selectivity: 10}, {Inputs: []int{1}, Capacity: 500}},
		rates:    []float64{50, 50, 500},
		first:    []Load{shares(0, 0.05, 0.95), shares(0, 0.05, 0.95), shares(0, 1, 0)},
		limiting: []int{2},
	},
	"a skewed key": {
		tasks:    []Task{{Capacity: 1000}, {Inputs: []int{0}, Parallelism: 2, Capacity: 100, Weights: []float64{4, 1}}},
		rates:    []float64{125, 125},
		first:    []Load{shares(0, 0.125, 0.875), shares(0, 1, 0)},
		limiting: []int{1},
	},
	"a slow machine": {
		tasks:    []Task{{Capacity: 1000}, {Inputs: []int{0}, Parallelism: 2, Capacity: 100}},
		machines: []Machine{{Host: "a"}, {Host: "b", Slowness: 4}},
		rates:    []float64{50, 50},
		first:    []Load{shares(0, 0.05, 0.95), shares(0.75, 0.25, 0)},
		limiting: []int{1},
	},
	"one branch of two": {
		tasks:    []Task{{Capacity: 1000}, {Inputs: []int{0}, Capacity: 100}, {Inputs: []int{0}, Capacity: 400}},
		rates:    []float64{100, 100, 100},
		first:    []Load{shares(0, 0.1, 0.9), shares(0, 1, 0), shares(0.75, 0.25, 0)},
		limiting: []int{1},
	},
	"a slow source beside a fast one": {
		tasks:    []Task{{Capacity: 1000, Rate: 20}, {Capacity: 1000}, {Inputs: []int{0, 1}, Capacity: 100}},
		rates:    []float64{20, 80, 100},
		first:    []Load{shares(0.98, 0.02, 0), shares(0, 0.08, 0.92), shares(0, 1, 0)},
		limiting: []int{2},
	},
	"two fast sources share": {
		tasks:    []Task{{Capacity: 1000}, {Capacity: 1000}, {Inputs: []int{0, 1}, Capacity: 100}},
		rates:    []float64{50, 50, 100},
		first:    []Load{shares(0, 0.05, 0.95), shares(0, 0.05, 0.95), shares(0, 1, 0)},
		limiting: []int{2},
	},
	"a source alone": {
		tasks:    []Task{{Capacity: 100}},
		rates:    []float64{100},
		first:    []Load{shares(0, 1, 0)},
		limiting: []int{0},
	},
	"work that is not counted": {
		tasks:    []Task{{Capacity: 1000}, {Inputs: []int{0}, Capacity: 100, Uncounted: 0.9}},
		rates:    []float64{100, 100},
		first:    []Load{shares(0, 0.1, 0.9), shares(0.9, 0.1, 0)},
		limiting: []int{1},
	},
	"a task that has finished": {
		tasks: []Task{{Capacity: 1000, State: "FINISHED"}, {Capacity: 1000, Rate: 10}, {Inputs: []int{0, 1}, Capacity: 100}},
		rates: []float64{0, 10, 10},
		first: []Load{{}, shares(0.99, 0.01, 0), shares(0.9, 0.1, 0)},
	},
}

func TestSteadyStates(t *testing.T) {
	for name, c := range small {
		t.Run(name, func(t *testing.T) {
			job := &Job{Machines: c.machines, Tasks: c.tasks}
			settled := steadyState(job, c.tasks)
			if !slices.EqualFunc(settled.rates, c.rates, near) {
				t.Errorf("rates %v, want %v", settled.rates, c.rates)
			}
			if got := settled.limiting(); !slices.Equal(got, c.limiting) {
				t.Errorf("limiting %v, want %v", got, c.limiting)
			}
			for i, want := range c.first {
				got := settled.loads[i][0]
				if !near(got.Idle, want.Idle) || !near(got.Busy, want.Busy) || !near(got.Backpressured, want.Backpressured) {
					t.Errorf("task %d: %+v, want %+v", i, got, want)
				}
			}
		})
	}
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-6 }

// What must hold of any steady state, tried on random jobs.
func TestSteadyStatesConserve(t *testing.T) {
	for seed := range uint64(2000) {
		job := Random(seed)
		settled := steadyState(job, job.Tasks)
		for task := range job.Tasks {
			in, out, want := 0.0, 0.0, 0.0
			for s, load := range settled.loads[task] {
				in, out = in+load.RecordsIn, out+load.RecordsOut
				if !near(load.Idle+load.Busy+load.Backpressured, 1) || min(load.Idle, load.Busy, load.Backpressured) < 0 {
					t.Errorf("seed %d: subtask %d of task %d: %+v", seed, s, task, load)
				}
			}
			for _, input := range job.Tasks[task].Inputs {
				want += settled.rates[input] * job.Tasks[input].selectivity()
			}
			if !job.Tasks[task].source() && !(math.Abs(in-want) <= 1e-6*want) {
				t.Errorf("seed %d: task %d reads %f of the %f records that are sent to it", seed, task, in, want)
			}
			if sent := settled.rates[task] * job.Tasks[task].selectivity(); out > 0 && math.Abs(out-sent) > 1e-6*sent {
				t.Errorf("seed %d: task %d writes %f records, want %f", seed, task, out, sent)
			}
		}
		waits(t, seed, job, settled)
	}
}

// waits asserts that a task is backpressured exactly where one below it is at
// its limit, or held back itself, and that who is throttled knows by whom.
func waits(t *testing.T, seed uint64, job *Job, settled steady) {
	t.Helper()
	held, limiting := settled.held(job.Tasks), settled.limiting()
	for task := range job.Tasks {
		below := false
		for i, other := range job.Tasks {
			below = below || slices.Contains(other.Inputs, task) && (held[i] || slices.Contains(limiting, i))
		}
		if held[task] && !below {
			t.Errorf("seed %d: task %d is held back by nothing", seed, task)
		}
		if source := job.Tasks[task]; source.source() && !held[task] && !slices.Contains(limiting, task) && !(source.Rate > 0 && near(settled.rates[task], source.Rate)) {
			t.Errorf("seed %d: source %d reads less than it is offered, and nothing holds it back", seed, task)
		}
	}
}

// What is done over phases is the integral of their loads, however they
// repeat and restart.
func TestWorkIsTheIntegralOfPhases(t *testing.T) {
	job := New("phases", Task{Capacity: 100, Rate: 100})
	job.Phases = []Phase{
		{Lasts: 10 * time.Second},
		{Lasts: 5 * time.Second, Change: func(tasks []Task) { tasks[0].Rate = 20 }},
		{Lasts: 5 * time.Second, State: "RESTARTING"},
	}
	job.Repeat = true
	for offset, want := range map[time.Duration]work{
		0:                  {},
		4 * time.Second:    {busy: 4},
		12 * time.Second:   {busy: 10.4, idle: 1.6},
		17 * time.Second:   {busy: 11, idle: 4},
		20 * time.Second:   {busy: 11, idle: 4},
		3605 * time.Second: {busy: 180*11 + 5, idle: 180 * 4},
	} {
		if got := job.lifetime().total(0, 0, offset); !near(got.busy, want.busy) || !near(got.idle, want.idle) {
			t.Errorf("after %s: %+v, want %+v", offset, got, want)
		}
	}
}
