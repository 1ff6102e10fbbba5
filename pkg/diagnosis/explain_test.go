package diagnosis_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// A root cause is explained in the numbers that the tables show too.
func TestExplainAndAdvise(t *testing.T) {
	hosts := func(busy ...float64) (subtasks []sub) {
		for i, b := range busy {
			subtasks = append(subtasks, at(b, 0).on([]string{"host-a", "host-b", "host-c"}[i%3]))
		}
		return subtasks
	}
	for name, c := range map[string]struct {
		nodes             []node
		explained, advice string
	}{
		"capacity": {
			chain(task("in", at(0, 0.8), at(0, 0.6)), task("enrich", at(1, 0), at(0.9, 0))),
			"enrich is 95 % busy on average over its 2 subtasks, the busiest 100 %, and not backpressured itself. in, which feeds it, is backpressured 70 % of the time.",
			"Raise the parallelism of enrich, or make it cheaper per record: its flame graph shows where the time goes.",
		},
		"capacity of a task that is itself a little backpressured": {
			chain(task("in", at(0, 0.9)), task("enrich", at(0.65, 0.35)), task("out", at(0.2, 0))),
			"enrich is 65 % busy, and itself backpressured up to 35 % of the time. in, which feeds it, is backpressured 90 % of the time.",
			"Raise the parallelism of enrich, or make it cheaper per record: its flame graph shows where the time goes.",
		},
		"skew": {
			chain(task("in", at(0, 0.8)), task("window", hosts(0.1, 1, 0.2)...)),
			"Subtask 1 of window, on host-b, is 100 % busy, the others 15 % on average. in, which feeds it, is backpressured 80 % of the time.",
			"Look at the keys that reach window: a few of them carry most records, or take longer to work on. More parallelism will not help; a better key, or a first aggregation before the shuffle, will.",
		},
		"skew of many": {
			chain(task("in", at(0, 0.8)), task("window", hosts(1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0)...)),
			"Subtasks 0, 1, 2, 3, 4 and 2 more of window, on host-a, host-b, host-c, are up to 100 % busy, the others 0 % on average. in, which feeds it, is backpressured 80 % of the time.",
			"Look at the keys that reach window: a few of them carry most records, or take longer to work on. More parallelism will not help; a better key, or a first aggregation before the shuffle, will.",
		},
		"machine": {
			chain(task("in", at(0, 0.8)), task("map", hosts(1, 0.1, 0.1)...), task("sum", hosts(0.9, 0.1, 0.1)...)),
			"Subtask 0 of map, on host-a, is 100 % busy, the others 10 % on average. in, which feeds it, is backpressured 80 % of the time. Subtasks on the machine host-a take longer for the same work than those elsewhere.",
			"Look at the machine host-a: its CPU, disk and neighbours. Restarting the TaskManager elsewhere shows whether it is the machine.",
		},
		"a source of whose records nothing is known": {
			chain(task("in", at(1, 0), at(0.95, 0)), task("out", at(0.2, 0))),
			"Nothing downstream holds it back, and the source in is 100 % busy: the job goes as fast as its source does.",
			"Raise the parallelism of in if the system it reads from has partitions enough, or break its chain to see which operator takes the time.",
		},
		"a source of which one subtask alone is at its limit": {
			chain(task("in", at(1, 0), at(0.2, 0), at(0.4, 0)), task("out", at(0.2, 0))),
			"Nothing downstream holds it back, and the source in is 100 % busy on 1 of its 3 subtasks, the others 30 % on average: the job goes as fast as its source does.",
			"Spread what in reads more evenly over its subtasks: only 1 of 3 is at the limit, as the splits there, such as partitions, have more records or dearer ones. More parallelism alone will not help.",
		},
		"a source of which another subtask waits": {
			chain(task("in", at(0.96, 0.03), at(0.5, 0.3)), task("out", at(0.4, 0))),
			"Little downstream holds it back, up to 3 % of the time, and the source in is 96 % busy on 1 of its 2 subtasks, the others 50 % on average: the job goes as fast as its source does.",
			"Spread what in reads more evenly over its subtasks: only 1 of 2 is at the limit, as the splits there, such as partitions, have more records or dearer ones. More parallelism alone will not help.",
		},
		"a task whose input has ended": {
			[]node{ended("in"), task("sort", at(1, 0), at(0.97, 0)).after("in"), task("out", at(0.2, 0)).after("sort")},
			"Nothing downstream holds it back, and sort, whose inputs have ended, is 100 % busy: what is left of the job goes as fast as it does.",
			"Raise the parallelism of sort, or make it cheaper per record: its flame graph shows where the time goes.",
		},
		"capacity of a task that waits a little": {
			chain(task("in", at(0, 0.9)), task("enrich", at(0.88, 0.12)), task("out", at(0.2, 0))),
			"enrich is 88 % busy, and itself backpressured up to 12 % of the time. in, which feeds it, is backpressured 90 % of the time.",
			"Raise the parallelism of enrich, or make it cheaper per record: its flame graph shows where the time goes.",
		},
		"capacity, as far as it is measured": {
			chain(task("in", at(0, 0.9)), task("enrich", at(1, 0), at(0.98, 0), noMetrics, noMetrics)),
			"enrich is 99 % busy on average over those 2 of its 4 subtasks that are measured, and not backpressured itself. in, which feeds it, is backpressured 90 % of the time. 2 of its 4 subtasks are not measured (no metrics yet), so that it is not known whether most of them are busy, or few.",
			"Raise the parallelism of enrich, or make it cheaper per record: its flame graph shows where the time goes.",
		},
		"capacity, whatever is not measured": {
			chain(task("in", at(0, 0.9)), task("enrich", at(1, 0), at(1, 0), at(1, 0), in("INITIALIZING"))),
			"enrich is 100 % busy on average over those 3 of its 4 subtasks that are measured, and not backpressured itself. in, which feeds it, is backpressured 90 % of the time. 1 of its 4 subtasks is not measured (INITIALIZING).",
			"Raise the parallelism of enrich, or make it cheaper per record: its flame graph shows where the time goes.",
		},
		"skew by many records": {
			chain(task("in", at(0, 0.8)), task("window", at(1, 0).handling(1000), at(0.2, 0).handling(200), at(0.2, 0).handling(200))),
			"Subtask 0 of window is 100 % busy, the others 20 % on average. in, which feeds it, is backpressured 80 % of the time.",
			"Look at the keys that reach window: a few of them carry most records, as its hot subtasks get 5.0 times as many as the others. More parallelism will not help; a better key, or a first aggregation before the shuffle, will.",
		},
		"skew by all records": {
			chain(task("in", at(0, 0.8)), task("window", at(1, 0).handling(1000), at(0, 0).handling(0), at(0, 0).handling(0))),
			"Subtask 0 of window is 100 % busy, the others 0 % on average. in, which feeds it, is backpressured 80 % of the time.",
			"Look at the keys that reach window: its hot subtasks get all records. More parallelism will not help; a better key, or a first aggregation before the shuffle, will.",
		},
		"skew by dear records": {
			chain(task("in", at(0, 0.8)), task("window", at(1, 0).handling(100), at(0.2, 0).handling(80), at(0.2, 0).handling(80))),
			"Subtask 0 of window is 100 % busy, the others 20 % on average. in, which feeds it, is backpressured 80 % of the time.",
			"Look at the keys that reach window: some take longer to work on, as its hot subtasks work 4.0 times as long on each record as the others, and get 1.2 times as many. More parallelism will not help; to make these records cheaper, or a key that spreads them, will.",
		},
		"an input of which few subtasks wait": {
			chain(task("in", at(0.3, 0.7), at(0.6, 0), at(0.6, 0), at(0.6, 0)), task("map", at(1, 0))),
			"map is 100 % busy, and not backpressured itself. in, which feeds it, is backpressured 18 % of the time on average (the highest of its subtasks 70 %).",
			"Raise the parallelism of map, or make it cheaper per record: its flame graph shows where the time goes.",
		},
		"waits of its own on one subtask of several": {
			chain(task("in", at(0, 0.95), at(0, 0.95)), task("agg", at(0.05, 0.95), at(0.2, 0), at(0.2, 0), at(0.2, 0))),
			"agg is backpressured up to 95 % of the time on 1 of its 4 subtasks, though nothing is below it: it waits for something of its own that Flink counts as backpressure.",
			"Check what agg waits for: a full queue of asynchronous requests, or uploads of its state (changelog).",
		},
		"a source with few splits": {
			chain(task("in", at(1, 0).handling(500), at(0, 0).handling(0), at(0, 0).handling(0), at(0, 0).handling(0)), task("out", at(0.2, 0))),
			"Nothing downstream holds it back, and the source in is 100 % busy: the job goes as fast as its source does. Nothing is left to read for 3 of its 4 subtasks.",
			"Split what in reads into more parts, such as partitions: each is read by one subtask, so that more parallelism alone will not help.",
		},
		"a source with few splits whose other subtasks have finished": {
			chain(task("in", at(1, 0).handling(500), in(job.Finished), in(job.Finished)), task("out", at(0.2, 0))),
			"Nothing downstream holds it back, and the source in is 100 % busy: the job goes as fast as its source does. Nothing is left to read for 2 of its 3 subtasks.",
			"Split what in reads into more parts, such as partitions: each is read by one subtask, so that more parallelism alone will not help.",
		},
		"source": {
			chain(task("in", at(0.97, 0)), task("out", at(0.3, 0))),
			"Nothing downstream holds it back, and the source in is 97 % busy: the job goes as fast as its source does.",
			"Raise the parallelism of in if the system it reads from has partitions enough, or break its chain to see which operator takes the time.",
		},
		"waits of its own": {
			chain(task("in", at(0, 0.9)), task("map", at(0.2, 0.8))),
			"map is backpressured 80 % of the time, though nothing is below it: it waits for something of its own that Flink counts as backpressure.",
			"Check what map waits for: a full queue of asynchronous requests, or uploads of its state (changelog).",
		},
		"one chained task": {
			[]node{task("all", at(1, 0))},
			"The whole job is one chained task, all, and it is 100 % busy: which part of it takes the time is not measured.",
			"Raise the parallelism of all if the system it reads from has partitions enough, or break its chain to see which operator takes the time.",
		},
		"unmeasured": {
			chain(task("in", at(0, 0.9)), task("async", at(0.05, 0))),
			"in, which feeds it, is backpressured 90 % of the time, yet async is only 5 % busy: it waits for something that Flink does not count as work. Or in waits for something of its own: these measurements do not show which.",
			"Check what async waits for: calls to other systems, threads of its own, locks, or the network between it and its inputs.",
		},
	} {
		snapshot, verdict := diagnosed(c.nodes...)
		if len(verdict.Roots) != 1 {
			t.Errorf("%s: there are %d roots", name, len(verdict.Roots))
			continue
		}
		if got := diagnosis.Explain(snapshot, verdict.Roots[0]); got != c.explained {
			t.Errorf("%s: the explanation is\n%s\nwant\n%s", name, got, c.explained)
		}
		if got := diagnosis.Advise(snapshot, verdict.Roots[0]); got != c.advice {
			t.Errorf("%s: the advice is\n%s\nwant\n%s", name, got, c.advice)
		}
	}
}

