package prometheus

import (
	"fmt"
	"slices"
	"strings"
)

// twoClusters is the error where attempts of one subtask run side by side.
func (r *reading) twoClusters(attempts []*attempt, point int) error {
	var managers []string
	for _, attempt := range attempts {
		if attempt.there(point) && attempt.taskManager != "" && !slices.Contains(managers, attempt.taskManager) {
			managers = append(managers, attempt.taskManager)
		}
	}
	detail := "job " + r.key.JobID
	if len(managers) > 1 {
		slices.Sort(managers)
		detail += fmt.Sprintf(" (on TaskManagers %s)", strings.Join(managers[:2], " and "))
	}
	return &Error{Kind: TwoClusters, Request: r.base, Detail: detail}
}
