package prometheus

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"github.com/prometheus/common/model"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// minCovered is how much of a window an attempt's clock must have run for it to
// be measured, or the scrapes must have taken of one without. Prometheus
// extrapolates to the ends of the window; what does not may lack a scrape
// interval, of the four or more that a window has.
const minCovered = 0.72

// minStill is for how long clocks stand still at least that have ended: a reporter
// that pushes may do so every few minutes.
const minStill = 5 * time.Minute

// columnQuery is a column's metric and the function that is applied to it.
type columnQuery struct {
	of               column
	function, metric string
}

// Backpressure is the first, as it is measured of every attempt.
var (
	accumulated = []columnQuery{
		{backpressured, "delta", accumulatedBackpressured}, {idle, "delta", accumulatedIdle}, {busy, "delta", accumulatedBusy},
	}
	gauges = []columnQuery{
		{backpressured, "avg_over_time", gaugeBackpressured}, {idle, "avg_over_time", gaugeIdle}, {busy, "avg_over_time", gaugeBusy},
	}
	records = []columnQuery{{recordsIn, "delta", totalRecordsIn}, {recordsOut, "delta", totalRecordsOut}}
	// coverage is read where some attempt has no clock.
	coverage = columnQuery{scrapes, "count_over_time", gaugeBackpressured}
)

// chunk is what was read of a job at some points in a row.
type chunk struct {
	*survey
	points grid
	// clocked is set where the values are of accumulated times.
	clocked bool
	// attempts are in order, and tasks has them by the task's id and the subtask.
	attempts []*attempt
	tasks    map[string][][]*attempt
	// series are those of the attempts by their [seriesHash].
	series map[uint64]*attempt
}

// readChunk reads the attempts at some points. If some stand still and the points
// are too few to show whether they do for long, it reads more from before.
func readChunk(ctx context.Context, of *survey, points grid, withRecords bool) (*chunk, error) {
	c := &chunk{survey: of, points: points}
	if err := c.read(ctx, withRecords); err != nil || !slices.ContainsFunc(c.attempts, c.still) {
		return c, err
	}
	if longer := points.from(points.end().Add(-minStill)); longer.count > points.count {
		c = &chunk{survey: of, points: longer}
		if err := c.read(ctx, withRecords); err != nil {
			return c, err
		}
	}
	c.removeStill()
	return c, nil
}

// read fills the columns of the attempts: from the accumulated times, or from
// gauges if there are none.
func (c *chunk) read(ctx context.Context, withRecords bool) error {
	c.series = map[uint64]*attempt{}
	if err := c.readColumns(ctx, accumulated[0]); err != nil {
		return err
	}
	rest := accumulated[1:]
	if c.clocked = len(c.attempts) > 0; !c.clocked {
		rest = gauges
	}
	if withRecords {
		rest = slices.Concat(rest, records)
	}
	if err := c.readColumns(ctx, rest...); err != nil {
		return err
	}
	if slices.ContainsFunc(c.attempts, c.clockless) {
		if err := c.readColumns(ctx, coverage); err != nil {
			return err
		}
	}
	c.mergeSeries()
	return nil
}

// readColumns sends one query after the other, so that but one answer is held at
// a time.
func (c *chunk) readColumns(ctx context.Context, columns ...columnQuery) error {
	for _, column := range columns {
		matrix, err := c.overTime(ctx, over(column.function, column.metric, c.matcher, c.window), c.points)
		if err != nil {
			return err
		}
		all := make([]float32, len(matrix)*c.points.count)
		for i, series := range matrix {
			if a := c.attemptOf(series.Metric, column.of); a != nil {
				a.values[column.of] = all[i*c.points.count : (i+1)*c.points.count]
				fill(a.values[column.of], series.Values, c.points)
			}
		}
	}
	return nil
}

