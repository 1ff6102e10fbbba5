package dataflow_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/dataflow"
)

// By key, a job is as fast as its hottest subtask: its capacity / its share of the
// records.
func TestHotSubtaskLimitsTheJob(t *testing.T) {
	for _, parallelism := range []int{1, 300} { // of the source: with 1200 channels, those to a subtask share their buffers
		exchange := to(0, 1, dataflow.Hash)
		exchange.Weights = []float64{1, 1, 7, 1}
		got := steady(jobOf(alone, []dataflow.Task{source(parallelism, 1000), step(4, 100)}, exchange))
		rate := 100 / 0.7
		want(t, "the rate", total(got[0], out), rate)
		for s, share := range []float64{0.1, 0.1, 0.7, 0.1} {
			want(t, fmt.Sprintf("what subtask %d reads", s), got[1][s].in, rate*share)
			want(t, fmt.Sprintf("busy of subtask %d", s), got[1][s].busy, rate*share/100)
		}
		for s := range parallelism {
			want(t, "backpressured of a source's subtask", got[0][s].backpressured, 1-rate/float64(parallelism)/1000)
		}
	}
}

// A subtask that gets no key does not hold back the others.
func TestSubtaskWithoutKeys(t *testing.T) {
	exchange := to(0, 1, dataflow.Hash)
	exchange.Weights = []float64{1, 0, 1}
	got := steady(jobOf(alone, []dataflow.Task{source(1, 1000), step(3, 100)}, exchange))
	want(t, "the rate", total(got[0], out), 200)
	want(t, "idle of the one without keys", got[1][1].idle, 1)
}

// Forward, subtask i holds back subtask i alone.
func TestForwardHoldsBackOneSubtask(t *testing.T) {
	slow := step(3, 2000)
	slow.DearSubtasks, slow.Dearness = []int{1}, 20
	got := steady(jobOf(alone, []dataflow.Task{source(3, 1000), slow}, to(0, 1, dataflow.Forward)))
	for s, expect := range []rates{{0, 1, 0, 0, 1000}, {0, 0.1, 0.9, 0, 100}, {0, 1, 0, 0, 1000}} {
		want(t, fmt.Sprint("busy of subtask ", s), got[0][s].busy, expect.busy)
		want(t, fmt.Sprint("backpressured of subtask ", s), got[0][s].backpressured, expect.backpressured)
		want(t, fmt.Sprint("the rate of subtask ", s), got[0][s].out, expect.out)
	}
}

// Rebalanced, one subtask that is slow fills a channel of each sender, and holds back
// all of them: each subtask gets as many records as the slow one takes.
func TestOneFullChannelHoldsBackAllSenders(t *testing.T) {
	for _, parallelism := range []int{3, 33} { // 9 channels, or so many that those to a subtask share their buffers
		slow := step(parallelism, 2000)
		slow.DearSubtasks, slow.Dearness = []int{1}, 20
		got := steady(jobOf(alone, []dataflow.Task{source(parallelism, 1000), slow}, to(0, 1, dataflow.Rebalance)))
		for s := range parallelism {
			want(t, fmt.Sprintf("backpressured of subtask %d of %d", s, parallelism), got[0][s].backpressured, 0.9)
			want(t, fmt.Sprintf("the rate of subtask %d of %d", s, parallelism), got[1][s].in, 100)
		}
		want(t, "busy of the slow one", got[1][1].busy, 1)
		want(t, "busy of another", got[1][0].busy, 100./2000)
	}
}

// A network that carries fewer records than both ends could is the limit: what is above
// it waits, with full output buffers, and what is below it is idle, with empty input
// buffers.
func TestExchangeCapacity(t *testing.T) {
	for _, shipping := range []dataflow.Shipping{dataflow.Forward, dataflow.Rebalance, dataflow.Hash} {
		exchange := to(0, 1, shipping)
		exchange.Capacity = 300
		job := jobOf(alone, []dataflow.Task{source(3, 1000), step(3, 1000)}, exchange)
		got := steady(job)
		run := dataflow.Start(job)
		run.Until(time.Minute)
		for s := range 3 {
			want(t, "the rate of a subtask", got[1][s].in, 100)
			want(t, "backpressured above it", got[0][s].backpressured, 0.9)
			want(t, "idle below it", got[1][s].idle, 0.9)
			if above, below := run.Observe(0, s), run.Observe(1, s); above.OutPool < 0.9 || below.InPool != 0 {
				t.Errorf("output buffers above are full to %.2f, input buffers below to %.2f; want 1 and 0", above.OutPool, below.InPool)
			}
		}
	}
}

// The buffers on both sides of a task that is at its limit are full above it and empty
// below it.
func TestBuffersAroundTheSlowestTask(t *testing.T) {
	for _, parallelism := range []int{2, 33} {
		run := dataflow.Start(chain(source(parallelism, 1000), step(parallelism, 100), step(parallelism, 1000)))
		run.Until(time.Minute)
		source, slow, sink := run.Observe(0, 0), run.Observe(1, 0), run.Observe(2, 0)
		if source.OutPool < 0.9 || slow.InPool < 0.9 || slow.OutPool > 0.1 || sink.InPool > 0.1 {
			t.Errorf("of %d, output and input buffers are full to %.2f, %.2f above the slowest task and %.2f, %.2f below", parallelism, source.OutPool, slow.InPool, slow.OutPool, sink.InPool)
		}
	}
}
