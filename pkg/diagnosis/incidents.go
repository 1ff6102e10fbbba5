package diagnosis

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Changes are the restart of a job of which its snapshot is the first since, and which
// tasks it was rescaled in: those with another parallelism than in the graph before,
// which is nil if there is none. restarted is when it was last restarted; zero if it
// never was, and noted is set where that is known already. A rescaling restarts the
// job, and is then no other restart.
func Changes(before *job.Graph, now *job.Snapshot, restarted time.Time, noted bool) (changes []job.Incident) {
	if text := rescaled(before, now.Graph); text != "" && now.Job.State == job.Running {
		at := restarted
		if at.IsZero() {
			at = now.At
		}
		return []job.Incident{{At: at, What: job.Rescale, Subtask: -1, Text: text}}
	}
	if restarted.IsZero() || noted {
		return nil
	}
	return []job.Incident{{At: restarted, What: job.Restart, Subtask: -1, Text: "The job was restarted."}}
}

// rescaled is which tasks have another parallelism; empty if none has.
func rescaled(before, now *job.Graph) string {
	if before == nil {
		return ""
	}
	var words []string
	for _, task := range now.Tasks {
		at := slices.IndexFunc(before.Tasks, func(of job.Task) bool { return of.ID == task.ID })
		if at >= 0 && before.Tasks[at].Parallelism != task.Parallelism && before.Tasks[at].Parallelism > 0 && task.Parallelism > 0 {
			words = append(words, fmt.Sprintf("%s from %d to %d", task.Name, before.Tasks[at].Parallelism, task.Parallelism))
		}
	}
	if len(words) == 0 {
		return ""
	}
	if more := len(words) - maxRescaled; more > 0 {
		words = append(words[:maxRescaled], fmt.Sprintf("%d more", more))
	}
	return "Parallelism: " + strings.Join(words, ", ") + "."
}

// maxRescaled is how many tasks the text of a rescaling names.
const maxRescaled = 5
