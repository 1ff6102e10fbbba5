package collector_test

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/flinktest"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

var collectorOptions = collector.Options{} // nothing is sampled

// withCheckpoints is a job that is held back, and makes a checkpoint every so often.
func withCheckpoints(every time.Duration) *sim.Job {
	held := sim.HeldBack("orders", 3, 2, 1)
	held.Checkpoints = every
	return held
}

// The slowest task is where a checkpoint spent most of its time, though tasks below it
// acknowledged later; of one that was given up the first that had not acknowledged.
func TestSlowestTaskOfRecordings(t *testing.T) {
	for name, want := range map[string]struct {
		last    int64
		details string
	}{
		"1.13.6/checkpoint-bp":      {7, "slow-window 0, 8.631s + 2.274s + 0s + 2ms"},
		"1.17.2/checkpoint-bp":      {7, "slow-window 0, 9.822s + 2.465s + 0s + 17ms"},
		"1.20.5/checkpoint-bp":      {9, "slow-window 0, 7.304s + 303ms + 5ms + 5ms"},
		"2.3.0/checkpoint-bp":       {7, "slow-window 0, 9.276s + 2.123s + 1ms + 1ms"},
		"2.3.0/checkpoint-timeout":  {23, "enrich -1, -1ns + -1ns + -1ns + -1ns"},
		"1.13.6/checkpoint-timeout": {22, "enrich -1, -1ns + -1ns + -1ns + -1ns"},
	} {
		version, set, _ := strings.Cut(name, "/")
		c := collectorOf(t, flinktest.Recording(t, version, set))
		info := listed(t, c)
		checkpoints, requests, err := c.Checkpoints(t.Context(), info)
		if err != nil || requests > 2 {
			t.Fatalf("%s: %d requests, %v", name, requests, err)
		}
		var last job.Checkpoint
		for _, each := range checkpoints.Recent {
			if each.Status.Ended() && last.ID == 0 {
				last = each
			}
		}
		details, requests, err := c.CheckpointDetails(t.Context(), info, last)
		p := details.CheckpointPhases
		got := fmt.Sprintf("%s %d, %s + %s + %s + %s", details.Task, details.Subtask, p.StartDelay, p.Alignment, p.Sync, p.Async)
		if err != nil || last.ID != want.last || got != want.details || requests != 3 {
			t.Errorf("%s: the last is %d: %s after %d requests, %v; want %s", name, last.ID, got, requests, err, want.details)
		}
		if _, requests, err := c.CheckpointDetails(t.Context(), info, last); requests != 0 || err != nil {
			t.Errorf("%s: again it takes %d requests, %v", name, requests, err)
		}
	}
}

// What a job without checkpoints, and one with some, costs and results in.
func TestCheckpointFigures(t *testing.T) {
	for name, c := range map[string]struct {
		every, timeout time.Duration
		batch          bool
		// NaN is -1 here.
		age, intervals, duration, failures float64
		requests, requestsOnAgain          int
		// ofInterval is how many requests the age in intervals takes, once.
		ofInterval int
	}{
		"off":       {0, 0, false, -1, -1, -1, 0, 2, 1, 2},
		"batch":     {0, 0, true, -1, -1, -1, 0, 2, 1, 2},
		"completed": {2 * time.Minute, 0, false, 116.095, 116.095 / 120, 3.905, 0, 1, 1, 2},
		"timed out": {time.Minute, time.Second, false, 3600, 60, -1, 59, 2, 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				held := withCheckpoints(c.every)
				if held.CheckpointTimeout = c.timeout; c.batch {
					held.Type = "BATCH"
				}
				polls := collectorOf(t, &sim.Cluster{Version: "2.3.0", Fetch: fetch, Jobs: []*sim.Job{held}})
				info := listed(t, polls)
				for figure, want := range map[diagnosis.Figure]float64{diagnosis.CheckpointAge: c.age, diagnosis.CheckpointIntervals: c.intervals, diagnosis.CheckpointDuration: c.duration, diagnosis.CheckpointFailures: c.failures} {
					got, _, err := polls.Figure(t.Context(), info, figure)
					if err != nil || math.Abs(got-want) > 1e-9 && !(want < 0 && math.IsNaN(got)) || math.IsNaN(got) != (want < 0) {
						t.Errorf("figure %d is %v, %v; want %v", figure, got, err, want)
					}
				}
				time.Sleep(10 * time.Second)
				if _, requests, err := polls.Figure(t.Context(), info, diagnosis.CheckpointFailures); requests != c.requestsOnAgain || err != nil {
					t.Errorf("again it takes %d requests, %v", requests, err)
				}
				fresh := collectorOf(t, &sim.Cluster{Version: "2.3.0", Fetch: fetch, Jobs: []*sim.Job{held}})
				if _, requests, err := fresh.Figure(t.Context(), info, diagnosis.CheckpointAge); requests != c.requests || err != nil {
					t.Errorf("at first it takes %d requests, %v", requests, err)
				}
				fresh = collectorOf(t, &sim.Cluster{Version: "2.3.0", Fetch: fetch, Jobs: []*sim.Job{held}})
				if _, requests, err := fresh.Figure(t.Context(), info, diagnosis.CheckpointIntervals); requests != c.ofInterval || err != nil {
					t.Errorf("the age in intervals takes %d requests at first, %v", requests, err)
				}
				time.Sleep(10 * time.Second)
				if _, requests, err := fresh.Figure(t.Context(), info, diagnosis.CheckpointIntervals); requests != 1 || err != nil {
					t.Errorf("the age in intervals takes %d requests later, %v", requests, err)
				}
			})
		})
	}
}

