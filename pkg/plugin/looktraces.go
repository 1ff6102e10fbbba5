package plugin

import (
	"context"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// traces are a job's, by what the query tells the measure by.
func (a asking) traces(ctx context.Context, c cluster, info job.Info) ([]frame.Trace, error) {
	if a.By == frame.ByJob || a.By == frame.ByTask {
		return a.rowTraces(ctx, c, info)
	}
	return a.lookTraces(ctx, c, info)
}

// lookTraces go through each snapshot, as only they know the subtasks.
// If only what is far fails there are traces beside the error.
func (a asking) lookTraces(ctx context.Context, c cluster, info job.Info) (traces []frame.Trace, failed error) {
	gathered, apart := newTraces(), a.apart(c)
	var labels []data.Labels
	var shape *job.Graph
	var name string
	soFar := blames{turn{from: a.over.From}, map[string]*blamed{}}
	for snapshot, err := range c.snapshots(ctx, info, a.span(), a.step()) {
		if err != nil {
			failed = err
			continue
		}
		shown := frame.Job{Cluster: c.name, Snapshot: snapshot, Verdict: diagnosis.Diagnose(snapshot), Tasks: a.tasks(snapshot.Graph)}
		if snapshot.Graph.EdgesUnknown {
			heardIn(ctx).unknown(info.Name)
		}
		if a.number.name == "blame" {
			shown.Past = soFar.past(shown, apart(snapshot.Source))
		}
		if !a.Jobs.choose(snapshot.Job.Name, info.ID) {
			continue // it was another's name that was chosen
		}
		values := a.number.load.Values(shown, a.By)
		if name != snapshot.Job.Name || shape != snapshot.Graph || a.By == frame.ByTaskManager || len(labels) != len(values) {
			name, shape, labels = snapshot.Job.Name, snapshot.Graph, shown.Labels(a.By)
			gathered.shaped(labels)
		}
		gathered.point(snapshot.At, apart(snapshot.Source), values, snapshot.Source)
	}
	return gathered.all(), failed
}
