package query

import (
	"context"
	"maps"

	"github.com/grafana/grafana-plugin-sdk-go/data"
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
	// unnamed is how many more there are than notices.
	unnamed int
}

// resolve compares the names in the query with the jobs that there are: now, at a
// moment, or in a range.
func resolve(ctx context.Context, req Request, results []clusterResult) (found resolution) {
	if !req.Jobs.some() {
		return found
	}
	incomplete := len(results) == 0
	for _, result := range results {
		incomplete = incomplete || result.err != nil || result.incomplete != nil
	}
	matching := req.Jobs.matching(ctx, candidatesOf(results))
	for _, selector := range req.Jobs.all {
		switch {
		case matching[selector.text]:
		case !selector.exact():
			found.note(info("No job matches %s.", shortened(selector.text)))
		case len(results) > 0:
			found.absent = append(found.absent, selector.text)
			if len(found.absent) > maxListed {
				found.unnamed++
				continue
			}
			err := noJob(selector.text, results)
			found.note(warning("%s", err))
			if found.err == nil && !incomplete {
				found.err = err
			}
		}
	}
	return found.counted("job")
}

// note adds a notice, or counts it where there are many.
func (r *resolution) note(notice data.Notice) {
	if len(r.notices) == 2*maxListed {
		r.unnamed++
		return
	}
	r.notices = append(r.notices, notice)
}

// counted adds how many more names and expressions match none of those.
func (r resolution) counted(what string) resolution {
	if r.unnamed > 0 {
		r.notices = append(r.notices, warning("%d more names and expressions in the query match no %s.", r.unnamed, what))
	}
	return r
}

// candidatesOf goes through the jobs that there are, by name and id.
func candidatesOf(results []clusterResult) func(yield func(name, id string) bool) {
	return func(yield func(name, id string) bool) {
		for _, result := range results {
			for i := range result.candidates {
				if !yield(result.candidates[i].Name, result.candidates[i].ID) {
					return
				}
			}
		}
	}
}

// resolveTasks does the same for tasks, of the jobs that are shown or have series.
// A job whose tasks are not known counts as a match. If a job did not answer, its
// error (failed) is the error rather than that there is no such task.
func resolveTasks(req Request, matching map[string]bool, failed error) (found resolution) {
	for _, selector := range req.Tasks.all {
		switch {
		case matching[selector.text]:
		case !selector.exact():
			found.note(info("No task matches %s.", shortened(selector.text)))
		default:
			err := noTask(selector.text)
			found.absent = append(found.absent, selector.text)
			found.note(warning("%s", err))
			found.err = firstError(found.err, firstError(failed, err))
		}
	}
	return found.counted("task")
}

// resolveTasksOver does so for a range, by the tasks that its jobs had at any time.
func resolveTasksOver(req Request, results []clusterResult) resolution {
	matching := map[string]bool{}
	for _, result := range results {
		for _, j := range result.jobs {
			maps.Copy(matching, j.matched)
		}
	}
	return resolveTasks(req, matching, nil)
}
