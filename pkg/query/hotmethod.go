package query

import (
	"context"
	"fmt"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// readHotMethod is the code in which the root cause's hottest subtask spends its busy time, or
// all its subtasks before Flink 1.17, where the cluster has flame graphs.
func readHotMethod(ctx context.Context, cluster *Cluster, shown *frame.Job, root *diagnosis.Root) (sentence string, requests int) {
	if root.Kind == diagnosis.Network { // no code holds it back
		return "", 0
	}
	of, requests, err := cluster.Collector.Cluster(ctx)
	if err != nil || !of.FlameGraphs {
		return "", requests
	}
	key := collector.FlameGraphKey{
		JobID: shown.Snapshot.Job.ID, TaskID: shown.Snapshot.Graph.Tasks[root.Task].ID, Subtask: flink.WholeTask, Mode: flink.FullFlameGraph,
	}
	whose := "its subtasks"
	if hottest := root.Hottest(shown.Snapshot.Tasks[root.Task]); hottest >= 0 && of.SubtaskFlameGraphs() {
		key.Subtask, whose = hottest, fmt.Sprintf("subtask %d", hottest)
	}
	hot, found, asked := cluster.Collector.HotMethod(ctx, key)
	if !found {
		return "", requests + asked
	}
	return hot.Explain(whose), requests + asked
}
