package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// named is how many subtasks or hosts a sentence names before it counts.
const named = 5

// hotSubtasks names a task's hot subtasks and where they run: "Subtask 2 of
// map, on host-a,", "Subtasks 2, 5 of map, on host-a, host-b,".
func hotSubtasks(root Root, task string) string {
	numbers := make([]string, len(root.Hot))
	for i, subtask := range root.Hot {
		numbers[i] = fmt.Sprint(subtask)
	}
	text := "Subtask " + listed(numbers)
	if len(numbers) > 1 {
		text = "Subtasks " + listed(numbers)
	}
	text += " of " + task
	if len(root.Hosts) > 0 {
		text += ", on " + listed(root.Hosts) + ","
	}
	return text
}

func are(root Root) string {
	if len(root.Hot) == 1 {
		return "is"
	}
	return "are up to"
}

// listed joins names, the first few of many.
func listed(names []string) string {
	if len(names) <= named {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:named], ", "), len(names)-named)
}

// coolAverage is the mean busy share of the subtasks that are not hot.
func coolAverage(root Root, load job.TaskLoad) job.Share {
	sum, known := job.Share(0), 0
	for _, subtask := range load.Subtasks {
		if subtask.Busy.Known() && !slices.Contains(root.Hot, subtask.Subtask) {
			sum, known = sum+subtask.Busy, known+1
		}
	}
	if known == 0 {
		return job.Unknown
	}
	return sum / job.Share(known)
}