// However many ask, a checkpoint's details are requested once; others of a job that
// is started anew have its number.
func TestCheckpointDetailsAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := &sim.Cluster{Version: "2.3.0", Fetch: fetch, Delay: 20 * time.Millisecond, Jobs: []*sim.Job{withCheckpoints(time.Minute)}}
		c := collectorOf(t, cluster)
		info := listed(t, c)
		checkpoints, _, err := c.Checkpoints(t.Context(), info)
		if err != nil {
			t.Fatal(err)
		}
		cluster.Requests()
		var group sync.WaitGroup
		counted := make([]int, 20)
		for n := range counted {
			group.Go(func() { _, counted[n], _ = c.CheckpointDetails(t.Context(), info, checkpoints.Recent[1+n%5]) })
		}
		group.Wait()
		sum := 0
		for _, each := range counted {
			sum += each
		}
		if sent := len(cluster.Requests()); sent != 1+2*5 || sum != sent {
			t.Errorf("%d requests, counted %d; want the graph, and two a checkpoint", sent, sum)
		}
		anew := checkpoints.Recent[1] // a job that is started anew under its id counts from 1 again
		anew.Triggered = anew.Triggered.Add(time.Hour)
		if _, requests, err := c.CheckpointDetails(t.Context(), info, anew); err != nil || requests != 2 {
			t.Errorf("of another checkpoint of that number: %d requests, %v", requests, err)
		}
	})
}

// A checkpoint that Flink has forgotten, and one of a task that was rescaled away, have
// no details, and are not requested again; a failure is.
func TestCheckpointDetailsThatAreGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSampledCluster(t, access{}, collectorOptions, withCheckpoints(time.Minute))
		info := listed(t, s.Collector)
		gone := answering(http.StatusNotFound, `{"errors":["gone"]}`)
		for name, id := range map[string]int64{"/checkpoints/details/": 55, "/subtasks/": 56} {
			of := job.Checkpoint{ID: id, Status: job.CheckpointCompleted, Triggered: time.Now(), Ended: time.Now()}
			s.fail(s.containing(name, answering(http.StatusInternalServerError, "")))
			if _, _, err := s.CheckpointDetails(t.Context(), info, of); err == nil {
				t.Errorf("%s: no error", name)
			}
			s.fail(s.containing(name, gone))
			details, _, err := s.CheckpointDetails(t.Context(), info, of)
			if err != nil || details.Subtask != -1 || details.StartDelay != -1 {
				t.Errorf("%s: %+v, %v", name, details, err)
			}
			s.fail(nil)
			if _, requests, err := s.CheckpointDetails(t.Context(), info, of); requests != 0 || err != nil {
				t.Errorf("%s: %d requests, %v", name, requests, err)
			}
		}
	})
}

