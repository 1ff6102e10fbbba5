package accuracy

import "github.com/flinkscope/flinkscope-flink-datasource/pkg/job"

// rival is a rule that people use by eye or in other tools: the task that it names,
// −1 for none.
type rival struct {
	name string
	// gauges is set for one that goes by Flink's gauges.
	gauges bool
	names  func(*job.Snapshot) int
}

// rivals are the rules that the verdict is compared with.
var rivals = []rival{
	{"the busiest task below backpressured ones, by the gauges", true, plain},
	{"the busiest task", false, busiest},
	{"isBackPressured taken as the culprit", false, mostBackpressured},
	{"the first task below half backpressured and above half busy", false, walk},
}

// plain is the mission's rule: the busiest task that a backpressured one feeds and that
// is not backpressured itself.
func plain(s *job.Snapshot) int {
	best, most := -1, job.Share(0)
	for t, load := range s.Tasks {
		for _, input := range s.Graph.Tasks[t].Inputs {
			if s.Tasks[input].Backpressured.Max > 0.5 && !(load.Backpressured.Max > 0.5) && load.Busy.Max > most {
				best, most = t, load.Busy.Max
			}
		}
	}
	return best
}

func busiest(s *job.Snapshot) int {
	return most(s, func(load job.TaskLoad) job.Share { return load.Busy.Max })
}

func mostBackpressured(s *job.Snapshot) int {
	return most(s, func(load job.TaskLoad) job.Share { return load.Backpressured.Max })
}

// most is the task with the highest share, above a half.
func most(s *job.Snapshot, share func(job.TaskLoad) job.Share) int {
	best, highest := -1, job.Share(0.5)
	for t, load := range s.Tasks {
		if of := share(load); of > highest {
			best, highest = t, of
		}
	}
	return best
}

func walk(s *job.Snapshot) int {
	for t, load := range s.Tasks {
		if load.Backpressured.Max < 0.5 && load.Busy.Max > 0.5 {
			return t
		}
	}
	return -1
}
