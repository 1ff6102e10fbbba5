package query

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// evidence reads what a further request shows of a root cause, beyond how subtasks spend
// their time: a sentence, empty if there is nothing to add, whether that is an effect of
// the root cause rather than a reason for it, and how many requests to Flink this call
// caused. What cannot be read adds nothing: a verdict does not depend on it. It is read at
// most once a minute, however many panels show the job, and never for an alert rule, as
// those cannot use the query type bottlenecks.
type evidence func(ctx context.Context, cluster *Cluster, shown *frame.Job, root *diagnosis.Root) (sentence string, effect bool, requests int)

// evidences is the registry of evidence, in the order of the sentences.
var evidences = []evidence{readWaits, readHotMethod, readUsages, readCheckpoints}

// addEvidence adds it to the root causes among the tasks chosen, of the jobs that are
// shown as they are at present.
func addEvidence(ctx context.Context, req Request, result *loaded) error {
	inTime, cancel := req.inTime(ctx)
	defer cancel()
	requests := make([]int, len(result.Jobs))
	collector.Parallel(len(result.Jobs), parallelism, func(n int) {
		shown := &result.Jobs[n]
		if !result.pasts[n].present {
			return
		}
		shown.Evidence = make([]frame.Evidence, len(shown.Roots))
		for i := range shown.Roots {
			for _, read := range evidences {
				sentence, effect, asked := read(inTime, result.pasts[n].cluster, shown, &shown.Roots[i])
				requests[n] += asked
				found := &shown.Evidence[i]
				switch {
				case sentence == "":
				case effect:
					found.Effects = append(found.Effects, sentence)
				default:
					found.Reasons = append(found.Reasons, sentence)
				}
			}
		}
	})
	for _, asked := range requests {
		result.Requests += asked
	}
	return ctx.Err()
}

// readWaits is how the task waits that the root cause holds back most.
func readWaits(ctx context.Context, cluster *Cluster, shown *frame.Job, root *diagnosis.Root) (sentence string, effect bool, requests int) {
	if root.Upstream < 0 {
		return "", true, 0
	}
	task := shown.Snapshot.Graph.Tasks[root.Upstream]
	waits, requests := cluster.Collector.Waits(ctx, shown.Snapshot.Job.ID, task.ID)
	return waits.Explain(task.Name), true, requests
}

// readHotMethod is the code in which the root cause's hottest subtask spends its busy time, or
// all its subtasks before Flink 1.17, where the cluster has flame graphs.
func readHotMethod(ctx context.Context, cluster *Cluster, shown *frame.Job, root *diagnosis.Root) (sentence string, effect bool, requests int) {
	if root.Kind == diagnosis.Network { // no code holds it back
		return "", false, 0
	}
	of, requests, err := cluster.Collector.Cluster(ctx)
	if err != nil || !of.FlameGraphs {
		return "", false, requests
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
		return "", false, requests + asked
	}
	return hot.Explain(whose), false, requests + asked
}

// readUsages is what slows the few TaskManagers that the hot subtasks of a root
// cause run on: at most one request a minute for each of them.
func readUsages(ctx context.Context, cluster *Cluster, _ *frame.Job, root *diagnosis.Root) (sentence string, effect bool, requests int) {
	ids := diagnosis.HotTaskManagers(root)
	if len(ids) == 0 {
		return "", false, 0
	}
	_, requests, err := cluster.Collector.Usages(ctx, ids, collector.RecentUsage)
	if err != nil {
		return "", false, requests
	}
	var hot, others []job.TaskManager
	for id, manager := range cluster.Collector.KnownTaskManagers(collector.RecentUsage) {
		if slices.Contains(ids, id) {
			hot = append(hot, manager)
		} else {
			others = append(others, manager)
		}
	}
	slices.SortFunc(hot, func(a, b job.TaskManager) int { return cmp.Compare(slices.Index(ids, a.ID), slices.Index(ids, b.ID)) })
	return diagnosis.ExplainTaskManagers(root.Kind, hot, others), false, requests
}

// checkpointsAge is how old the checkpoints may be that a root cause is explained with.
const checkpointsAge = time.Minute

// readCheckpoints is what the worst root cause has to do with the job's checkpoints:
// one request a minute, and one more for a checkpoint that took long.
func readCheckpoints(ctx context.Context, cluster *Cluster, shown *frame.Job, root *diagnosis.Root) (sentence string, effect bool, requests int) {
	if root != &shown.Roots[0] {
		return "", true, 0
	}
	info := shown.Snapshot.Job
	checkpoints, requests, err := cluster.Collector.RecentCheckpoints(ctx, info, checkpointsAge)
	if err != nil {
		return "", true, requests
	}
	if !diagnosis.NeedCheckpointDetails(checkpoints) {
		sentence, effect = diagnosis.ExplainCheckpoints(shown.Snapshot, *root, checkpoints, nil)
		return sentence, effect, requests
	}
	task := shown.Snapshot.Graph.Tasks[root.Task]
	details, asked, err := cluster.Collector.TaskCheckpoint(ctx, info, *diagnosis.LastCheckpoint(checkpoints), task.ID)
	if err != nil {
		return "", true, requests + asked
	}
	sentence, effect = diagnosis.ExplainCheckpoints(shown.Snapshot, *root, checkpoints, &details)
	return sentence, effect, requests + asked
}