// attemptOf is the attempt that a series of a column is of, nil if of none.
func (c *chunk) attemptOf(labels model.Metric, of column) *attempt {
	hash := seriesHash(labels)
	if known := c.series[hash]; known != nil || of != backpressured {
		return known
	}
	made := newAttempt(labels)
	if made != nil {
		made.taskManager = cmp.Or(c.taskManagers[made.taskManager], made.taskManager)
		c.series[hash], c.attempts = made, append(c.attempts, made)
	}
	return made
}

// fill puts an answer's values in their places.
func fill[F float32 | float64](values []F, from []model.SamplePair, points grid) {
	for i := range values {
		values[i] = F(math.NaN())
	}
	for _, sample := range from {
		if point, within := points.point(int64(sample.Timestamp)); within {
			values[point] = F(sample.Value)
		}
	}
}

// mergeSeries sorts the attempts, of which some may be several series.
func (c *chunk) mergeSeries() {
	slices.SortStableFunc(c.attempts, compareAttempts)
	series := c.attempts
	c.attempts, c.tasks, c.series = nil, map[string][][]*attempt{}, nil
	for begin, end := 0, 0; begin < len(series); begin = end {
		for end = begin + 1; end < len(series) && compareAttempts(series[begin], series[end]) == 0; {
			end++
		}
		a := merged(series[begin:end], c.points.count, c.covers)
		c.attempts = append(c.attempts, a)
		for len(c.tasks[a.task]) <= a.subtask {
			c.tasks[a.task] = append(c.tasks[a.task], nil)
		}
		c.tasks[a.task][a.subtask] = append(c.tasks[a.task][a.subtask], a)
	}
}

// clock is how many milliseconds an attempt has accumulated in a window; NaN
// where it does not count its busy time.
func (c *chunk) clock(a *attempt, point int) float64 {
	if !c.clocked {
		return math.NaN()
	}
	return a.value(idle, point) + a.value(busy, point) + a.value(backpressured, point)
}

// anywhere reports whether something is so at any point.
func (c *chunk) anywhere(is func(point int) bool) bool {
	for point := range c.points.count {
		if is(point) {
			return true
		}
	}
	return false
}

// clockless reports whether an attempt has no clock at some point: a legacy source
// has no busy time. VictoriaMetrics, which stores no NaN, has no series of it.
func (c *chunk) clockless(a *attempt) bool {
	return c.anywhere(func(point int) bool { return a.there(point) && math.IsNaN(c.clock(a, point)) })
}

// still reports whether an attempt's clock stands still at some point.
func (c *chunk) still(a *attempt) bool {
	return c.anywhere(func(point int) bool { return c.clock(a, point) == 0 })
}

// covers reports whether an attempt lasted for the whole window. Counters that
// began anew within it have run backwards, or not far enough.
func (c *chunk) covers(a *attempt, point int) bool { return c.lasted(a, point, c.window) }

// lasted reports whether an attempt lasted for so long of the window.
func (c *chunk) lasted(a *attempt, point int, long time.Duration) bool {
	ran := c.clock(a, point) / 1000
	if math.IsNaN(ran) {
		ran = a.value(scrapes, point) * c.interval.Seconds()
	}
	return ran >= minCovered*long.Seconds()
}

// brief reports whether an attempt lasted not for the window before a point, but
// for long enough to be measured with a shorter step.
func (c *chunk) brief(point int) bool {
	return slices.ContainsFunc(c.attempts, func(a *attempt) bool {
		return a.there(point) && c.lasted(a, point, c.minLasting()+c.interval) && !c.covers(a, point)
	})
}

// removeStill removes attempts from the points at which they had ended, but whose
// last values are scraped all the same, as a Pushgateway keeps them: their clocks
// stand still, for long or while another attempt of the subtask runs. One without
// a clock has ended with those that ran beside it.
func (c *chunk) removeStill() {
	long := make(map[*attempt][]bool, len(c.attempts))
	for _, a := range c.attempts {
		long[a] = c.longStill(a)
	}
	for point := range c.points.count {
		running, places, ended := map[subtaskID]bool{}, map[place]bool{}, map[place]bool{}
		for _, a := range c.attempts {
			if c.clock(a, point) > 0 {
				running[a.subtaskID], places[a.place()] = true, true
			}
		}
		for _, a := range c.attempts {
			if c.clock(a, point) == 0 && (long[a][point] || running[a.subtaskID]) {
				a.remove(point)
				ended[a.place()] = true
			}
		}
		for _, a := range c.attempts {
			if math.IsNaN(c.clock(a, point)) && ended[a.place()] && !places[a.place()] {
				a.remove(point)
			}
		}
	}
	c.attempts = slices.DeleteFunc(c.attempts, func(a *attempt) bool {
		return !c.anywhere(a.there)
	})
}

