package frame

import (
	"math"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
)

// Jobs is a table with a row a job: its state, its worst task's status and
// what holds it back. duration is in milliseconds, tasks counts the nodes of
// its graph. Prometheus does not tell start and duration: they are null.
func Jobs(answer Answer) data.Frames {
	n := len(answer.Jobs)
	words := make([][]string, 4)
	for i := range words {
		words[i] = make([]string, n)
	}
	types, starts, bottlenecks := make([]*string, n), make([]*time.Time, n), make([]*string, n)
	durations, tasks, status := newNumbers(n), make([]int64, n), make([]string, n)
	for i, j := range answer.Jobs {
		info := j.Snapshot.Job
		words[0][i], words[1][i], words[2][i], words[3][i] = j.Cluster, info.Name, info.ID, string(info.State)
		types[i] = optional(string(info.Type))
		duration := math.NaN()
		if !info.Start.IsZero() {
			starts[i], duration = &info.Start, float64(info.Duration.Milliseconds())
		}
		durations.set(i, duration)
		tasks[i], status[i] = int64(len(j.Snapshot.Tasks)), j.worst().String()
		bottlenecks[i] = optional(j.bottleneck())
	}
	return answer.table("jobs",
		text("cluster", words[0]), text("job", words[1]), text("job_id", words[2]), text("state", words[3]),
		data.NewField("type", nil, types), data.NewField("start", nil, starts), durations.field("duration", millisUnit),
		data.NewField("tasks", nil, tasks), statusField(status), data.NewField("bottleneck", nil, bottlenecks))
}

// bottleneck is the name of the worst root cause among the tasks asked for.
func (j Job) bottleneck() string {
	at := slices.IndexFunc(j.Verdict.Roots, func(root diagnosis.Root) bool { return slices.Contains(j.Tasks, root.Task) })
	if at < 0 {
		return ""
	}
	return j.Snapshot.Graph.Tasks[j.Verdict.Roots[at].Task].Name
}
