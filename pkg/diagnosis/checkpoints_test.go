package diagnosis_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// taken are checkpoints that were triggered every so often, newest first, each of which
// took so long; a negative one timed out after that.
func taken(every time.Duration, durations ...time.Duration) (checkpoints job.Checkpoints) {
	begun := time.Unix(1_700_000_000, 0)
	for i, duration := range durations {
		of := job.Checkpoint{ID: int64(100 - i), Type: "CHECKPOINT", Status: job.CheckpointCompleted, Triggered: begun.Add(-time.Duration(i) * every), Duration: duration}
		if duration < 0 {
			of.Status, of.Duration, of.Failure = job.CheckpointFailed, -duration, "Checkpoint expired before completing."
		}
		of.Ended = of.Triggered.Add(of.Duration)
		checkpoints.Recent = append(checkpoints.Recent, of)
	}
	return checkpoints
}

// phases are the details of a checkpoint whose barriers were so late, and were waited
// for so long.
func phases(delay, alignment time.Duration) *job.CheckpointDetails {
	return &job.CheckpointDetails{CheckpointPhases: job.CheckpointPhases{StartDelay: delay, Alignment: alignment}}
}

func unaligned(details *job.CheckpointDetails) *job.CheckpointDetails {
	details.Unaligned = true
	return details
}

// Checkpoints suffer from a root cause, are the cause themselves, or have nothing to do
// with it. The figures of the first three are those of recorded jobs.
func TestExplainCheckpoints(t *testing.T) {
	const ms = time.Millisecond
	savepoint := taken(time.Minute, 60*time.Second, 100*ms)
	savepoint.Recent[0].Savepoint = true
	declined := taken(time.Minute, -time.Second, 100*ms)
	declined.Recent[0].Failure = "Checkpoint Coordinator is suspending."
	underWay := taken(time.Minute, 0, 9*time.Second)
	underWay.Recent[0].Status = job.CheckpointInProgress
	held := chain(task("in", at(0, 0.97)), task("window", at(1, 0), at(0.98, 0)))
	aligning := chain(task("in", at(0.1, 0.6)), task("window", at(0.3, 0), at(0.3, 0)))
	for name, c := range map[string]struct {
		nodes       []node
		checkpoints job.Checkpoints
		details     *job.CheckpointDetails
		want        string // empty for nothing
	}{
		"barriers wait in queues": {
			held, taken(9683*ms, 9668*ms, 9566*ms, 9306*ms), phases(9276*ms, 2123*ms),
			"Checkpoints take long because of it: the last one took 9.7 s, in which barriers waited up to 9.3 s in front of window (start delay) and up to 2.1 s in it for those of its other inputs (alignment). Unaligned checkpoints overtake the records that wait; less backpressure helps, too.",
		},
		"one after the other times out": {
			held, taken(3*time.Second, -1001*ms, -1002*ms, -1002*ms), nil,
			"The last 3 checkpoints timed out after 1.0 s: barriers wait behind the records that window holds back. Unaligned checkpoints overtake them; less backpressure helps, too.",
		},
		"one timed out": {
			held, taken(10*time.Minute, -600*time.Second, 300*time.Second), nil,
			"The last checkpoint timed out after 600 s: barriers wait behind the records that window holds back. Unaligned checkpoints overtake them; less backpressure helps, too.",
		},
		"aligned for most of the time": {
			aligning, taken(2*time.Second, 1300*ms, 1200*ms, 1250*ms), phases(100*ms, 1000*ms),
			"Aligned checkpoints account for that themselves: one is triggered every 2.0 s, and each time window reads nothing for up to 1.0 s from inputs whose barriers have arrived, 50 % of the time. Trigger them less often, or use unaligned checkpoints.",
		},
		"aligned, but its work is the reason": {
			held, taken(2*time.Second, 900*ms, 900*ms), phases(400*ms, 500*ms), "",
		},
		"aligned for less than it is held back": {
			chain(task("in", at(0, 0.95)), task("window", at(0.3, 0))), taken(2*time.Second, 700*ms, 700*ms), phases(100*ms, 500*ms), "",
		},
		"aligned once in a while":        {aligning, taken(time.Minute, 900*ms, 900*ms), phases(100*ms, 800*ms), ""},
		"unaligned":                      {aligning, taken(2*time.Second, 1300*ms, 1200*ms), unaligned(phases(100*ms, 1000*ms)), ""},
		"quick":                          {held, taken(time.Minute, 300*ms, 200*ms), phases(200*ms, 0), ""},
		"long, by writing the state":     {held, taken(time.Minute, 50*time.Second, 50*time.Second), phases(3*time.Second, time.Second), ""},
		"the only one":                   {held, taken(time.Minute, 9*time.Second), phases(8*time.Second, 0), "the last one took 9.0 s"},
		"none":                           {held, job.Checkpoints{}, nil, ""},
		"long, without its details":      {held, taken(time.Minute, 9*time.Second), nil, ""},
		"long, but Flink forgot it":      {held, taken(time.Minute, 9*time.Second), &job.UnknownCheckpointDetails, ""},
		"a savepoint that took long":     {held, savepoint, phases(50*ms, 0), ""},
		"one that failed by a restart":   {held, declined, phases(50*ms, 0), ""},
		"one under way after a long one": {held, underWay, phases(8*time.Second, 0), "the last one took 9.0 s"},
	} {
		snapshot, verdict := diagnosed(c.nodes...)
		if len(verdict.Roots) == 0 {
			t.Fatalf("%s: there is no root cause", name)
		}
		got, effect := diagnosis.ExplainCheckpoints(snapshot, verdict.Roots[0], c.checkpoints, c.details)
		if cause := strings.Contains(c.want, "account for that themselves"); effect == cause {
			t.Errorf("%s: that it is an effect of the backpressure is %t", name, effect)
		}
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: it is explained with\n%q, want\n%q", name, got, c.want)
		}
	}
}

