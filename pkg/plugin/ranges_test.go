package plugin_test

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/raced"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// rangeQueries are queries over a range, and momentQueries those for the state at
// its end; of these the first frame has a row, or a series, for each task or for the
// job.
var (
	rangeQueries = []string{
		`{"queryType": "history", "by": "job"}`, `{"queryType": "history", "by": "task", "measure": "idle"}`,
		`{"queryType": "history", "by": "subtask"}`, `{"queryType": "history", "by": "taskmanager", "measure": "status"}`,
		`{"queryType": "history", "measure": "running"}`, `{"queryType": "history", "measure": "restarts"}`,
		`{"queryType": "history", "measure": "blame", "by": "task"}`, `{"queryType": "history", "measure": "blame", "by": "taskmanager"}`, `{"queryType": "timeline"}`,
	}
	momentQueries = []string{
		`{"queryType": "subtasks"}`, `{"queryType": "tasks"}`, `{"queryType": "nodeGraph"}`, `{"queryType": "bottlenecks"}`,
		`{"queryType": "jobs"}`, `{"queryType": "measure"}`, `{"queryType": "measure", "by": "task"}`,
		`{"queryType": "measure", "measure": "running"}`, `{"queryType": "measure", "measure": "restarts"}`, `{"queryType": "measure", "measure": "blame", "by": "task"}`,
	}
)

// instant is a time so long after now, or one that is given.
type instant struct {
	by time.Duration
	at time.Time
}

func (a instant) of(now time.Time) time.Time {
	if a.at.IsZero() {
		return now.Add(a.by)
	}
	return a.at
}

// ranges are those that Grafana can ask for, whatever they mean, of a history of
// half an hour.
var ranges = map[string]struct {
	from, to instant
	// first and last bound the points over time, from now on, or whole is set
	// where they begin with the history; words are the notice where there are none.
	first, last time.Duration
	whole       bool
	words       string
	// now is set where measures that need no samples have a point nonetheless.
	now bool
	// ended is set where there is no state at its end.
	ended bool
}{
	"the last ten minutes":      {from: instant{by: -10 * time.Minute}, first: -10 * time.Minute},
	"ten minutes of the past":   {from: instant{by: -20 * time.Minute}, to: instant{by: -10 * time.Minute}, first: -20 * time.Minute, last: -10 * time.Minute},
	"a range that ends ahead":   {from: instant{by: -10 * time.Minute}, to: instant{by: time.Hour}, first: -10 * time.Minute},
	"a range in the future":     {from: instant{by: time.Hour}, to: instant{by: 2 * time.Hour}, words: "The time range begins in the future: choose one that begins earlier."},
	"a moment of the future":    {from: instant{by: time.Hour}, to: instant{by: time.Hour}, words: "The time range begins in the future: choose one that begins earlier."},
	"this moment":               {words: nothingThen, now: true},
	"a moment of the past":      {from: instant{by: -10*time.Minute - time.Millisecond}, to: instant{by: -10*time.Minute - time.Millisecond}, words: nothingThen},
	"one that ends first":       {to: instant{by: -10 * time.Minute}, words: "The time range ends before it begins: choose one that begins earlier."},
	"one that ends first, late": {from: instant{by: -time.Second}, to: instant{by: -20 * time.Second}, words: "The time range ends before it begins: choose one that begins earlier."},
	"a year":                    {from: instant{by: -365 * 24 * time.Hour}, whole: true},
	"a year of the past":        {from: instant{by: -730 * 24 * time.Hour}, to: instant{by: -365 * 24 * time.Hour}, words: nothingThen, ended: true},
	"before 1970":               {from: instant{at: time.UnixMilli(-1 << 40)}, to: instant{at: time.UnixMilli(-1)}, words: nothingThen, ended: true},
	"since before 1970":         {from: instant{at: time.UnixMilli(-1 << 40)}, to: instant{by: -10 * time.Minute}, whole: true, last: -10 * time.Minute},
	"the widest range":          {from: instant{at: time.UnixMilli(math.MinInt64)}, to: instant{at: time.UnixMilli(math.MaxInt64)}, whole: true},
	"long after nanoseconds":    {from: instant{at: time.UnixMilli(math.MaxInt64 - 1)}, to: instant{at: time.UnixMilli(math.MaxInt64)}, words: "The time range begins in the future: choose one that begins earlier."},
	"long before nanoseconds":   {from: instant{at: time.UnixMilli(math.MinInt64)}, to: instant{at: time.UnixMilli(math.MinInt64 + 1)}, words: nothingThen, ended: true},
}

