package job

import (
	"math"
	"time"
)

// Deriver turns the samples of one job into snapshots. It keeps what the next
// snapshot needs: for each subtask the distinct counters, back to the newest
// that is old enough to be a baseline. Samples with equal counters leave no
// trace in it, so a snapshot does not depend on how often the job is polled,
// and its size depends on the number of subtasks alone. It is not safe for
// concurrent use.
type Deriver struct {
	interval MetricInterval
	windows  map[string][]counterWindow // by task id, then by place in the answer
}

// NewDeriver returns a deriver for a job of a cluster with that metric interval.
func NewDeriver(interval MetricInterval) *Deriver {
	return &Deriver{interval: interval, windows: map[string][]counterWindow{}}
}

// Interval is the metric interval that the deriver was made for.
func (d *Deriver) Interval() MetricInterval { return d.interval }

// Add derives the snapshot at the sample and keeps the sample's counters for
// later ones. Samples are added in the order they were taken.
func (d *Deriver) Add(sample *Sample) *Snapshot {
	windows := make(map[string][]counterWindow, len(sample.Graph.Tasks))
	snapshot := &Snapshot{Job: sample.Job, Graph: sample.Graph, At: sample.At, Tasks: make([]TaskLoad, len(sample.Graph.Tasks))}
	for i, task := range sample.Graph.Tasks {
		answer := sample.Tasks[i]
		windows[task.ID] = d.windows[task.ID]
		if len(answer.Subtasks) > 0 {
			windows[task.ID] = d.extended(task.ID, answer.Subtasks, sample.At)
		}
		snapshot.Tasks[i] = d.task(sample, task, answer, windows[task.ID]).summedUp()
	}
	d.windows = windows
	return snapshot.bounded()
}

// NeedsGauges reports whether some running subtask of the task could not be
// measured by its counters if the sample were added, so that its gauges are
// worth a request.
func (d *Deriver) NeedsGauges(taskID string, subtasks []SubtaskSample) bool {
	windows := d.windows[taskID]
	for i := range subtasks {
		subtask := &subtasks[i]
		if subtask.State != Running || subtask.Running < d.interval.settled() {
			continue
		}
		if i >= len(windows) || !windows[i].measures(subtask, d.interval) {
			return true
		}
	}
	return false
}

// extended is the task's windows with the subtasks' counters added.
func (d *Deriver) extended(taskID string, subtasks []SubtaskSample, at time.Time) []counterWindow {
	windows := d.windows[taskID]
	if missing := len(subtasks) - len(windows); missing > 0 {
		windows = append(windows, make([]counterWindow, missing)...)
	}
	windows = windows[:len(subtasks)]
	for i := range subtasks {
		windows[i].add(&subtasks[i], at, d.interval)
	}
	return windows
}

func (d *Deriver) task(sample *Sample, task Task, answer TaskSample, windows []counterWindow) TaskLoad {
	if len(answer.Subtasks) == 0 {
		return unaskedTask(task, answer.Err)
	}
	load := TaskLoad{Subtasks: make([]SubtaskLoad, len(answer.Subtasks)), Err: answer.Err}
	for i := range answer.Subtasks {
		d.derive(&load.Subtasks[i], sample, &answer.Subtasks[i], &windows[i])
	}
	return load
}

// derive fills in one subtask's load: from its counters if there is a baseline,
// else from its gauges.
func (d *Deriver) derive(load *SubtaskLoad, sample *Sample, subtask *SubtaskSample, window *counterWindow) {
	*load = unknownLoad(subtask, NoMetrics)
	switch {
	case sample.Job.Type == Batch && (subtask.State == "CREATED" || subtask.State == "SCHEDULED"):
		load.Why = WaitsForSlot
	case sample.Job.State != Running || subtask.State != Running:
		load.Why = NotRunning
	case subtask.Running < warmUp:
		load.Why = WarmingUp
	case window.stale(sample.At, d.interval):
		load.Why = Stale
	default:
		if base := window.baseline(d.interval); base != nil {
			load.fromCounters(base, window.latest())
			return
		}
		load.fromGauge(subtask, sample.At, d.interval)
	}
}

