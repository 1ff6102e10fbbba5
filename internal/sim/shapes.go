package sim

import "fmt"

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

// legacyIdleJob reads little from a SourceFunction: nothing tells whether that
// is all there is.
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
