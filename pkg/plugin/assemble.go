package plugin

import (
	"slices"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// assembled puts the results together for the views. It fails if nothing was
// answered.
func (a asking) assembled(results []found) (answer frame.Answer, err error) {
	answered := 0
	for _, result := range results {
		answer.Requests += result.requests
		answer.Notices = append(answer.Notices, result.notices()...)
		if result.err != nil {
			err = result.err
		}
		for _, asked := range result.targets {
			answer.Requests += asked.requests
			if asked.err == nil {
				answered++
			} else {
				err = asked.err
			}
			a.show(&answer, asked)
		}
	}
	if answered == 0 && err != nil {
		return answer, err
	}
	if err := a.unmatched(&answer, results); err != nil {
		return answer, err
	}
	return answer, a.unmatchedTasks(&answer, err)
}

// show adds a job to the answer. One that did not answer has no rows, but for
// a measure, where a series that vanishes would resolve an alert by mistake.
func (a asking) show(answer *frame.Answer, asked target) {
	if asked.err != nil && a.number.load == nil {
		return
	}
	if asked.err != nil {
		asked.snapshot = asked.cluster.keeper.Blank(asked.info, asked.err)
	}
	if !a.Types.choose(asked.snapshot.Job.Type) {
		return
	}
	shown := frame.Job{
		Cluster: asked.cluster.name, Snapshot: asked.snapshot,
		Verdict: diagnosis.Diagnose(asked.snapshot), Tasks: a.tasks(asked.snapshot.Graph),
	}
	if len(shown.Tasks) == 0 && len(a.Tasks) > 0 && asked.err == nil {
		return
	}
	answer.Jobs = append(answer.Jobs, shown)
	if asked.err == nil {
		answer.Notices = append(answer.Notices, partial(shown)...)
	}
}

// tasks are the indexes of the tasks that the query chose.
func (q query) tasks(graph *job.Graph) (chosen []int) {
	for i, task := range graph.Tasks {
		if q.Tasks.choose(task.Name, task.ID) {
			chosen = append(chosen, i)
		}
	}
	return chosen
}

// unmatched tells of the jobs asked for that are nowhere: of a regular
// expression in a notice, of an exact name as an error; for a measure by job
// as a series without a value, so that an alert rule keeps its state.
func (a asking) unmatched(answer *frame.Answer, results []found) error {
	var names []job.Info
	silent := false
	for _, result := range results {
		names = append(names, result.names...)
		silent = silent || result.err != nil || result.lacks != nil
	}
	for _, p := range a.Jobs {
		switch {
		case anyJob(names, p):
		case p.regex != nil:
			answer.Notices = append(answer.Notices, info("No job matches %s.", p.text))
		case a.number.state != nil && len(results) > 0:
			answer.Notices = append(answer.Notices, warning("There is no job %q%s.", short(p.text), present(names)))
		case a.number.load != nil && a.By == frame.ByJob && len(results) > 0:
			answer.Notices = append(answer.Notices, warning("There is no job %q%s.", short(p.text), present(names)))
			a.show(answer, target{cluster: results[0].cluster, info: job.Info{Name: p.text}, err: absent("There is no job %q.", p.text)})
		case a.number.load != nil && len(answer.Jobs) > 0:
			answer.Notices = append(answer.Notices, warning("There is no job %q%s.", short(p.text), present(names)))
		case !silent:
			return absent("There is no job %q%s.", short(p.text), present(names))
		}
	}
	return nil
}

// unmatchedTasks does the same for tasks. A job that is not there may have any;
// where one that may have the task did not answer, because of failed, that is
// the error.
func (a asking) unmatchedTasks(answer *frame.Answer, failed error) error {
	for _, p := range a.Tasks {
		matched := slices.ContainsFunc(answer.Jobs, func(shown frame.Job) bool {
			return len(shown.Snapshot.Tasks) == 0 || slices.ContainsFunc(shown.Snapshot.Graph.Tasks, func(task job.Task) bool { return p.matches(task.Name, task.ID) })
		})
		switch {
		case matched:
		case p.regex != nil:
			answer.Notices = append(answer.Notices, info("No task matches %s.", p.text))
		case failed != nil:
			return failed
		default:
			return absent("There is no task %q in the jobs asked for.", short(p.text))
		}
	}
	return nil
}
