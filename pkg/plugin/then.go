package plugin

import (
	"cmp"
	"context"
	"slices"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// then answers with the state at the end of the query's range, as it would have
// been answered then. That Prometheus fails is told, and is an error only for
// an alert rule that nothing else answers.
func (a asking) then(ctx context.Context, results []found) (frame.Answer, error) {
	together(len(results), func(n int) {
		results[n].err = nil // that Flink does not answer now is of no account
		results[n].then(ctx, a)
	})
	if err := ctx.Err(); err != nil {
		return frame.Answer{}, err
	}
	known, answered, lacks := answeredFor(results)
	switch {
	case !known && lacks == nil:
		notices, err := a.ended()
		return frame.Answer{Notices: notices}, err
	case !answered && lacks != nil && a.alert:
		return frame.Answer{}, lacks
	}
	answer, err := a.assembled(results)
	answer.Then = true
	if !answered && lacks != nil {
		err = nil // the notices tell
	}
	return answer, err
}

// answeredFor tells whether there were any jobs, whether any of those chosen is
// answered for, and why Prometheus did not tell of more.
func answeredFor(results []found) (known, answered bool, lacks error) {
	for _, result := range results {
		known = known || len(result.names) > 0
		lacks = cmp.Or(lacks, result.lacks)
		for _, asked := range result.targets {
			answered = answered || asked.err == nil
			lacks = cmp.Or(lacks, asked.err)
		}
	}
	return known, answered, lacks
}

// then fills in the jobs of the cluster that the query chose, as they were
// at the end of its range.
func (f *found) then(ctx context.Context, a asking) {
	at := a.over.To
	seen, err := f.cluster.jobsIn(ctx, history.Span{From: at.Add(-f.cluster.apart()), To: at}, a.Jobs)
	f.lacks = err
	f.choose(a.query, seen)
	together(len(f.targets), func(n int) {
		asked := &f.targets[n]
		asked.snapshot, asked.err = f.cluster.snapshotAt(ctx, asked.info, at)
		if asked.snapshot != nil {
			asked.info = asked.snapshot.Job
		}
	})
	f.forget(a.Jobs)
	f.distinct()
}

// forget leaves out the jobs that had ended by then, as far as is remembered,
// unless they are named exactly.
func (f *found) forget(named patterns) {
	ended := map[string]bool{}
	for _, asked := range f.targets {
		gone := asked.snapshot == nil || asked.snapshot.Job.State.Terminal() && !named.exactly(asked.info.Name, asked.info.ID)
		ended[asked.info.ID] = gone && asked.err == nil
	}
	f.targets = slices.DeleteFunc(f.targets, func(t target) bool { return ended[t.info.ID] })
	f.names = slices.DeleteFunc(f.names, func(info job.Info) bool { return ended[info.ID] })
}

// distinct tells jobs apart that had one name one after the other.
func (f *found) distinct() {
	jobs := make([]job.Info, len(f.targets))
	for i, asked := range f.targets {
		jobs[i] = asked.info
	}
	for i, info := range distinctly(jobs) {
		asked := &f.targets[i]
		if asked.snapshot != nil && info.Name != asked.info.Name {
			asked.snapshot = renamed(asked.snapshot, info)
		}
		asked.info = info
	}
}