const nothingThen = "The history has nothing of this time: choose a longer range, or one that ends later."

// isJobState reports whether a query is of a measure that needs no samples.
func isJobState(query string) bool {
	return strings.Contains(query, "running") || strings.Contains(query, "restarts")
}

// Whatever the range, points lie in it, and a state is that of its end; where there
// is nothing, a panel gets a notice and an alert rule an error.
func TestRanges(t *testing.T) {
	raced.Skip(t)
	t.Parallel()
	for name, c := range ranges {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newSampledLab(t, sim.HeldBack("orders", 3, 1, 1))
				begun := time.Now()
				l.frame(t, `{"queryType": "tasks"}`)
				time.Sleep(30*time.Minute + 5*time.Second) // between two samples
				for _, query := range rangeQueries {
					now := time.Now()
					over := backend.TimeRange{From: c.from.of(now), To: c.to.of(now)}
					response := sendOver(l.ctx, t, l, over, nil, query)
					for _, shown := range response["A"].Frames {
						checkFrame(t, query, shown)
					}
					rule := sendOver(l.ctx, t, l, over, fromAlert, query)["A"]
					shown := firstFrame(t, response, "A")
					first := now.Add(c.first)
					if c.whole {
						first = begun
					}
					if c.words == "" || c.now && isJobState(query) {
						checkWithin(t, query, shown, first, now.Add(c.last))
						checkRule(t, query, rule)
					} else if texts := strings.Join(notices(shown), " "); shown.Rows() != 0 || texts != c.words {
						t.Errorf("%s: %d points with the notices %q", query, shown.Rows(), texts)
					} else if rule.Error == nil || rule.Status != backend.StatusBadRequest || !isTimeline(query) && rule.Error.Error() != c.words {
						t.Errorf("%s: an alert rule gets status %d, %v", query, rule.Status, rule.Error)
					}
				}
				for _, query := range momentQueries {
					now := time.Now()
					over := backend.TimeRange{From: c.from.of(now), To: c.to.of(now)}
					response := sendOver(l.ctx, t, l, over, nil, query)
					shown := firstFrame(t, response, "A")
					for _, each := range response["A"].Frames {
						checkFrame(t, query, each)
					}
					if count := countAnswers(query, shown); (count == 0) != c.ended || c.ended && len(shown.Meta.Notices) != 1 {
						t.Errorf("%s: %d answers with the notices %q", query, count, notices(shown))
					}
					rule := sendOver(l.ctx, t, l, over, fromAlert, query)["A"]
					if !c.ended || !isNumeric(query) {
						checkRule(t, query, rule)
					} else if rule.Error == nil || rule.Status != backend.StatusBadRequest {
						t.Errorf("%s: an alert rule gets status %d, %v", query, rule.Status, rule.Error)
					}
				}
			})
		})
	}
}

// checkRule checks that an alert rule is answered, or refused where its query type is
// not numeric.
func checkRule(t *testing.T, query string, response backend.DataResponse) {
	t.Helper()
	if !isNumeric(query) {
		queryType := regexp.MustCompile(`"queryType": "(\w+)"`).FindStringSubmatch(query)[1]
		checkError(t, response, backend.StatusBadRequest, refusedInRules[queryType])
		return
	}
	if response.Error != nil || len(response.Frames) == 0 {
		t.Errorf("%s: an alert rule gets status %d, %v", query, response.Status, response.Error)
	}
}

func isTimeline(query string) bool { return strings.Contains(query, "timeline") }

