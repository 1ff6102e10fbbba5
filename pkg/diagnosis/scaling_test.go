package diagnosis_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// scalingOf is what the tasks could process, by so many samples that are alike.
func scalingOf(t *testing.T, samples int, change func(*job.Snapshot, int), nodes ...node) *diagnosis.Scaling {
	t.Helper()
	var averager diagnosis.Averager
	for n := range samples {
		snapshot := snapshotOf(nodes...)
		shift := time.Duration(n) * window
		snapshot.At, snapshot.From, snapshot.To = snapshot.At.Add(shift), snapshot.From.Add(shift), snapshot.To.Add(shift)
		if change != nil {
			change(snapshot, n)
		}
		averager.Add(diagnosis.Diagnose(snapshot), time.Minute)
	}
	average, measured := averager.Average()
	if !measured {
		t.Fatal("nothing was measured")
	}
	return diagnosis.Scale(average)
}

// heldBack is a source that works 20 % of the time and waits 80 % for a task of two
// subtasks that is busy all the time; what is below has time.
func heldBackChain() []node {
	return chain(
		task("in", at(0.2, 0.8).handling(200)),
		task("slow", at(1, 0).handling(100), at(1, 0).handling(100)),
		task("out", at(0.1, 0).handling(200)))
}

// Rates, utilisation and the recommended parallelism of a task follow from the demand.
func TestScaling(t *testing.T) {
	s := scalingOf(t, 20, nil, heldBackChain()...)
	slow := s.Tasks[1]
	// out is busy 10 %, the source 20 %: that limits next, and it is busy 90 % then.
	if slow.TrueRate != 200 || math.Abs(slow.TargetRate-900) > 1 || s.Demands[0] != diagnosis.DemandUnknown {
		t.Errorf("slow could process %g and has to process %g; the demand is %v", slow.TrueRate, slow.TargetRate, s.Demands[0])
	}
	if slow.Least != 10 || slow.Recommended != 13 || slow.Limit != diagnosis.Unlimited || slow.Confidence != diagnosis.Medium {
		t.Errorf("slow needs %d subtasks, and gets %d, limited by %q, with %s confidence", slow.Least, slow.Recommended, slow.Limit, slow.Confidence)
	}
	for _, i := range []int{0, 2} {
		if s.Tasks[i].Recommended != 1 {
			t.Errorf("%s gets %d subtasks, though it has time left", s.Snapshot.Graph.Tasks[i].Name, s.Tasks[i].Recommended)
		}
	}
	if hint := s.Hint(1); !strings.Contains(hint, "With 2 subtasks slow can process 200 records a second, and has to process 900 records: 13 subtasks would be busy") {
		t.Error(hint)
	}
}

// With pending records the demand is known: what is emitted, by how much they grow, and
// what it takes to catch up.
func TestPendingRecordsAreDemand(t *testing.T) {
	s := scalingOf(t, 20, func(snapshot *job.Snapshot, n int) {
		snapshot.Lags = []job.Lag{{Pending: 1800 + 1000*float64(n)}, job.UnknownLag, job.UnknownLag} // 100 a second
	}, heldBackChain()...)
	if want := 200 + 100 + (1800+19000)/1800.; s.Demands[0] != diagnosis.DemandPending || math.Abs(s.Tasks[1].TargetRate-want) > 0.5 {
		t.Errorf("demand %v, target %g, want %g", s.Demands[0], s.Tasks[1].TargetRate, want)
	}
	// Three subtasks are nearly enough, so five would be too many.
	if s.Tasks[1].Confidence != diagnosis.High || s.Tasks[1].Recommended != 4 {
		t.Errorf("%d subtasks with %s confidence", s.Tasks[1].Recommended, s.Tasks[1].Confidence)
	}
}

