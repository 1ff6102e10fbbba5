package plugin_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// A job that was deployed anew goes on under its name, though for a while
// Prometheus tells of both: no time is there twice.
func TestDeployedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		first := scrapedJob{strings.Repeat("ab", 16), "orders", []string{"a", "b"}, start.Add(-time.Hour), start.Add(-30 * time.Minute)}
		second := scrapedJob{strings.Repeat("cd", 16), "orders", []string{"a", "b"}, start.Add(-30*time.Minute + scrapeInterval), start.Add(-2 * time.Minute)}
		l, _ := forgetfulLab(t, nil, nil, first, second)
		over := backend.TimeRange{From: start.Add(-time.Hour), To: start.Add(-2 * time.Minute)}
		for _, by := range []string{"job", "task", "subtask"} {
			for _, frame := range queriedOver(l.ctx, t, l, over, nil, `{"queryType": "history", "measure": "busy", "by": "`+by+`"}`)["A"].Frames {
				ascends(t, frame)
			}
		}
		shown := answer(t, queriedOver(l.ctx, t, l, over, nil, `{"queryType": "timeline"}`), "A")
		ascends(t, shown)
		if held := strings.Count(strings.Join(cells(t, shown, "status"), " "), "backpressured"); len(shown.Fields) != 3 || held < 250 {
			t.Errorf("%d tasks, of which the first is held back at %d of %d times", len(shown.Fields)-1, held, shown.Rows())
		}
	})
}

// Just after that a measure has one series of the name, that of the new one.
func TestMeasureOfAJobDeployedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		first := scrapedJob{strings.Repeat("ab", 16), "orders", []string{"a"}, start.Add(-time.Hour), start.Add(-5 * time.Minute)}
		second := scrapedJob{strings.Repeat("cd", 16), "orders", []string{"a"}, start.Add(-5*time.Minute + scrapeInterval), start.Add(time.Hour)}
		l, _ := forgetfulLab(t, nil, nil, first, second)
		over := backend.TimeRange{From: start.Add(-time.Hour), To: start.Add(-5*time.Minute + 80*time.Second)}
		for query, want := range map[string]string{
			`{"queryType": "measure", "measure": "busy"}`:                     "orders 0.9",
			`{"queryType": "measure", "measure": "busy", "jobs": ["orders"]}`: "orders 0.9",
		} {
			var told []string
			for _, field := range answer(t, queriedOver(l.ctx, t, l, over, nil, query), "A").Fields {
				value := "null"
				if known, ok := field.ConcreteAt(0); ok {
					value = fmt.Sprintf("%.1f", known)
				}
				told = append(told, field.Labels["job"]+" "+value)
			}
			if got := strings.Join(told, ", "); got != want {
				t.Errorf("%s tells %q", query, got)
			}
		}
	})
}

// ascends looks whether each time is later than the one before it.
func ascends(t *testing.T, frame *data.Frame) {
	t.Helper()
	for i := 1; i < frame.Rows(); i++ {
		if before, at := frame.Fields[0].At(i-1).(time.Time), frame.Fields[0].At(i).(time.Time); !at.After(before) {
			t.Errorf("%v: %s is followed by %s", frame.Fields[1].Labels, before, at)
		}
	}
}