// longStill reports at which points an attempt's clock stands still for long.
func (c *chunk) longStill(a *attempt) []bool {
	long := make([]bool, c.points.count)
	begin := 0
	for point := range c.points.count + 1 {
		if point < c.points.count && c.clock(a, point) == 0 {
			continue
		}
		if time.Duration(point-begin-1)*c.points.step+c.window >= minStill {
			for each := begin; each < point; each++ {
				long[each] = true
			}
		}
		begin = point + 1
	}
	return long
}

// clash finds two attempts that lasted for the window before a point and cannot be
// of one job: of two origins, or of one subtask without being of one execution,
// which may run two on purpose.
func (c *chunk) clash(point int) (one, other *attempt, found bool) {
	var before *attempt
	for _, a := range c.attempts {
		switch {
		case one != nil && a.execution != "" && a.origin == one.origin: // as nearly all are
		case !a.there(point) || !c.covers(a, point):
		case one == nil:
			one, before = a, a
		case a.origin != one.origin:
			return one, a, true
		case a.subtaskID == before.subtaskID:
			return before, a, true
		default:
			before = a
		}
	}
	return nil, nil, false
}

// load is how a subtask spent the window before a point, by its attempts.
func (c *chunk) load(subtask int, attempts []*attempt, point int) job.SubtaskLoad {
	var latest *attempt
	there := 0
	for _, a := range attempts {
		if !a.there(point) {
			continue
		}
		if there++; latest == nil || a.later(latest) {
			latest = a
		}
	}
	if latest == nil {
		return job.UnknownLoad(subtask, job.Running, job.Missing)
	}
	load := job.UnknownLoad(subtask, job.Running, job.NoMetrics)
	load.Attempt, load.Host, load.TaskManager = latest.number, latest.host, latest.taskManager
	switch {
	case there > 1:
		load.Why = job.Restarted
	case c.covers(latest, point):
		c.measure(&load, latest, point)
	}
	return load
}

// measure fills in the shares and rates of an attempt that lasted for the window, unless
// its shares do not add up.
// Without a busy time the idle time means nothing.
func (c *chunk) measure(load *job.SubtaskLoad, a *attempt, point int) {
	clock, seconds := c.clock(a, point), c.window.Seconds()
	unit := 1000.0 // of a gauge
	switch {
	case !math.IsNaN(clock):
		unit, seconds = clock, clock/1000
	case c.clocked:
		unit = 1000 * seconds
	}
	shares := job.Shares{
		Idle: share(a.value(idle, point) / unit), Busy: share(a.value(busy, point) / unit), Backpressured: share(a.value(backpressured, point) / unit),
	}
	if !shares.AddUp() {
		return
	}
	load.Why = ""
	if load.Backpressured, load.Busy = shares.Backpressured, shares.Busy; !load.Busy.Known() {
		load.Why = job.Unmeasured
	} else if load.Idle = shares.Idle; load.Idle.Known() {
		// Noise moves a wait from one window to the next: busy is the rest, so
		// that the three add up to 1.
		load.Idle = min(load.Idle, 1-load.Backpressured)
		load.Busy = 1 - load.Idle - load.Backpressured
	}
	load.RecordsIn = max(a.value(recordsIn, point)/seconds, 0)
	load.RecordsOut = max(a.value(recordsOut, point)/seconds, 0)
}

// share clamps: a wait that began before the window is added when it ends.
func share(value float64) job.Share { return job.Share(min(max(value, 0), 1)) }
