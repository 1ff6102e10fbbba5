package frame

import (
	"math"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
)

// Jobs is a table with a row a job: its state, its worst task's status and
// what holds it back. duration is in milliseconds, tasks counts the nodes of
// its graph. Prometheus has no start and duration: they are null.
func Jobs(result Result) data.Frames {
	return table(result, "jobs", result.Jobs,
		statusWord(func(j *Job) diagnosis.Status { return j.worstStatus() }),
		of("job", func(j *Job) string { return j.Snapshot.Job.Name }),
		word("bottleneck", func(j *Job) string {
			root := j.WorstRoot(j.Tasks)
			if root == nil {
				return ""
			}
			return j.task(root.Task).Name
		}),
		coloured(of("state", func(j *Job) string { return string(j.Snapshot.Job.State) }), stateColours),
		instant("start", "", func(j *Job) time.Time { return j.Snapshot.Job.Start }),
		number("duration", millisUnit, func(j *Job) float64 {
			if j.Snapshot.Job.Start.IsZero() {
				return math.NaN()
			}
			return float64(j.Snapshot.Job.Duration.Milliseconds())
		}),
		of("tasks", func(j *Job) int64 { return int64(len(j.Snapshot.Tasks)) }),
		word("type", func(j *Job) string { return string(j.Snapshot.Job.Type) }),
		of("cluster", func(j *Job) string { return j.Cluster }),
		of("job_id", func(j *Job) string { return j.Snapshot.Job.ID }),
	)
}
