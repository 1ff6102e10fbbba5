package diagnosis_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Where nothing is backpressured a source that is busy all the time is as
// fast as the job gets.
func TestSourceAtItsLimit(t *testing.T) {
	for name, c := range map[string]struct {
		nodes []node
		want  []root
	}{
		"a source": {
			chain(task("in", at(0.95, 0).on("host-a"), at(0.2, 0).on("host-b")), task("out", at(0.3, 0))),
			[]root{{"in", diagnosis.AtSource, 0.475, "", []int{0}, []string{"host-a"}}},
		},
		"a job that is one chained task": {
			[]node{task("all", at(1, 0), at(0.97, 0))},
			[]root{{"all", diagnosis.AtSource, 0.5, "", []int{0, 1}, nil}},
		},
		"a source in front of what is held back a little": {
			chain(task("in", at(0.95, 0)), task("map", at(0.3, 0.3)), task("out", at(0.2, 0))),
			[]root{{"in", diagnosis.AtSource, 0.475, "", []int{0}, nil}},
		},
		"another of its subtasks waits": {
			chain(task("in", at(1, 0), at(0.6, 0.3)), task("out", at(0.4, 0), at(0.4, 0))),
			[]root{{"in", diagnosis.AtSource, 0.5, "", []int{0}, nil}},
		},
		"another source waits, for a branch of its own": {
			[]node{
				task("orders", at(1, 0)), task("clicks", at(0.6, 0.3)),
				task("score", at(0.3, 0)).after("orders"), task("count", at(0.9, 0)).after("clicks"),
				task("join", at(0.2, 0)).after("score", "count"),
			},
			[]root{{"orders", diagnosis.AtSource, 0.5, "", []int{0}, nil}, {"count", diagnosis.Capacity, 0.3, "clicks", []int{0}, nil}},
		},
		"another source waits, and nothing holds it back": {
			[]node{task("orders", at(1, 0)), task("clicks", at(0.6, 0.3)), task("join", at(0.4, 0)).after("orders", "clicks")},
			[]root{{"orders", diagnosis.AtSource, 0.5, "", []int{0}, nil}},
		},
		"a source that waits a little for a task at its limit": {
			chain(task("in", at(0.97, 0.03)), task("map", at(1, 0))),
			[]root{{"in", diagnosis.AtSource, 0.485, "", []int{0}, nil}, {"map", diagnosis.Capacity, 0.03, "in", []int{0}, nil}},
		},
		"a source nearly at its limit that waits for a task at its limit": {
			chain(task("in", at(0.92, 0.08)), task("map", at(1, 0))),
			[]root{{"map", diagnosis.Capacity, 0.08, "in", []int{0}, nil}},
		},
		"a source that waits a little for a task that has time": {
			chain(task("in", at(0.92, 0.08)), task("map", at(0.6, 0))),
			[]root{{"in", diagnosis.AtSource, 0.46, "", []int{0}, nil}},
		},
		"a task whose source has ended": {
			[]node{ended("in"), task("map", at(1, 0)).after("in"), task("out", at(0.05, 0)).after("map")},
			[]root{{"map", diagnosis.AtSource, 0.5, "", []int{0}, nil}},
		},
		"the last stage of a batch job": {
			[]node{ended("in"), ended("other"), task("join", at(1, 0), at(0.5, 0)).after("in", "other")},
			[]root{{"join", diagnosis.AtSource, 0.5, "", []int{0}, nil}},
		},
		"a task below one whose source has ended": {
			[]node{ended("in"), task("map", at(0.2, 0.8)).after("in"), task("out", at(1, 0)).after("map")},
			[]root{{"out", diagnosis.Capacity, 0.8, "map", []int{0}, nil}},
		},
		"backpressure that Flink calls ok hinders nothing": {
			chain(task("in", at(0.95, 0)), task("map", at(0.3, 0.1)), task("out", at(0.3, 0))),
			[]root{{"in", diagnosis.AtSource, 0.475, "", []int{0}, nil}},
		},
		"the other source holds its own part back": {
			append(chain(task("in", at(0.95, 0)), task("out", at(0.3, 0))), chain(task("in 2", at(0.1, 0.8)), task("out 2", at(0.9, 0)))...),
			[]root{
				{"out 2", diagnosis.Capacity, 0.8, "in 2", []int{0}, nil},
				{"in", diagnosis.AtSource, 0.475, "", []int{0}, nil},
			},
		},
	} {
		t.Run(name, func(t *testing.T) { wantRoots(t, c.nodes, c.want...) })
	}
}

