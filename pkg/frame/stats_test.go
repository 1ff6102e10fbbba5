package frame_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// The inspector shows what an answer cost, how old it is and how it was measured.
func TestStatistics(t *testing.T) {
	overTime := twoJobs()
	for name, c := range map[string]struct {
		frames data.Frames
		now    time.Time
		want   string
	}{
		"three jobs": {
			frame.NodeGraph(threeJobs()), started.Add(time.Hour + 1500*time.Millisecond),
			"Requests to Flink 12; Age of the newest sample 1.5 s; Measured over 10 s; Measured by 1 (counters)",
		},
		"a newer sample than the request": {
			frame.Jobs(threeJobs(), false), started,
			"Requests to Flink 12; Age of the newest sample 0 s; Measured over 10 s; Measured by 1 (counters)",
		},
		"nothing measured": {frame.Jobs(frame.Result{Requests: 1}, false), started, "Requests to Flink 1"},
		"series": {
			frame.History(overTime, status, 0), begun.Add(215 * time.Second),
			"Requests to Flink 3; Age of the newest sample 5 s; Measured over 210 s; Measured by 4 (Prometheus)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			frame.AddStatistics(c.frames, c.now)
			var got []string
			for _, stat := range c.frames[0].Meta.Stats {
				text := strings.TrimSpace(fmt.Sprint(stat.DisplayName, " ", stat.Value, " ", stat.Unit))
				if len(stat.Mappings) > 0 {
					text += fmt.Sprintf(" (%s)", stat.Mappings[0].(data.ValueMapper)[fmt.Sprint(stat.Value)].Text)
				}
				got = append(got, text)
			}
			if got := strings.Join(got, "; "); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			for _, other := range c.frames[1:] {
				if len(other.Meta.Stats) > 0 {
					t.Errorf("frame %s repeats them", other.Name)
				}
			}
		})
	}
}
