package flinktest

import (
	"encoding/json"
	"maps"
	"strings"
)

// Configured is the moment on a cluster whose JobManager is configured
// otherwise in one option.
func (m *Moment) Configured(key, value string) *Moment {
	const path = "/jobmanager/config"
	var options, changed []object
	_ = json.Unmarshal(m.answers[path].Body, &options)
	for _, option := range options {
		if option["key"] != key {
			changed = append(changed, option)
		}
	}
	changed = append(changed, object{"key": key, "value": value})
	varied := m.copied()
	varied.replace(path, changed)
	return varied
}

// Unfetched is the moment on a cluster that fetches no metrics: Flink then
// answers that backpressure is "deprecated", with no metric at all, and with
// zeros that it says are not complete.
func (m *Moment) Unfetched() *Moment {
	varied := m.Configured("metrics.fetcher.update-interval", "0")
	clear(varied.metrics)
	for path, said := range varied.answers {
		switch {
		case strings.HasSuffix(path, "/backpressure"):
			varied.replace(path, object{"status": "deprecated"})
		case strings.HasPrefix(path, "/jobs/") && path != "/jobs/overview":
			answer := open(said.Body)
			forget(answer)
			varied.replace(path, answer)
		}
	}
	return varied
}

// forget takes all numbers out of the metrics of an answer.
func forget(answer object) {
	for _, list := range []string{"vertices", "subtasks"} {
		parts, _ := answer[list].([]any)
		for _, part := range parts {
			metrics := part.(object)["metrics"].(object)
			for name := range metrics {
				if strings.HasSuffix(name, "-complete") {
					metrics[name] = false
				} else {
					metrics[name] = 0
				}
			}
		}
	}
}

func (m *Moment) replace(path string, answer any) {
	body, _ := json.Marshal(answer)
	m.answers[path] = reply{Path: path, Status: m.answers[path].Status, Body: body}
}

func (m *Moment) copied() *Moment {
	varied := *m
	varied.answers, varied.metrics = maps.Clone(m.answers), maps.Clone(m.metrics)
	return &varied
}
