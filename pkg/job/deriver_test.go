package job_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

var (
	began       = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	usual       = job.MetricInterval{Fetch: 10 * time.Second, Gauge: job.FromGauge60s}
	errNoAnswer = errors.New("no answer")
)

// point is what one sample of a job of one task with one subtask has.
type point struct {
	at                        time.Duration // after the start of the job
	idle, busy, backpressured time.Duration
	attempt                   int
	state                     job.State     // default RUNNING
	job                       job.State     // default RUNNING
	running                   time.Duration // default: at
	gauge                     *job.Shares
	counters                  bool // false: Flink has none
	records                   int64
}

func (p point) sample() *job.Sample {
	subtask := job.SubtaskSample{
		State: orRunning(p.state), Attempt: p.attempt, Start: began.Add(time.Duration(p.attempt) * time.Second),
		Running: p.running, Gauge: p.gauge, RecordsIn: &p.records,
	}
	if p.running == 0 {
		subtask.Running = p.at
	}
	if p.counters {
		subtask.Counters = &job.Counters{Idle: p.idle, Busy: p.busy, Backpressured: p.backpressured}
	}
	graph := job.NewGraph([]job.Task{{ID: "a", Name: "a", Parallelism: 1, State: job.Running, Running: 1}}, nil)
	return &job.Sample{
		Job: job.Info{State: orRunning(p.job)}, Graph: graph, At: began.Add(p.at),
		Tasks: []job.TaskSample{{Subtasks: []job.SubtaskSample{subtask}}},
	}
}

func orRunning(state job.State) job.State {
	if state == "" {
		return job.Running
	}
	return state
}

// at is a sample at that second whose counters say for how many seconds the
// subtask was idle and busy until then.
func at(second, idle, busy int) point {
	return point{at: time.Duration(second) * time.Second, idle: time.Duration(idle) * time.Second, busy: time.Duration(busy) * time.Second, counters: true}
}

func (p point) in(attempt int) point     { p.attempt = attempt; return p }
func (p point) is(state job.State) point { p.state = state; return p }
func (p point) of(state job.State) point { p.job = state; return p }

