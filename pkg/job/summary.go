package job

import "math"

// summed fills in what a task's subtasks add up to.
func summed(task TaskLoad) TaskLoad {
	task.Busy = span(task.Subtasks, func(s SubtaskLoad) Share { return s.Busy })
	task.Backpressured = span(task.Subtasks, func(s SubtaskLoad) Share { return s.Backpressured })
	task.Idle = span(task.Subtasks, func(s SubtaskLoad) Share { return s.Idle })
	task.RecordsIn = total(task.Subtasks, func(s SubtaskLoad) float64 { return s.RecordsIn })
	task.RecordsOut = total(task.Subtasks, func(s SubtaskLoad) float64 { return s.RecordsOut })
	return task
}

// span is the range of one share over the subtasks that know it.
func span(subtasks []SubtaskLoad, share func(SubtaskLoad) Share) Range {
	of := Range{Min: Unknown, Max: Unknown, Avg: Unknown}
	var sum Share
	known := 0
	for _, subtask := range subtasks {
		value := share(subtask)
		if !value.Known() {
			continue
		}
		if known++; known == 1 {
			of.Min, of.Max = value, value
		}
		sum, of.Min, of.Max = sum+value, min(of.Min, value), max(of.Max, value)
	}
	if known > 0 {
		of.Avg = sum / Share(known)
	}
	return of
}

// total adds up a rate over the running subtasks; one unknown makes it NaN.
func total(subtasks []SubtaskLoad, rate func(SubtaskLoad) float64) float64 {
	sum, running := 0.0, 0
	for _, subtask := range subtasks {
		if subtask.State == Running {
			sum, running = sum+rate(subtask), running+1
		}
	}
	if running == 0 {
		return math.NaN()
	}
	return sum
}

// bounded fills in the snapshot's window and source from its subtasks.
func bounded(s *Snapshot) *Snapshot {
	for _, task := range s.Tasks {
		for _, subtask := range task.Subtasks {
			if !subtask.Known() {
				continue
			}
			if s.From.IsZero() || subtask.from.Before(s.From) {
				s.From = subtask.from
			}
			if subtask.to.After(s.To) {
				s.To = subtask.to
			}
			s.Source = max(s.Source, subtask.source)
		}
	}
	return s
}
