package plugin_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// busyPast is a data source of so many jobs whose Prometheus takes some time for
// each request, and a range that it alone knows.
func busyPast(t *testing.T, jobs int, takes time.Duration, keys map[string]any) (l lab, prometheus *fakePrometheus, over backend.TimeRange) {
	t.Helper()
	all := map[string]any{"url": "http://flink:8081", "timeoutSeconds": 5, "prometheus": map[string]any{"url": "http://prometheus:9090"}}
	for key, value := range keys {
		all[key] = value
	}
	var running []*sim.Job
	for n := range jobs {
		running = append(running, sim.HeldBack(fmt.Sprint("job-", n), 3, 1, 1))
	}
	l, prometheus = scrapedLab(t, running...)
	l.source, prometheus.takes = open(t, with(all)), takes
	return l, prometheus, backend.TimeRange{From: time.Now().Add(-50 * time.Minute), To: time.Now().Add(-10 * time.Minute)}
}

// Prometheus, which others ask as well, is asked for no more at once than Flink
// may be, and eight things at most, by all queries together. Those that wait
// for it do not run out of time.
func TestMostAtOnceOfPrometheus(t *testing.T) {
	for name, c := range map[string]struct {
		keys map[string]any
		want int
	}{
		"one": {map[string]any{"maxConcurrency": 1}, 1}, "two": {map[string]any{"maxConcurrency": 2}, 2},
		"the default": {nil, 8}, "a hundred": {map[string]any{"maxConcurrency": 100}, 8},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, prometheus, over := busyPast(t, 17, time.Second, c.keys)
				responses := queriedOver(l.ctx, t, l, over, nil, atItsEnd...)
				for refID := range responses {
					if told := notices(answer(t, responses, refID)); len(told) > 0 {
						t.Errorf("query %s has the notices %q", refID, told)
					}
				}
				if prometheus.most != c.want {
					t.Errorf("%d requests were under way at once, want %d", prometheus.most, c.want)
				}
			})
		})
	}
}

// A query that is cancelled waits for its turn no longer, and nobody else loses
// theirs.
func TestCancelledBeforeItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, prometheus, over := busyPast(t, 17, time.Second, map[string]any{"maxConcurrency": 1})
		for range 3 {
			begun := time.Now()
			ctx, cancel := context.WithTimeout(l.ctx, 3500*time.Millisecond)
			failed := queriedOver(ctx, t, l, over, nil, `{"queryType": "tasks"}`, `{"queryType": "timeline"}`)
			cancel()
			for refID, response := range failed {
				if response.Status != backend.StatusTimeout {
					t.Errorf("query %s: status %d, %v", refID, response.Status, response.Error)
				}
			}
			if took := time.Since(begun); took > 4500*time.Millisecond { // the fake does not leave off
				t.Errorf("it took %s", took)
			}
		}
		shown := answer(t, queriedOver(l.ctx, t, l, over, nil, `{"queryType": "tasks"}`), "A")
		if shown.Rows() != 17*3 || prometheus.most != 1 {
			t.Errorf("%d rows, %d at once, with the notices %q", shown.Rows(), prometheus.most, notices(shown))
		}
	})
}