// fromCounters fills in what happened between two points. The sum of the three
// counters is the clock: ours does not know the moment of a fetch.
func (l *SubtaskLoad) fromCounters(base, latest *counterPoint) {
	spent := latest.counters.Since(base.counters)
	length := spent.Sum()
	l.Shares, l.Why, l.source = spent.Shares(), "", FromCounters
	l.from, l.to = latest.at.Add(-length), latest.at
	l.RecordsIn = rate(base.recordsIn, latest.recordsIn, length)
	l.RecordsOut = rate(base.recordsOut, latest.recordsOut, length)
}

// fromGauge fills in Flink's own averages, where there are any. A legacy source
// has no busy time, and its idle time is always 0: both stay unknown.
func (l *SubtaskLoad) fromGauge(subtask *SubtaskSample, at time.Time, interval MetricInterval) {
	if subtask.Gauge == nil || !subtask.Gauge.Known() {
		return
	}
	if subtask.Running < interval.settled() {
		l.Why = WarmingUp
		return
	}
	if !subtask.Gauge.AddUp() {
		return
	}
	l.Shares, l.Why, l.source = *subtask.Gauge, "", interval.Gauge
	if !l.Busy.Known() {
		l.Idle, l.Why, l.source = Unknown, Unmeasured, ""
	}
	l.from, l.to = at.Add(-interval.Gauge.window()), at
}

// rate is records per second, NaN where a count is missing.
func rate(before, after float64, length time.Duration) float64 {
	if length <= 0 || math.IsNaN(before) || math.IsNaN(after) {
		return math.NaN()
	}
	return max(after-before, 0) / length.Seconds()
}

// MetricInterval is how often a cluster's metrics change, which bounds what two
// samples can show.
type MetricInterval struct {
	// Fetch is Flink's metrics.fetcher.update-interval; 0 if fetching is off.
	Fetch time.Duration
	// Gauge is what the cluster's gauges are: FromGauge5s or FromGauge60s.
	Gauge Source
}

const (
	// warmUp is how long a new attempt reads as busy whatever it does.
	warmUp = 10 * time.Second
	// minWindow keeps the noise of the counters, up to 0.3 s, small.
	minWindow = 5 * time.Second
	// maxBaselineAge is how old a baseline may be, beside one fetch: a rule that
	// is evaluated every minute still finds one.
	maxBaselineAge = time.Minute
	// maxStepBack is how far counters run backwards though the attempt is the same: two
	// TaskManagers in one process were seen to report in turns, by up to 0.12 s.
	maxStepBack = time.Second
	// staleFetches without a change make a subtask unknown.
	staleFetches = 3
	// minMaxGap is the least time after which the absence of samples is a gap.
	minMaxGap = time.Minute
	// maxGapUnfetched is the same where Flink fetches no metrics: such a job is
	// sampled once a minute.
	maxGapUnfetched = 2 * time.Minute
)

// MinWindow is the shortest time that shares are derived over: three quarters
// of a fetch, as TaskManagers do not answer on the dot, and 5 s at least.
func (m MetricInterval) MinWindow() time.Duration { return max(m.Fetch*3/4, minWindow) }

// MaxWindow is the longest.
func (m MetricInterval) MaxWindow() time.Duration { return maxBaselineAge + m.Fetch }

// StaleAfter is how long counters may stand still and yet describe the present.
func (m MetricInterval) StaleAfter() time.Duration { return staleFetches * max(m.Fetch, minWindow) }

// MaxGap is the longest time between two samples that follow each other; what
// was in a longer one is not known.
func (m MetricInterval) MaxGap() time.Duration {
	if m.Fetch == 0 {
		return maxGapUnfetched
	}
	return max(minMaxGap, m.StaleAfter())
}

// settled is how long an attempt must have run before its gauges are used:
// they may have been fetched up to a fetch ago, while it was warming up.
func (m MetricInterval) settled() time.Duration { return warmUp + m.Fetch }

