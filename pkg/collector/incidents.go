package collector

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Exceptions are the failures of a job that Flink remembers, newest first. From then on
// the sampler reads them too: one more request per poll.
func (c *Collector) Exceptions(ctx context.Context, info job.Info) (exceptions []job.Incident, requests int, err error) {
	tracked := c.track(info.ID)
	c.sampler.wantMore(tracked, ofExceptions)
	return c.exceptionsOfAge(ctx, info, tracked, c.options.MaxAge)
}

func (c *Collector) exceptionsOfAge(ctx context.Context, info job.Info, tracked *trackedJob, maxAge time.Duration) (exceptions []job.Incident, requests int, err error) {
	exceptions, started, err := tracked.exceptions.get(ctx, exceptionsReads, maxAge, func(ctx context.Context) ([]job.Incident, error) {
		answer, err := c.client.Exceptions(ctx, info.ID)
		if err != nil {
			return nil, err
		}
		read := exceptionsOf(answer)
		if c.options.History != nil {
			c.options.History.AddIncidents(info, time.Now(), read...)
		}
		return read, nil
	})
	return exceptions, count(started), err
}

// exceptionsOf turns Flink's answer about a job's failures into the domain's, those of
// other tasks in the same failure after the first.
func exceptionsOf(answer []flink.Exception) (exceptions []job.Incident) {
	for _, each := range answer {
		exceptions = append(exceptions, exceptionOf(each))
		for _, other := range each.Concurrent {
			exceptions = append(exceptions, exceptionOf(other))
		}
	}
	return exceptions
}

func exceptionOf(e flink.Exception) job.Incident {
	text := e.Stack
	if text == "" {
		text = e.Name
	}
	of := job.Incident{
		At: time.UnixMilli(e.Timestamp), What: job.Exception, Subtask: -1, Host: e.Host(), TaskManager: e.TaskManagerID,
		Labels: e.Labels, Text: oneLine(text), Stack: e.Stack,
	}
	if of.TaskManager == "(unassigned)" {
		of.TaskManager = ""
	}
	of.Task, of.Subtask = attemptNamed(e.Task)
	return of
}

// attempt is how Flink names one: the task, the subtask counted from 1 and the
// parallelism, the execution.
var attempt = regexp.MustCompile(`^(.*) \((\d+)/\d+\)( - execution #\d+)?$`)

// attemptNamed is the task and the index of the subtask, -1 if the name has none.
func attemptNamed(name string) (task string, subtask int) {
	found := attempt.FindStringSubmatch(name)
	if found == nil {
		return name, -1
	}
	number, err := strconv.Atoi(found[2])
	if err != nil {
		return found[1], -1
	}
	return found[1], number - 1
}

// maxLine is how many bytes of a text its one line has.
const maxLine = 500

// oneLine is the first line of a text, shortened.
func oneLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	line = strings.TrimSpace(line)
	if len(line) <= maxLine {
		return line
	}
	end := maxLine
	for !utf8.RuneStart(line[end]) {
		end--
	}
	return line[:end] + "…"
}

// keepChanges keeps in the history when the job was last restarted, by Flink's clock,
// and which of its tasks have another parallelism than when it last ran. It costs no
// request.
func (c *Collector) keepChanges(snapshot *job.Snapshot, tracked *trackedJob, restarted time.Time) {
	before, noted := tracked.runs(snapshot, restarted)
	if c.options.History == nil {
		return
	}
	if changes := diagnosis.Changes(before, snapshot, restarted, noted); len(changes) > 0 {
		c.options.History.AddIncidents(snapshot.Job, time.Now(), changes...)
	}
}

// runs notes the graph of a job that runs, and when it was last restarted. before is
// its graph when it last ran, nil if that is not known; noted is set where this was
// called with the same restart before.
func (t *trackedJob) runs(snapshot *job.Snapshot, restarted time.Time) (before *job.Graph, noted bool) {
	t.deriverMu.Lock()
	defer t.deriverMu.Unlock()
	before, noted = t.ran, t.restarted.Equal(restarted)
	t.restarted = restarted
	if snapshot.Job.State == job.Running {
		t.ran = snapshot.Graph
	}
	return before, noted
}
