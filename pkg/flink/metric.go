package flink

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Metric is one value of Flink's metric answers, which come as strings.
type Metric struct {
	ID    string `json:"id"`
	Value Number `json:"value"`
}

var metricFields = fields[Metric]{
	"id":    func(d *decoder, m *Metric) { m.ID = d.text() },
	"value": func(d *decoder, m *Metric) { m.Value = d.float() },
}

// requestLine is how long a request line Flink takes: 4,096 bytes, less the
// method, the protocol and some room for a proxy's path prefix.
const requestLine = 3500

// Restarts is how often a job has restarted since it started; NaN where Flink
// does not report it, as it has not fetched the metric yet. Some versions, 1.15.4
// for one, have it by its older name alone, fullRestarts.
func (c *Client) Restarts(ctx context.Context, jobID string) (Number, error) {
	path, err := c.path(jobID)
	if err != nil {
		return unknown, err
	}
	var metrics []Metric
	err = c.get(ctx, jobMetricsPath, path+"/metrics?get=numRestarts,fullRestarts", func(d *decoder) { metrics = list(d, &d.metric) })
	restarts := unknown
	for _, metric := range metrics {
		if metric.ID == "numRestarts" || metric.ID == "fullRestarts" && !restarts.Known() {
			restarts = metric.Value
		}
	}
	return restarts, err
}

// SubtaskMetrics requests metrics of each subtask of a task, by subtask and
// name; those that Flink does not have are not in the answer. It takes as many
// requests as the limit of the request line demands, and returns how many.
func (c *Client) SubtaskMetrics(ctx context.Context, jobID, taskID string, subtasks int, names []string) (values map[int]map[string]Number, requests int, err error) {
	path, err := c.path(jobID, taskID)
	if err != nil {
		return nil, 0, err
	}
	values = make(map[int]map[string]Number, subtasks)
	for _, query := range lists(subtasks, names) {
		requests++
		var metrics []Metric
		if err := c.get(ctx, taskMetricsPath, path+"/metrics?get="+query, func(d *decoder) { metrics = list(d, &d.metric) }); err != nil {
			return nil, requests, err
		}
		for _, metric := range metrics {
			put(values, metric)
		}
	}
	return values, requests, nil
}

// Aggregate is a metric over all subtasks of a task.
type Aggregate struct {
	ID                 string `json:"id"`
	Min, Max, Avg, Sum Number
}

var aggregateFields = fields[Aggregate]{
	"id":  func(d *decoder, a *Aggregate) { a.ID = d.text() },
	"min": func(d *decoder, a *Aggregate) { a.Min = d.float() },
	"max": func(d *decoder, a *Aggregate) { a.Max = d.float() },
	"avg": func(d *decoder, a *Aggregate) { a.Avg = d.float() },
	"sum": func(d *decoder, a *Aggregate) { a.Sum = d.float() },
}

// AggregatedMetrics requests metrics over all subtasks of a task, in one request, and
// returns those that Flink has by their names. Flink answers with none at all where it
// does not have one of them.
func (c *Client) AggregatedMetrics(ctx context.Context, jobID, taskID string, names ...string) (map[string]Aggregate, error) {
	path, err := c.path(jobID, taskID)
	if err != nil {
		return nil, err
	}
	var metrics []Aggregate
	query := url.QueryEscape(strings.Join(names, ","))
	if err := c.get(ctx, aggregatedMetricsPath, path+"/subtasks/metrics?get="+query, func(d *decoder) { metrics = list(d, &d.aggregate) }); err != nil {
		return nil, err
	}
	found := make(map[string]Aggregate, len(names))
	for _, metric := range metrics {
		if slices.Contains(names, metric.ID) {
			found[metric.ID] = metric
		}
	}
	return found, nil
}

// MetricNames requests the names of the metrics that any subtask of a task has. Those
// of an operator begin with its name, as Flink has made it fit: "Source__orders.pendingRecords".
func (c *Client) MetricNames(ctx context.Context, jobID, taskID string) (names []string, err error) {
	path, err := c.path(jobID, taskID)
	if err != nil {
		return nil, err
	}
	var metrics []Aggregate
	err = c.get(ctx, aggregatedMetricsPath, path+"/subtasks/metrics", func(d *decoder) { metrics = list(d, &d.aggregate) })
	for _, metric := range metrics {
		names = append(names, metric.ID)
	}
	return names, err
}

// put files a metric named "3.busyTimeMsPerSecond" under its subtask.
func put(values map[int]map[string]Number, metric Metric) {
	subtask, name, _ := strings.Cut(metric.ID, ".")
	index, err := strconv.Atoi(subtask)
	if err != nil {
		return
	}
	if values[index] == nil {
		values[index] = map[string]Number{}
	}
	values[index][name] = metric.Value
}

// lists packs the names of all subtasks' metrics into as few lists as fit.
func lists(subtasks int, names []string) (lists []string) {
	var list strings.Builder
	for subtask := range subtasks {
		for _, name := range names {
			id := fmt.Sprintf("%d.%s", subtask, name)
			if list.Len() > 0 && list.Len()+len(id) >= requestLine {
				lists = append(lists, list.String())
				list.Reset()
			}
			if list.Len() > 0 {
				list.WriteByte(',')
			}
			list.WriteString(id)
		}
	}
	if list.Len() > 0 {
		lists = append(lists, list.String())
	}
	return lists
}