// Buffers distinguish work that Flink does not measure, the network and waits of a task's
// own, which look alike in the shares of time.
func TestBuffersDecide(t *testing.T) {
	nodes := chain(task("in", at(0.05, 0.9)), task("map", at(0.1, 0.9)), task("out", at(0.05, 0)))
	for name, c := range map[string]struct {
		out, in           job.Share // of map, and of out
		task              string
		kind              diagnosis.Kind
		severity          job.Share
		instead           bool
		explained, advice string
	}{
		"not looked at": {
			job.Unknown, job.Unknown, "out", diagnosis.UnmeasuredWork, 0.9, true,
			"map, which feeds it, is backpressured 90 % of the time, yet out is only 5 % busy: it waits for something that Flink does not count as work. Or map waits for something of its own: these measurements do not show which.",
			"Check what out waits for: calls to other systems, threads of its own, locks, or the network between it and its inputs.",
		},
		"the input of the task below is full": {
			1, 1, "out", diagnosis.UnmeasuredWork, 0.9, false,
			"map, which feeds it, is backpressured 90 % of the time, yet out is only 5 % busy: it waits for something that Flink does not count as work.",
			"Check what out waits for: calls to other systems, threads of its own, locks, or the network between it and its inputs.",
		},
		"the output is full, the input below is empty": {
			0.9, 0.1, "out", diagnosis.Network, 0.9, false,
			"map, which feeds it, is backpressured 90 % of the time and its output buffers are full, yet the input buffers of out, 5 % busy, are not: the network between them carries no more.",
			"Look at the network between the TaskManagers of out and those of its inputs: its bandwidth and losses, the number of network buffers, and how large records are.",
		},
		"neither is full": {
			0.1, 0, "map", diagnosis.UnmeasuredWork, 0.9, false,
			"map is backpressured 90 % of the time, though its output buffers are not full and what is below it has time: it waits for something of its own that Flink counts as backpressure.",
			"Check what map waits for: a full queue of asynchronous requests, or uploads of its state (changelog).",
		},
	} {
		t.Run(name, func(t *testing.T) {
			snapshot := snapshotOf(nodes...)
			snapshot.Answers = []job.Answer{job.UnknownAnswer, {Out: c.out, In: job.Unknown}, {Out: job.Unknown, In: c.in}}
			verdict := diagnosis.Diagnose(snapshot)
			if len(verdict.Roots) != 1 {
				t.Fatalf("the roots are %+v", named(verdict))
			}
			root := verdict.Roots[0]
			if snapshot.Graph.Tasks[root.Task].Name != c.task || root.Kind != c.kind || root.Severity != c.severity || (root.Instead >= 0) != c.instead {
				t.Errorf("the root cause is %+v", root)
			}
			if explained, advice := diagnosis.Explain(snapshot, root), diagnosis.Advise(snapshot, root); explained != c.explained || advice != c.advice {
				t.Errorf("it is explained as\n%s\n%s", explained, advice)
			}
			if want := []diagnosis.Question{{Task: 1, About: diagnosis.AboutOutput}, {Task: 2, About: diagnosis.AboutInput}}; !slices.Equal(verdict.InQuestion, want) {
				t.Errorf("in question are %v, want %v", verdict.InQuestion, want)
			}
		})
	}
}