// The hot subtasks of several tasks on one host of several point at the host.
func TestMachine(t *testing.T) {
	spread := func(name string, busy float64, hosts ...string) node {
		n := task(name)
		for i, host := range hosts {
			s := at(0.1, 0).on(host)
			if i == 0 {
				s = at(busy, 0).on(host)
			}
			n.subtasks = append(n.subtasks, s)
		}
		return n
	}
	held := func(name string) node { return task(name, at(0, 0.8)) }
	for name, c := range map[string]struct {
		nodes []node
		kind  diagnosis.Kind
	}{
		"two tasks are hot on one host of three": {
			chain(held("in"), spread("map", 1, "host-a", "host-b", "host-c"), spread("sum", 0.9, "host-a", "host-b", "host-c")), diagnosis.Machine,
		},
		"the other task is hot elsewhere": {
			chain(held("in"), spread("map", 1, "host-a", "host-b", "host-c"), spread("sum", 0.9, "host-b", "host-a", "host-c")), diagnosis.Skewed,
		},
		"the other task is not busy": {
			chain(held("in"), spread("map", 1, "host-a", "host-b", "host-c"), spread("sum", 0.4, "host-a", "host-b", "host-c")), diagnosis.Skewed,
		},
		"all runs on one host": {
			chain(held("in"), spread("map", 1, "host-a", "host-a", "host-a"), spread("sum", 0.9, "host-a", "host-a", "host-a")), diagnosis.Skewed,
		},
		"the hosts are unknown": {
			chain(held("in"), spread("map", 1, "", "", ""), spread("sum", 0.9, "", "", "")), diagnosis.Skewed,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var hosts []string
			if host := c.nodes[1].subtasks[0].host; host != "" {
				hosts = []string{host}
			}
			wantRoots(t, c.nodes, root{"map", c.kind, 0.8, "in", []int{0}, hosts})
		})
	}
}

