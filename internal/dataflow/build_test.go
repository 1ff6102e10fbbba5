package dataflow_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/dataflow"
)

// rates is how a subtask spends its time and how many records it reads and emits a
// second.
type rates struct{ idle, busy, backpressured, in, out float64 }

// alone is a TaskManager for a whole job.
var alone = []dataflow.TaskManager{{Host: "host-0", Speed: 1}}

// three are TaskManagers on hosts of their own.
var three = []dataflow.TaskManager{{Host: "host-0", Speed: 1}, {Host: "host-1", Speed: 1}, {Host: "host-2", Speed: 1}}

// source reads up to so many records a second in each subtask, and what there is to read
// is without limit.
func source(parallelism int, capacity float64) dataflow.Task {
	return dataflow.Task{Name: "source", Parallelism: parallelism, Cost: 1 / capacity, Source: &dataflow.Source{}}
}

// limited is a source with so many records a second to read.
func limited(parallelism int, capacity, rate float64) dataflow.Task {
	task := source(parallelism, capacity)
	task.Source.Rate = rate
	return task
}

// step works on up to so many records a second in each subtask.
func step(parallelism int, capacity float64) dataflow.Task {
	return dataflow.Task{Parallelism: parallelism, Cost: 1 / capacity}
}

// jobOf is a job of tasks and exchanges without noise.
func jobOf(managers []dataflow.TaskManager, tasks []dataflow.Task, exchanges ...dataflow.Exchange) *dataflow.Job {
	for t := range tasks {
		tasks[t].Name = fmt.Sprint("task-", t)
	}
	return &dataflow.Job{Tasks: tasks, Exchanges: exchanges, TaskManagers: managers}
}

// chain rebalances the records of each task to the next one.
func chain(tasks ...dataflow.Task) *dataflow.Job {
	var exchanges []dataflow.Exchange
	for t := 1; t < len(tasks); t++ {
		exchanges = append(exchanges, to(t-1, t, dataflow.Rebalance))
	}
	return jobOf(alone, tasks, exchanges...)
}

// to is an exchange whose buffers hold 300 records for each subtask below.
func to(from, to int, shipping dataflow.Shipping) dataflow.Exchange {
	return dataflow.Exchange{From: from, To: to, Shipping: shipping, Buffered: 300}
}

// between measures a job that has run for a while from one time to another.
func between(job *dataflow.Job, run *dataflow.Run, from, to time.Duration) [][]rates {
	run.Until(from)
	before := observed(job, run)
	run.Until(to)
	after := observed(job, run)
	length := (to - from).Seconds()
	spent := make([][]rates, len(after))
	for t := range after {
		for s, now := range after[t] {
			old := before[t][s]
			spent[t] = append(spent[t], rates{
				(now.Idle - old.Idle) / length, (now.Busy - old.Busy) / length, (now.Backpressured - old.Backpressured) / length,
				(now.RecordsIn - old.RecordsIn) / length, (now.RecordsOut - old.RecordsOut) / length,
			})
		}
	}
	return spent
}

// observed is what all subtasks report now.
func observed(job *dataflow.Job, run *dataflow.Run) [][]dataflow.Observed {
	seen := make([][]dataflow.Observed, len(job.Tasks))
	for t, task := range job.Tasks {
		for s := range task.Parallelism {
			seen[t] = append(seen[t], run.Observe(t, s))
		}
	}
	return seen
}

// steady measures a job for a minute, half a minute after its start.
func steady(job *dataflow.Job) [][]rates {
	return between(job, dataflow.Start(job), 30*time.Second, 90*time.Second)
}

// total adds up a rate over the subtasks of a task.
func total(of []rates, rate func(rates) float64) (sum float64) {
	for _, subtask := range of {
		sum += rate(subtask)
	}
	return sum
}

func in(r rates) float64  { return r.in }
func out(r rates) float64 { return r.out }

// want checks a number, within one per cent or a thousandth.
func want(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= max(math.Abs(want)/100, 0.001)) {
		t.Errorf("%s is %.4f, want %.4f", what, got, want)
	}
}
