package sim

import "time"

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
// tell.
func alternatingFastJob() *Job { return Alternating("alternating-fast", 10*time.Second) }
