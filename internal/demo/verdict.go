package demo

import (
	"fmt"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// verdictText tells what holds the job back, worst first, why, and what to do
// about it.
func verdictText(paint painter, frames map[string]data.Frames, jobID string) (string, error) {
	r, err := rowsOf(frames["bottlenecks"], "bottlenecks", "job_id", "task", "kind", "severity",
		"hot_subtasks", "hot_hosts", "explanation", "advice")
	if err != nil {
		return "", err
	}
	var verdicts []string
	for _, row := range r.where("job_id", jobID) {
		text := paint.strong(headline(r, row)) + "\n"
		for _, column := range []string{"explanation", "advice"} {
			if sentences := r.text(column, row); sentences != "" {
				text += indent + sentences + "\n"
			}
		}
		verdicts = append(verdicts, text)
	}
	return strings.Join(verdicts, "\n"), nil
}

func headline(r rows, row int) string {
	switch kind := r.text("kind", row); kind {
	case "none":
		return "Verdict: nothing holds the job back"
	case "unknown":
		return "Verdict: not known yet"
	default:
		text := fmt.Sprintf("Verdict: %s (%s), severity %s", r.text("task", row), kind, r.share("severity", row))
		if hot := r.text("hot_subtasks", row); hot != "" {
			text += fmt.Sprintf(", hot subtasks %s on %s", hot, r.orUnknown("hot_hosts", row))
		}
		return text
	}
}
