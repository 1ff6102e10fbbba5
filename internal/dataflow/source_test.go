package dataflow_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/dataflow"
)

// A source whose rate swings reads as much on average, more in the first half of its
// period and less in the second.
func TestSwing(t *testing.T) {
	task := limited(1, 1000, 200)
	task.Source.Swing, task.Source.Period = 0.3, 20*time.Second
	job := chain(task, step(1, 1000))
	run := dataflow.Start(job)
	// the mean of 1 + 0.3 sin over half a turn is 1 + 0.3 × 2/π
	want(t, "the rate of the first half", between(job, run, 40*time.Second, 50*time.Second)[0][0].out, 200*(1+0.3*0.6366))
	want(t, "the rate of the second", between(job, run, 50*time.Second, 60*time.Second)[0][0].out, 200*(1-0.3*0.6366))
}

// A source that could not read all has the rest to catch up with, of the last minute at
// most.
func TestSourceCatchesUp(t *testing.T) {
	for held, missed := range map[time.Duration]float64{
		20 * time.Second:  20 * 100, // of 200 a second 100 are read
		300 * time.Second: 60 * 200,
	} {
		job := chain(limited(1, 5000, 200), step(1, 100))
		job.Tasks[1].Changes = []dataflow.Change{{At: held, Cost: 1. / 1000}}
		run := dataflow.Start(job)
		run.Until(held)
		before := run.Observe(1, 0).RecordsIn
		run.Until(held + 100*time.Second)
		got := run.Observe(1, 0).RecordsIn - before
		if expect := 100*200 + missed; got < expect*0.97 || got > expect*1.03 { // and what was in the buffers
			t.Errorf("in 100 s after %s that held it back it reads %.0f records, want %.0f", held, got, expect)
		}
		want(t, "the rate thereafter", between(job, run, held+100*time.Second, held+120*time.Second)[0][0].out, 200)
	}
}

// Of a source with few splits, the subtasks without one are idle.
func TestSplits(t *testing.T) {
	for _, rate := range []float64{0, 120} {
		task := limited(5, 100, rate)
		task.Source.Splits = 2
		got := steady(chain(task, step(2, 1000)))
		each := 100.
		if rate > 0 {
			each = 60
		}
		for s := range 5 {
			if s < 2 {
				want(t, fmt.Sprint("the rate of subtask ", s), got[0][s].out, each)
				want(t, fmt.Sprint("busy of subtask ", s), got[0][s].busy, each/100)
			} else {
				want(t, fmt.Sprint("the rate of subtask ", s), got[0][s].out, 0)
				want(t, fmt.Sprint("idle of subtask ", s), got[0][s].idle, 1)
			}
		}
	}
}

// The waits of a source that sleeps count as busy time, but for those in which it cannot
// emit.
func TestSleepingSource(t *testing.T) {
	for name, c := range map[string]struct {
		rate, busy, backpressured float64
	}{
		"with few records":          {10, 1, 0},
		"with more than is taken":   {500, 0.1, 0.9}, // 100 of the 1000 that it could
		"with as many as are taken": {100, 1, 0},
		"with any number":           {0, 0.1, 0.9},
	} {
		t.Run(name, func(t *testing.T) {
			task := limited(1, 1000, c.rate)
			task.Source.Sleeps = true
			got := steady(chain(task, step(1, 100)))[0][0]
			want(t, "busy", got.busy, c.busy)
			want(t, "backpressured", got.backpressured, c.backpressured)
			want(t, "idle", got.idle, 0)
		})
	}
}

// Of work that Flink does not count, a share reads as idle, and of work that it counts
// as a wait, one as backpressure; it takes its time all the same.
func TestUncountedWork(t *testing.T) {
	for _, c := range []struct{ uncounted, asWait, rate float64 }{
		{0.6, 0, 0}, {0, 0.7, 0}, {0.3, 0.5, 0}, {0.98, 0, 0}, {0, 0.97, 0}, {1, 0, 0},
		{0.6, 0, 50}, {0, 0.7, 50},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			task := step(1, 100)
			task.Uncounted, task.CountedAsWait = c.uncounted, c.asWait
			job := chain(limited(1, 1000, c.rate), task, step(1, 1000))
			run := dataflow.Start(job)
			run.Until(30 * time.Second)
			run.Mark()
			got := between(job, run, 30*time.Second, 90*time.Second)
			worked := 1.
			if c.rate > 0 {
				worked = c.rate / 100
			}
			want(t, "the rate", got[0][0].out, worked*100)
			want(t, "busy", got[1][0].busy, worked*(1-c.uncounted-c.asWait))
			want(t, "idle", got[1][0].idle, worked*c.uncounted+1-worked)
			want(t, "backpressured", got[1][0].backpressured, worked*c.asWait)
			if c.uncounted < 0.9 && c.asWait < 0.9 {
				want(t, "the utilisation", run.Utilisation(1, 0), worked)
			} else if used := run.Utilisation(1, 0); used < 0.95 {
				t.Errorf("the utilisation is %.3f, want about 1", used)
			}
		})
	}
}

// Utilisation is that since the mark.
func TestUtilisationSinceMark(t *testing.T) {
	job := chain(limited(1, 1000, 50), step(1, 100))
	job.Tasks[1].Changes = []dataflow.Change{{At: time.Minute, Cost: 1. / 500}}
	run := dataflow.Start(job)
	run.Until(time.Minute)
	want(t, "the utilisation", run.Utilisation(1, 0), 0.5)
	run.Mark()
	run.Until(2 * time.Minute)
	want(t, "the utilisation since", run.Utilisation(1, 0), 0.1)
}