// Checkpoints and exceptions are read at each poll from when somebody asked for them,
// for a request more each, and are kept beyond what Flink remembers.
func TestJournalsAreSampledOnceAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := withCheckpoints(20 * time.Second)
		held.Phases = []sim.Phase{{Lasts: 105 * time.Second, Restart: true}, {Lasts: 2 * time.Second, State: "RESTARTING"}}
		held.Repeat = true
		s := sampling(t, access{}, time.Hour, held)
		info := listed(t, s.Collector)
		without := s.requestsIn(5 * time.Minute)
		if _, _, err := s.Checkpoints(t.Context(), info); err != nil {
			t.Error(err)
		}
		if _, _, err := s.Exceptions(t.Context(), info); err != nil {
			t.Error(err)
		}
		begun := time.Now()
		polled(t, s.Collector, info)
		time.Sleep(11 * time.Second)
		if with := s.requestsIn(5 * time.Minute); with < without+2*25 || with > without+2*35 {
			t.Errorf("%d requests in five minutes, and %d without them", with, without)
		}
		time.Sleep(25 * time.Minute)
		over := history.Range{From: begun, To: time.Now()}
		kept := s.history.Checkpoints(info.ID, over)
		if minutes := over.Length().Minutes(); len(kept) < int(2.7*minutes) || len(kept) > int(3*minutes)+1 {
			t.Errorf("%d checkpoints of %.0f minutes are kept", len(kept), minutes)
		}
		count := map[job.IncidentKind]int{}
		for _, each := range s.history.Incidents(info.ID, over) {
			count[each.What]++
		}
		if count[job.Exception] < 16 || count[job.Restart] < 16 || count[job.Rescale] != 0 {
			t.Errorf("kept are %v", count)
		}
	})
}

// A rescaling is found by the parallelism before and after, and is no other restart.
func TestRescalingIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := sim.HeldBack("orders", 3, 2, 1)
		held.Start = time.Now()
		held.Phases = []sim.Phase{
			{Lasts: time.Minute}, {Lasts: 30 * time.Second, State: "RESTARTING"},
			{Lasts: time.Minute, Restart: true, Change: func(tasks []sim.Task) { tasks[1].Parallelism = 4 }},
		}
		s := sampling(t, access{}, time.Hour, held)
		time.Sleep(3 * time.Minute)
		got := s.history.Incidents(held.ID, history.Range{From: held.Start, To: time.Now()})
		if len(got) != 1 || got[0].What != job.Rescale || got[0].Text != "Parallelism: task-1 from 2 to 4." || !got[0].At.Equal(held.Start.Add(time.Minute)) {
			t.Errorf("kept are %+v", got)
		}
	})
}

// Names of attempts are read, whatever a task is called.
func TestExceptionsAreWhereTheyWere(t *testing.T) {
	body := func(name string) string {
		return `{"exceptionHistory":{"entries":[{"stacktrace":"\n  java.lang.X: <b>no</b>` + strings.Repeat("é", 400) + `\n\tat a.b","taskName":` + name + `,"taskManagerId":"(unassigned)","endpoint":"(unassigned)","timestamp":1}]}}`
	}
	for name, want := range map[string]string{
		`"map (2/4) - execution #3"`:          "map 1",
		`"map (2/4)"`:                         "map 1",
		`"window (5 s) (1/1) - execution #0"`: "window (5 s) 0",
		`"map"`:                               "map -1",
		`"map (99999999999999999999/1)"`:      "map -1",
		`null`:                                " -1",
		`"map (0/1)"`:                         "map -1",
		`"a - execution #1 (3/4) - execution #2"`: "a - execution #1 2",
	} {
		s := newSampledCluster(t, access{}, collectorOptions, sim.HeldBack("orders", 3, 2, 1))
		info := listed(t, s.Collector)
		s.fail(s.containing("/exceptions", answering(http.StatusOK, body(name))))
		got, _, err := s.Exceptions(t.Context(), info)
		if err != nil || len(got) != 1 || fmt.Sprint(got[0].Task, " ", got[0].Subtask) != want || got[0].Host != "" || got[0].TaskManager != "" {
			t.Fatalf("%s: %+v, %v", name, got, err)
		}
		if text := got[0].Text; !strings.HasPrefix(text, "java.lang.X: <b>no</b>é") || len(text) > 505 || !strings.HasSuffix(text, "é…") {
			t.Errorf("the line is %q", text)
		}
	}
}
