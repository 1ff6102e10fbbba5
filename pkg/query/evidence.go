package query

import (
	"context"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// evidence is what a further request shows of a root cause, beyond how subtasks spend
// their time: a sentence for its explanation, empty if there is nothing to add, and
// how many requests to Flink this call caused. What cannot be read adds nothing: a verdict does not
// depend on it. It is read at most once a minute, however many panels show the job,
// and never for an alert rule, as those cannot use the query type bottlenecks.
type evidence func(ctx context.Context, cluster *Cluster, shown *frame.Job, root *diagnosis.Root) (sentence string, requests int)

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
		shown.Evidence = make([][]string, len(shown.Roots))
		for i := range shown.Roots {
			for _, read := range evidences {
				sentence, asked := read(inTime, result.pasts[n].cluster, shown, &shown.Roots[i])
				requests[n] += asked
				if sentence != "" {
					shown.Evidence[i] = append(shown.Evidence[i], sentence)
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
func readWaits(ctx context.Context, cluster *Cluster, shown *frame.Job, root *diagnosis.Root) (sentence string, requests int) {
	if root.Upstream < 0 {
		return "", 0
	}
	task := shown.Snapshot.Graph.Tasks[root.Upstream]
	waits, requests := cluster.Collector.Waits(ctx, shown.Snapshot.Job.ID, task.ID)
	return waits.Explain(task.Name), requests
}