func isNumeric(query string) bool {
	return strings.Contains(query, `"history"`) || strings.Contains(query, `"measure"`)
}

func isBottlenecks(query string) bool { return strings.Contains(query, "bottlenecks") }

// countAnswers counts the rows of a table, or the series of a measure.
func countAnswers(query string, shown *data.Frame) int {
	if strings.Contains(query, "measure") {
		return len(shown.Fields)
	}
	return shown.Rows()
}

// checkWithin checks that points reach from one time to another, but for what lies
// between two samples, and not beyond.
func checkWithin(t *testing.T, query string, shown *data.Frame, from, to time.Time) {
	t.Helper()
	const apart = 12 * time.Second // of two samples, as a fetch takes its time
	count := shown.Rows()
	if count == 0 {
		t.Errorf("%s: no point with the notices %q", query, notices(shown))
		return
	}
	first, last := shown.Fields[0].At(0).(time.Time), shown.Fields[0].At(count-1).(time.Time)
	if first.Before(from) || first.Sub(from) > apart || last.Sub(to) > time.Second || to.Sub(last) > apart {
		t.Errorf("%s: from %s to %s, and the range is %s to %s", query, first, last, from, to)
	}
}

// A range that ended longer ago than a minute, or two fetches, is not answered with
// the present: without a history there are no rows and a notice, or an error for an
// alert rule, which must not take it for health.
func TestRangeThatHasEnded(t *testing.T) {
	const text = "The time range has ended, and the history has nothing of its end: choose a range that ends later."
	for name, c := range map[string]struct {
		fetch, ended time.Duration
		rows         int
		status       backend.Status // of an alert rule
	}{
		"ends now":                         {10 * time.Second, 0, 4, 200},
		"ends in an hour":                  {10 * time.Second, -time.Hour, 4, 200},
		"ended less than a minute ago":     {10 * time.Second, 59 * time.Second, 4, 200},
		"ended a minute ago":               {10 * time.Second, time.Minute, 0, 400},
		"ended less than two fetches ago":  {time.Minute, 119 * time.Second, 4, 200},
		"ended two fetches ago":            {time.Minute, 2 * time.Minute, 0, 400},
		"ended yesterday":                  {10 * time.Second, 24 * time.Hour, 0, 400},
		"ended yesterday, fetching is off": {0, 24 * time.Hour, 0, 400},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, sim.HeldBack("orders", 4, 2, 2))
				l.Fetch = c.fetch
				over := backend.TimeRange{From: time.Now().Add(-48 * time.Hour), To: time.Now().Add(-c.ended)}
				shown := l.frameOver(t, over, nil, `{"queryType": "tasks"}`)
				if rows := shown.Rows(); rows != c.rows {
					t.Errorf("%d rows, want %d", rows, c.rows)
				}
				if texts := notices(shown); c.rows == 0 && (len(texts) != 1 || texts[0] != text) {
					t.Errorf("notices are %q", texts)
				}
				for _, measure := range []string{"bottleneck", "running", "restarts", "up"} {
					query := `{"queryType": "measure", "measure": "` + measure + `"}`
					shown := l.frameOver(t, over, nil, query)
					if texts := notices(shown); len(shown.Fields) != min(c.rows, 1) || c.rows == 0 && (len(texts) != 1 || texts[0] != text) {
						t.Errorf("%s has %d series with the notices %q", measure, len(shown.Fields), texts)
					}
					alert := sendOver(l.ctx, t, l, over, fromAlert, query)["A"]
					if alert.Status != c.status || (alert.Status != 200) != (alert.Error != nil) || alert.Error != nil && !strings.Contains(alert.Error.Error(), ": choose a range that ends ") {
						t.Errorf("an alert rule on %s gets status %d, %v; want %d", measure, alert.Status, alert.Error, c.status)
					}
				}
			})
		})
	}
}