// A task that waits for up to half of the time, though those below it have time, may do so
// for bursts, if it has time left itself. Buffers decide that, too.
func TestBuffersDecideOfHalf(t *testing.T) {
	full, busyBelow, spare := [2]float64{0.5, 0.5}, [2]float64{0.68, 0.32}, [2]float64{0.1, 0.49}
	for name, c := range map[string]struct {
		in        [2]float64 // busy and backpressured
		busy      float64    // of the task below
		out, pool job.Share  // output buffers of the one, input buffers of the other
		kind      diagnosis.Kind
		task      string
	}{
		"not looked at":                                   {full, 0.05, job.Unknown, job.Unknown, diagnosis.NotKnown, ""},
		"the input of the task below is full":             {full, 0.05, 1, 1, diagnosis.UnmeasuredWork, "map"},
		"the output is full, the input below is empty":    {full, 0.05, 0.9, 0.1, diagnosis.Network, "map"},
		"neither is full":                                 {full, 0.05, 0.1, 0, diagnosis.UnmeasuredWork, "in"},
		"with time left, not looked at":                   {spare, 0.05, job.Unknown, job.Unknown, diagnosis.NotKnown, ""},
		"with time left, neither is full":                 {spare, 0.05, 0.1, 0, diagnosis.None, ""},
		"with time left, the input below is full":         {spare, 0.05, 1, 1, diagnosis.NotKnown, ""},
		"with time left, the output is full":              {spare, 0.05, 0.9, 0, diagnosis.NotKnown, ""},
		"below is busy for as long, not looked at":        {busyBelow, 0.34, job.Unknown, job.Unknown, diagnosis.None, ""},
		"below is busy for as long, its input is full":    {busyBelow, 0.34, 1, 1, diagnosis.UnmeasuredWork, "map"},
		"below is busy for as long, its input is not":     {busyBelow, 0.34, 0.9, 0.1, diagnosis.None, ""},
		"below is busy for nearly as long, not looked at": {busyBelow, 0.2, job.Unknown, job.Unknown, diagnosis.NotKnown, ""},
	} {
		t.Run(name, func(t *testing.T) {
			snapshot := snapshotOf(chain(task("in", at(c.in[0], c.in[1])), task("map", at(c.busy, 0)))...)
			snapshot.Answers = []job.Answer{{Out: c.out, In: job.Unknown}, {Out: job.Unknown, In: c.pool}}
			verdict := diagnosis.Diagnose(snapshot)
			found := ""
			if len(verdict.Roots) > 0 {
				found = snapshot.Graph.Tasks[verdict.Roots[0].Task].Name
			}
			if verdict.Kind != c.kind || found != c.task {
				t.Errorf("the verdict is %s with %+v, want %s, %q", verdict.Kind, named(verdict), c.kind, c.task)
			}
			if want := []diagnosis.Question{{Task: 0, About: diagnosis.AboutOutput}, {Task: 1, About: diagnosis.AboutInput}}; !slices.Equal(verdict.InQuestion, want) {
				t.Errorf("in question are %v, want %v", verdict.InQuestion, want)
			}
			if found == "in" {
				want := "in is backpressured 50 % of the time, though its output buffers are not full and what is below it has time: it waits for something of its own that Flink counts as backpressure."
				if got := diagnosis.Explain(snapshot, verdict.Roots[0]); got != want {
					t.Errorf("it is explained as\n%s", got)
				}
			}
		})
	}
}