// counterWindow is what is kept of one attempt of a subtask: its distinct
// counters, oldest first.
type counterWindow struct {
	attempt int
	start   time.Time
	points  []counterPoint
}

// counterPoint is one distinct value of the counters and when it was first
// sampled.
type counterPoint struct {
	at       time.Time
	counters Counters
	// recordsIn and recordsOut are counts; NaN if unknown.
	recordsIn, recordsOut float64
}

// add adds a subtask's sample, taken at that time; a new attempt, or counters
// that ran far backwards, start the window anew.
func (w *counterWindow) add(sample *SubtaskSample, at time.Time, interval MetricInterval) {
	if !w.of(sample) {
		*w = counterWindow{attempt: sample.Attempt, start: sample.Start, points: w.points[:0]}
	}
	if !sample.measured() {
		return
	}
	if n := len(w.points); n > 0 {
		added := sample.Counters.Since(w.points[n-1].counters)
		if added == (Counters{}) {
			return
		}
		switch back := -added.Sum(); {
		case back > maxStepBack:
			w.points = w.points[:0]
		case back > 0:
			return
		}
	}
	w.points = append(w.points, counterPoint{at, *sample.Counters, counted(sample.RecordsIn), counted(sample.RecordsOut)})
	w.trim(interval)
}

// of reports whether the window is that of the sample's attempt.
func (w *counterWindow) of(sample *SubtaskSample) bool {
	return w.attempt == sample.Attempt && w.start.Equal(sample.Start)
}

// measured reports whether the subtask has counters that a share can be derived
// from.
func (s *SubtaskSample) measured() bool { return s.Counters != nil && !s.Counters.BusyUnknown }

// counted is a count of records as a float, which is exact up to 2^53.
func counted(records *int64) float64 {
	if records == nil {
		return math.NaN()
	}
	return float64(*records)
}

// trim drops what is older than the baseline: as the latest point moves on, the
// baseline does too.
func (w *counterWindow) trim(interval MetricInterval) {
	latest := w.latest().counters
	for i := len(w.points) - 2; i > 0; i-- {
		if latest.Since(w.points[i].counters).Sum() >= interval.MinWindow() {
			w.points = append(w.points[:0], w.points[i:]...)
			break
		}
	}
}

// baseline is the point to be compared with the latest; nil if there is none.
func (w *counterWindow) baseline(interval MetricInterval) *counterPoint {
	if len(w.points) == 0 {
		return nil
	}
	return baseline(w.points[:len(w.points)-1], w.latest().counters, interval)
}

// measures reports whether there would be a baseline if the sample were added.
func (w *counterWindow) measures(sample *SubtaskSample, interval MetricInterval) bool {
	if !w.of(sample) || len(w.points) == 0 {
		return false
	}
	before, latest := w.points, w.latest().counters
	if sample.measured() {
		latest = *sample.Counters
	}
	switch added := latest.Since(w.latest().counters); {
	case added == Counters{}:
		before = before[:len(before)-1]
	case added.Sum() < -maxStepBack:
		return false
	case added.Sum() < 0:
		before, latest = before[:len(before)-1], w.latest().counters
	}
	return baseline(before, latest, interval) != nil
}

// baseline is the newest point that is old enough to be compared with the latest
// counters, and young enough to describe the present; nil if there is none.
func baseline(points []counterPoint, latest Counters, interval MetricInterval) *counterPoint {
	for i := len(points) - 1; i >= 0; i-- {
		switch length := latest.Since(points[i].counters).Sum(); {
		case length > interval.MaxWindow():
			return nil
		case length >= interval.MinWindow():
			return &points[i]
		}
	}
	return nil
}

func (w *counterWindow) latest() *counterPoint { return &w.points[len(w.points)-1] }

// stale reports whether the counters have stood still for longer than some
// fetches take: their shares no longer describe the present.
func (w *counterWindow) stale(at time.Time, interval MetricInterval) bool {
	return len(w.points) > 0 && at.Sub(w.latest().at) > interval.StaleAfter()
}
