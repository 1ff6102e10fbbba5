package query

import (
	"slices"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// resolution is what became of the names of jobs, or of tasks, in a query that match
// none. At one time an exact one is an error; over a range there are notices beside
// what is shown of the others.
type resolution struct {
	// absent are exact names that nothing has.
	absent []string
	// notices name them, and what matches no expression.
	notices []data.Notice
	// err is the first of them as an error; nil where a cluster that may have the
	// job did not answer.
	err error
}

// resolve compares the names in the query with the jobs that there are: now, at a
// moment, or in a range.
func resolve(req Request, results []clusterResult) (found resolution) {
	var candidates []job.Info
	incomplete := len(results) == 0
	for _, result := range results {
		candidates = append(candidates, result.candidates...)
		incomplete = incomplete || result.err != nil || result.incomplete != nil
	}
	for _, selector := range req.Jobs {
		switch {
		case selector.matchesAny(candidates):
		case !selector.exact():
			found.notices = append(found.notices, info("No job matches %s.", selector.text))
		case len(results) > 0:
			err := noJob(selector.text, candidates)
			found.absent = append(found.absent, selector.text)
			found.notices = append(found.notices, warning("%s", err))
			if found.err == nil && !incomplete {
				found.err = err
			}
		}
	}
	return found
}

// resolveTasks does the same for tasks, of the jobs that are shown or have series.
// A job whose tasks are not known counts as a match. If a job did not answer, its
// error (failed) is the error rather than that there is no such task.
func resolveTasks(req Request, matched func(Selector) bool, failed error) (found resolution) {
	for _, selector := range req.Tasks {
		switch {
		case matched(selector):
		case !selector.exact():
			found.notices = append(found.notices, info("No task matches %s.", selector.text))
		default:
			err := noTask(selector.text)
			found.absent = append(found.absent, selector.text)
			found.notices = append(found.notices, warning("%s", err))
			found.err = firstError(found.err, firstError(failed, err))
		}
	}
	return found
}

// resolveTasksOver does so for a range, by the tasks that its jobs had at any time.
func resolveTasksOver(req Request, results []clusterResult) resolution {
	return resolveTasks(req, func(selector Selector) bool {
		return slices.ContainsFunc(results, func(r clusterResult) bool {
			return slices.ContainsFunc(r.jobs, func(j jobResult) bool { return j.matched[selector.text] })
		})
	}, nil)
}