// Tasks that share slots are hot in one place for a hot key, too. A slow place is one
// all of whose subtasks are hot, with no more records to work on than the others.
func TestMachineOrHotKey(t *testing.T) {
	hot, cool := at(0.98, 0), at(0.3, 0)
	for name, c := range map[string]struct {
		mapped, summed       []sub
		kind                 diagnosis.Kind
		hot                  []int
		hosts, taskManagers  []string
		explanation, advised string
	}{
		"a slow host": {
			[]sub{hot.by("tm-1", "a").handling(100), hot.by("tm-2", "a").handling(100), cool.by("tm-3", "b").handling(100), cool.by("tm-4", "b").handling(100)},
			[]sub{at(0.7, 0).by("tm-1", "a").handling(100), at(0.7, 0).by("tm-2", "a").handling(100), at(0.2, 0).by("tm-3", "b").handling(100), at(0.2, 0).by("tm-4", "b").handling(100)},
			diagnosis.Machine, []int{0, 1}, []string{"a"}, []string{"tm-1", "tm-2"}, "Subtasks on the machine a take longer", "Look at the machine a:",
		},
		"a slow host, with several subtasks on a TaskManager": {
			[]sub{hot.by("tm-1", "a").handling(100), hot.by("tm-1", "a").handling(100), cool.by("tm-2", "b").handling(100), cool.by("tm-2", "b").handling(100)},
			[]sub{at(0.7, 0).by("tm-1", "a").handling(100), at(0.7, 0).by("tm-1", "a").handling(100), at(0.2, 0).by("tm-2", "b").handling(100), at(0.2, 0).by("tm-2", "b").handling(100)},
			diagnosis.Machine, []int{0, 1}, []string{"a"}, []string{"tm-1"}, "Subtasks on the TaskManager tm-1 on the machine a take longer", "Look at the TaskManager tm-1 on the machine a:",
		},
		"a slow TaskManager beside another on its host": {
			[]sub{hot.by("tm-1", "a").handling(100), cool.by("tm-2", "a").handling(100), cool.by("tm-2", "a").handling(100)},
			[]sub{at(0.7, 0).by("tm-1", "a").handling(100), cool.by("tm-2", "a").handling(100), cool.by("tm-2", "a").handling(100)},
			diagnosis.Machine, []int{0}, []string{"a"}, []string{"tm-1"}, "Subtasks on the TaskManager tm-1 on the machine a take longer", "Look at the TaskManager tm-1 on the machine a:",
		},
		"a slow TaskManager beside another on its host, and two elsewhere": {
			[]sub{hot.by("tm-1", "a").handling(100), cool.by("tm-2", "a").handling(100), cool.by("tm-3", "b").handling(100), cool.by("tm-4", "b").handling(100)},
			[]sub{at(0.7, 0).by("tm-1", "a").handling(100), at(0.2, 0).by("tm-2", "a").handling(100), at(0.2, 0).by("tm-3", "b").handling(100), at(0.2, 0).by("tm-4", "b").handling(100)},
			diagnosis.Machine, []int{0}, []string{"a"}, []string{"tm-1"}, "Subtasks on the TaskManager tm-1 on the machine a take longer", "Look at the TaskManager tm-1 on the machine a:",
		},
		"a hot key through both tasks, with others idle beside it": {
			[]sub{hot.by("tm-1", "a").handling(5000), at(0, 0).by("tm-1", "a"), at(0, 0).by("tm-2", "b"), at(0, 0).by("tm-2", "b")},
			[]sub{hot.by("tm-1", "a").handling(5000), at(0, 0).by("tm-1", "a"), at(0, 0).by("tm-2", "b"), at(0, 0).by("tm-2", "b")},
			diagnosis.Skewed, []int{0}, []string{"a"}, []string{"tm-1"}, "", "Look at the keys",
		},
		"a hot key through both tasks, with a slot a TaskManager": {
			[]sub{hot.by("tm-1", "a").handling(5000), cool.by("tm-2", "b").handling(900), cool.by("tm-3", "c").handling(900)},
			[]sub{hot.by("tm-1", "a").handling(5000), cool.by("tm-2", "b").handling(900), cool.by("tm-3", "c").handling(900)},
			diagnosis.Skewed, []int{0}, []string{"a"}, []string{"tm-1"}, "", "Look at the keys",
		},
		"a key that is dear, of a task that no other can be compared with": {
			[]sub{hot.by("tm-1", "a").handling(140), cool.by("tm-2", "b").handling(90), cool.by("tm-3", "c").handling(90)},
			[]sub{at(0.02, 0).by("tm-1", "a").handling(100), at(0.02, 0).by("tm-2", "b").handling(100), at(0.02, 0).by("tm-3", "c").handling(100)},
			diagnosis.Skewed, []int{0}, []string{"a"}, []string{"tm-1"}, "", "Look at the keys",
		},
		"a dear key with many records through both tasks": {
			[]sub{hot.by("tm-1", "a").handling(2000), at(0.1, 0).by("tm-2", "b").handling(400), at(0.1, 0).by("tm-3", "c").handling(400)},
			[]sub{at(0.9, 0).by("tm-1", "a").handling(2000), at(0.09, 0).by("tm-2", "b").handling(400), at(0.09, 0).by("tm-3", "c").handling(400)},
			diagnosis.Skewed, []int{0}, []string{"a"}, []string{"tm-1"}, "", "Look at the keys",
		},
		"a slow host whose records are not known": {
			[]sub{hot.by("tm-1", "a"), cool.by("tm-2", "b"), cool.by("tm-3", "c")},
			[]sub{hot.by("tm-1", "a"), cool.by("tm-2", "b"), cool.by("tm-3", "c")},
			diagnosis.Machine, []int{0}, []string{"a"}, []string{"tm-1"}, "take longer", "Look at the TaskManager tm-1 on the machine a:",
		},
		"two of three subtasks there are hot": {
			[]sub{hot.by("tm-1", "a").handling(100), hot.by("tm-1", "a").handling(100), cool.by("tm-1", "a").handling(100), cool.by("tm-2", "b").handling(100), cool.by("tm-2", "b").handling(100)},
			[]sub{hot.by("tm-1", "a").handling(100), hot.by("tm-1", "a").handling(100), cool.by("tm-1", "a").handling(100), cool.by("tm-2", "b").handling(100), cool.by("tm-2", "b").handling(100)},
			diagnosis.Skewed, []int{0, 1}, []string{"a"}, []string{"tm-1"}, "", "Look at the keys",
		},
	} {
		t.Run(name, func(t *testing.T) {
			source := task("in")
			for _, each := range c.mapped { // where those below run, and equally busy
				of := at(0.1, 0.9).by(each.taskManager, each.host)
				if !strings.Contains(name, "not known") {
					of = of.handling(100)
				}
				source.subtasks = append(source.subtasks, of)
			}
			snapshot, verdict := diagnosed(chain(source, task("map", c.mapped...), task("sum", c.summed...))...)
			if len(verdict.Roots) != 1 {
				t.Fatalf("roots are %+v", named(verdict))
			}
			got := verdict.Roots[0]
			if got.Kind != c.kind || !slices.Equal(got.Hot, c.hot) || !slices.Equal(got.Hosts, c.hosts) || !slices.Equal(got.TaskManagers, c.taskManagers) {
				t.Errorf("the root cause is %+v, want %s, subtasks %v on %v, %v", got, c.kind, c.hot, c.hosts, c.taskManagers)
			}
			explanation, advice := diagnosis.Explain(snapshot, got), diagnosis.Advise(snapshot, got)
			if !strings.Contains(explanation, c.explanation) || !strings.HasPrefix(advice, c.advised) {
				t.Errorf("%s\n%s\nwant %q and %q", explanation, advice, c.explanation, c.advised)
			}
		})
	}
}

