package frame

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// finding is one row: a root cause, or a job without one.
type finding struct {
	Job
	root *diagnosis.Root
}

// Bottlenecks is a table of root causes, worst first; a job without one has a
// row of kind none or unknown that says what was looked at. since is null
// without a history.
func Bottlenecks(answer Answer) data.Frames {
	findings := answer.findings()
	words := map[string][]*string{}
	severity, busyMax, busyAvg, upstream := newNumbers(len(findings)), newNumbers(len(findings)), newNumbers(len(findings)), newNumbers(len(findings))
	since := make([]*time.Time, len(findings))
	for i, found := range findings {
		since[i] = found.since()
		for name, word := range found.words() {
			words[name] = append(words[name], optional(word))
		}
		severity.share(i, found.severity())
		if found.root != nil {
			load := found.Snapshot.Tasks[found.root.Task]
			busyMax.share(i, load.Busy.Max)
			busyAvg.share(i, load.Busy.Avg)
			if found.root.Upstream >= 0 {
				upstream.share(i, found.Snapshot.Tasks[found.root.Upstream].Backpressured.Max)
			}
		}
	}
	word := func(name string) *data.Field { return data.NewField(name, nil, append([]*string{}, words[name]...)) }
	return answer.table("bottlenecks",
		word("cluster"), word("job"), word("job_id"), word("task"), word("task_id"), word("kind"),
		severity.shareField("severity"), busyMax.shareField("busy_max"), busyAvg.shareField("busy_avg"),
		upstream.shareField("upstream_backpressured"), word("hot_subtasks"), word("hot_hosts"),
		data.NewField("since", nil, since).SetConfig(&data.FieldConfig{Description: "Since when it has held the job back, as far as is remembered"}), word("explanation"), word("advice"))
}

// findings lists the root causes among the tasks asked for, worst first, then
// the jobs that cannot be told of, then those without any.
func (a Answer) findings() (findings []finding) {
	for _, j := range a.Jobs {
		before := len(findings)
		for i := range j.Verdict.Roots {
			if slices.Contains(j.Tasks, j.Verdict.Roots[i].Task) {
				findings = append(findings, finding{j, &j.Verdict.Roots[i]})
			}
		}
		if len(findings) == before {
			findings = append(findings, finding{j, nil})
		}
	}
	slices.SortStableFunc(findings, func(a, b finding) int { return cmp.Compare(b.rank(), a.rank()) })
	return findings
}

// since is when the task became a root cause, nil where that is not known.
func (f finding) since() *time.Time {
	if f.root == nil || f.Past == nil || f.Past[f.root.Task].Since.IsZero() {
		return nil
	}
	return &f.Past[f.root.Task].Since
}

// rank orders by severity; what is unknown comes before what is well.
func (f finding) rank() float64 {
	switch severity := f.severity(); {
	case !severity.Known():
		return -1
	case f.root == nil:
		return -2
	default:
		return float64(severity)
	}
}

// severity is 0 where measured and no root cause, unknown where unmeasured.
func (f finding) severity() job.Share {
	switch {
	case f.root != nil:
		return f.root.Severity
	case !f.clear():
		return job.Unknown
	default:
		return 0
	}
}

// words are the columns of text, by name; empty is null.
func (f finding) words() map[string]string {
	words := map[string]string{
		"cluster": f.Cluster, "job": f.Snapshot.Job.Name, "job_id": f.Snapshot.Job.ID,
		"task": "", "task_id": "", "hot_subtasks": "", "hot_hosts": "", "advice": "",
	}
	if f.root == nil {
		kind := diagnosis.None
		if !f.clear() {
			kind = diagnosis.NotKnown
		}
		words["kind"], words["explanation"] = string(kind), diagnosis.Looked(f.Snapshot, kind)
		return words
	}
	task := f.Snapshot.Graph.Tasks[f.root.Task]
	words["task"], words["task_id"], words["kind"] = task.Name, task.ID, string(f.root.Kind)
	words["hot_subtasks"] = strings.Trim(strings.ReplaceAll(fmt.Sprint(f.root.Hot), " ", ", "), "[]")
	words["hot_hosts"] = strings.Join(f.root.Hosts, ", ")
	words["explanation"] = diagnosis.Explain(f.Snapshot, *f.root)
	words["advice"] = diagnosis.Advise(f.Snapshot, *f.root)
	return words
}
