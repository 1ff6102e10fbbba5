package dataflow_test

import (
	"slices"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/dataflow"
)

// A window hoards and fires at its period: it emits one record for each that it has, at
// its own cost, and reads nothing meanwhile.
func TestWindowFiresAtItsPeriod(t *testing.T) {
	window := step(1, 1000)
	window.Window = &dataflow.Window{Every: 10 * time.Second, EmitCost: 1. / 500}
	job := chain(limited(1, 1000, 100), window, step(1, 2000))
	run := dataflow.Start(job)
	var fires, reads []int
	for second := range 40 {
		got := between(job, run, time.Duration(second)*time.Second, time.Duration(second+1)*time.Second)[1][0]
		if got.out > 10 {
			fires = append(fires, second)
			if got.out < 480 { // the first has had a little less time
				t.Errorf("it emits %.0f records in second %d, want 500", got.out, second)
			}
			want(t, "busy while it fires", got.busy, 1)
		}
		if got.in > 50 {
			reads = append(reads, second)
		}
	}
	// Each has a thousand records, for two seconds of work.
	if want := []int{10, 11, 20, 21, 30, 31}; !slices.Equal(fires, want) {
		t.Errorf("it fires in the seconds %v, want %v", fires, want)
	}
	for _, second := range fires {
		if slices.Contains(reads, second) {
			t.Errorf("it reads in second %d, in which it fires", second)
		}
	}
	if len(reads) != 40-len(fires) {
		t.Errorf("it reads in the seconds %v, want all in which it does not fire", reads)
	}
}

// A window and the task below it take turns: while the one fires, the other holds it
// back; while it hoards, it holds back what is above it, and the other has nothing to do.
func TestWindowAndTaskBelowTakeTurns(t *testing.T) {
	window := step(1, 100)
	window.Window = &dataflow.Window{Every: 40 * time.Second, EmitCost: 1. / 10_000}
	job := chain(source(1, 1000), window, step(1, 200))
	run := dataflow.Start(job)
	run.Until(2 * time.Minute)
	for turn := range 3 {
		begin := time.Duration(3+turn) * 40 * time.Second
		// Of the 300 records in the buffers below and some 2700 more that it has, the task
		// below takes 200 a second.
		firing := between(job, run, begin+time.Second, begin+8*time.Second)
		want(t, "busy below while it fires", firing[2][0].busy, 1)
		if firing[1][0].backpressured < 0.9 {
			t.Errorf("it waits %.2f of the time while it fires, want more than 0.9", firing[1][0].backpressured)
		}
		want(t, "backpressured above while it fires", firing[0][0].backpressured, 1)
		hoards := between(job, run, begin+20*time.Second, begin+39*time.Second)
		want(t, "busy while it hoards", hoards[1][0].busy, 1)
		want(t, "busy below while it hoards", hoards[2][0].busy, 0)
		want(t, "backpressured above while it hoards", hoards[0][0].backpressured, 0.9)
	}
}