// A source is compared where no other task can be, and where it works: a slow machine would
// make it slower, too.
func TestSourcesOnASlowMachine(t *testing.T) {
	places := []sub{{taskManager: "tm-1", host: "a"}, {taskManager: "tm-2", host: "b"}, {taskManager: "tm-3", host: "c"}}
	spread := func(name string, shares ...sub) node {
		for i := range shares {
			shares[i] = shares[i].by(places[i].taskManager, places[i].host).handling(100)
		}
		return task(name, shares...)
	}
	slow := func(name string, busy float64) node { return spread(name, at(busy, 0), at(busy/3, 0), at(busy/3, 0)) }
	for name, c := range map[string]struct {
		nodes []node
		want  diagnosis.Kind
	}{
		"alone, and slower there, too":       {[]node{spread("in", at(0.2, 0.8), at(0.06, 0.9), at(0.06, 0.9)), slow("map", 0.98)}, diagnosis.Machine},
		"alone, and as fast there":           {[]node{spread("in", at(0.1, 0.9), at(0.1, 0.9), at(0.1, 0.9)), slow("map", 0.98)}, diagnosis.Skewed},
		"beside another, and hardly working": {[]node{spread("in", at(0.1, 0.9), at(0.1, 0.9), at(0.1, 0.9)), slow("map", 0.98), slow("sum", 0.6)}, diagnosis.Machine},
		"beside another, and working":        {[]node{spread("in", at(0.3, 0.7), at(0.3, 0.7), at(0.3, 0.7)), slow("map", 0.98), slow("sum", 0.6)}, diagnosis.Skewed},
		"working, and slower there, too":     {[]node{spread("in", at(0.6, 0.4), at(0.2, 0.8), at(0.2, 0.8)), slow("map", 0.98), slow("sum", 0.6)}, diagnosis.Machine},
	} {
		t.Run(name, func(t *testing.T) {
			verdict := diagnosis.Diagnose(snapshotOf(chain(c.nodes...)...))
			if len(verdict.Roots) != 1 || verdict.Roots[0].Kind != c.want {
				t.Errorf("%+v, want %s", verdict.Roots, c.want)
			}
		})
	}
}

