package sim

import (
	"fmt"
	"time"
)

// HeldBack is a job of a chain of tasks, a source first, whose task at the
// index slow is at its limit: those above it are backpressured, those below
// idle. It has run for an hour.
func HeldBack(name string, tasks, parallelism, slow int) *Job {
	job := &Job{ID: id(name), Name: name, State: "RUNNING", Type: "STREAMING", Start: time.Now().Add(-time.Hour)}
	for i := range tasks {
		load := Load{Idle: 0.98, Busy: 0.02, RecordsIn: 100, RecordsOut: 100}
		switch {
		case i < slow:
			load = Load{Idle: 0, Busy: 0.05, Backpressured: 0.95, RecordsIn: 100, RecordsOut: 100}
		case i == slow:
			load = Load{Idle: 0.01, Busy: 0.99, RecordsIn: 100, RecordsOut: 100}
		}
		task := Task{ID: id(fmt.Sprint(name, i)), Name: fmt.Sprintf("task-%d", i), Loads: Even(parallelism, load)}
		if i > 0 {
			task.Inputs = []int{i - 1}
		}
		job.Tasks = append(job.Tasks, task)
	}
	return job
}

// id is an id as Flink's look, made from a text.
func id(text string) string {
	digits := fmt.Sprintf("%x", text)
	return fmt.Sprintf("%032s", digits[max(0, len(digits)-32):])
}
