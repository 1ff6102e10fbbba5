package sim

import (
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// aggregation is one metric over all subtasks of a task.
type aggregation struct {
	ID   string   `json:"id"`
	Min  *decimal `json:"min,omitempty"`
	Max  *decimal `json:"max,omitempty"`
	Avg  *decimal `json:"avg,omitempty"`
	Sum  *decimal `json:"sum,omitempty"`
	Skew *decimal `json:"skew,omitempty"`
}

// aggregated are metrics over all subtasks of a task. One that Flink does not
// know makes the whole answer empty; an aggregation that it does not know is a
// bad request.
func (m moment) aggregated(task int, query url.Values) (int, any) {
	wanted := []string{"min", "max", "avg", "sum"}
	if m.release.from(1, 20) {
		wanted = append(wanted, "skew")
	}
	if query.Has("agg") {
		known := wanted
		wanted = strings.Split(strings.ToLower(query.Get("agg")), ",")
		for _, name := range wanted {
			if !slices.Contains(known, name) {
				return unreadable("query parameter (agg)", query.Get("agg"))
			}
		}
	}
	told := []aggregation{}
	for _, name := range names(query) {
		values := m.values(task, name)
		if len(values) == 0 {
			return http.StatusOK, []aggregation{}
		}
		told = append(told, aggregate(name, values, wanted))
	}
	return http.StatusOK, told
}

// values are one metric of all subtasks; none if Flink does not know it.
func (m moment) values(task int, name string) (values []float64) {
	if task < 0 {
		return nil
	}
	for subtask := range m.phase.tasks[task].subtasks() {
		if value, known := m.number(task, subtask, name); known {
			values = append(values, value)
		}
	}
	return values
}

func aggregate(name string, values []float64, wanted []string) aggregation {
	low, high, sum, off := values[0], values[0], 0.0, 0.0
	for _, value := range values {
		low, high, sum = min(low, value), max(high, value), sum+value
	}
	mean := sum / float64(len(values))
	for _, value := range values {
		off += math.Abs(value - mean)
	}
	skew := 0.0
	if mean != 0 {
		skew = min(100, 100*off/float64(len(values))/mean)
	}
	told := aggregation{ID: name}
	for _, want := range wanted {
		put := func(value float64) *decimal { d := decimal(value); return &d }
		switch want {
		case "min":
			told.Min = put(low)
		case "max":
			told.Max = put(high)
		case "avg":
			told.Avg = put(mean)
		case "sum":
			told.Sum = put(sum)
		case "skew":
			told.Skew = put(skew)
		}
	}
	return told
}
