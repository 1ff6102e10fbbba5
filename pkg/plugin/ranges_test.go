package plugin_test

import (
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// overTime are the queries of a range, and atItsEnd those of how things are at
// the end of one; of the latter the first frame has a row, or a series, for
// each of the three tasks or for the job.
var (
	overTime = []string{
		`{"queryType": "history", "by": "job"}`, `{"queryType": "history", "by": "task", "measure": "idle"}`,
		`{"queryType": "history", "by": "subtask"}`, `{"queryType": "history", "by": "taskmanager", "measure": "status"}`,
		`{"queryType": "history", "measure": "running"}`, `{"queryType": "history", "measure": "restarts"}`,
		`{"queryType": "history", "measure": "blame", "by": "task"}`, `{"queryType": "history", "measure": "blame", "by": "taskmanager"}`, `{"queryType": "timeline"}`,
	}
	atItsEnd = []string{
		`{"queryType": "subtasks"}`, `{"queryType": "tasks"}`, `{"queryType": "nodeGraph"}`, `{"queryType": "bottlenecks"}`,
		`{"queryType": "jobs"}`, `{"queryType": "measure"}`, `{"queryType": "measure", "by": "task"}`,
		`{"queryType": "measure", "measure": "running"}`, `{"queryType": "measure", "measure": "restarts"}`, `{"queryType": "measure", "measure": "blame", "by": "task"}`,
	}
)

// after is a time that long after another, or one that is given.
type after struct {
	by time.Duration
	at time.Time
}

func (a after) of(now time.Time) time.Time {
	if a.at.IsZero() {
		return now.Add(a.by)
	}
	return a.at
}

// ranges are those that Grafana can ask for, whatever they mean, of a history
// of half an hour.
var ranges = map[string]struct {
	from, to after
	// first and last bound the points of what is told over time, from now on,
	// or whole is set where they begin with the history; where there are none
	// that is told in these words.
	first, last time.Duration
	whole       bool
	words       string
	// now is set where states are told of nonetheless, as they are.
	now bool
	// ended is set where there is no answer of how things are at its end.
	ended bool
}{
	"the last ten minutes":      {from: after{by: -10 * time.Minute}, first: -10 * time.Minute},
	"ten minutes of the past":   {from: after{by: -20 * time.Minute}, to: after{by: -10 * time.Minute}, first: -20 * time.Minute, last: -10 * time.Minute},
	"a range that ends ahead":   {from: after{by: -10 * time.Minute}, to: after{by: time.Hour}, first: -10 * time.Minute},
	"a range in the future":     {from: after{by: time.Hour}, to: after{by: 2 * time.Hour}, words: "The time range begins in the future: choose one that begins earlier."},
	"a moment of the future":    {from: after{by: time.Hour}, to: after{by: time.Hour}, words: "The time range begins in the future: choose one that begins earlier."},
	"this moment":               {words: nothing, now: true},
	"a moment of the past":      {from: after{by: -10*time.Minute - time.Millisecond}, to: after{by: -10*time.Minute - time.Millisecond}, words: nothing},
	"one that ends first":       {to: after{by: -10 * time.Minute}, words: "The time range ends before it begins: choose one that begins earlier."},
	"one that ends first, late": {from: after{by: -time.Second}, to: after{by: -20 * time.Second}, words: "The time range ends before it begins: choose one that begins earlier."},
	"a year":                    {from: after{by: -365 * 24 * time.Hour}, whole: true},
	"a year of the past":        {from: after{by: -730 * 24 * time.Hour}, to: after{by: -365 * 24 * time.Hour}, words: nothing, ended: true},
	"before 1970":               {from: after{at: time.UnixMilli(-1 << 40)}, to: after{at: time.UnixMilli(-1)}, words: nothing, ended: true},
	"since before 1970":         {from: after{at: time.UnixMilli(-1 << 40)}, to: after{by: -10 * time.Minute}, whole: true, last: -10 * time.Minute},
	"all that Grafana can tell": {from: after{at: time.UnixMilli(math.MinInt64)}, to: after{at: time.UnixMilli(math.MaxInt64)}, whole: true},
	"long after nanoseconds":    {from: after{at: time.UnixMilli(math.MaxInt64 - 1)}, to: after{at: time.UnixMilli(math.MaxInt64)}, words: "The time range begins in the future: choose one that begins earlier."},
	"long before nanoseconds":   {from: after{at: time.UnixMilli(math.MinInt64)}, to: after{at: time.UnixMilli(math.MinInt64 + 1)}, words: nothing, ended: true},
}

const nothing = "Nothing is remembered of this time: choose a longer range, or one that ends later."

// isState tells whether a query is of a measure that needs no look.
func isState(query string) bool {
	return strings.Contains(query, "running") || strings.Contains(query, "restarts")
}

// Whatever the range, what is told over time lies in it, and what is told of
// its end is of that time; if there is nothing, a dashboard gets a notice and
// an alert rule an error.
func TestRanges(t *testing.T) {
	for name, c := range ranges {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := sampling(t, sim.HeldBack("orders", 3, 1, 1))
				begun := time.Now()
				answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
				time.Sleep(30*time.Minute + 5*time.Second) // between two looks
				for _, query := range overTime {
					now := time.Now()
					over := backend.TimeRange{From: c.from.of(now), To: c.to.of(now)}
					response := queriedOver(l.ctx, t, l, over, nil, query)
					for _, shown := range response["A"].Frames {
						wellFormed(t, query, shown)
					}
					rule := queriedOver(l.ctx, t, l, over, fromAlert, query)["A"]
					shown := answer(t, response, "A")
					first := now.Add(c.first)
					if c.whole {
						first = begun
					}
					if c.words == "" || c.now && isState(query) {
						within(t, query, shown, first, now.Add(c.last))
					} else if told := strings.Join(notices(shown), " "); shown.Rows() != 0 || told != c.words {
						t.Errorf("%s: %d points with the notices %q", query, shown.Rows(), told)
					} else if rule.Error == nil || rule.Status != backend.StatusBadRequest || !isTimeline(query) && rule.Error.Error() != c.words {
						t.Errorf("%s: an alert rule gets status %d, %v", query, rule.Status, rule.Error)
					}
				}
				for _, query := range atItsEnd {
					now := time.Now()
					over := backend.TimeRange{From: c.from.of(now), To: c.to.of(now)}
					response := queriedOver(l.ctx, t, l, over, nil, query)
					shown := answer(t, response, "A")
					for _, each := range response["A"].Frames {
						wellFormed(t, query, each)
					}
					if count := answers(query, shown); (count == 0) != c.ended || c.ended && len(shown.Meta.Notices) != 1 {
						t.Errorf("%s: %d answers with the notices %q", query, count, notices(shown))
					}
					if rule := queriedOver(l.ctx, t, l, over, fromAlert, query)["A"]; numeric(query) && (rule.Error != nil) != c.ended {
						t.Errorf("%s: an alert rule gets status %d, %v", query, rule.Status, rule.Error)
					}
				}
			})
		})
	}
}

func isTimeline(query string) bool { return strings.Contains(query, "timeline") }

// answers are the rows of a table, or the series of a measure.
func answers(query string, shown *data.Frame) int {
	if strings.Contains(query, "measure") {
		return len(shown.Fields)
	}
	return shown.Rows()
}

// within checks that points reach from one time to another, but for what lies
// between two looks, and not beyond.
func within(t *testing.T, query string, shown *data.Frame, from, to time.Time) {
	t.Helper()
	const apart = 12 * time.Second // of two looks, as a fetch takes its time
	count := shown.Rows()
	if count == 0 {
		t.Errorf("%s: no point with the notices %q", query, notices(shown))
		return
	}
	first, last := shown.Fields[0].At(0).(time.Time), shown.Fields[0].At(count-1).(time.Time)
	if first.Before(from) || first.Sub(from) > apart || last.Sub(to) > time.Second || to.Sub(last) > apart {
		t.Errorf("%s: from %s to %s, and it was asked for %s to %s", query, first, last, from, to)
	}
}
