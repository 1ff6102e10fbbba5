package plugin

import (
	"context"
	"slices"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// farJobs are the jobs that Prometheus alone remembers of a span. It is not
// asked where the built-in history reaches back and knows what was chosen.
func (c cluster) farJobs(ctx context.Context, over history.Span, chosen patterns, near []job.Info) ([]job.Info, error) {
	oldest, any := c.oldest()
	if c.far == nil || any && !oldest.After(over.From) && len(near) > 0 && !unmatched(chosen, near) {
		return nil, nil
	}
	seen, err := c.far.Jobs(ctx, over)
	if len(seen) == 0 {
		return nil, err
	}
	jobs, strangers := c.ours(seen, c.far.rosters(ctx))
	if strangers || unmatched(chosen, slices.Concat(near, jobs)) {
		err = c.far.rosters(ctx)[c.name].silent // it may have listed them
	}
	remembered := roster{jobs: near}
	return slices.DeleteFunc(jobs, func(info job.Info) bool { return remembered.has(info.ID) }), err
}

// ours are those of the jobs that are the cluster's, by their names. With several
// behind the data source, only those that Flink still lists, or that are
// remembered of another time, are known to be; strangers tells of others.
func (c cluster) ours(seen []history.Job, known map[string]roster) (jobs []job.Info, strangers bool) {
	for _, each := range seen {
		named, listed := known[c.name].job(each.JobID)
		switch {
		case listed:
			jobs = append(jobs, job.Info{ID: each.JobID, Name: named.Name})
		case len(known) == 1:
			jobs = append(jobs, job.Info{ID: each.JobID, Name: each.Name})
		default:
			strangers = strangers || !anybodys(each.JobID, known)
		}
	}
	return jobs, strangers
}

// anybodys tells whether any cluster is known to have the job.
func anybodys(jobID string, known map[string]roster) bool {
	for _, each := range known {
		if each.has(jobID) {
			return true
		}
	}
	return false
}

// unmatched tells whether a pattern was chosen that no job matches.
func unmatched(chosen patterns, jobs []job.Info) bool {
	return slices.ContainsFunc(chosen, func(p pattern) bool { return !anyJob(jobs, p) })
}
