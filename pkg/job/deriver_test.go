package job_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

var (
	began    = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	usual    = job.MetricInterval{Fetch: 10 * time.Second, Gauge: job.FromGauge60s}
	errQuiet = errors.New("no answer")
)

// seen is one look at a job of one task with one subtask.
type seen struct {
	at      time.Duration // after the start of the job
	idle    time.Duration
	busy    time.Duration
	held    time.Duration // backpressured
	attempt int
	state   job.State     // default RUNNING
	job     job.State     // default RUNNING
	running time.Duration // default: at
	gauge   *job.Shares
	counted bool // false: no counters
	records int64
}

func (s seen) look() *job.Sample {
	reading := job.SubtaskSample{
		State: orRunning(s.state), Attempt: s.attempt, Start: began.Add(time.Duration(s.attempt) * time.Second),
		Running: s.running, Gauge: s.gauge, RecordsIn: &s.records,
	}
	if s.running == 0 {
		reading.Running = s.at
	}
	if s.counted {
		reading.Counters = &job.Counters{Idle: s.idle, Busy: s.busy, Backpressured: s.held}
	}
	graph := job.NewGraph([]job.Task{{ID: "a", Name: "a", Parallelism: 1, State: job.Running, Running: 1}}, nil)
	return &job.Sample{
		Job: job.Info{State: orRunning(s.job)}, Graph: graph, At: began.Add(s.at),
		Tasks: []job.TaskSample{{Subtasks: []job.SubtaskSample{reading}}},
	}
}

func orRunning(state job.State) job.State {
	if state == "" {
		return job.Running
	}
	return state
}

// at is a look whose counters say that the subtask was busy, after idling,
// for that many seconds.
func at(seconds, idle, busy int) seen {
	return seen{at: time.Duration(seconds) * time.Second, idle: time.Duration(idle) * time.Second, busy: time.Duration(busy) * time.Second, counted: true}
}

func TestTwoLooksMakeASnapshot(t *testing.T) {
	gauge := &job.Shares{Idle: 0.2, Busy: 0.8, Backpressured: 0}
	legacy := &job.Shares{Idle: 0, Busy: job.Unknown, Backpressured: 0.9}
	for name, c := range map[string]struct {
		looks  []seen
		busy   job.Share
		source job.Source
		why    job.Reason
	}{
		"the shares of the time between":      {[]seen{at(60, 60, 0), at(70, 60, 10)}, 1, job.FromCounters, ""},
		"equal counters are one look":         {[]seen{at(60, 60, 0), at(70, 65, 5), at(72, 65, 5), at(75, 65, 5)}, 0.5, job.FromCounters, ""},
		"the newest baseline":                 {[]seen{at(60, 60, 0), at(70, 70, 0), at(80, 70, 10)}, 1, job.FromCounters, ""},
		"not too new a baseline":              {[]seen{at(60, 60, 0), at(70, 70, 0), at(72, 70, 2)}, 2. / 12, job.FromCounters, ""},
		"a baseline a minute and a fetch old": {[]seen{at(60, 60, 0), at(130, 60, 70)}, 1, job.FromCounters, ""},
		"too old a baseline":                  {[]seen{at(60, 60, 0), at(131, 60, 71)}, job.Unknown, "", job.NoMetrics},
		"the first look":                      {[]seen{at(60, 60, 0)}, job.Unknown, "", job.NoMetrics},
		"the first look with gauges":          {[]seen{{at: time.Minute, gauge: gauge}}, 0.8, job.FromGauge60s, ""},
		"a legacy source":                     {[]seen{{at: time.Minute, gauge: legacy}}, job.Unknown, "", job.Unmeasured},
		"warm-up":                             {[]seen{at(1, 0, 1), at(9, 0, 9)}, job.Unknown, "", job.WarmingUp},
		"warm-up with gauges":                 {[]seen{{at: 9 * time.Second, gauge: gauge}}, job.Unknown, "", job.WarmingUp},
		"gauges that may be of the warm-up":   {[]seen{{at: 19 * time.Second, gauge: gauge}}, job.Unknown, "", job.WarmingUp},
		"gauges a fetch after it":             {[]seen{{at: 20 * time.Second, gauge: gauge}}, 0.8, job.FromGauge60s, ""},
		"another attempt":                     {[]seen{at(60, 60, 0), {at: 70 * time.Second, idle: 60 * time.Second, busy: 10 * time.Second, counted: true, attempt: 1}}, job.Unknown, "", job.NoMetrics},
		"counters that ran backwards":         {[]seen{at(60, 60, 0), at(70, 5, 2)}, job.Unknown, "", job.NoMetrics},
		"and go on from there":                {[]seen{at(60, 60, 0), at(70, 5, 0), at(80, 5, 10)}, 1, job.FromCounters, ""},
		"three fetches without movement":      {[]seen{at(60, 60, 0), at(70, 60, 10), at(101, 60, 10)}, job.Unknown, "", job.Stale},
		"not yet three fetches":               {[]seen{at(60, 60, 0), at(70, 60, 10), at(100, 60, 10)}, 1, job.FromCounters, ""},
		"a subtask that is not running":       {[]seen{at(60, 60, 0), {at: 70 * time.Second, idle: 60 * time.Second, busy: 10 * time.Second, counted: true, state: "CANCELED"}}, job.Unknown, "", job.NotRunning},
		"a job that restarts":                 {[]seen{at(60, 60, 0), {at: 70 * time.Second, idle: 60 * time.Second, busy: 10 * time.Second, counted: true, job: "RESTARTING"}}, job.Unknown, "", job.NotRunning},
	} {
		t.Run(name, func(t *testing.T) {
			trail := job.NewDeriver(usual)
			var snapshot *job.Snapshot
			for _, look := range c.looks {
				snapshot = trail.Add(look.look())
			}
			got := snapshot.Tasks[0].Subtasks[0]
			if got.Busy != c.busy && (got.Busy.Known() || c.busy.Known()) {
				t.Errorf("busy %v, want %v", got.Busy, c.busy)
			}
			if snapshot.Source != c.source || got.Why != c.why {
				t.Errorf("source %q because %q, want %q because %q", snapshot.Source, got.Why, c.source, c.why)
			}
		})
	}
}