// The shares of subtasks that get about as many records, and take about as long for each, go
// up and down where some wait at times: the kind does not follow them.
func TestFewOfManyHotSubtasks(t *testing.T) {
	for name, c := range map[string]struct {
		slow, other sub
		want        diagnosis.Kind
	}{
		"as busy":        {at(1, 0), at(0.9, 0), diagnosis.Capacity},
		"clearly busier": {at(1, 0), at(0.8, 0), diagnosis.Skewed},
		"clearly busier, with as many more records":       {at(1, 0).handling(1000), at(0.8, 0).handling(800), diagnosis.Skewed},
		"clearly busier, with dearer records":             {at(1, 0).handling(1000), at(0.8, 0).handling(1000), diagnosis.Skewed},
		"for once clearly busier, with about as many":     {at(1, 0).handling(1000), at(0.84, 0).handling(930), diagnosis.Capacity},
		"for once clearly busier, with 13 % fewer":        {at(1, 0).handling(1000), at(0.84, 0).handling(870), diagnosis.Capacity},
		"clearly busier, with 15 % fewer":                 {at(1, 0).handling(1000), at(0.84, 0).handling(850), diagnosis.Skewed},
		"clearly busier, with the records of one missing": {at(1, 0).handling(1000), at(0.8, 0), diagnosis.Skewed},
	} {
		t.Run(name, func(t *testing.T) {
			verdict := diagnosis.Diagnose(snapshotOf(chain(task("in", at(0, 1), at(0, 1)), task("slow", c.slow, c.other))...))
			if verdict.Kind != c.want || len(verdict.Roots) != 1 || verdict.Roots[0].Kind != c.want {
				t.Errorf("%s, %+v, want %s", verdict.Kind, verdict.Roots, c.want)
			}
		})
	}
}

// Between "nothing holds the job back" and "not known" lies whether an alert
// resolves: what was not measured is never taken for well.
func TestNoRoot(t *testing.T) {
	for name, c := range map[string]struct {
		nodes []node
		want  diagnosis.Kind
	}{
		"healthy": {chain(task("in", at(0.4, 0)), task("map", at(0.8, 0)), task("out", at(0.2, 0))), diagnosis.None},
		"idle":    {chain(task("in", at(0, 0)), task("out", at(0, 0))), diagnosis.None},
		"a source just below its limit, boundary included": {chain(task("in", at(0.9, 0)), task("out", at(0.1, 0))), diagnosis.None},
		"a task with one input that has ended and one that runs is no source": {
			[]node{ended("past"), task("in", at(0.4, 0)), task("map", at(0.97, 0)).after("past", "in")}, diagnosis.None,
		},
		"half the time held back above an idle task": {
			chain(task("in", at(0.5, 0.5)), task("map", at(0.05, 0)), task("out", at(0.05, 0))), diagnosis.NotKnown,
		},
		"nearly half the time held back above idle tasks": {
			chain(task("in", at(0.1, 0.49)), task("map", at(0.05, 0)), task("out", at(0.05, 0))), diagnosis.NotKnown,
		},
		"a third of the time held back above a task that worked meanwhile": {
			chain(task("in", at(0.3, 0.35)), task("map", at(0.3, 0))), diagnosis.None,
		},
		"a subtask that restores, so that its inputs wait": {
			chain(task("in", at(0.1, 0.8)), task("map", at(0.6, 0), in("INITIALIZING"))), diagnosis.NotKnown,
		},
		"an unmeasured task beside a busy one, both below a held-back one": {
			[]node{task("in", at(0.1, 0.9)), task("a", at(0.55, 0)).after("in"), task("b", noMetrics).after("in")}, diagnosis.NotKnown,
		},
		"the hottest subtask of a task may be the one that is not measured": {
			chain(task("in", at(0.7, 0.23)), task("map", at(0.1, 0), at(0.1, 0), noMetrics)), diagnosis.None,
		},
		"and it may hold back the one above it, of which not all is measured": {
			chain(task("in", at(0.7, 0), noMetrics), task("map", at(0.1, 0), noMetrics)), diagnosis.NotKnown,
		},
		"aligned checkpoints alone": {
			chain(task("in", at(0.3, 0.23), at(0.3, 0.06)), task("map", at(0.4, 0.15)), task("out", at(0.2, 0))), diagnosis.None,
		},
		"aligned checkpoints in front of a busy task": {
			chain(task("in", at(0.3, 0.23)), task("map", at(0.7, 0))), diagnosis.None,
		},
		"ok by Flink's level, though a task below is busy": {chain(task("in", at(0.3, 0.1)), task("map", at(1, 0))), diagnosis.None},
		"half the time held back and no task busy":         {chain(task("in", at(0.3, 0.5)), task("map", at(0.5, 0))), diagnosis.None},
		"nothing is measured":                              {chain(task("in", noMetrics), task("map", noMetrics)), diagnosis.NotKnown},
		"no tasks":                                         {nil, diagnosis.NotKnown},
		"tasks without subtasks":                           {chain(task("in"), task("out")), diagnosis.NotKnown},
		"an unmeasured task below a held-back one": {
			chain(task("in", at(0.1, 0.8)), task("map", noMetrics), task("out", at(0.1, 0))), diagnosis.NotKnown,
		},
		"an unmeasured task beside a calm one, both below a held-back one": {
			[]node{task("in", at(0.1, 0.8)), task("a", at(0.4, 0)).after("in"), task("b", noMetrics).after("in")}, diagnosis.NotKnown,
		},
		"an unmeasured task whose inputs flow freely": {
			chain(task("in", at(0.4, 0)), task("map", noMetrics), task("out", at(0.1, 0))), diagnosis.None,
		},
		"an unmeasured task one of whose inputs is unmeasured too": {
			[]node{task("a", at(0.4, 0)), task("b", noMetrics), task("join", noMetrics).after("a", "b")}, diagnosis.NotKnown,
		},
		"two unmeasured tasks in a row: the second may hold the first back": {
			chain(task("in", at(0.4, 0)), task("a", noMetrics), task("b", noMetrics)), diagnosis.NotKnown,
		},
		"a subtask that restores though its input flows freely": {
			chain(task("in", at(0.2, 0), at(0.2, 0)), task("map", at(0.3, 0), in("INITIALIZING"))), diagnosis.NotKnown,
		},
		"a source's subtask that is deployed":      {chain(task("in", at(0.2, 0), in("DEPLOYING")), task("map", at(0.3, 0))), diagnosis.NotKnown},
		"a subtask that has finished":              {chain(task("in", at(0.2, 0), in(job.Finished)), task("map", at(0.3, 0))), diagnosis.None},
		"an unmeasured source may be at its limit": {chain(task("in", noMetrics), task("out", at(0.1, 0))), diagnosis.NotKnown},
		"a task that has ended holds nothing back": {
			[]node{ended("past"), task("in", at(0.4, 0)), task("map", at(0.4, 0)).after("past", "in")}, diagnosis.None,
		},
	} {
		t.Run(name, func(t *testing.T) {
			snapshot, verdict := diagnosed(c.nodes...)
			if verdict.Kind != c.want || len(verdict.Roots) > 0 {
				t.Errorf("the verdict is %s with roots %v, want %s and none", verdict.Kind, named(verdict), c.want)
			}
			if text := diagnosis.Looked(snapshot, verdict.Kind); text == "" || !strings.HasSuffix(text, ".") {
				t.Errorf("the explanation is %q", text)
			}
		})
	}
}