// What arrives is what the source emits and by how much more is pending, whatever it
// emits: less once buffers are full.
func TestDemandDoesNotDependOnWhatIsEmitted(t *testing.T) {
	pending := 0.0
	s := scalingOf(t, 12, func(snapshot *job.Snapshot, n int) {
		if n < 6 { // buffers fill
			for i := range snapshot.Tasks[0].Subtasks {
				snapshot.Tasks[0].Subtasks[i].RecordsOut = 300
			}
			snapshot.Tasks[0].RecordsOut = 300
		} else {
			pending += 100 * window.Seconds()
		}
		snapshot.Lags = []job.Lag{{Pending: pending}, job.UnknownLag, job.UnknownLag}
	}, heldBackChain()...)
	if want := 300 + pending/1800; math.Abs(s.Tasks[0].TargetRate-want) > 1 {
		t.Errorf("the source would emit %g records a second, want %g", s.Tasks[0].TargetRate, want)
	}
}

// What is pending takes as long to read as it shrinks, and less with more subtasks; what
// grows is never read, and a source that keeps up has nothing to catch up with.
func TestCatchUp(t *testing.T) {
	for name, c := range map[string]struct {
		pending, growth float64
		now             time.Duration
		hint            string
	}{
		"shrinks": {30_000, -50, (30_000 - 19*500) / 50 * time.Second, " It reads what is pending in 7 min as the job runs now, and in "},
		"grows":   {1800, 100, diagnosis.NeverCatchesUp, " It never reads what is pending as the job runs now, and in "},
		"none":    {20, 0, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := scalingOf(t, 20, func(snapshot *job.Snapshot, n int) {
				snapshot.Lags = []job.Lag{{Pending: c.pending + c.growth*window.Seconds()*float64(n)}, job.UnknownLag, job.UnknownLag}
			}, heldBackChain()...)
			got := s.Tasks[0]
			if off := got.CatchUp - c.now; off < -time.Second || off > time.Second {
				t.Errorf("it takes %s, want %s", got.CatchUp, c.now)
			}
			if c.now != 0 && !(got.CatchUpScaled > 0 && got.CatchUpScaled <= 30*time.Minute) {
				t.Errorf("with %d subtasks it takes %s", s.Tasks[1].Recommended, got.CatchUpScaled)
			}
			if s.Tasks[1].CatchUp != diagnosis.NeverCatchesUp {
				t.Error("a task that is no source has a time")
			}
			if hint := s.Hint(0); !strings.Contains(hint, c.hint) || strings.Contains(hint, "pending") != (c.hint != "") {
				t.Error(hint)
			}
		})
	}
	if s := scalingOf(t, 20, nil, heldBackChain()...); s.Tasks[0].CatchUp != diagnosis.NeverCatchesUp {
		t.Errorf("what is pending is not known, and takes %s", s.Tasks[0].CatchUp)
	}
}

// What limits a recommendation, or why there is none.
func TestScalingLimits(t *testing.T) {
	for name, c := range map[string]struct {
		nodes       []node
		task        int
		limit       diagnosis.Limit
		recommended int
	}{
		"a source that waits for data": {chain(task("in", at(0.1, 0).handling(200)), task("map", at(0.35, 0).handling(100), at(0.35, 0).handling(100))), 1, diagnosis.Unlimited, 1},
		"few splits":                   {chain(task("in", at(1, 0).handling(2000), at(0, 0).handling(0)), task("map", at(0.5, 0).handling(2000))), 0, diagnosis.BySplits, 0},
		"a source that may only wait":  {chain(task("in", at(1, 0).handling(10)), task("map", at(0.5, 0).handling(10))), 0, diagnosis.BySource, 0},
		"nothing else limits":          {chain(task("in", at(0.001, 0.999).handling(200)), task("slow", at(1, 0).handling(200)), task("out", at(0.001, 0).handling(200))), 1, diagnosis.ByDemand, 0},
		"not counted":                  {chain(task("in", at(0.2, 0.8)), task("slow", at(1, 0))), 1, diagnosis.ByMeasurement, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := scalingOf(t, 3, nil, c.nodes...)
			got := s.Tasks[c.task]
			if got.Limit != c.limit || got.Recommended != c.recommended || got.Confidence != diagnosis.Low {
				t.Errorf("%d subtasks, limited by %q, with %s confidence; want %d, %q and low", got.Recommended, got.Limit, got.Confidence, c.recommended, c.limit)
			}
			if hint := s.Hint(c.task); hint == "" || strings.Contains(hint, "NaN") {
				t.Errorf("hint %q", hint)
			}
		})
	}
}

