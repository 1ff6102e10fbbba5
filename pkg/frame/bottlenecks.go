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
	// evidence is what further requests showed of the root cause.
	evidence Evidence
}

// Bottlenecks is a table of root causes, worst first; a job without one has a
// row of kind none or unknown with what was looked at. since is null
// without a history.
func Bottlenecks(result Result) data.Frames {
	ofTask := func(value func(task job.Task) string) func(*finding) string {
		return func(f *finding) string {
			if f.root == nil {
				return ""
			}
			return value(f.task(f.root.Task))
		}
	}
	ofLoad := func(value func(f *finding, load *job.TaskLoad) job.Share) func(*finding) job.Share {
		return func(f *finding) job.Share {
			if f.root == nil {
				return job.Unknown
			}
			return value(f, f.load(f.root.Task))
		}
	}
	rows := findingsOf(result)
	result.Notices = append(slices.Clone(result.Notices), result.emptied(len(rows))...)
	return table(result, "bottlenecks", rows,
		severity(share("severity", (*finding).severity)),
		linked(word("job", func(f *finding) string { return f.Snapshot.Job.Name }), jobLink),
		linked(word("task", ofTask(func(task job.Task) string { return task.Name })), taskLink),
		word("kind", func(f *finding) string { return string(f.kind()) }),
		prose(word("explanation", (*finding).explanation)),
		prose(word("advice", (*finding).advice)),
		prose(word("effects", func(f *finding) string { return strings.Join(f.evidence.Effects, " ") })),
		instant("since", "Since when it has held the job back, as far as the history reaches", (*finding).since),
		word("lasts", (*finding).lasts),
		share("busy_max", ofLoad(func(_ *finding, load *job.TaskLoad) job.Share { return load.Busy.Max })),
		share("busy_avg", ofLoad(func(_ *finding, load *job.TaskLoad) job.Share { return load.Busy.Avg })),
		share("upstream_backpressured", ofLoad(func(f *finding, _ *job.TaskLoad) job.Share {
			if f.root.Upstream < 0 {
				return job.Unknown
			}
			return f.load(f.root.Upstream).Backpressured.Max
		})),
		word("where", (*finding).where),
		word("hot_subtasks", (*finding).hotSubtasks),
		word("hot_hosts", (*finding).hotHosts),
		word("cluster", func(f *finding) string { return f.Cluster }),
		word("job_id", func(f *finding) string { return f.Snapshot.Job.ID }),
		word("task_id", ofTask(func(task job.Task) string { return task.ID })),
		page("job_url", func(f *finding) string { return f.Pages.Job(f.Snapshot.Job) }),
		page("task_url", func(f *finding) string {
			if f.root == nil {
				return ""
			}
			return f.Pages.Task(f.Snapshot.Job, f.task(f.root.Task).ID)
		}),
	)
}

// findingsOf lists the root causes among the tasks chosen, worst first, then the
// jobs of which none is known, then those without any.
func findingsOf(r Result) (findings []finding) {
	for _, j := range r.Jobs {
		before := len(findings)
		for i := range j.Roots {
			if slices.Contains(j.Tasks, j.Roots[i].Task) {
				found := finding{Job: j, root: &j.Roots[i]}
				if j.Evidence != nil {
					found.evidence = j.Evidence[i]
				}
				findings = append(findings, found)
			}
		}
		if len(findings) == before {
			findings = append(findings, finding{Job: j})
		}
	}
	return r.narrowed(findings)
}

// narrowed leaves the findings on the hosts and of the kinds chosen, worst first. What
// has no hot subtasks is on no host.
func (r Result) narrowed(findings []finding) []finding {
	findings = slices.DeleteFunc(findings, func(f finding) bool {
		elsewhere := r.OnHost != nil && (f.root == nil || !slices.ContainsFunc(f.root.Hosts, r.OnHost))
		return elsewhere || r.OfKind != nil && !r.OfKind(f.kind())
	})
	slices.SortStableFunc(findings, func(a, b finding) int { return cmp.Compare(b.rank(), a.rank()) })
	return findings
}