// While one of its subtasks restores, the measures of a task and of the job are not
// known: the hottest may be the one that is missing, and an alert must not resolve.
func TestMeasuresWhileASubtaskRestores(t *testing.T) {
	for _, state := range []job.State{"CREATED", "SCHEDULED", "DEPLOYING", "INITIALIZING", "RECONCILING"} {
		whole := in(state)
		_, restoring := diagnosed(chain(task("in", at(0.2, 0)), task("map", whole, whole), task("out", at(0.1, 0)))...)
		for _, name := range []string{"bottleneck", "kind", "busy", "status"} {
			measure, _ := diagnosis.MeasureNamed(name)
			if value := measure.Job(restoring, []int{0, 1, 2}); !math.IsNaN(value) {
				t.Errorf("%s, all subtasks: %s of the job is %g", state, name, value)
			}
		}
		snapshot, verdict := diagnosed(chain(task("in", at(0.2, 0), at(0.2, 0)), task("map", at(0.3, 0), in(state)), task("out", at(0.1, 0)))...)
		for _, measure := range diagnosis.Measures {
			if measure.Origin != diagnosis.FromLoad || measure.Records || measure.Lags {
				continue
			}
			ofJob, ofTask, ofOther := measure.Job(verdict, []int{0, 1, 2}), measure.Task(verdict, 1), measure.Task(verdict, 0)
			if !math.IsNaN(ofJob) || !math.IsNaN(ofTask) || math.IsNaN(ofOther) {
				t.Errorf("%s: %s is %g of the job, %g of the task, %g of another", state, measure.Name, ofJob, ofTask, ofOther)
			}
			below, ofVerdict := measure.Task(verdict, 2), measure.Name == "bottleneck" || measure.Name == "kind"
			if math.IsNaN(below) != ofVerdict {
				t.Errorf("%s: %s is %g of the task that it feeds", state, measure.Name, below)
			}
		}
		if got, want := diagnosis.Unmeasured(snapshot), fmt.Sprintf("map (1 of 2 subtasks: %s)", state); got != want {
			t.Errorf("not measured is %q, want %q", got, want)
		}
	}
}