// The sum of the counters is the clock of a window: ours does not know when
// Flink fetched.
func TestWindowAndRatesGoByTheCounters(t *testing.T) {
	trail := job.NewDeriver(usual)
	first, second := at(60, 60, 0), at(75, 60, 10)
	first.records, second.records = 100, 600
	trail.Add(first.look())
	snapshot := trail.Add(second.look())
	if snapshot.Window() != 10*time.Second || !snapshot.To.Equal(began.Add(75*time.Second)) {
		t.Errorf("from %s to %s", snapshot.From, snapshot.To)
	}
	if rate := snapshot.Tasks[0].RecordsIn; rate != 50 {
		t.Errorf("%v records a second", rate)
	}
	if rate := snapshot.Tasks[0].RecordsOut; !math.IsNaN(rate) {
		t.Errorf("%v records a second, though Flink did not tell", rate)
	}
}

// A task that does not answer once is unknown once: its trail stays.
func TestSilenceLosesNoBaseline(t *testing.T) {
	trail := job.NewDeriver(usual)
	trail.Add(at(60, 60, 0).look())
	silent := at(62, 60, 2).look()
	silent.Tasks[0] = job.TaskSample{Err: errQuiet}
	if got := trail.Add(silent).Tasks[0]; got.Known() || !errors.Is(got.Err, errQuiet) || got.Subtasks[0].Why != job.NoAnswer {
		t.Errorf("got %+v", got)
	}
	if got := trail.Add(at(70, 60, 10).look()); got.Tasks[0].Busy.Max != 1 {
		t.Errorf("busy %v after the task answered again", got.Tasks[0].Busy.Max)
	}
}

// An adaptive scheduler changes a task's parallelism while it is looked at.
func TestSubtasksComeAndGo(t *testing.T) {
	trail := job.NewDeriver(usual)
	for _, step := range []struct{ second, subtasks int }{{60, 4}, {70, 2}, {80, 3}, {90, 3}} {
		look := at(step.second, step.second, 0).look()
		reading := look.Tasks[0].Subtasks[0]
		look.Tasks[0].Subtasks = nil
		for i := range step.subtasks {
			reading.Subtask = i
			look.Tasks[0].Subtasks = append(look.Tasks[0].Subtasks, reading)
		}
		snapshot := trail.Add(look)
		if got := len(snapshot.Tasks[0].Subtasks); got != step.subtasks {
			t.Errorf("%d subtasks at %d s, want %d", got, step.second, step.subtasks)
		}
	}
}

// Gauges are asked for where counters cannot tell yet, and only there.
func TestTrailLacksUntilThereIsABaseline(t *testing.T) {
	trail := job.NewDeriver(usual)
	lacks := func(s seen) bool {
		look := s.look()
		return trail.NeedsGauges(look, "a", look.Tasks[0].Subtasks)
	}
	if !lacks(at(60, 60, 0)) {
		t.Error("a first look lacks nothing")
	}
	if warm := at(5, 0, 5); lacks(warm) {
		t.Error("a task that warms up lacks gauges, which say nothing of it")
	}
	trail.Add(at(60, 60, 0).look())
	if !lacks(at(61, 61, 0)) {
		t.Error("a second reading after one second is taken for a baseline")
	}
	if lacks(at(70, 70, 0)) {
		t.Error("a look with a baseline lacks something")
	}
}