// Buffers show which of two tasks is not read, though the other is busier; and that none
// of them is what a task waits for.
func TestBuffersOfBranches(t *testing.T) {
	for name, c := range map[string]struct {
		busy, waits  float64
		mapIn, other job.Share
		task         string
		kind         diagnosis.Kind
	}{
		"the other is not read":  {0.75, 0.95, 0.1, 1, "call", diagnosis.UnmeasuredWork},
		"both are not read":      {0.75, 0.95, 1, 1, "map", diagnosis.Capacity},
		"neither is what it is":  {0.5, 0.7, 0.05, 0.05, "map", diagnosis.Network},
		"nothing is known of it": {0.75, 0.95, job.Unknown, job.Unknown, "map", diagnosis.Capacity},
	} {
		t.Run(name, func(t *testing.T) {
			snapshot := snapshotOf(task("src", at(0.05, c.waits)), task("map", at(c.busy, 0)).after("src"), task("call", at(0.02, 0)).after("src"))
			snapshot.Answers = []job.Answer{{Out: 0.9, In: job.Unknown}, job.UnknownAnswer, job.UnknownAnswer}
			for i, task := range snapshot.Graph.Tasks {
				switch task.Name {
				case "map":
					snapshot.Answers[i].In = c.mapIn
				case "call":
					snapshot.Answers[i].In = c.other
				}
			}
			if got := named(diagnosis.Diagnose(snapshot)); len(got) == 0 || got[0].task != c.task || got[0].kind != c.kind {
				t.Errorf("the root causes are %+v, want %s, %s", got, c.task, c.kind)
			}
		})
	}
}

