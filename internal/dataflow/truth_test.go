package dataflow_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/dataflow"
)

// causesOf are the causes at a time as texts: "task 1", "task 1/2" for a subtask of it,
// and with a + between those of a pair.
func causesOf(job *dataflow.Job, at time.Duration, frozen bool) (sets []string) {
	run := dataflow.Start(job)
	run.Until(at - 10*time.Second)
	run.Mark()
	run.Until(at)
	for _, set := range dataflow.Causes(run, frozen) {
		var units []string
		for _, unit := range set {
			switch unit.Kind {
			case dataflow.OfTask:
				units = append(units, fmt.Sprint("task ", unit.Index))
			case dataflow.OfSubtask:
				units = append(units, fmt.Sprintf("task %d/%d", unit.Index, unit.Subtask))
			case dataflow.OfTaskManager:
				units = append(units, fmt.Sprint("tm ", unit.Index))
			case dataflow.OfHost:
				units = append(units, unit.Host)
			case dataflow.OfExchange:
				units = append(units, fmt.Sprint("exchange ", unit.Index))
			}
		}
		slices.Sort(units)
		sets = append(sets, strings.Join(units, " + "))
	}
	slices.Sort(sets)
	return sets
}

// pairOfTasks is a pair of none but tasks and exchanges.
var pairOfTasks = regexp.MustCompile(`^(task|exchange) \d+ \+ (task|exchange) \d+$`)

// skewed gives subtask 2 of 6 most of the records.
func skewed(exchange dataflow.Exchange) dataflow.Exchange {
	exchange.Shipping, exchange.Weights = dataflow.Hash, []float64{1, 1, 10, 1, 1, 1}
	return exchange
}

// What holds a job back is what makes it faster if that is.
func TestCauses(t *testing.T) {
	series := func(first, second float64) *dataflow.Job {
		job := chain(source(3, 1000), step(3, first), step(3, 1000), step(3, second))
		job.TaskManagers = three
		return job
	}
	branches := func(left, right float64) *dataflow.Job {
		return jobOf(three, []dataflow.Task{source(3, 1000), step(3, left), step(3, right), step(3, 1000)},
			to(0, 1, dataflow.Rebalance), to(0, 2, dataflow.Rebalance), to(1, 3, dataflow.Rebalance), to(2, 3, dataflow.Rebalance))
	}
	slow := func(speeds map[int]float64, hosts ...string) *dataflow.Job {
		job := chain(source(len(hosts), 5000), step(len(hosts), 500), step(len(hosts), 1000))
		job.TaskManagers = nil
		for m, host := range hosts {
			speed, found := speeds[m]
			if !found {
				speed = 1
			}
			job.TaskManagers = append(job.TaskManagers, dataflow.TaskManager{Host: host, Speed: speed})
		}
		return job
	}
	network := chain(source(3, 1000), step(3, 1000))
	network.TaskManagers, network.Exchanges[0].Capacity = three, 300
	hot := jobOf(three, []dataflow.Task{source(6, 1000), step(6, 100), step(6, 1000)}, skewed(to(0, 1, dataflow.Hash)), to(1, 2, dataflow.Rebalance))
	twoSources := jobOf(three, []dataflow.Task{source(3, 1000), limited(3, 1000, 90), step(3, 100), step(3, 100)},
		to(0, 2, dataflow.Rebalance), to(1, 3, dataflow.Rebalance))
	bothSources := jobOf(three, []dataflow.Task{source(3, 1000), source(3, 1000), step(3, 100), step(3, 10)},
		to(0, 2, dataflow.Rebalance), to(1, 3, dataflow.Rebalance))
	for name, c := range map[string]struct {
		job *dataflow.Job
		// enough are those that are enough alone, and pairs the pairs of tasks and
		// exchanges.
		enough, pairs string
	}{
		"one task":                         {series(100, 300), "task 1", ""},
		"the later of two":                 {series(300, 100), "task 3", ""},
		"two in series that are alike":     {series(100, 102), "", "task 1 + task 3"},
		"two in series, 8 % apart":         {series(100, 108), "task 1", ""},
		"the slower of two branches":       {branches(300, 100), "task 2", ""},
		"two branches that are alike":      {branches(100, 100), "", "task 1 + task 2"},
		"a hot subtask":                    {hot, "host-2, task 1, task 1/2, tm 2", ""},
		"a slow TaskManager":               {slow(map[int]float64{1: 0.3}, "a", "b", "c"), "b, task 1, task 1/1, tm 1", ""},
		"a slow TaskManager beside others": {slow(map[int]float64{1: 0.3}, "a", "a", "b"), "a, task 1, task 1/1, tm 1", ""},
		"a slow host":                      {slow(map[int]float64{0: 0.3, 1: 0.3}, "a", "a", "b", "b"), "a, task 1", ""},
		"a network":                        {network, "exchange 0", ""},
		"the source itself":                {chain(source(1, 100), step(1, 300)), "host-0, task 0, tm 0", ""},
		"a source with less to read":       {chain(limited(1, 1000, 80), step(1, 100)), "", ""},
		"a source that sleeps": {func() *dataflow.Job {
			job := chain(limited(1, 1000, 80), step(1, 100))
			job.Tasks[0].Source.Sleeps = true
			return job
		}(), "", ""},
		"one of two parts":  {twoSources, "task 2", ""},
		"both of two parts": {bothSources, "task 2, task 3", ""},
		"work that is not counted": {func() *dataflow.Job {
			job := series(100, 300)
			job.Tasks[1].Uncounted = 0.95
			return job
		}(), "task 1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var enough, pairs []string
			for _, set := range causesOf(c.job, time.Minute, true) {
				switch {
				case !strings.Contains(set, "+"):
					enough = append(enough, set)
				case pairOfTasks.MatchString(set):
					pairs = append(pairs, set)
				}
			}
			if got := strings.Join(enough, ", "); got != c.enough {
				t.Errorf("enough alone are %q, want %q", got, c.enough)
			}
			if got := strings.Join(pairs, ", "); got != c.pairs {
				t.Errorf("the pairs are %q, want %q", got, c.pairs)
			}
		})
	}
}

// Where a window and the task below it take turns, either is a cause of some of the time.
func TestCausesOfTurns(t *testing.T) {
	window := step(1, 100)
	window.Window = &dataflow.Window{Every: time.Minute, EmitCost: 1. / 10_000}
	sets := causesOf(chain(source(1, 1000), window, step(1, 200)), 80*time.Second, false) // it hoards for the next 40 s
	if got := strings.Join(sets, ", "); got != "host-0, task 1, task 2, tm 0" {
		t.Errorf("the causes are %s, want both tasks", got)
	}
}

// The causes of a moment are those of the state that the job is in, though it is about to
// change; those of a time are not.
func TestCausesOfAMoment(t *testing.T) {
	job := chain(source(3, 1000), step(3, 100), step(3, 300))
	job.TaskManagers = three
	job.Tasks[1].Changes = []dataflow.Change{{At: 61 * time.Second, Cost: 1. / 1000}}
	for frozen, want := range map[bool]string{true: "task 1", false: "task 2"} {
		alone := slices.DeleteFunc(causesOf(job, time.Minute, frozen), func(set string) bool { return strings.Contains(set, "+") })
		if got := strings.Join(alone, ", "); got != want {
			t.Errorf("frozen %t, the cause is %s, want %s", frozen, got, want)
		}
	}
}
