package plugin_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// The history's bounds are such that something is kept, or it is off.
func TestHistoryBounds(t *testing.T) {
	for name, c := range map[string]struct {
		history map[string]any
		want    string
	}{
		"a nanosecond":         {map[string]any{"retention": "1ns"}, `The setting history.retention is "1ns": it must be at least 1m0s, or 0s for no history.`},
		"less than a minute":   {map[string]any{"retention": "59s"}, `The setting history.retention is "59s": it must be at least 1m0s, or 0s for no history.`},
		"before it began":      {map[string]any{"retention": "-1h"}, `The setting history.retention is "-1h": it must be a duration such as 1h, at most 720h0m0s.`},
		"more than a month":    {map[string]any{"retention": "721h"}, `The setting history.retention is "721h": it must be a duration such as 1h, at most 720h0m0s.`},
		"hardly any memory":    {map[string]any{"maxMemoryMiB": 0.001}, "The setting history.maxMemoryMiB is 0.001: it must be between 1 and 16384, or 0 for no history."},
		"less than none":       {map[string]any{"maxMemoryMiB": -1}, "The setting history.maxMemoryMiB is -1: it must be between 1 and 16384, or 0 for no history."},
		"more than a machine":  {map[string]any{"maxMemoryMiB": 16385}, "The setting history.maxMemoryMiB is 16385: it must be between 1 and 16384, or 0 for no history."},
		"the least":            {map[string]any{"retention": "1m", "maxMemoryMiB": 1}, ""},
		"the most":             {map[string]any{"retention": "720h", "maxMemoryMiB": 16384}, ""},
		"none":                 {map[string]any{"retention": "0s"}, ""},
		"none in no memory":    {map[string]any{"maxMemoryMiB": 0}, ""},
		"as short as sampling": {map[string]any{"idleAfter": "1ns"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := inLab(t, sim.HeldBack("orders", 3, 2, 1))
				health, err := open(t, with(map[string]any{"url": "http://flink:8081", "history": c.history})).CheckHealth(l.ctx, &backend.CheckHealthRequest{})
				switch ok := c.want == ""; {
				case err != nil:
					t.Error(err)
				case ok && health.Status != backend.HealthStatusOk, !ok && health.Message != c.want:
					t.Errorf("health is %s: %s", health.Status, health.Message)
				}
			})
		})
	}
}

// The least that may be kept is something.
func TestLeastHistoryKeepsSomething(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := inLab(t, twenty()...)
		l.source = open(t, with(map[string]any{"url": "http://flink:8081", "history": map[string]any{"retention": "1m", "maxMemoryMiB": 1}}))
		answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
		time.Sleep(2 * time.Minute)
		if shown := jobsShown(queried(l.ctx, t, l, `{"queryType": "history", "measure": "busy", "by": "task"}`)["A"]); len(shown) != 20 {
			t.Errorf("%d jobs are known of the last minute, want 20", len(shown))
		}
	})
}