// pollWithAPause polls for a minute, leaves a pause of 20 minutes, and polls again.
func pollWithAPause(t *testing.T, l lab) {
	t.Helper()
	for _, pause := range []time.Duration{20 * time.Minute, 0} {
		for range 6 {
			l.frame(t, `{"queryType": "tasks"}`)
			l.frame(t, `{"queryType": "measure", "measure": "up"}`)
			time.Sleep(10 * time.Second)
		}
		time.Sleep(pause)
	}
}

// linesDrawn are the lines of more than a minute that a panel draws between values
// of the first series.
func linesDrawn(shown *data.Frame) (all []time.Duration) {
	for i := 1; i < shown.Rows(); i++ {
		apart := shown.Fields[0].At(i).(time.Time).Sub(shown.Fields[0].At(i - 1).(time.Time))
		if apart > time.Minute && !shown.Fields[1].NilAt(i-1) && !shown.Fields[1].NilAt(i) {
			all = append(all, apart)
		}
	}
	return all
}

// There are no lines across a pause in which nothing was sampled, however long the
// range and however few the points.
func TestPausesAreGaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLabWith(t, map[string]any{"history": map[string]any{"idleAfter": "10s"}}, sim.HeldBack("orders", 3, 1, 1))
		pollWithAPause(t, l)
		queries := []string{`{"queryType": "timeline"}`}
		for by, measure := range map[string]string{"job": "running", "task": "busy", "subtask": "busy", "taskmanager": "idle", "cluster": "up"} {
			queries = append(queries, fmt.Sprintf(`{"queryType": "history", "by": %q, "measure": %q}`, by, measure))
		}
		for _, query := range queries {
			query = strings.Replace(query, `"by": "cluster", `, "", 1)
			for _, long := range []time.Duration{time.Hour, 24 * time.Hour, 30 * 24 * time.Hour} {
				for _, points := range []int64{0, 50, 100, 1000} {
					shown := framesFor(t, l, backend.TimeRange{From: time.Now().Add(-long), To: time.Now()}, points, query)[0]
					if drawn := linesDrawn(shown); len(drawn) > 0 || shown.Rows() < 5 {
						t.Errorf("%s over %s in %d points has lines of %v in %d rows", query, long, points, drawn, shown.Rows())
					}
				}
			}
		}
	})
}

// Points of Prometheus are a step apart and drawn as a line; a pause between samples
// that the step does not cover is not.
func TestLinesAcrossStepsOfPrometheus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _, _ := newForgetfulLab(t, map[string]any{"history": map[string]any{"idleAfter": "10s"}}, []*sim.Job{sim.HeldBack("orders", 3, 1, 1)})
		pollWithAPause(t, l)
		over := backend.TimeRange{From: time.Now().Add(-24 * time.Hour), To: time.Now()}
		for _, query := range []string{`{"queryType": "timeline"}`, `{"queryType": "history", "by": "task"}`, `{"queryType": "history", "by": "subtask"}`} {
			// An hour before the first sample, and the step that it is in.
			if drawn := linesDrawn(framesFor(t, l, over, 100, query)[0]); len(drawn) < 3 || len(drawn) > 5 || drawn[0] != 864*time.Second || slices.Max(drawn) != 864*time.Second {
				t.Errorf("%s has lines of %v", query, drawn)
			}
		}
	})
}

// Prometheus answers with some thousand points at most, however many a panel has
// room for: they are still drawn as a line.
func TestLinesAtTheLimitOfPrometheus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := time.Now().Add(-time.Hour)
		long := scrapedJob{strings.Repeat("ab", 16), "orders", []string{"a"}, end.Add(-10 * 24 * time.Hour), end}
		l, _, _ := newForgetfulLab(t, nil, nil, long)
		shown := framesFor(t, l, backend.TimeRange{From: long.from, To: long.to}, 1_000_000, `{"queryType": "history", "measure": "busy"}`)[0]
		nulls := 0
		for i := range shown.Rows() {
			if shown.Fields[1].NilAt(i) {
				nulls++
			}
		}
		if shown.Rows() < 9900 || nulls > 5 {
			t.Errorf("%d of %d values are null", nulls, shown.Rows())
		}
	})
}
