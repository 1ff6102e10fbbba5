package dataflow_test

import (
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/dataflow"
)

// A restart stops the subtasks of its region, whose next attempt counts from 0.
func TestRestart(t *testing.T) {
	for name, c := range map[string]struct {
		restart   dataflow.Restart
		restarted func(task, subtask int) bool
	}{
		"all":               {dataflow.Restart{}, func(int, int) bool { return true }},
		"a task":            {dataflow.Restart{Region: []int{1}}, func(task, _ int) bool { return task == 1 }},
		"a subtask of each": {dataflow.Restart{Below: 1}, func(_, subtask int) bool { return subtask == 0 }},
		"one subtask":       {dataflow.Restart{Region: []int{1}, Below: 1}, func(task, subtask int) bool { return task == 1 && subtask == 0 }},
	} {
		t.Run(name, func(t *testing.T) {
			job := chain(limited(2, 1000, 100), step(2, 100), step(2, 100))
			c.restart.At, c.restart.Lasts = 30*time.Second, 5*time.Second
			job.Restarts = []dataflow.Restart{c.restart}
			run := dataflow.Start(job)
			run.Until(30 * time.Second)
			before := observed(job, run)
			run.Until(33 * time.Second)
			during := observed(job, run)
			run.Until(45 * time.Second)
			for task, subtasks := range observed(job, run) {
				for s, after := range subtasks {
					old, stopped := before[task][s], during[task][s]
					if !old.Up || old.Attempt != 0 || old.Since != 0 {
						t.Errorf("%d/%d has attempt %d since %s before the restart", task, s, old.Attempt, old.Since)
					}
					spent := after.Idle + after.Busy + after.Backpressured
					if !c.restarted(task, s) {
						if !stopped.Up || after.Attempt != 0 || after.Since != 0 {
							t.Errorf("%d/%d, which does not restart, is up %v, and has attempt %d since %s", task, s, stopped.Up, after.Attempt, after.Since)
						}
						want(t, "what it has counted", spent, 45)
						continue
					}
					if stopped.Up || stopped.Spent != old.Spent {
						t.Errorf("%d/%d counts while it restarts", task, s)
					}
					if !after.Up || after.Attempt != 1 || after.Since != 35*time.Second {
						t.Errorf("%d/%d is up %v, and has attempt %d since %s", task, s, after.Up, after.Attempt, after.Since)
					}
					want(t, "what it has counted since", spent, 10)
					if after.RecordsIn > old.RecordsIn && task > 0 {
						t.Errorf("%d/%d has read %.0f records, which it counts from 0: it had %.0f", task, s, after.RecordsIn, old.RecordsIn)
					}
				}
			}
		})
	}
}

// While the task below restarts, the buffers above it fill and hold back what feeds it.
func TestRestartHoldsBackWhatFeedsIt(t *testing.T) {
	job := chain(limited(1, 1000, 200), step(1, 1000))
	job.Restarts = []dataflow.Restart{{At: 30 * time.Second, Lasts: 20 * time.Second, Region: []int{1}}}
	run := dataflow.Start(job)
	want(t, "backpressured", between(job, run, 40*time.Second, 50*time.Second)[0][0].backpressured, 1)
}

// A subtask that has finished does nothing, and never begins again.
func TestFinishedSubtask(t *testing.T) {
	task := limited(2, 1000, 100)
	task.Finished = []int{1}
	run := dataflow.Start(chain(task, step(1, 1000)))
	run.Until(time.Minute)
	if got := run.Observe(0, 1); !got.Finished || got.Up || got.Spent != (dataflow.Spent{}) {
		t.Errorf("the finished subtask is %+v", got)
	}
	if got := run.Observe(0, 0); got.Finished || !got.Up || got.RecordsOut < 2900 {
		t.Errorf("the other is %+v", got)
	}
}

// Aligned checkpoints keep a task from reading for a part of the time, which fills its
// buffers: what feeds it is backpressured though nothing is slow, and reads all there is.
func TestCheckpointsCauseBackpressureAndAreNoCause(t *testing.T) {
	job := chain(limited(2, 300, 300), step(4, 125), step(2, 250))
	for e := range job.Exchanges {
		job.Exchanges[e].Buffered = 20
	}
	job.Checkpoints = dataflow.Checkpoints{Every: 3 * time.Second, Align: 600 * time.Millisecond}
	got := steady(job)
	want(t, "the rate", total(got[0], out), 300)
	if share := got[0][0].backpressured; share < 0.02 || share > 0.25 {
		t.Errorf("the source is backpressured %.3f of the time, want what checkpoints explain", share)
	}
	without := *job
	without.Checkpoints = dataflow.Checkpoints{}
	want(t, "backpressured without checkpoints", steady(&without)[0][0].backpressured, 0)
	if sets := causesOf(job, time.Minute, true); len(sets) > 0 {
		t.Errorf("its causes are %v", sets)
	}
}
