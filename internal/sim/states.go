package sim

import "time"

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

// Even is the same load on n subtasks.
func Even(n int, load Load) []Load {
	loads := make([]Load, n)
	for i := range loads {
		loads[i] = load
	}
	return loads
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