// A source that is busy all the time works at its limit, or waits on the task's thread.
func TestSourceThatMayOnlyWait(t *testing.T) {
	for name, c := range map[string]struct {
		nodes []node
		want  string
	}{
		"few records": {
			chain(task("in", at(1, 0).handling(12)), task("map", at(0.6, 0).handling(12))),
			"2 of 2 tasks measured over 10 s; the busiest, in, is 100 % busy; the source in may work at its limit, or only wait on the task's thread between records, which Flink counts as busy (it emits 12 records a second, all below it is at most 60 % busy): it is the limit if what it reads from piles up, or if its flame graph shows work.",
		},
		"all below idle": {
			chain(task("in", at(1, 0).handling(5000)), task("map", at(0.02, 0).handling(5000))),
			"2 of 2 tasks measured over 10 s; the busiest, in, is 100 % busy; the source in may work at its limit, or only wait on the task's thread between records, which Flink counts as busy (it emits 5000 records a second, all below it is at most 2 % busy): it is the limit if what it reads from piles up, or if its flame graph shows work.",
		},
		"records are not counted": {
			chain(task("in", at(1, 0)), task("map", at(0.02, 0))),
			"2 of 2 tasks measured over 10 s; the busiest, in, is 100 % busy; the source in may work at its limit, or only wait on the task's thread between records, which Flink counts as busy (all below it is at most 2 % busy): it is the limit if what it reads from piles up, or if its flame graph shows work.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			snapshot, verdict := diagnosed(c.nodes...)
			if verdict.Kind != diagnosis.NotKnown || len(verdict.Roots) > 0 {
				t.Errorf("the verdict is %s with %+v", verdict.Kind, named(verdict))
			}
			if got := diagnosis.Looked(snapshot, verdict.Kind); got != c.want {
				t.Errorf("it is explained as\n%s", got)
			}
		})
	}
}

