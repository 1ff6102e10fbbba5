package sim

import "slices"

// aggregates are numbers by what they sum up, in Flink's words, and by how.
type aggregates map[string]map[string]int64

// summed are the metrics and times of subtasks, aggregated: from 1.16 on.
func summed(subtasks []subtask) map[string]aggregates {
	of := func(value func(subtask) int64) map[string]int64 {
		values := make([]int64, len(subtasks))
		for s := range subtasks {
			values[s] = value(subtasks[s])
		}
		return distribution(values)
	}
	return map[string]aggregates{"metrics": metricsSummed(of), "status-duration": {
		"CREATED":      of(func(s subtask) int64 { return s.In.Created }),
		"SCHEDULED":    of(func(s subtask) int64 { return s.In.Scheduled }),
		"DEPLOYING":    of(func(s subtask) int64 { return s.In.Deploying }),
		"INITIALIZING": of(func(s subtask) int64 { return s.In.Initializing }),
		"RUNNING":      of(func(s subtask) int64 { return s.In.Running }),
	}}
}

func metricsSummed(of func(func(subtask) int64) map[string]int64) aggregates {
	return aggregates{
		"read-bytes":                     of(func(s subtask) int64 { return s.Metrics.ReadBytes }),
		"write-bytes":                    of(func(s subtask) int64 { return s.Metrics.WriteBytes }),
		"read-records":                   of(func(s subtask) int64 { return s.Metrics.ReadRecords }),
		"write-records":                  of(func(s subtask) int64 { return s.Metrics.WriteRecords }),
		"accumulated-idle-time":          of(func(s subtask) int64 { return s.Metrics.Idle }),
		"accumulated-busy-time":          of(func(s subtask) int64 { return int64(s.Metrics.Busy) }),
		"accumulated-backpressured-time": of(func(s subtask) int64 { return s.Metrics.Backpressured }),
	}
}

func distribution(values []int64) map[string]int64 {
	slices.Sort(values)
	sum := int64(0)
	for _, value := range values {
		sum += value
	}
	last := len(values) - 1
	return map[string]int64{
		"min": values[0], "p25": values[last/4], "median": values[last/2], "p75": values[last*3/4], "p95": values[last*95/100],
		"max": values[last], "avg": sum / int64(len(values)), "sum": sum,
	}
}