// A subtask's shares are those between two samples by the counters, else
// Flink's own averages; where neither describes the present it is unknown.
func TestTwoSamplesMakeASnapshot(t *testing.T) {
	gauge := &job.Shares{Idle: 0.2, Busy: 0.8, Backpressured: 0}
	legacy := &job.Shares{Idle: 0, Busy: job.Unknown, Backpressured: 0.9}
	part, nearly, zeros := &job.Shares{Idle: 0.6, Busy: 0.25}, &job.Shares{Idle: 0.67, Busy: 0.25}, &job.Shares{}
	for name, c := range map[string]struct {
		samples []point
		busy    job.Share
		source  job.Source
		why     job.Reason
	}{
		"the shares of the time between":      {[]point{at(60, 60, 0), at(70, 60, 10)}, 1, job.FromCounters, ""},
		"equal counters are one sample":       {[]point{at(60, 60, 0), at(70, 65, 5), at(72, 65, 5), at(75, 65, 5)}, 0.5, job.FromCounters, ""},
		"the newest baseline":                 {[]point{at(60, 60, 0), at(70, 70, 0), at(80, 70, 10)}, 1, job.FromCounters, ""},
		"not too new a baseline":              {[]point{at(60, 60, 0), at(70, 70, 0), at(72, 70, 2)}, 2. / 12, job.FromCounters, ""},
		"a baseline a minute and a fetch old": {[]point{at(60, 60, 0), at(130, 60, 70)}, 1, job.FromCounters, ""},
		"too old a baseline":                  {[]point{at(60, 60, 0), at(131, 60, 71)}, job.Unknown, "", job.NoMetrics},
		"the first sample":                    {[]point{at(60, 60, 0)}, job.Unknown, "", job.NoMetrics},
		"the first sample with gauges":        {[]point{{at: time.Minute, gauge: gauge}}, 0.8, job.FromGauge60s, ""},
		"a legacy source":                     {[]point{{at: time.Minute, gauge: legacy}}, job.Unknown, "", job.Unmeasured},
		"warm-up":                             {[]point{at(1, 0, 1), at(9, 0, 9)}, job.Unknown, "", job.WarmingUp},
		"warm-up with gauges":                 {[]point{{at: 9 * time.Second, gauge: gauge}}, job.Unknown, "", job.WarmingUp},
		"gauges that may be of the warm-up":   {[]point{{at: 19 * time.Second, gauge: gauge}}, job.Unknown, "", job.WarmingUp},
		"gauges a fetch after it":             {[]point{{at: 20 * time.Second, gauge: gauge}}, 0.8, job.FromGauge60s, ""},
		"three zeros":                         {[]point{{at: time.Minute, gauge: zeros}}, job.Unknown, "", job.NoMetrics},
		"gauges that add up to 0.85":          {[]point{{at: time.Minute, gauge: part}}, job.Unknown, "", job.NoMetrics},
		"gauges that add up to 0.92":          {[]point{{at: time.Minute, gauge: nearly}}, 0.25, job.FromGauge60s, ""},
		"another attempt":                     {[]point{at(60, 60, 0), at(70, 60, 10).in(1)}, job.Unknown, "", job.NoMetrics},
		"counters that ran backwards":         {[]point{at(60, 60, 0), at(70, 5, 2)}, job.Unknown, "", job.NoMetrics},
		"a small step back is no new begin":   {[]point{at(60, 60, 0), at(70, 60, 10), at(72, 60, 9), at(80, 60, 20)}, 1, job.FromCounters, ""},
		"and go on from there":                {[]point{at(60, 60, 0), at(70, 5, 0), at(80, 5, 10)}, 1, job.FromCounters, ""},
		"three fetches without a change":      {[]point{at(60, 60, 0), at(70, 60, 10), at(101, 60, 10)}, job.Unknown, "", job.Stale},
		"not yet three fetches":               {[]point{at(60, 60, 0), at(70, 60, 10), at(100, 60, 10)}, 1, job.FromCounters, ""},
		"a subtask that is not running":       {[]point{at(60, 60, 0), at(70, 60, 10).is(job.Canceled)}, job.Unknown, "", job.NotRunning},
		"a job that restarts":                 {[]point{at(60, 60, 0), at(70, 60, 10).of("RESTARTING")}, job.Unknown, "", job.NotRunning},
	} {
		t.Run(name, func(t *testing.T) {
			deriver := job.NewDeriver(usual)
			var snapshot *job.Snapshot
			for _, point := range c.samples {
				snapshot = deriver.Add(point.sample())
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

// The sum of the counters is the clock of a window: ours does not show when
// Flink fetched.
func TestWindowAndRatesGoByTheCounters(t *testing.T) {
	deriver := job.NewDeriver(usual)
	first, second := at(60, 60, 0), at(75, 60, 10)
	first.records, second.records = 100, 600
	deriver.Add(first.sample())
	snapshot := deriver.Add(second.sample())
	if snapshot.Window() != 10*time.Second || !snapshot.To.Equal(began.Add(75*time.Second)) {
		t.Errorf("from %s to %s", snapshot.From, snapshot.To)
	}
	if rate := snapshot.Tasks[0].RecordsIn; rate != 50 {
		t.Errorf("%v records a second", rate)
	}
	if rate := snapshot.Tasks[0].RecordsOut; !math.IsNaN(rate) {
		t.Errorf("%v records a second, though Flink did not report any", rate)
	}
}

// A task that does not answer once is unknown once: its counters stay.
func TestMissingAnswerLosesNoBaseline(t *testing.T) {
	deriver := job.NewDeriver(usual)
	deriver.Add(at(60, 60, 0).sample())
	missing := at(62, 60, 2).sample()
	missing.Tasks[0] = job.TaskSample{Err: errNoAnswer}
	if got := deriver.Add(missing).Tasks[0]; got.Known() || !errors.Is(got.Err, errNoAnswer) || got.Subtasks[0].Why != job.NoAnswer {
		t.Errorf("got %+v", got)
	}
	if got := deriver.Add(at(70, 60, 10).sample()); got.Tasks[0].Busy.Max != 1 {
		t.Errorf("busy %v after the task answered again", got.Tasks[0].Busy.Max)
	}
}

// An adaptive scheduler changes a task's parallelism while it is sampled: the
// subtasks that stay are measured on, new ones from their second sample.
func TestSubtasksComeAndGo(t *testing.T) {
	deriver := job.NewDeriver(usual)
	for _, step := range []struct{ second, subtasks, known int }{{60, 4, 0}, {70, 2, 2}, {80, 3, 2}, {90, 3, 3}} {
		sample := at(step.second, step.second, 0).sample()
		subtask := sample.Tasks[0].Subtasks[0]
		sample.Tasks[0].Subtasks = nil
		for i := range step.subtasks {
			subtask.Subtask = i
			sample.Tasks[0].Subtasks = append(sample.Tasks[0].Subtasks, subtask)
		}
		subtasks, known := deriver.Add(sample).Tasks[0].Subtasks, 0
		for _, load := range subtasks {
			if load.Known() {
				known++
			}
		}
		if len(subtasks) != step.subtasks || known != step.known {
			t.Errorf("at %d s %d subtasks, %d of them known; want %d and %d", step.second, len(subtasks), known, step.subtasks, step.known)
		}
	}
}

// Gauges are worth a request where there is no baseline yet, and only there.
func TestGaugesAreNeededUntilThereIsABaseline(t *testing.T) {
	deriver := job.NewDeriver(usual)
	needed := func(p point) bool {
		sample := p.sample()
		return deriver.NeedsGauges("a", sample.Tasks[0].Subtasks)
	}
	if !needed(at(60, 60, 0)) {
		t.Error("a first sample needs none")
	}
	if needed(at(5, 0, 5)) {
		t.Error("a task that warms up needs gauges, which show nothing of it")
	}
	deriver.Add(at(60, 60, 0).sample())
	if !needed(at(61, 61, 0)) {
		t.Error("a sample one second earlier is taken for a baseline")
	}
	if needed(at(70, 70, 0)) {
		t.Error("a sample with a baseline needs gauges")
	}
}

// What two samples can show is bounded by how often the metrics change.
func TestMetricInterval(t *testing.T) {
	for fetch, want := range map[time.Duration]struct{ minWindow, maxWindow, staleAfter, maxGap time.Duration }{
		0:                {5 * time.Second, time.Minute, 15 * time.Second, 2 * time.Minute},
		time.Second:      {5 * time.Second, 61 * time.Second, 15 * time.Second, time.Minute},
		10 * time.Second: {7500 * time.Millisecond, 70 * time.Second, 30 * time.Second, time.Minute},
		time.Minute:      {45 * time.Second, 2 * time.Minute, 3 * time.Minute, 3 * time.Minute},
	} {
		interval := job.MetricInterval{Fetch: fetch}
		if got := interval.MinWindow(); got != want.minWindow {
			t.Errorf("fetched every %s, the shortest window is %s, want %s", fetch, got, want.minWindow)
		}
		if got := interval.MaxWindow(); got != want.maxWindow {
			t.Errorf("fetched every %s, the longest window is %s, want %s", fetch, got, want.maxWindow)
		}
		if got := interval.StaleAfter(); got != want.staleAfter {
			t.Errorf("fetched every %s, counters are stale after %s, want %s", fetch, got, want.staleAfter)
		}
		if got := interval.MaxGap(); got != want.maxGap {
			t.Errorf("fetched every %s, the longest gap is %s, want %s", fetch, got, want.maxGap)
		}
	}
}
