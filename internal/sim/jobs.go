package sim

import (
	"crypto/sha256"
	"fmt"
	"time"
)

// New is a job of those tasks, submitted an hour ago, that runs on two
// machines. It gives ids to the tasks that have none.
func New(name string, tasks ...Task) *Job {
	job := &Job{
		ID: id(name), Name: name, Start: time.Now().Add(-time.Hour).Truncate(time.Millisecond),
		Machines: []Machine{{Host: "host-1"}, {Host: "host-2"}}, Tasks: tasks,
	}
	for i := range tasks {
		if tasks[i].ID == "" {
			tasks[i].ID = id(fmt.Sprint(name, " ", i))
		}
	}
	return job
}

// Chain is a job whose tasks each read from the one before.
func Chain(name string, tasks ...Task) *Job {
	for i := 1; i < len(tasks); i++ {
		tasks[i].Inputs = []int{i - 1}
	}
	return New(name, tasks...)
}

// HeldBack is a job of a chain of tasks, a source first, whose task at the
// index slow is at its limit: those above it are backpressured, those below
// idle. It runs on one machine.
func HeldBack(name string, tasks, parallelism, slow int) *Job {
	chain := make([]Task, tasks)
	for i := range chain {
		chain[i] = Task{Name: fmt.Sprintf("task-%d", i), Parallelism: parallelism, Capacity: 5000}
		if i < slow {
			chain[i].Capacity = 2000
		}
	}
	chain[slow].Capacity, chain[slow].Uncounted = 100, 0.01 // real ones read 99 % too
	job := Chain(name, chain...)
	job.Machines = nil
	return job
}

// id is an id as Flink's look, made from a text.
func id(text string) string {
	sum := sha256.Sum256([]byte(text))
	return fmt.Sprintf("%x", sum[:16])
}

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
