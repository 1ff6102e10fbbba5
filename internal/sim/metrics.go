package sim

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// metric is one value in Flink's metric answers: a text, or a name alone in
// the list of what there is.
type metric struct {
	ID    string `json:"id"`
	Value string `json:"value,omitempty"`
}

// names are the metrics that a request asks for.
func names(query url.Values) []string {
	if query.Get("get") == "" {
		return nil
	}
	return strings.Split(query.Get("get"), ",")
}

// metricsOf are the values of metrics such as "3.busyTimeMsPerSecond". What
// Flink does not have is left out. Without names it lists them.
func metricsOf(m moment, task int, query url.Values) []metric {
	found := []metric{}
	if task < 0 {
		return found
	}
	if !query.Has("get") {
		return metricList(m, task)
	}
	for _, id := range names(query) {
		number, name, _ := strings.Cut(id, ".")
		subtask, err := strconv.Atoi(number)
		if err != nil || subtask < 0 || subtask >= m.phase.tasks[task].subtasks() {
			continue
		}
		if value, known := metricText(m, task, subtask, name); known {
			found = append(found, metric{id, value})
		}
	}
	return found
}

// metricList names all metrics of a task.
func metricList(m moment, task int) []metric {
	listed := []metric{}
	for subtask := range m.phase.tasks[task].subtasks() {
		for _, name := range allNames(m.phase.tasks[task]) {
			if _, known := metricText(m, task, subtask, name); known {
				listed = append(listed, metric{ID: fmt.Sprintf("%d.%s", subtask, name)})
			}
		}
	}
	return listed
}

// allNames are the metrics that a subtask may have.
func allNames(task Task) []string { return append(slices.Clone(metricNames), lagNames(task)...) }

// metricText is one metric of a subtask, as a text.
func metricText(m moment, task, subtask int, name string) (text string, known bool) {
	of, known := m.number(task, subtask, name)
	if !known {
		return "", false
	}
	switch {
	case math.IsNaN(of):
		return "NaN", true
	case strings.HasPrefix(name, "accumulateB") || strings.HasPrefix(name, "busy") || strings.HasSuffix(name, "Usage") || strings.Contains(name, "Records") && strings.HasSuffix(name, "PerSecond"):
		return decimal(of).String(), true
	default:
		return strconv.FormatInt(int64(of), 10), true
	}
}

// aggregation is one metric over all subtasks of a task.
type aggregation struct {
	ID   string   `json:"id"`
	Min  *decimal `json:"min,omitempty"`
	Max  *decimal `json:"max,omitempty"`
	Avg  *decimal `json:"avg,omitempty"`
	Sum  *decimal `json:"sum,omitempty"`
	Skew *decimal `json:"skew,omitempty"`
}

// aggregatedMetrics are metrics over all subtasks of a task. An unknown
// metric makes the whole answer empty; an unknown aggregation is a bad request.
func aggregatedMetrics(m moment, task int, query url.Values) (int, any) {
	wanted := []string{"min", "max", "avg", "sum"}
	if m.release.from(1, 20) {
		wanted = append(wanted, "skew")
	}
	if query.Has("agg") {
		allowed := wanted
		wanted = strings.Split(strings.ToLower(query.Get("agg")), ",")
		for _, name := range wanted {
			if !slices.Contains(allowed, name) {
				return unreadable("query parameter (agg)", query.Get("agg"))
			}
		}
	}
	found := []aggregation{}
	if !query.Has("get") && task >= 0 {
		for _, name := range allNames(m.phase.tasks[task]) {
			if len(valuesOf(m, task, name)) > 0 {
				found = append(found, aggregation{ID: name})
			}
		}
		return http.StatusOK, found
	}
	for _, name := range names(query) {
		values := valuesOf(m, task, name)
		if len(values) == 0 {
			return http.StatusOK, []aggregation{}
		}
		found = append(found, aggregate(name, values, wanted))
	}
	return http.StatusOK, found
}

// valuesOf are one metric of all subtasks; none if Flink does not have it.
func valuesOf(m moment, task int, name string) (values []float64) {
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
	metric := aggregation{ID: name}
	for _, want := range wanted {
		put := func(value float64) *decimal { d := decimal(value); return &d }
		switch want {
		case "min":
			metric.Min = put(low)
		case "max":
			metric.Max = put(high)
		case "avg":
			metric.Avg = put(mean)
		case "sum":
			metric.Sum = put(sum)
		case "skew":
			metric.Skew = put(skew)
		}
	}
	return metric
}
