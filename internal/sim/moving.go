package sim

import "time"

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

// slowMachineJob runs on two machines, one of which is ten times slower.
func slowMachineJob() *Job {
	job := Chain("slow-machine", source("orders"), step("enrich", 4, 120), step("score", 4, 110), step("sink", 2, quick))
	job.Machines[1].Slowness = 10
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
	job.Tasks[0].Capacity = slow
	return job
}
