package prometheus_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/prometheus"
)

// Where nothing is told of a job because points are further apart than it ran
// for, a notice says so, once; not where a shorter range would tell no more.
func TestPointsTooFarApart(t *testing.T) {
	half := 6 * 30 * 24 * 60 // half a year, in minutes
	restless := func() (all []ran) {
		for i := range 20 {
			all = append(all, again("one", 0, i, -30+3*i, -28+3*i)...)
		}
		return all
	}
	speculative := joined(deployed("one", 1, -90, 90), again("one", 0, 1, -90, 90))
	for name, c := range map[string]struct {
		attempts []ran
		over     history.Span
		step     time.Duration
		told     string // how far apart points are, as the notice says; empty for none
	}{
		"an hour of a year":                    {deployed("one", 1, -30, 30), minutes(-half, half), 9 * time.Hour, "9h0m0s"},
		"an hour after the last point":         {deployed("one", 1, -30, 30), minutes(-half, 40), 7 * 24 * time.Hour, "168h0m0s"},
		"an hour after the last point, of two": {joined(deployed("one", 1, -20000, -19940), deployed("two", 1, -30, 30)), minutes(-half, 40), 7 * 24 * time.Hour, "168h0m0s"},
		"an hour, before it began anew":        {joined(deployed("one", 1, -2000, -1940), deployed("two", 1, -900, 900)), minutes(-half, 40), 4 * time.Hour, "4h0m0s"},
		"an hour, after it began anew":         {joined(deployed("one", 1, -2000, -1000), deployed("two", 1, -300, -240)), minutes(-half, 40), 4 * time.Hour, "4h0m0s"},
		"an hour of a day, in steps":           {deployed("one", 1, -28, 30), minutes(-600, 600), 5 * time.Minute, ""},
		"restarts all the time":                {restless(), minutes(-25, 25), 5 * time.Minute, "5m0s"},
		"restarts all the time, in fine steps": {restless(), minutes(-25, 25), 4 * time.Minute, ""},
		"too short for any step":               {[]ran{{task: "a", attempt: "one_a_0_0", from: noon, to: noon.Add(20 * time.Second), every: 5 * time.Second}}, minutes(-60, 60), 10 * time.Minute, ""},
		"not there":                            {deployed("one", 1, -30, 30), minutes(-300, -200), 10 * time.Minute, ""},
		"two attempts at once":                 {speculative, minutes(-60, 60), 10 * time.Minute, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var heard []string
			reader := served(t, &fake{series: scraped(c.attempts...)}, prometheus.Options{Notice: func(_ context.Context, text string) { heard = append(heard, text) }})
			snapshots(t, reader, c.over, c.step)
			told := slices.ContainsFunc(heard, func(text string) bool {
				return strings.Contains(text, "a mean over every "+c.told+",") && strings.HasSuffix(text, "choose a shorter range.")
			})
			if len(heard) > 1 || len(heard) == 1 != (c.told != "") || told != (c.told != "") {
				t.Errorf("heard %q", heard)
			}
		})
	}
}