// What is pending before a source decides whether it is at its limit or waits, and is
// asked of each that is busy all the time.
func TestRecordsPendingBeforeASource(t *testing.T) {
	waits := chain(task("in", at(1, 0).handling(50)), task("map", at(0.02, 0).handling(50)))
	works := chain(task("in", at(1, 0).handling(5000)), task("map", at(0.6, 0).handling(5000)))
	idle := chain(task("in", at(0.3, 0).handling(5000)), task("map", at(0.6, 0).handling(5000)))
	unknown, asked := math.NaN(), true
	for name, c := range map[string]struct {
		nodes    []node
		pending  float64
		asked    bool
		kind     diagnosis.Kind
		severity float64
		text     string
	}{
		"few records, not known": {waits, unknown, asked, diagnosis.NotKnown, 0, "; the source in may work at its limit, or only wait"},
		"few records, some":      {waits, 100, asked, diagnosis.NotKnown, 0, "; the source in may work at its limit, or only wait"},
		"few records, none": {waits, 0, asked, diagnosis.None, 0,
			"; the source in is 100 % busy, yet next to no records are pending: it waits on the task's thread between records, which Flink counts as busy."},
		"few records, many": {waits, 9000, asked, diagnosis.AtSource, 1,
			"Records pile up before it: 9000 are pending, as many as it emits in 3 min. It may wait on the task's thread between records rather than work: its flame graph shows which."},
		"at its limit, not known": {works, unknown, asked, diagnosis.AtSource, 0.5, "the job goes as fast as its source does."},
		"at its limit, none": {works, 2000, asked, diagnosis.AtSource, 0.5,
			"the job goes as fast as its source does. So far it keeps up with what it reads from: next to no records are pending."},
		"at its limit, some": {works, 9000, asked, diagnosis.AtSource, 0.5, "the job goes as fast as its source does. 9000 records are pending."},
		"at its limit, many": {works, 100_000, asked, diagnosis.AtSource, 1,
			"the job goes as fast as its source does. Records pile up before it: 100000 are pending, as many as it emits in 20 s."},
		"idle, not known": {idle, unknown, !asked, diagnosis.None, 0, "the busiest, map, is 60 % busy."},
		"idle, none":      {idle, 0, !asked, diagnosis.None, 0, "the busiest, map, is 60 % busy."},
		"idle, many": {idle, 2_000_000, !asked, diagnosis.None, 0,
			"; 2000000 records are pending before the source in, though it is idle 70 % of the time on average and nothing in the job holds it back: "},
	} {
		t.Run(name, func(t *testing.T) {
			snapshot := snapshotOf(c.nodes...)
			question := []diagnosis.Question{{Task: 0, About: diagnosis.AboutPending}}
			if got := diagnosis.Diagnose(snapshot).InQuestion; slices.Equal(got, question) != c.asked || !c.asked && len(got) > 0 {
				t.Errorf("in question are %v", got)
			}
			answered, lagging := *snapshot, *snapshot
			answered.Answers = []job.Answer{{Out: job.Unknown, In: job.Unknown, Pending: c.pending}, job.UnknownAnswer}
			lagging.Lags = []job.Lag{{Watermark: math.NaN(), Pending: c.pending}, job.UnknownLag}
			for how, snapshot := range map[string]*job.Snapshot{"by an answer": &answered, "by lags that are sampled": &lagging} {
				verdict := diagnosis.Diagnose(snapshot)
				text := diagnosis.Looked(snapshot, verdict.Kind)
				severity := 0.0
				if len(verdict.Roots) > 0 {
					text, severity = diagnosis.Explain(snapshot, verdict.Roots[0]), float64(verdict.Roots[0].Severity)
				}
				if verdict.Kind != c.kind || severity != c.severity || !strings.Contains(text, c.text) {
					t.Errorf("%s it is %s, severity %g, explained as\n%s", how, verdict.Kind, severity, text)
				}
			}
			if got := diagnosis.Diagnose(&lagging).InQuestion; len(got) > 0 {
				t.Errorf("in question are %v though lags are sampled", got)
			}
		})
	}
}

