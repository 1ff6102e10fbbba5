//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// testJoin asks for the whole time: Prometheus' part and what is remembered
// make one series.
func testJoin(t *testing.T, b *behind) {
	for _, by := range []string{"job", "task", "subtask", "taskmanager"} {
		var met []string
		far, near := 0, 0
		for _, measure := range []string{"busy", "backpressured", "idle", "bottleneck", "status", "skew"} {
			curves, apart := b.curves(t, "bottleneck", measure, by), 0.0
			for _, c := range curves {
				seam := c.seam(b.begun)
				far, near = far+seam, near+len(c.times)-seam
				c.isWhole(t, b, measure, seam)
				apart = max(apart, c.apart(t, measure, seam))
			}
			met = append(met, fmt.Sprintf("%s %.3f", measure, apart))
			if len(curves) != b.series(by) {
				t.Errorf("%s by %s: %d series, want %d", measure, by, len(curves), b.series(by))
			}
		}
		t.Logf("by %s, %d series of each measure: %d points from Prometheus and %d from looks, which where they meet are at most so far apart: %s",
			by, b.series(by), far, near, strings.Join(met, ", "))
	}
	shown := b.timeline(t, "bottleneck", ending(b.scraped.Add(-time.Minute), time.Now()))
	c := curve{labels: data.Labels{"job": "timeline"}, times: shown.times, values: make([]float64, len(shown.times)), source: "prometheus"}
	c.isWhole(t, b, "status", c.seam(b.begun))
	t.Logf("timeline, %d looks from Prometheus and %d remembered:\n%s%s", c.seam(b.begun), len(c.times)-c.seam(b.begun), shown.text(nil), legend)
	if len(shown.tasks) != 4 || len(shown.runs()) > 2 || shown.runs()[len(shown.runs())-1].task != "slow-window" {
		t.Errorf("tasks are %q, and the bottleneck moved: %v", shown.tasks, shown.runs())
	}
	ran := b.curves(t, "bottleneck", "running", "job")[0]
	ran.isWhole(t, b, "running", ran.seam(b.begun))
	b.fewPoints(t)
	recent := b.over(t, ending(b.begun.Add(30*time.Second), time.Now()), `{"queryType":"history","jobs":["bottleneck"]}`)
	if source := sourceOf(recent[0]); source == "prometheus" {
		t.Error("what is remembered is told to be from Prometheus")
	}
}

// fewPoints asks for less than there are.
func (b *behind) fewPoints(t *testing.T) {
	t.Helper()
	response, err := b.plugin.QueryData(t.Context(), b.settings, backend.DataQuery{
		RefID: "A", MaxDataPoints: 5, TimeRange: ending(b.scraped.Add(-time.Minute), time.Now()), JSON: []byte(`{"queryType":"history","jobs":["bottleneck"],"by":"task"}`),
	})
	if err != nil || response.Responses["A"].Error != nil {
		t.Fatal(err, response.Responses["A"].Error)
	}
	for _, frame := range response.Responses["A"].Frames {
		times, spans := frame.Fields[0], []time.Duration{}
		for i := range times.Len() - 1 {
			spans = append(spans, times.At(i+1).(time.Time).Sub(times.At(i).(time.Time)))
		}
		if times.Len() < 3 || times.Len() > 5 || slices.Min(spans) <= 0 || sourceOf(frame) != "prometheus" {
			t.Errorf("five points are drawn, and there are %d, %v apart", times.Len(), spans)
		}
	}
}
