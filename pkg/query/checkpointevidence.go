package query

import (
	"context"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// checkpointsAge is how old the checkpoints may be that a root cause is explained with.
const checkpointsAge = time.Minute

// readCheckpoints is what the worst root cause has to do with the job's checkpoints:
// one request a minute, and one more for a checkpoint that took long.
func readCheckpoints(ctx context.Context, cluster *Cluster, shown *frame.Job, root *diagnosis.Root) (sentence string, requests int) {
	if root != &shown.Roots[0] {
		return "", 0
	}
	info := shown.Snapshot.Job
	checkpoints, requests, err := cluster.Collector.RecentCheckpoints(ctx, info, checkpointsAge)
	if err != nil {
		return "", requests
	}
	if !diagnosis.NeedCheckpointDetails(checkpoints) {
		return diagnosis.ExplainCheckpoints(shown.Snapshot, *root, checkpoints, nil), requests
	}
	task := shown.Snapshot.Graph.Tasks[root.Task]
	details, asked, err := cluster.Collector.TaskCheckpoint(ctx, info, diagnosis.LastCheckpoint(checkpoints).ID, task.ID)
	if err != nil {
		return "", requests + asked
	}
	return diagnosis.ExplainCheckpoints(shown.Snapshot, *root, checkpoints, &details), requests + asked
}