// A hot key stays with its subtask, whatever the parallelism.
func TestHotKeyIsNotScaled(t *testing.T) {
	s := scalingOf(t, 3, func(snapshot *job.Snapshot, _ int) {
		snapshot.Graph.Tasks[1].Keyed, snapshot.Graph.Tasks[1].MaxParallelism = true, 128
	}, chain(
		task("in", at(0.2, 0.8).handling(1300)),
		task("slow", at(1, 0).handling(1000), at(0.1, 0).handling(100), at(0.1, 0).handling(100), at(0.1, 0).handling(100)))...)
	if got := s.Tasks[1]; got.Limit != diagnosis.BySkew || got.Recommended != 0 {
		t.Errorf("%d subtasks, limited by %q", got.Recommended, got.Limit)
	}
}

// A hot key leaves others what is not its own: where that is enough, more subtasks are
// recommended, with their limit.
func TestHotKeyIsScaledWhereOthersHelp(t *testing.T) {
	s := scalingOf(t, 20, func(snapshot *job.Snapshot, _ int) {
		snapshot.Graph.Tasks[1].Keyed, snapshot.Graph.Tasks[1].MaxParallelism = true, 128
	}, chain(
		task("in", at(0.69, 0.31).handling(550)),
		task("slow", at(1, 0).handling(250), at(0.4, 0).handling(100), at(0.4, 0).handling(100), at(0.4, 0).handling(100)),
		task("out", at(0.5, 0).handling(550)))...)
	// The hot key has 150 records of the 250 a second that its subtask can process. In
	// could emit 1.45 times as many: 217, which leave it 33 of the other 580. That are 7 of
	// 128 key groups, which 19 subtasks have at most; a few less are nearly enough.
	got := s.Tasks[1]
	if got.Limit != diagnosis.BySkew || got.Recommended < 15 || got.Recommended > 28 {
		t.Errorf("%d subtasks, limited by %q", got.Recommended, got.Limit)
	}
}

// A task that holds others back though it is hardly busy processes all it can.
func TestRootThatIsNotBusyProcessesAllItCan(t *testing.T) {
	s := scalingOf(t, 20, nil, chain(
		task("in", at(0.2, 0.8).handling(200)),
		task("slow", at(0.35, 0).handling(100), at(0.35, 0).handling(100)),
		task("out", at(0.1, 0).handling(200)))...)
	if got := s.Tasks[1]; got.TrueRate != 200 || got.Limit != diagnosis.ByMeasurement {
		t.Errorf("it could process %g, limited by %q", got.TrueRate, got.Limit)
	}
}

// A task that has time left keeps two fifths of its subtasks.
func TestFewSubtasksAreTakenAway(t *testing.T) {
	idle := make([]sub, 10)
	for i := range idle {
		idle[i] = at(0.02, 0).handling(10)
	}
	s := scalingOf(t, 20, nil, chain(task("in", at(0.5, 0).handling(100)), task("map", idle...))...)
	if got := s.Tasks[1].Recommended; got != 4 {
		t.Errorf("of 10 subtasks %d are kept", got)
	}
}

// A source that is busy all the time and falls behind works, and one that does not may
// only wait.
func TestSourceThatFallsBehindWorks(t *testing.T) {
	for growth, limit := range map[float64]diagnosis.Limit{100: diagnosis.ByPartitions, 0: diagnosis.BySource} {
		s := scalingOf(t, 20, func(snapshot *job.Snapshot, n int) {
			snapshot.Lags = []job.Lag{{Pending: growth * window.Seconds() * float64(n)}, job.UnknownLag}
		}, chain(task("in", at(1, 0).handling(10)), task("map", at(0.5, 0).handling(10)))...)
		if got := s.Tasks[0]; got.Limit != limit {
			t.Errorf("if %g more are pending a second it is limited by %q, want %q", growth, got.Limit, limit)
		}
	}
}