// Where there is no root cause, the text says what was measured.
func TestLooked(t *testing.T) {
	stopped := func(state job.State) *job.Snapshot {
		sample := sampleOf([]node{ended("in"), ended("out").after("in")}, window)
		sample.Job.State = state
		return job.NewDeriver(job.MetricInterval{Fetch: window}).Add(sample)
	}
	begins := func(state job.State) *job.Snapshot {
		sample := sampleOf(nil, window)
		sample.Job.State = state
		return job.NewDeriver(job.MetricInterval{Fetch: window}).Add(sample)
	}
	withoutEdges := snapshotOf(task("in", at(0, 0.9)), task("map", at(1, 0)))
	withoutEdges.Graph.EdgesUnknown = true
	for name, c := range map[string]struct {
		snapshot *job.Snapshot
		want     string
	}{
		"edges unknown": {
			withoutEdges,
			"2 of 2 tasks measured over 10 s; the busiest, map, is 100 % busy; how its tasks are connected is not known, so none can be said to hold the others back.",
		},
		"healthy": {
			snapshotOf(chain(task("in", at(0.2, 0)), task("map", at(0.41, 0), at(0.3, 0)), task("out", at(0.1, 0)))...),
			"3 of 3 tasks measured over 10 s; the busiest, map, is 41 % busy.",
		},
		"a task that has ended is not measured": {
			snapshotOf(ended("past"), task("in", at(0.4, 0)), task("map", at(0.7, 0)).after("past", "in")),
			"2 of 3 tasks measured over 10 s; the busiest, map, is 70 % busy.",
		},
		"one task": {snapshotOf(task("all", at(0.5, 0))), "1 of 1 task measured over 10 s; the busiest, all, is 50 % busy."},
		"backpressure that nothing explains": {
			snapshotOf(task("all", at(0.6, 0.4))),
			"1 of 1 task measured over 10 s; the busiest, all, is 60 % busy; all is backpressured up to 40 % of the time, though nothing below it is slow.",
		},
		"one task in doubt": {
			snapshotOf(chain(task("in", at(0, 0.9)), task("map", noMetrics), task("out", at(0.1, 0)))...),
			"2 of 3 tasks measured over 10 s; the busiest, out, is 10 % busy; what is not measured may hold the job back: map (no metrics yet).",
		},
		"nothing": {
			snapshotOf(task("a", noMetrics), task("b", noMetrics), task("c", noMetrics), task("d", noMetrics)),
			"None of 4 tasks is measured: a (no metrics yet), b (no metrics yet), c (no metrics yet), and more.",
		},
		"no tasks":               {snapshotOf(), "None of 0 tasks is measured: the job has no tasks."},
		"no tasks yet":           {begins("CREATED"), "None of 0 tasks is measured: the job is CREATED."},
		"no tasks at the moment": {begins("SUSPENDED"), "None of 0 tasks is measured: the job is SUSPENDED."},
		"a task of undecided parallelism": {
			snapshotOf(chain(task("in", at(0.2, 0)), task("map"))...),
			"1 of 2 tasks measured over 10 s; the busiest, in, is 20 % busy.",
		},
		"tasks of undecided parallelism":       {snapshotOf(chain(task("in"), task("map"))...), "None of 2 tasks is measured: in (has not begun), map (has not begun)."},
		"a job that has ended":                 {stopped(job.Finished), "None of 2 tasks is measured: the job is FINISHED."},
		"all tasks have ended, the job not so": {stopped(job.Running), "None of 2 tasks is measured: none of its tasks runs."},
	} {
		if got := diagnosis.Looked(c.snapshot, diagnosis.Diagnose(c.snapshot).Kind); got != c.want {
			t.Errorf("%s: the text is\n%s\nwant\n%s", name, got, c.want)
		}
	}
}

// A notice names what is not measured; what has ended needs none.
func TestUnmeasured(t *testing.T) {
	for name, c := range map[string]struct {
		nodes []node
		want  string
	}{
		"all are measured": {chain(task("in", at(0.2, 0)), task("out", at(0, 0))), ""},
		"one has ended":    {chain(ended("in"), task("out", at(0, 0))), ""},
		"no tasks":         {nil, ""},
		"one is not":       {chain(ended("in"), task("map", noMetrics), task("out", at(0, 0))), "map (no metrics yet)"},
	} {
		if got := diagnosis.Unmeasured(snapshotOf(c.nodes...)); got != c.want {
			t.Errorf("%s: the text is %q, want %q", name, got, c.want)
		}
	}
}
