package diagnosis_test

import (
	"strings"
	"testing"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Between "nothing holds the job back" and "that cannot be told" lies whether
// an alert resolves: what was not measured is never taken for well.
func TestNoRoot(t *testing.T) {
	for name, c := range map[string]struct {
		nodes []node
		want  diagnosis.Kind
	}{
		"healthy": {chain(task("in", at(0.4, 0)), task("map", at(0.8, 0)), task("out", at(0.2, 0))), diagnosis.None},
		"idle":    {chain(task("in", at(0, 0)), task("out", at(0, 0))), diagnosis.None},
		"a source just below its limit, boundary included": {chain(task("in", at(0.9, 0)), task("out", at(0.1, 0))), diagnosis.None},
		"a source at its limit in front of what is held back": {
			chain(task("in", at(0.95, 0)), task("map", at(0.3, 0.3)), task("out", at(0.2, 0))), diagnosis.None,
		},
		"an unmeasured task beside a busy one, both below a held-back one": {
			[]node{task("in", at(0.1, 0.9)), task("a", at(0.55, 0)).after("in"), task("b", silent).after("in")}, diagnosis.NotKnown,
		},
		"the hottest subtask of a task may be the one that is not measured": {
			chain(task("in", at(0.7, 0.23)), task("map", at(0.1, 0), at(0.1, 0), silent)), diagnosis.None,
		},
		"and it may hold back the one above it, of which not all is measured": {
			chain(task("in", at(0.7, 0), silent), task("map", at(0.1, 0), silent)), diagnosis.NotKnown,
		},
		"aligned checkpoints alone": {
			chain(task("in", at(0.3, 0.23), at(0.3, 0.06)), task("map", at(0.4, 0.15)), task("out", at(0.2, 0))), diagnosis.None,
		},
		"aligned checkpoints in front of a busy task": {
			chain(task("in", at(0.3, 0.23)), task("map", at(0.7, 0))), diagnosis.None,
		},
		"ok by Flink's level, though a task below is busy": {chain(task("in", at(0.3, 0.1)), task("map", at(1, 0))), diagnosis.None},
		"half the time held back and nobody busy":          {chain(task("in", at(0.3, 0.5)), task("map", at(0.5, 0))), diagnosis.None},
		"nothing is measured":                              {chain(task("in", silent), task("map", silent)), diagnosis.NotKnown},
		"no tasks":                                         {nil, diagnosis.NotKnown},
		"tasks without subtasks":                           {chain(task("in"), task("out")), diagnosis.NotKnown},
		"an unmeasured task below a held-back one": {
			chain(task("in", at(0.1, 0.8)), task("map", silent), task("out", at(0.1, 0))), diagnosis.NotKnown,
		},
		"an unmeasured task beside a calm one, both below a held-back one": {
			[]node{task("in", at(0.1, 0.8)), task("a", at(0.4, 0)).after("in"), task("b", silent).after("in")}, diagnosis.NotKnown,
		},
		"an unmeasured task whose inputs flow freely": {
			chain(task("in", at(0.4, 0)), task("map", silent), task("out", at(0.1, 0))), diagnosis.None,
		},
		"an unmeasured task one of whose inputs is unmeasured too": {
			[]node{task("a", at(0.4, 0)), task("b", silent), task("join", silent).after("a", "b")}, diagnosis.NotKnown,
		},
		"two unmeasured tasks in a row: the second may hold the first back": {
			chain(task("in", at(0.4, 0)), task("a", silent), task("b", silent)), diagnosis.NotKnown,
		},
		"an unmeasured source may be at its limit": {chain(task("in", silent), task("out", at(0.1, 0))), diagnosis.NotKnown},
		"a task that has ended holds nothing back": {
			[]node{ended("past"), task("in", at(0.4, 0)), task("map", at(0.4, 0)).after("past", "in")}, diagnosis.None,
		},
		"all that is below the held-back one is held back, and below that nothing": {
			chain(task("in", at(0, 0.9)), task("map", at(0.2, 0.8))), diagnosis.NotKnown,
		},
	} {
		t.Run(name, func(t *testing.T) {
			snapshot, verdict := diagnosed(c.nodes...)
			if verdict.Kind != c.want || len(verdict.Roots) > 0 {
				t.Errorf("the verdict is %s with roots %v, want %s and none", verdict.Kind, names(snapshot, verdict), c.want)
			}
			if text := diagnosis.Looked(snapshot, verdict.Kind); text == "" || !strings.HasSuffix(text, ".") {
				t.Errorf("what was looked at is told as %q", text)
			}
		})
	}
}

// A job that restarts or has ended keeps its last values for seconds: they say
// nothing about now.
func TestAJobThatDoesNotRunIsUnknown(t *testing.T) {
	for _, state := range []job.State{"RESTARTING", "CREATED", job.Canceled, job.Finished} {
		nodes := chain(task("in", at(0, 0.9)), task("map", at(1, 0)))
		trail := job.NewDeriver(job.MetricInterval{Fetch: window})
		trail.Add(lookAt(nodes, 0))
		look := lookAt(nodes, window)
		look.Job.State = state
		snapshot := trail.Add(look)
		verdict := diagnosis.Diagnose(snapshot)
		if verdict.Kind != diagnosis.NotKnown {
			t.Errorf("%s: the verdict is %s", state, verdict.Kind)
		}
		want := "None of 2 tasks is measured: in (the job is " + string(state) + "), map (the job is " + string(state) + ")."
		if got := diagnosis.Looked(snapshot, verdict.Kind); got != want {
			t.Errorf("it says %q, want %q", got, want)
		}
	}
}

// A legacy source tells only its backpressure: that is enough to blame the
// task below, and too little to call the source at its limit.
func TestLegacySource(t *testing.T) {
	legacy := func(backpressured job.Share, busy float64) (*job.Snapshot, diagnosis.Verdict) {
		look := lookAt(chain(task("in", silent), task("map", at(busy, 0))), window)
		look.Tasks[0].Subtasks[0].Counters = &job.Counters{BusyUnknown: true}
		look.Tasks[0].Subtasks[0].Gauge = &job.Shares{Idle: 0, Busy: job.Unknown, Backpressured: backpressured}
		look.Tasks[1].Subtasks[0].Counters = nil
		look.Tasks[1].Subtasks[0].Gauge = &job.Shares{Idle: 1 - job.Share(busy), Busy: job.Share(busy)}
		snapshot := job.NewDeriver(job.MetricInterval{Fetch: window, Gauge: job.FromGauge60s}).Add(look)
		return snapshot, diagnosis.Diagnose(snapshot)
	}
	snapshot, verdict := legacy(0.8, 0.9)
	if got := names(snapshot, verdict); len(got) != 1 || got[0].task != "map" || got[0].kind != diagnosis.Capacity {
		t.Errorf("below a held-back legacy source the roots are %+v, want map", got)
	}
	if _, verdict = legacy(0, 0.3); len(verdict.Roots) > 0 {
		t.Errorf("a free legacy source has roots %+v", verdict.Roots)
	}
}

// Where nobody knows how the tasks are connected, nobody knows who waits for
// whom: neither a busy task nor none is to blame.
func TestNoVerdictWithoutEdges(t *testing.T) {
	for name, nodes := range map[string][]node{
		"a busy task":           {task("map", at(1, 0))},
		"one that is held back": {task("in", at(0, 1)), task("map", at(1, 0))},
		"nothing at work":       {task("map", at(0, 0))},
	} {
		snapshot := snapshotOf(nodes...)
		snapshot.Graph.EdgesUnknown = true
		if verdict := diagnosis.Diagnose(snapshot); verdict.Kind != diagnosis.NotKnown || len(verdict.Roots) != 0 {
			t.Errorf("%s: %v", name, verdict)
		}
	}
}
