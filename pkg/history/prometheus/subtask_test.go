package prometheus_test

import (
	"math"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

var (
	mixed   = job.Shares{Idle: 0.5, Busy: 0.3, Backpressured: 0.2}
	nothing = job.UnknownShares()
)

// A quarter of an hour around noon, one snapshot a minute, of one subtask:
// what is known of it at noon, and why not.
func TestSubtaskAtNoon(t *testing.T) {
	with := func(change func(*ran)) []ran {
		one := always("a", 0, mixed)
		change(&one)
		return []ran{one}
	}
	lost := job.Shares{Idle: job.Unknown, Busy: job.Unknown, Backpressured: 0.2}
	for name, c := range map[string]struct {
		attempts []ran
		want     job.Shares
		why      job.Reason
	}{
		"accumulated times":                       {with(func(*ran) {}), mixed, ""},
		"scraped once a minute":                   {with(func(r *ran) { r.every = time.Minute }), mixed, ""},
		"scraped every second":                    {with(func(r *ran) { r.every = time.Second }), mixed, ""},
		"gauges before 1.16":                      {with(func(r *ran) { r.old = true }), mixed, ""},
		"gauges that are zero":                    {with(func(r *ran) { r.shares, r.old = job.Shares{}, true }), nothing, job.NoMetrics},
		"gauges that add up to 0.4":               {with(func(r *ran) { r.shares, r.old = job.Shares{Idle: 0.1, Busy: 0.1, Backpressured: 0.2}, true }), nothing, job.NoMetrics},
		"a legacy source":                         {with(func(r *ran) { r.legacy = true }), lost, job.Unmeasured},
		"a legacy source before 1.16":             {with(func(r *ran) { r.legacy, r.old = true, true }), lost, job.Unmeasured},
		"begun within the window":                 {with(func(r *ran) { r.from = noon.Add(-40 * time.Second) }), nothing, job.NoMetrics},
		"begun before it":                         {with(func(r *ran) { r.from = noon.Add(-80 * time.Second) }), mixed, ""},
		"gauges of one begun within the window":   {with(func(r *ran) { r.from, r.old = noon.Add(-40*time.Second), true }), nothing, job.NoMetrics},
		"a legacy source begun within the window": {with(func(r *ran) { r.from, r.legacy = noon.Add(-40*time.Second), true }), nothing, job.NoMetrics},
		"ended within the window":                 {with(func(r *ran) { r.to = noon.Add(-40 * time.Second) }), nothing, job.NoMetrics},
		"an id of the attempt that was left out":  {with(func(r *ran) { r.attempt = "" }), mixed, ""},
		"a negative subtask":                      {with(func(r *ran) { r.subtask = -1 }), nothing, ""},
		"more subtasks than Flink allows":         {with(func(r *ran) { r.subtask = 1 << 15 }), nothing, ""},
	} {
		t.Run(name, func(t *testing.T) {
			reader := readerOf(t, fake(t, scraped(c.attempts...)))
			for _, snapshot := range snapshots(t, reader, ordersWith(connected(map[string]int{"a": 1}, "a")), minutes(-7, 7), time.Minute) {
				if !snapshot.At.Equal(noon) {
					continue
				}
				if got := snapshot.Tasks[0].Subtasks[0]; !near(got.Shares, c.want) || got.Why != c.why {
					t.Errorf("got %v because %q, want %v because %q", got.Shares, got.Why, c.want, c.why)
				}
				return
			}
			if c.why != "" || c.want.Known() {
				t.Error("no snapshot at noon")
			}
		})
	}
}

func TestSnapshotSaysWhereAndWhen(t *testing.T) {
	one := always("a", 0, mixed)
	one.number = 3
	reader := readerOf(t, fake(t, scraped(one)))
	snapshot := snapshots(t, reader, ordersWith(connected(map[string]int{"a": 1}, "a")), minutes(0, 0), time.Minute)[0]
	if snapshot.Source != job.FromPrometheus || !snapshot.To.Equal(noon) || snapshot.Window() != 75*time.Second {
		t.Errorf("%s to %s by %s", snapshot.From, snapshot.To, snapshot.Source)
	}
	if snapshot.Job.ID != jobID || snapshot.Job.Name != "orders" || snapshot.Job.State != job.Running || !snapshot.AllRun() {
		t.Errorf("job is %+v of %+v", snapshot.Job, snapshot.Graph)
	}
	got := snapshot.Tasks[0].Subtasks[0]
	if got.Attempt != 3 || got.Host != "host_of_tm1" || got.TaskManager != "tm1" || got.State != job.Running {
		t.Errorf("got %+v", got)
	}
	if math.Abs(got.RecordsIn-10) > 0.1 || math.Abs(got.RecordsOut-20) > 0.1 {
		t.Errorf("%v records in and %v out a second", got.RecordsIn, got.RecordsOut)
	}
}

// The accumulated busy time runs backwards now and then, by some hundred
// milliseconds; that is not a counter that began anew.
func TestDipOfBusyTimeIsNoReset(t *testing.T) {
	all := scraped(always("a", 0, job.Shares{Idle: 1}))
	for _, s := range all {
		if s.labels["__name__"] == "flink_taskmanager_job_task_accumulateBusyTimeMs" {
			for i := range s.samples {
				s.samples[i].Value = 1000 - 300*float64(i%2)
			}
		}
	}
	reader := readerOf(t, fake(t, all))
	for _, snapshot := range snapshots(t, reader, orders, minutes(-5, 5), time.Minute) {
		if got := snapshot.Tasks[0].Subtasks[0]; got.Busy < 0 || got.Busy > 0.01 || got.Idle < 0.99 {
			t.Errorf("got %v", got.Shares)
		}
	}
}

// What is not there is not zero: neither a subtask nor the rates of one.
func TestMissingIsUnknown(t *testing.T) {
	reader := readerOf(t, fake(t, scraped(always("a", 1, mixed))[:8]))
	snapshot := snapshots(t, reader, ordersWith(connected(map[string]int{"a": 3, "b": 1}, "a", "b")), minutes(0, 0), time.Minute)[0]
	a, b := snapshot.Tasks[0], snapshot.Tasks[1]
	for _, subtask := range []job.SubtaskLoad{a.Subtasks[0], a.Subtasks[2], b.Subtasks[0]} {
		if subtask.Known() || subtask.Idle.Known() || !math.IsNaN(subtask.RecordsIn) || subtask.Why != job.Missing {
			t.Errorf("got %+v", subtask)
		}
	}
	if a.Complete() || b.Known() || !a.Subtasks[1].Known() || !math.IsNaN(a.RecordsIn) {
		t.Errorf("got %+v", snapshot.Tasks)
	}
	if snapshot.AllRun() || snapshot.Graph.Tasks[0].Running != 1 || snapshot.Graph.Tasks[1].State != "" {
		t.Errorf("graph is %+v", snapshot.Graph.Tasks)
	}
}

// Soft and hard backpressure and how full buffers are is known of each subtask of
// which it was scraped.
func TestDetails(t *testing.T) {
	first, second := always("a", 0, mixed), always("a", 1, mixed)
	all := scraped(first, second)
	for name, value := range map[string]float64{
		"softBackPressuredTimeMsPerSecond": 250, "hardBackPressuredTimeMsPerSecond": 100,
		"Shuffle_Netty_Input_Buffers_inPoolUsage": 0.5, "Shuffle_Netty_Output_Buffers_outPoolUsage": 1.5,
	} {
		all = append(all, first.series("flink_taskmanager_job_task_"+name, func(time.Duration) float64 { return value }))
	}
	reader := readerOf(t, fake(t, all))
	snapshot := snapshots(t, reader, orders, minutes(0, 0), time.Minute)[0]
	details, _, err := reader.Details(t.Context(), orders, snapshot)
	if err != nil || len(details) != 1 || len(details[0]) != 2 {
		t.Fatalf("%v, %v", details, err)
	}
	if want := (job.Detail{Soft: 0.25, Hard: 0.1, InPool: 0.5, OutPool: 1}); details[0][0] != want {
		t.Errorf("%+v, want %+v", details[0][0], want)
	}
	if of := details[0][1]; of.Soft.Known() || of.Hard.Known() || of.InPool.Known() || of.OutPool.Known() {
		t.Errorf("the second subtask has %+v", of)
	}
}