// Of two sources whose demand is not known each emits as much as what it feeds can take:
// what limits one does not limit the other.
func TestSourcesGrowApart(t *testing.T) {
	s := scalingOf(t, 20, nil,
		task("orders", at(0.1, 0.9).handling(100)),
		task("payments", at(0.8, 0.2).handling(1000)),
		task("clean", at(1, 0).handling(100)).after("orders"),
		task("check", at(0.5, 0).handling(1000)).after("payments"),
		task("join", at(0.2, 0).handling(1100)).after("clean", "check"))
	// check limits payments at 1.8 times, and join, which then has 3150 left of 4950, not
	// orders: it emits nine times as much, as then it is busy itself.
	if got := s.Tasks[0].TargetRate; math.Abs(got-900) > 1 {
		t.Errorf("orders would emit %g", got)
	}
	if got := s.Tasks[1].TargetRate; math.Abs(got-1800) > 1 {
		t.Errorf("payments would emit %g", got)
	}
}

// Where sources share what limits them, each gets as much as the others or as at present,
// whichever is more.
func TestSourcesShareWhatLimitsThem(t *testing.T) {
	s := scalingOf(t, 20, nil,
		task("orders", at(0.01, 0.99).handling(100)),
		task("payments", at(0.1, 0.9).handling(900)),
		task("clean", at(1, 0).handling(100)).after("orders"),
		task("check", at(1, 0).handling(900)).after("payments"),
		task("join", at(0.5, 0).handling(1000)).after("clean", "check"))
	// join takes 1800, half of which is 900; at the present proportions orders would emit
	// 180, and payments 1620.
	if got := s.Tasks[0].TargetRate; math.Abs(got-900) > 1 {
		t.Errorf("orders would emit %g", got)
	}
	if got := s.Tasks[1].TargetRate; math.Abs(got-1620) > 1 {
		t.Errorf("payments would emit %g", got)
	}
}

// What if: the rate that a scaled task gives, and what limits then.
func TestWhatIf(t *testing.T) {
	s := scalingOf(t, 3, nil, heldBackChain()...)
	for n, want := range map[int]struct {
		bottleneck int
		throughput float64
	}{2: {1, 200}, 4: {1, 400}, 8: {1, 800}, 40: {0, 1000}} {
		got := s.WhatIf(map[int]int{1: n})
		if got.Bottleneck != want.bottleneck || math.Abs(got.Throughput-want.throughput) > 0.5 {
			t.Errorf("with %d subtasks task %d limits the sources to %g, want task %d, %g", n, got.Bottleneck, got.Throughput, want.bottleneck, want.throughput)
		}
	}
}

// Averages begin anew with another parallelism, and with other root causes.
func TestAveragesAreOfTheJobAsItIs(t *testing.T) {
	var averager diagnosis.Averager
	at0 := 0
	add := func(nodes ...node) {
		snapshot := snapshotOf(nodes...)
		shift := time.Duration(at0) * window
		at0++
		snapshot.At, snapshot.From, snapshot.To = snapshot.At.Add(shift), snapshot.From.Add(shift), snapshot.To.Add(shift)
		averager.Add(diagnosis.Diagnose(snapshot), time.Minute)
	}
	samples := func() int { average, _ := averager.Average(); return average.Samples }
	if _, measured := averager.Average(); measured {
		t.Error("nothing has an average")
	}
	for range 5 {
		add(heldBackChain()...)
	}
	moved := chain(task("in", at(0.2, 0.8).handling(200)), task("slow", at(0.2, 0.8).handling(100), at(0.2, 0.8).handling(100)), task("out", at(1, 0).handling(200)))
	add(moved...)
	if got := samples(); got != 6 {
		t.Errorf("one sample with another root cause leaves %d", got)
	}
	add(moved...)
	if got := samples(); got != 1 {
		t.Errorf("two leave %d, want the last", got)
	}
	add(chain(task("in", at(0.2, 0.8).handling(200)), task("slow", at(1, 0).handling(200)))...)
	if got := samples(); got != 1 {
		t.Errorf("another job leaves %d", got)
	}
}
