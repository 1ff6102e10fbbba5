package sim

import (
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// metric is one value in Flink's metric answers: a text, or a name alone in
// the list of what there is.
type metric struct {
	ID    string `json:"id"`
	Value string `json:"value,omitempty"`
}

// jobMetrics are what the JobManager measures of a job.
func (c *Cluster) jobMetrics(job *Job, query url.Values, now time.Time) []metric {
	told := []metric{}
	if job == nil {
		return told
	}
	m := c.moment(job, now)
	if !m.fetched || m.shown < 0 {
		return told
	}
	values := map[string]string{
		"numRestarts": fmt.Sprint(m.lives().attemptAt(m.shown).number),
		"uptime":      fmt.Sprint(m.shown.Milliseconds()),
		"downtime":    "0",
	}
	for _, name := range names(query) {
		if value, known := values[name]; known {
			told = append(told, metric{name, value})
		}
	}
	return told
}

// names are the metrics that a request asks for.
func names(query url.Values) []string {
	if query.Get("get") == "" {
		return nil
	}
	return strings.Split(query.Get("get"), ",")
}

// metrics are the values of metrics such as "3.busyTimeMsPerSecond". What
// Flink does not know is left out. Without names it lists them.
func (m moment) metrics(task int, query url.Values) []metric {
	told := []metric{}
	if task < 0 {
		return told
	}
	if !query.Has("get") {
		return m.list(task)
	}
	for _, id := range names(query) {
		number, name, _ := strings.Cut(id, ".")
		subtask, err := strconv.Atoi(number)
		if err != nil || subtask < 0 || subtask >= m.phase.tasks[task].subtasks() {
			continue
		}
		if value, known := m.value(task, subtask, name); known {
			told = append(told, metric{id, value})
		}
	}
	return told
}

// list names all metrics of a task.
func (m moment) list(task int) []metric {
	listed := []metric{}
	for subtask := range m.phase.tasks[task].subtasks() {
		for _, name := range metricNames {
			if _, known := m.value(task, subtask, name); known {
				listed = append(listed, metric{ID: fmt.Sprintf("%d.%s", subtask, name)})
			}
		}
	}
	return listed
}

// value is one metric of a subtask, as a text.
func (m moment) value(task, subtask int, name string) (text string, known bool) {
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
