package plugin_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// lookedTwice has somebody look for a while, nobody for 20 minutes, and somebody
// again.
func lookedTwice(t *testing.T, l lab) {
	t.Helper()
	for _, pause := range []time.Duration{20 * time.Minute, 0} {
		for range 6 {
			answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
			answer(t, queried(l.ctx, t, l, `{"queryType": "measure", "measure": "up"}`), "A")
			time.Sleep(10 * time.Second)
		}
		time.Sleep(pause)
	}
}

// lines are how far apart values of the first series are between which a panel
// draws a line of more than a minute.
func lines(shown *data.Frame) (all []time.Duration) {
	for i := 1; i < shown.Rows(); i++ {
		apart := shown.Fields[0].At(i).(time.Time).Sub(shown.Fields[0].At(i - 1).(time.Time))
		if apart > time.Minute && !shown.Fields[1].NilAt(i-1) && !shown.Fields[1].NilAt(i) {
			all = append(all, apart)
		}
	}
	return all
}

// Nothing is told of a time when nobody looked, however long the range is that
// is asked for, and how few points are.
func TestNothingIsToldOfATimeWhenNobodyLooked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := inLab(t, sim.HeldBack("orders", 3, 1, 1))
		l.source = open(t, with(map[string]any{"url": "http://flink:8081", "history": map[string]any{"idleAfter": "10s"}}))
		lookedTwice(t, l)
		queries := []string{`{"queryType": "timeline"}`}
		for by, measure := range map[string]string{"job": "running", "task": "busy", "subtask": "busy", "taskmanager": "idle", "cluster": "up"} {
			queries = append(queries, fmt.Sprintf(`{"queryType": "history", "by": %q, "measure": %q}`, by, measure))
		}
		for _, query := range queries {
			query = strings.Replace(query, `"by": "cluster", `, "", 1)
			for _, long := range []time.Duration{time.Hour, 24 * time.Hour, 30 * 24 * time.Hour} {
				for _, points := range []int64{0, 50, 100, 1000} {
					shown := drawn(t, l, backend.TimeRange{From: time.Now().Add(-long), To: time.Now()}, points, query)[0]
					if drawn := lines(shown); len(drawn) > 0 || shown.Rows() < 5 {
						t.Errorf("%s over %s in %d points has lines of %v in %d rows", query, long, points, drawn, shown.Rows())
					}
				}
			}
		}
	})
}

// What Prometheus tells is a step apart, and drawn through; what was looked at
// after that is not, where nobody did.
func TestLinesOfPrometheus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := forgetfulLab(t, map[string]any{"history": map[string]any{"idleAfter": "10s"}}, []*sim.Job{sim.HeldBack("orders", 3, 1, 1)})
		lookedTwice(t, l)
		over := backend.TimeRange{From: time.Now().Add(-24 * time.Hour), To: time.Now()}
		for _, query := range []string{`{"queryType": "timeline"}`, `{"queryType": "history", "by": "task"}`, `{"queryType": "history", "by": "subtask"}`} {
			// An hour before the first look, and the step that it is in.
			if drawn := lines(drawn(t, l, over, 100, query)[0]); len(drawn) < 3 || len(drawn) > 5 || drawn[0] != 864*time.Second || slices.Max(drawn) != 864*time.Second {
				t.Errorf("%s has lines of %v", query, drawn)
			}
		}
	})
}

// Prometheus tells no more than some thousand points, whatever can be drawn.
func TestLinesOfMorePointsThanPrometheusTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := time.Now().Add(-time.Hour)
		long := scrapedJob{strings.Repeat("ab", 16), "orders", []string{"a"}, end.Add(-10 * 24 * time.Hour), end}
		l, _ := forgetfulLab(t, nil, nil, long)
		shown := drawn(t, l, backend.TimeRange{From: long.from, To: long.to}, 1_000_000, `{"queryType": "history", "measure": "busy"}`)[0]
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
