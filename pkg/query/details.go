package query

import (
	"context"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// addDetails adds to each job the metrics of its tasks' backpressure and buffers;
// what does not answer is in a notice.
func addDetails(ctx context.Context, req Request, result *loaded) {
	inTime, cancel := req.pastInTime(ctx)
	defer cancel()
	requests, notices := make([]int, len(result.Jobs)), make([][]data.Notice, len(result.Jobs))
	collector.Parallel(len(result.Jobs), parallelism, func(n int) {
		shown, past := &result.Jobs[n], result.pasts[n]
		if past.present {
			requests[n], notices[n] = past.cluster.addDetails(inTime, shown)
		} else {
			notices[n] = past.cluster.addPastDetails(inTime, shown, past.job)
		}
	})
	for n := range result.Jobs {
		result.Requests += requests[n]
		result.Add(notices[n]...)
	}
}

func (c *Cluster) addDetails(ctx context.Context, shown *frame.Job) (requests int, notices []data.Notice) {
	tasks, requests, err := c.Collector.Details(ctx, shown.Snapshot)
	if err != nil {
		return requests, []data.Notice{warning("The details of job %s are not known: %s", shown.Snapshot.Job.Name, Sentence(err))}
	}
	shown.Details = make([][]job.Detail, len(tasks))
	for i, task := range tasks {
		shown.Details[i] = task.Subtasks
		if task.Err != nil {
			notices = append(notices, warning("The details of task %s are not known: %s", shown.Snapshot.Graph.Tasks[i].Name, Sentence(task.Err)))
		}
	}
	return requests, notices
}

// addPastDetails adds what Prometheus has of the time of the snapshot: the
// built-in history does not keep details.
func (c *Cluster) addPastDetails(ctx context.Context, shown *frame.Job, of history.Job) (notices []data.Notice) {
	name := shown.Snapshot.Job.Name
	if c.Prometheus == nil {
		return []data.Notice{info("The details of job %s are known at present only: of the past Prometheus alone would have them.", name)}
	}
	details, warnings, err := c.Prometheus.Details(ctx, of, shown.Snapshot)
	for _, text := range warnings {
		notices = append(notices, warning("%s", text))
	}
	if err != nil {
		return append(notices, warning("The details of job %s are not known: %s", name, Sentence(err)))
	}
	shown.Details = details
	return notices
}
