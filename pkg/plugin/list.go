package plugin

import (
	"context"
	"slices"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// list finds the jobs that the query chose without looking at them: one
// request a cluster. Of a cluster that does not answer they are those that it
// last had, with its error; if none answers list fails.
func (a asking) list(ctx context.Context) ([]found, error) {
	chosen, err := a.chosen()
	if err != nil {
		return nil, err
	}
	results := make([]found, len(chosen))
	together(len(chosen), func(n int) {
		results[n].cluster = chosen[n]
		results[n].list(ctx, a.query)
	})
	answered := len(chosen) == 0
	for _, result := range results {
		answered = answered || result.err == nil
		err = result.err
	}
	if !answered {
		return nil, err
	}
	return results, ctx.Err()
}

// told sums up what a list took, what of it is left out, and which names
// matched nothing.
func (q query) told(results []found) (answer frame.Answer) {
	for _, result := range results {
		answer.Requests += result.requests
		for _, asked := range result.targets {
			answer.Requests += asked.requests
		}
		answer.Notices = append(answer.Notices, result.notices()...)
	}
	for _, p := range q.Jobs {
		if !somewhere(results, p) {
			answer.Notices = append(answer.Notices, info("There is no job %s.", p.text))
		}
	}
	return answer
}

// somewhere tells whether a cluster has a job that the pattern matches.
func somewhere(results []found, p pattern) bool {
	return slices.ContainsFunc(results, func(f found) bool { return anyJob(f.names, p) })
}

// targetsOf are the jobs that were chosen, of all clusters, so that what
// becomes of them can be filled in.
func targetsOf(results []found) (targets []*target) {
	for n := range results {
		for i := range results[n].targets {
			targets = append(targets, &results[n].targets[i])
		}
	}
	return targets
}

// absent are the exact names of jobs that are nowhere.
func (q query) absent(results []found) (names []string) {
	for _, p := range q.Jobs {
		if p.regex == nil && !somewhere(results, p) {
			names = append(names, p.text)
		}
	}
	return names
}
