package plugin

import (
	"context"
	"slices"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// list finds the jobs that the query chose without looking at them: one
// request a cluster. A cluster that does not answer is left out with a notice;
// if none does it fails.
func (a asking) list(ctx context.Context) (answer frame.Answer, listed []found, err error) {
	chosen, err := a.chosen()
	if err != nil {
		return answer, nil, err
	}
	results := make([]found, len(chosen))
	together(len(chosen), func(n int) {
		results[n].cluster = chosen[n]
		results[n].list(ctx, a.query)
	})
	if err := ctx.Err(); err != nil {
		return answer, nil, err
	}
	for _, result := range results {
		answer.Requests += result.requests
		if result.err != nil {
			err = result.err
			answer.Notices = append(answer.Notices, warning("Cluster %s is left out: %s", result.cluster.name, sentence(result.err)))
			continue
		}
		listed = append(listed, result)
	}
	if len(listed) == 0 {
		return answer, nil, err
	}
	return answer, listed, nil
}

// targetsOf are the jobs that each cluster has of those chosen.
func targetsOf(listed []found) (targets [][]target) {
	for _, result := range listed {
		targets = append(targets, result.targets)
	}
	return targets
}

// absent are the exact names of jobs that no cluster has, those that the
// listed ones would have if all have answered.
func (q query) absent(listed []found) (names []string) {
	for _, p := range q.Jobs {
		there := slices.ContainsFunc(listed, func(f found) bool { return anyJob(f.names, p) })
		if p.regex == nil && !there && p.text != "" {
			names = append(names, p.text)
		}
	}
	return names
}
