package plugin

import (
	"context"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// subtasks answers with the table of subtasks, with the columns that "detail"
// asks for: they cost requests of their own.
func subtasks(ctx context.Context, a asking) (data.Frames, error) {
	answer, err := a.look(ctx)
	if err != nil {
		return nil, err
	}
	switch {
	case a.Detail && answer.Then:
		a.detail(ctx, &answer, a.detailThen)
	case a.Detail:
		a.detail(ctx, &answer, a.detailJob)
	}
	return frame.Subtasks(answer, a.Detail), ctx.Err()
}

// detail adds to each job what its tasks' metrics say; what does not answer is
// told in a notice.
func (a asking) detail(ctx context.Context, answer *frame.Answer, ofJob func(context.Context, *frame.Job) (int, []data.Notice)) {
	requests, notices := make([]int, len(answer.Jobs)), make([][]data.Notice, len(answer.Jobs))
	together(len(answer.Jobs), func(n int) {
		shown := &answer.Jobs[n]
		requests[n], notices[n] = ofJob(ctx, shown)
	})
	for n := range answer.Jobs {
		answer.Requests += requests[n]
		answer.Notices = append(answer.Notices, notices[n]...)
	}
}

func (a asking) detailJob(ctx context.Context, shown *frame.Job) (requests int, notices []data.Notice) {
	tasks, requests, err := a.cluster(shown.Cluster).keeper.Details(ctx, shown.Snapshot)
	if err != nil {
		return requests, []data.Notice{warning("The details of job %s are not known: %s", shown.Snapshot.Job.Name, sentence(err))}
	}
	shown.Details = make([][]job.Detail, len(tasks))
	for i, task := range tasks {
		shown.Details[i] = task.Subtasks
		if task.Err != nil {
			notices = append(notices, warning("The details of task %s are not known: %s", shown.Snapshot.Graph.Tasks[i].Name, sentence(task.Err)))
		}
	}
	return requests, notices
}

// detailThen adds what Prometheus has of the time of the snapshot: looks do not
// keep details.
func (a asking) detailThen(ctx context.Context, shown *frame.Job) (requests int, notices []data.Notice) {
	c := a.cluster(shown.Cluster)
	if c.far == nil {
		return 0, []data.Notice{info("The details of job %s are told of now alone: of the past Prometheus alone would have them.", shown.Snapshot.Job.Name)}
	}
	details, err := c.far.details(ctx, c.key(shown.Snapshot.Job.ID), shown.Snapshot)
	if err != nil {
		return 0, []data.Notice{warning("The details of job %s are not known: %s", shown.Snapshot.Job.Name, sentence(err))}
	}
	shown.Details = details
	return 0, nil
}
