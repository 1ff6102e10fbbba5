package query

import (
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// resolution is what became of the names of jobs in a query that match none.
type resolution struct {
	// absent are exact names that no job has.
	absent []string
	// notices name them, and the jobs that there are.
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
// error (failed) is returned rather than that there is no such task.
func resolveTasks(req Request, matched func(Selector) bool, failed error) (notices []data.Notice, err error) {
	for _, selector := range req.Tasks {
		switch {
		case matched(selector):
		case !selector.exact():
			notices = append(notices, info("No task matches %s.", selector.text))
		case failed != nil:
			return notices, failed
		default:
			return notices, noTask(selector.text)
		}
	}
	return notices, nil
}