// emptied is the notice that the hosts or kinds chosen leave no row.
func (r Result) emptied(rows int) []data.Notice {
	if rows > 0 || r.OnHost == nil && r.OfKind == nil {
		return nil
	}
	return []data.Notice{{Severity: data.NoticeSeverityInfo, Text: "Nothing of the jobs chosen is on the hosts, or of the kinds, chosen."}}
}

// rank orders by severity; what is unknown comes before what is well.
func (f *finding) rank() float64 {
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
func (f *finding) severity() job.Share {
	switch {
	case f.root != nil:
		return f.root.Severity
	case !f.Clear(f.Tasks):
		return job.Unknown
	default:
		return 0
	}
}

// kind is none or unknown where there is no root cause.
func (f *finding) kind() diagnosis.Kind {
	switch {
	case f.alternates():
		return diagnosis.Alternating
	case f.root != nil:
		return f.root.Kind
	case f.Clear(f.Tasks):
		return diagnosis.None
	default:
		return diagnosis.NotKnown
	}
}

// alternates reports whether the root cause is one that takes turns with others.
func (f *finding) alternates() bool {
	if f.root == nil {
		return false
	}
	_, takes := f.turn(f.root.Task)
	return takes
}

// since is when the task became a root cause, on and off if it takes turns; zero where
// that is not known.
func (f *finding) since() time.Time {
	if f.root == nil || f.Past == nil {
		return time.Time{}
	}
	if turn, takes := f.turn(f.root.Task); takes {
		return turn.Since
	}
	return f.Past[f.root.Task].Since
}

// lasts is for how long the task has been a root cause, in words: at least so long where
// the history does not reach back to its beginning.
func (f *finding) lasts() string {
	since := f.since()
	if since.IsZero() {
		return ""
	}
	text := length(f.Snapshot.At.Sub(since))
	if f.Past[f.root.Task].AtLeast {
		return "at least " + text
	}
	return text
}

// length is a length of time in one unit, rounded down.
func length(of time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case of < 2*time.Minute:
		return fmt.Sprintf("%d s", max(of, 0)/time.Second)
	case of < 2*time.Hour:
		return fmt.Sprintf("%d min", of/time.Minute)
	case of < 2*day:
		return fmt.Sprintf("%d h", of/time.Hour)
	default:
		return fmt.Sprintf("%d days", of/day)
	}
}

func (f *finding) hotSubtasks() string {
	if f.root == nil {
		return ""
	}
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(f.root.Hot), " ", ", "), "[]")
}

// where is how many of the task's subtasks are hot, and on which TaskManager or host if
// that is one: "3 of 16 subtasks on host-2". It is empty where no subtasks are.
func (f *finding) where() string {
	if f.root == nil || len(f.root.Hot) == 0 {
		return ""
	}
	subtasks := f.load(f.root.Task).Subtasks
	if len(f.root.Hot) == len(subtasks) && len(subtasks) > 1 {
		return fmt.Sprintf("all %d subtasks", len(subtasks))
	}
	where := fmt.Sprintf("%d of %d subtasks", len(f.root.Hot), len(subtasks))
	if len(f.root.Hosts) == 1 {
		where += " on " + f.root.Hosts[0]
	}
	return where
}

func (f *finding) hotHosts() string {
	if f.root == nil {
		return ""
	}
	return strings.Join(f.root.Hosts, ", ")
}

func (f *finding) explanation() string {
	if f.root == nil {
		return diagnosis.Looked(f.Snapshot, f.kind())
	}
	sentences := append([]string{diagnosis.Explain(f.Snapshot, *f.root) + f.Alternation.Explain(f.Snapshot, f.root.Task)}, f.evidence.Reasons...)
	return strings.Join(sentences, " ")
}

func (f *finding) advice() string {
	if f.root == nil {
		return ""
	}
	if f.alternates() {
		return diagnosis.AdviseAlternating(f.task(f.root.Task).Name)
	}
	return diagnosis.Advise(f.Snapshot, *f.root)
}
