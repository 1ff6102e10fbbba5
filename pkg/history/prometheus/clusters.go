package prometheus

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// origin is what all attempts of a job that run at one time have in common: the
// name, and the execution where their ids tell it (from 1.15 on).
type origin struct{ execution, name string }

func (a *attempt) origin() origin { return origin{a.execution(), a.jobName} }

// several tells whether the attempts of a chunk are of several origins: of two
// clusters, or of a job before and after it began anew.
func (r *reading) several() bool {
	var one *attempt
	for _, attempt := range r.attempts {
		if one == nil {
			one = attempt
		}
		if attempt.origin() != one.origin() {
			return true
		}
	}
	return false
}

// alone fails if attempts of several origins lasted for the window before a
// point.
func (r *reading) alone(point int) error {
	lowest := map[origin]*attempt{} // of each by its TaskManager
	for _, attempt := range r.attempts {
		if !attempt.there(point) || !r.covers(attempt, point) {
			continue
		}
		of := attempt.origin()
		if known := lowest[of]; known == nil || attempt.taskManager < known.taskManager {
			lowest[of] = attempt
		}
	}
	if len(lowest) < 2 {
		return nil
	}
	return r.twoClusters(slices.Collect(maps.Values(lowest)), point)
}

// twoClusters is the error where attempts run side by side that cannot be of
// one job.
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