// Details are requested where they may show something.
func TestNeedCheckpointDetails(t *testing.T) {
	const ms = time.Millisecond
	for name, c := range map[string]struct {
		checkpoints job.Checkpoints
		want        bool
	}{
		"none":                     {job.Checkpoints{}, false},
		"quick":                    {taken(time.Minute, 300*ms, 300*ms), false},
		"long":                     {taken(time.Minute, 1000*ms, 300*ms), true},
		"quick, but often":         {taken(time.Second, 300*ms, 300*ms), true},
		"the last timed out":       {taken(time.Minute, -time.Second, 5*time.Second), false},
		"a time-out some time ago": {taken(time.Minute, 5*time.Second, -time.Second), true},
	} {
		if got := diagnosis.NeedCheckpointDetails(c.checkpoints); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
}

// A restart is one, unless tasks have another parallelism since.
func TestChanges(t *testing.T) {
	graph := func(parallelisms ...int) *job.Graph {
		var tasks []job.Task
		for i, parallelism := range parallelisms {
			tasks = append(tasks, job.Task{ID: string(rune('a' + i)), Name: "task " + string(rune('a'+i)), Parallelism: parallelism})
		}
		return job.NewGraph(tasks, nil)
	}
	restarted := time.Unix(1_700_000_000, 0)
	for name, c := range map[string]struct {
		before    *job.Graph
		now       *job.Graph
		state     job.State
		restarted time.Time
		noted     bool
		want      string
	}{
		"nothing":                   {graph(1, 2), graph(1, 2), job.Running, time.Time{}, true, ""},
		"the first poll":            {nil, graph(1, 2), job.Running, time.Time{}, true, ""},
		"restarted before that":     {nil, graph(1, 2), job.Running, restarted, false, "restart: The job was restarted."},
		"known":                     {graph(1, 2), graph(1, 2), job.Running, restarted, true, ""},
		"rescaled":                  {graph(1, 2), graph(1, 4), job.Running, restarted, true, "rescale: Parallelism: task b from 2 to 4."},
		"rescaled, not running yet": {graph(1, 2), graph(1, 4), "RESTARTING", restarted, false, "restart: The job was restarted."},
		"another task":              {graph(1), graph(1, 4), job.Running, restarted, true, ""},
		"no slots":                  {graph(1, 2), graph(1, 0), job.Running, restarted, true, ""},
		"all of many":               {graph(1, 1, 1, 1, 1, 1, 1), graph(2, 2, 2, 2, 2, 2, 2), job.Running, restarted, false, "rescale: Parallelism: task a from 1 to 2, task b from 1 to 2, task c from 1 to 2, task d from 1 to 2, task e from 1 to 2, 2 more."},
	} {
		var got []string
		for _, each := range diagnosis.Changes(c.before, &job.Snapshot{Job: job.Info{State: c.state}, Graph: c.now, At: restarted}, c.restarted, c.noted) {
			got = append(got, string(each.What)+": "+each.Text)
			if !each.At.Equal(restarted) || each.Subtask != -1 {
				t.Errorf("%s: %+v", name, each)
			}
		}
		if want := slices.DeleteFunc([]string{c.want}, func(text string) bool { return text == "" }); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