// A batch job may have fewer slots than subtasks: those whose turn has not come hold
// nothing back, and hide nothing.
func TestBatchJobWithFewerSlotsThanSubtasks(t *testing.T) {
	nodes := chain(task("in", at(0.6, 0), at(0.6, 0), in("SCHEDULED"), in("SCHEDULED")), task("map", at(0.3, 0), in("CREATED")))
	deriver := job.NewDeriver(job.MetricInterval{Fetch: window, Gauge: job.FromGauge60s})
	var snapshot *job.Snapshot
	for _, after := range []time.Duration{0, window} {
		sample := sampleOf(nodes, after)
		sample.Job.Type = job.Batch
		snapshot = deriver.Add(sample)
	}
	verdict := diagnosis.Diagnose(snapshot)
	busy, _ := diagnosis.MeasureNamed("busy")
	if verdict.Kind != diagnosis.None || busy.Task(verdict, 0) != 0.6 || busy.Job(verdict, []int{0, 1}) != 0.6 || diagnosis.Unmeasured(snapshot) != "" {
		t.Errorf("the verdict is %s, the first task %g busy, not measured is %q", verdict.Kind, busy.Task(verdict, 0), diagnosis.Unmeasured(snapshot))
	}
}

// What is derived from the verdict on the present is derived once; of one on the past,
// of which there may be many, nothing is kept.
func TestOnce(t *testing.T) {
	for _, keeps := range []bool{true, false} {
		_, verdict := diagnosed(task("in", at(0.2, 0)))
		if keeps {
			verdict.Keep()
		}
		made := 0
		for range 3 {
			verdict.Once("key", func() any { made++; return made })
		}
		if keeps != (made == 1) {
			t.Errorf("kept %t: made %d times", keeps, made)
		}
	}
}

// A job that restarts or has ended keeps its last values for seconds: they do
// not describe the present.
func TestJobThatDoesNotRunIsUnknown(t *testing.T) {
	for _, state := range []job.State{"RESTARTING", "CREATED", job.Canceled, job.Finished} {
		nodes := chain(task("in", at(0, 0.9)), task("map", at(1, 0)))
		deriver := job.NewDeriver(job.MetricInterval{Fetch: window})
		deriver.Add(sampleOf(nodes, 0))
		sample := sampleOf(nodes, window)
		sample.Job.State = state
		snapshot := deriver.Add(sample)
		verdict := diagnosis.Diagnose(snapshot)
		if verdict.Kind != diagnosis.NotKnown {
			t.Errorf("%s: the verdict is %s", state, verdict.Kind)
		}
		want := "None of 2 tasks is measured: in (the job is " + string(state) + "), map (the job is " + string(state) + ")."
		if got := diagnosis.Looked(snapshot, verdict.Kind); got != want {
			t.Errorf("the explanation is %q, want %q", got, want)
		}
	}
}

// Of a legacy source only the backpressure is known: enough to blame the
// task below, and too little to call the source at its limit.
func TestLegacySource(t *testing.T) {
	legacy := func(backpressured job.Share, busy float64) *diagnosis.Verdict {
		sample := sampleOf(chain(task("in", noMetrics), task("map", at(busy, 0))), window)
		sample.Tasks[0].Subtasks[0].Counters = &job.Counters{BusyUnknown: true}
		sample.Tasks[0].Subtasks[0].Gauge = &job.Shares{Idle: 0, Busy: job.Unknown, Backpressured: backpressured}
		sample.Tasks[1].Subtasks[0].Counters = nil
		sample.Tasks[1].Subtasks[0].Gauge = &job.Shares{Idle: 1 - job.Share(busy), Busy: job.Share(busy)}
		return diagnosis.Diagnose(job.NewDeriver(job.MetricInterval{Fetch: window, Gauge: job.FromGauge60s}).Add(sample))
	}
	if got := named(legacy(0.8, 0.9)); len(got) != 1 || got[0].task != "map" || got[0].kind != diagnosis.Capacity {
		t.Errorf("below a held-back legacy source the roots are %+v, want map", got)
	}
	verdict := legacy(0, 0.3)
	if len(verdict.Roots) > 0 {
		t.Errorf("a free legacy source has roots %+v", verdict.Roots)
	}
	want := "2 of 2 tasks measured over 60 s; the busiest, map, is 30 % busy; whether in, a legacy source, is what limits the job is not known, as Flink does not measure its busy time."
	if got := diagnosis.Looked(verdict.Snapshot, verdict.Kind); got != want {
		t.Errorf("it is explained as\n%s", got)
	}
}

// Where the edges are unknown, so is which task waits for which: neither a busy
// task nor none is to blame.
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

// A verdict clears the tasks chosen only if nothing of theirs that was not
// measured may hold the job back.
func TestClear(t *testing.T) {
	held := chain(task("in", at(0, 0.9)), task("map", at(1, 0)))
	for name, c := range map[string]struct {
		nodes []node
		clear map[string]bool // by task
	}{
		"nothing holds the job back":                 {chain(task("in", at(0.4, 0)), task("map", noMetrics), task("out", at(0.1, 0))), map[string]bool{"in": true, "map": true, "out": true}},
		"nothing is measured":                        {chain(task("in", noMetrics), task("map", noMetrics)), map[string]bool{"in": false, "map": false}},
		"a root cause beside others":                 {append(held, task("well", at(0.1, 0)), task("new", noMetrics), task("partly", at(0.1, 0), noMetrics), ended("past")), map[string]bool{"well": true, "new": false, "partly": false, "past": true}},
		"a root cause, and something upstream of it": {held, map[string]bool{"in": true}},
	} {
		_, verdict := diagnosed(c.nodes...)
		for i, task := range verdict.Snapshot.Graph.Tasks {
			if want, asked := c.clear[task.Name]; asked && verdict.Clear([]int{i}) != want {
				t.Errorf("%s: %s is clear %t, want %t", name, task.Name, !want, want)
			}
		}
	}
}

// Of the tasks chosen the worst root cause counts, of a task its own.
func TestWorstRoot(t *testing.T) {
	_, verdict := diagnosed(append(chain(task("a", at(0, 0.6)), task("b", at(1, 0))), chain(task("c", at(0, 0.9)), task("d", at(1, 0)))...)...)
	index := map[string]int{}
	for i, task := range verdict.Snapshot.Graph.Tasks {
		index[task.Name] = i
	}
	for _, c := range []struct {
		chosen []string
		want   string
	}{{[]string{"a", "b", "c", "d"}, "d"}, {[]string{"a", "b"}, "b"}, {[]string{"d"}, "d"}, {[]string{"a", "c"}, ""}, {nil, ""}} {
		var chosen []int
		for _, name := range c.chosen {
			chosen = append(chosen, index[name])
		}
		got := ""
		if root := verdict.WorstRoot(chosen); root != nil {
			got = verdict.Snapshot.Graph.Tasks[root.Task].Name
		}
		if got != c.want {
			t.Errorf("of %v the worst root is %q, want %q", c.chosen, got, c.want)
		}
	}
	for name, isRoot := range map[string]bool{"a": false, "b": true, "c": false, "d": true} {
		if root := verdict.RootAt(index[name]); (root != nil) != isRoot || isRoot && root.Task != index[name] {
			t.Errorf("%s has the root %+v", name, root)
		}
	}
}

// A verdict is shared by all views: it keeps the snapshot that it is of.
func TestVerdictHasItsSnapshot(t *testing.T) {
	snapshot, verdict := diagnosed(task("map", at(0, 0)))
	if verdict.Snapshot != snapshot {
		t.Error("the verdict is of another snapshot")
	}
}
